// SPDX-License-Identifier: Apache-2.0

// Removes files that nobody needs any more, soon after the last one lets go of them. What cannot be
// removed is tried again later: that costs room, never a wrong answer.
//
// Invariants
//   1. One thread looks for garbage at a time. What becomes garbage while it looks is not
//      forgotten: it looks again.
//   2. Nothing is removed once the database is closing, after a fatal error, or read-only.
//
// Thread rule: as the calls say.
#ifndef VERALITH_CORE_DB_GARBAGE_REMOVER_H_
#define VERALITH_CORE_DB_GARBAGE_REMOVER_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "core/base/sync.h"
#include "core/db/db_state.h"
#include "veralith/executor.h"

namespace veralith {

class GarbageRemover {
 public:
  explicit GarbageRemover(DbState& state) : state_(state) {}

  // Allows tasks. Called once the database is open: an opening may fail, and then nobody would wait
  // for a task before its database is destroyed.
  void Start() { started_.Store(true); }
  // Has garbage removed soon, by a task or by whoever is at it. Does nothing before Start. Any
  // thread, any lock.
  void Schedule() noexcept;
  // True: the caller must call Remove(true). False: somebody removes what is garbage now.
  bool Claim() { return removal_.Exchange(Removal::kWanted) == Removal::kNone; }
  void Remove(bool claimed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);

  // True while a task or a thread is at it. Any thread.
  bool is_busy() const { return removal_.Load() != Removal::kNone; }
  // True while garbage is there that is about to go. Nobody waits for files that the disk cannot
  // remove.
  bool IsDue() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) {
    return is_busy() || (timer_.has_value() && failures_ == 0);
  }
  // For DbState::CancelTimers.
  std::optional<Executor::TimerId>* timer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) {
    return &timer_;
  }

 private:
  // Whether garbage is being removed: kWanted from when it may be there, kLooks from when somebody
  // looks for it, so that what comes up after that look is not forgotten.
  enum class Removal : uint8_t { kNone, kLooks, kWanted };

  void Run();
  // Looks again later at what could not be removed or may be in a lookup's hands still.
  void RemoveLater(const absl::Status& status, bool lookups)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);

  DbState& state_;
  Atomic<bool> started_{false};
  Atomic<Removal> removal_{Removal::kNone};
  std::optional<Executor::TimerId> timer_ ABSL_GUARDED_BY(database_mutex);
  int failures_ ABSL_GUARDED_BY(database_mutex) = 0;  // in a row
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_GARBAGE_REMOVER_H_
