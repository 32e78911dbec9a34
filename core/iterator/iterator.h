// The internal iterator: versions of keys, tombstones included, in the order of
// core/format/entry.h, over a memtable, a segment, or a merge of them.
//
// Invariants
//   1. Valid() and a non-OK status() never hold together; an iterator that met an error stays
//      invalid until the next Seek, and nothing is skipped to get past an error.
//   2. While Valid(), entry() and the bytes it points to stay the same until the next call that
//      moves the iterator.
//   3. Moving an invalid iterator is a caller's mistake (CHECK in debug builds).
//   4. Values are delivered with the entry: an unreadable value makes the iterator invalid.
//
// Valid() and entry() are not virtual: implementations set valid_ and entry_ as they move.
// Thread rule: one thread at a time. Range tombstones are not entries: see
// core/iterator/range_tombstones.h.
#ifndef VERALITH_CORE_ITERATOR_ITERATOR_H_
#define VERALITH_CORE_ITERATOR_ITERATOR_H_

#include <string_view>

#include "absl/status/status.h"
#include "core/format/entry.h"
#include "veralith/types.h"

namespace veralith {

class Iterator {
 public:
  virtual ~Iterator() = default;
  Iterator() = default;
  Iterator(const Iterator&) = delete;
  Iterator& operator=(const Iterator&) = delete;

  bool Valid() const { return valid_; }
  const EntryView& entry() const { return entry_; }
  // OK when invalid only because the end was reached.
  virtual absl::Status status() const = 0;

  virtual void SeekToFirst() = 0;
  virtual void SeekToLast() = 0;
  // To the first entry at or after (ns, key, ts) in the order of entries: with ts = kMaxTimestamp
  // the newest version of the key, or the first version of the next key.
  virtual void Seek(NamespaceId ns, std::string_view key, Timestamp ts) = 0;
  // To the last entry at or before (ns, key, ts): with ts = 0 the oldest version of the key, or
  // the last version of the key before it.
  virtual void SeekForPrev(NamespaceId ns, std::string_view key, Timestamp ts) = 0;
  virtual void Next() = 0;
  virtual void Prev() = 0;

  // No entry that was in this source when the iterator was made is newer. May be too large, never
  // too small.
  virtual Timestamp max_timestamp() const { return kMaxTimestamp; }

  // The caller, on an entry of `range` (Valid() holds), wants no entry inside the range that is
  // older than range.ts: a range tombstone hides them all. Moves past as many of them as is cheap,
  // perhaps none, perhaps the current one, never past another entry. SkipCovered goes forward,
  // SkipCoveredBackward backward.
  virtual void SkipCovered(const RangeTombstoneView& range);
  virtual void SkipCoveredBackward(const RangeTombstoneView& range);

 protected:
  bool valid_ = false;
  EntryView entry_;
};

// By default a source is left as a whole when all of it is older than the range tombstone.
inline void Iterator::SkipCovered(const RangeTombstoneView& range) {
  if (max_timestamp() >= range.ts) {
    return;
  }
  if (!range.open_end) {
    Seek(range.ns, range.end, kMaxTimestamp);
  } else if (range.ns < kMaxNamespace) {
    Seek(range.ns + 1, {}, kMaxTimestamp);
  }
}

inline void Iterator::SkipCoveredBackward(const RangeTombstoneView& range) {
  if (max_timestamp() < range.ts) {
    SeekForPrev(range.ns, range.begin, kMaxTimestamp);
  }
}

}  // namespace veralith

#endif  // VERALITH_CORE_ITERATOR_ITERATOR_H_
