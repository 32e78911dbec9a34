// SPDX-License-Identifier: Apache-2.0

// Stretches of keys that scans found empty. If a queue's consumer has deleted key after key, the
// next one that looks for the first key steps over the stretch at once. It does so wherever the
// deleted keys and their tombstones lie, and whatever snapshots keep them there.
//
// Invariants
//   1. A gap that was learned at timestamp L has no visible key at L, nor at any later timestamp
//      before that of a put into it: other writes only hide keys. Flush and compaction change
//      nothing of it.
//   2. NotePut cuts the put's key out of every gap before the put is visible. So what Find returns
//      at a snapshot S >= L holds no key that is visible at S.
//   3. A put that was noted after L, but before the scan came to Learn, is cut out too: the newest
//      kNotedPuts are remembered. Who learns at an older snapshot than all of them are known for
//      has learned nothing.
//   4. Without memory it forgets everything: what it knows is never needed.
//
// Memory: kGaps gaps and kNotedPuts keys, none longer than kMostKeyBytes.
// Puts are noted only from the first Learn on, and no more once kIdlePuts came without a Find that
// found something: a database without such stretches pays nothing.
//
// Thread rule: NotePut by one thread at a time, the rest from any thread. `start` is called with
// the cache locked: its locks come after.
#ifndef VERALITH_CORE_DB_GAP_CACHE_H_
#define VERALITH_CORE_DB_GAP_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/sync.h"
#include "core/iterator/known_gaps.h"
#include "veralith/types.h"

namespace veralith {

class GapCache final : public KnownGaps {
 public:
  static constexpr size_t kGaps = 16;
  static constexpr size_t kNotedPuts = 256;
  static constexpr uint64_t kIdlePuts = uint64_t{1} << 20;
  static constexpr size_t kMostKeyBytes = 1024;

  // `start`: from now on puts are noted; a timestamp that no put which is not noted is above.
  // Nothing when they are noted already.
  explicit GapCache(std::function<std::optional<Timestamp>()> start) : start_(std::move(start)) {}

  bool Find(NamespaceId ns, std::string_view key, Timestamp snapshot, KeyGap* gap) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Learn(Timestamp snapshot, KeyGap gap) override ABSL_LOCKS_EXCLUDED(mutex_);

  // Called before the put is visible. False: from the next one on, puts need not be noted.
  bool NotePut(NamespaceId ns, std::string_view key, Timestamp ts) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Gap {
    KeyGap keys;
    Timestamp learned = 0;
    uint64_t used = 0;  // by uses_
  };
  struct Put {
    NamespaceId ns = 0;
    std::string key;
    Timestamp ts = 0;
  };

  void LearnOrThrow(Timestamp snapshot, KeyGap gap) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteOrThrow(NamespaceId ns, std::string_view key, Timestamp ts)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Cut(NamespaceId ns, std::string_view key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Keep(Timestamp learned, KeyGap keys) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Stop() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::function<std::optional<Timestamp>()> start_;
  Mutex mutex_;
  std::vector<Gap> gaps_ ABSL_GUARDED_BY(mutex_);
  uint64_t uses_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Put> puts_ ABSL_GUARDED_BY(mutex_);  // a ring
  size_t next_put_ ABSL_GUARDED_BY(mutex_) = 0;
  // Every put above it is in puts_, or has not been noted yet.
  Timestamp noted_since_ ABSL_GUARDED_BY(mutex_) = kMaxTimestamp;
  uint64_t idle_puts_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_GAP_CACHE_H_
