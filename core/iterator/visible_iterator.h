// What a reader sees at one moment: turns versions and range tombstones into the keys that are
// there, each once, with the newest value at or below the snapshot. The methods and their meaning
// are those of DbIterator (core/db/db_iterator.h), which db implements with this class.
//
// Invariants
//   1. For each key inside the bounds, of exactly the namespace: its newest version with
//      ts <= snapshot decides; a tombstone, or a range tombstone with version.ts < its ts <=
//      snapshot that covers the key, means the key is not there.
//   2. Valid() and a non-OK status() never hold together; nothing unreadable is skipped.
//   3. key() and value() stay the same until the iterator moves or dies.
//   4. Over the versions of one key it steps a bounded number of times, then seeks; over a stretch
//      that a range tombstone hides likewise, in sources that are older than the tombstone.
//
// Thread rule: one thread at a time. Owns the merged iterator, and holds keep_alive (memtables,
// segments) until after it is destroyed. Going backward copies each value once.
#ifndef VERALITH_CORE_ITERATOR_VISIBLE_ITERATOR_H_
#define VERALITH_CORE_ITERATOR_VISIBLE_ITERATOR_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/base/broken.h"
#include "core/base/types.h"
#include "core/iterator/iterator.h"
#include "core/iterator/range_tombstones.h"

namespace veralith {

// One side of a scan's range of keys.
struct ScanBound {
  enum class Kind : uint8_t { kOpen, kInclusive, kExclusive };
  Kind kind = Kind::kOpen;
  std::string key;  // meaningless when open
};

class VisibleIterator final {
 public:
  struct Source {
    std::shared_ptr<const void> keep_alive;  // destroyed last
    std::unique_ptr<Iterator> merged;        // all versions, not null
    // Of every source; null and empty ones are allowed.
    std::vector<std::shared_ptr<const FragmentedRangeTombstones>> range_tombstones;
    NamespaceId ns = kDefaultNamespace;
    ScanBound lower;
    ScanBound upper;
    Timestamp snapshot = kMaxTimestamp;
  };

  // Invalid until the first Seek.
  explicit VisibleIterator(Source source);
  VisibleIterator(const VisibleIterator&) = delete;
  VisibleIterator& operator=(const VisibleIterator&) = delete;

  bool Valid() const { return valid_; }
  absl::Status status() const { return valid_ ? absl::OkStatus() : status_; }

  void SeekToFirst();
  void SeekToLast();
  // To the first visible key at or after `key`, clamped to the bounds: a key below the lower bound
  // seeks to the first, one above the upper bound ends.
  void Seek(std::string_view key);
  // To the last visible key at or before `key`, clamped likewise.
  void SeekForPrev(std::string_view key);
  // While Valid() only.
  void Next();
  void Prev();

  std::string_view key() const { return key_; }
  std::string_view value() const { return value_; }
  Timestamp timestamp() const { return ts_; }

 private:
  enum class Direction : uint8_t { kForward, kBackward };

  bool InNamespace() const {
    return merged_->Valid() && (merged_->entry().ns == ns_ || VERALITH_BROKEN(O2));
  }
  bool OnSavedKey() const { return InNamespace() && merged_->entry().key == saved_key_; }
  bool Failed() const { return !merged_->Valid() && !merged_->status().ok(); }
  bool BelowLower(std::string_view key) const;
  bool AboveUpper(std::string_view key) const;
  bool HiddenByRange(std::string_view key, Timestamp ts);
  // Whether merged_ stands in the stretch of keys last asked about.
  bool InStretch() const { return InNamespace() && tombstones_.Inside(merged_->entry().key); }

  void FindForward();
  void SkipNewerVersions();
  void LeaveKeyForward();

  void FindBackward();
  void SkipBehindBounds();
  void SaveNewestVersion();
  void SaveVersion();
  void LeaveKeyBackward();

  void Show(std::string_view key, std::string_view value, Timestamp ts) {
    key_ = key;
    value_ = value;
    ts_ = ts;
    valid_ = true;
  }
  // Nothing more to show: the bounds are reached, or merged_ ended, perhaps by an error.
  void End();
  // The target of a seek lies outside the bounds; merged_ was not asked.
  void EndOutside() {
    valid_ = false;
    status_ = absl::OkStatus();
  }

  const std::shared_ptr<const void> keep_alive_;
  const std::unique_ptr<Iterator> merged_;
  RangeTombstoneCursor tombstones_;
  const NamespaceId ns_;
  const ScanBound lower_;
  const ScanBound upper_;
  const Timestamp snapshot_;

  bool valid_ = false;
  absl::Status status_;  // meaningless while valid_
  // Forward: merged_ stands on the entry shown. Backward: on an entry before the key shown, or
  // nowhere; what is shown is a copy.
  Direction direction_ = Direction::kForward;
  std::string_view key_;
  std::string_view value_;
  Timestamp ts_ = 0;
  // Forward: the key being left. Backward: the key looked at or shown, and its newest version at
  // or below the snapshot.
  std::string saved_key_;
  std::string saved_value_;
  Timestamp saved_ts_ = 0;  // 0: no such version
  EntryKind saved_kind_ = EntryKind::kPut;
};

}  // namespace veralith

#endif  // VERALITH_CORE_ITERATOR_VISIBLE_ITERATOR_H_
