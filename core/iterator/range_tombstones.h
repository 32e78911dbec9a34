// Range tombstones cut into fragments that do not overlap, so that "which range deletes hide this
// key?" is one binary search.
//
// Invariants of FragmentedRangeTombstones (an immutable value, shared between threads freely)
//   1. Fragments ascend by (ns, begin), are not empty and do not overlap; each carries the
//      timestamps, descending and distinct, of every tombstone that covers it.
//   2. Neighbours that touch and carry the same timestamps are one fragment: cutting and joining
//      again loses nothing and adds nothing.
//   3. It owns its bytes: views it hands out live as long as it does.
//
// A range tombstone hides entries with timestamps strictly below its own: an entry of the same
// batch (the same timestamp) was written after it and stays visible.
#ifndef VERALITH_CORE_ITERATOR_RANGE_TOMBSTONES_H_
#define VERALITH_CORE_ITERATOR_RANGE_TOMBSTONES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/types.h"
#include "core/format/entry.h"

namespace veralith {

// A user key as a place between entries: before its newest version.
struct UserKeyView {
  NamespaceId ns = 0;
  std::string_view key;
};

// One fragment: [begin, end) of ns, or to the end of the namespace.
struct RangeFragment {
  NamespaceId ns = 0;
  std::string_view begin;
  std::string_view end;  // meaningless when open_end
  bool open_end = false;
  std::span<const Timestamp> timestamps;  // descending, distinct, not empty

  // The largest timestamp <= snapshot; 0 when there is none. O(log n).
  Timestamp Newest(Timestamp snapshot) const;
  // key < end, for a key of the same namespace.
  bool EndsAfter(std::string_view key) const { return open_end || CompareBytes(key, end) < 0; }
};

class FragmentedRangeTombstones {
 public:
  // Copies the bytes. Empty ranges (end <= begin) vanish. O(n log n) for tombstones that overlap
  // little; the result holds one timestamp per tombstone and fragment it covers.
  static std::shared_ptr<const FragmentedRangeTombstones> Build(
      std::span<const RangeTombstoneView> tombstones);
  // What all of `parts` together say. Null parts are allowed.
  static std::shared_ptr<const FragmentedRangeTombstones> Merge(
      std::span<const std::shared_ptr<const FragmentedRangeTombstones>> parts);

  bool empty() const { return fragments_.empty(); }
  size_t size() const { return fragments_.size(); }
  RangeFragment fragment(size_t i) const;

  // The largest timestamp <= snapshot of a tombstone that covers (ns, key); 0 when there is none.
  // O(log n).
  Timestamp MaxCovering(NamespaceId ns, std::string_view key, Timestamp snapshot) const;

  // The first fragment that ends after (ns, key): the one that covers it, or the next; size() when
  // there is none. O(log n).
  size_t FirstEndingAfter(NamespaceId ns, std::string_view key) const;

  // Every (fragment, timestamp) as a tombstone, in the order of fragments, newest first. The views
  // point into this object.
  std::vector<RangeTombstoneView> ToTombstones() const;

  // The same, cut to user keys in [lower, upper); a missing bound is open. The views point into
  // this object and into the bounds' own bytes.
  std::vector<RangeTombstoneView> Clip(const std::optional<UserKeyView>& lower,
                                       const std::optional<UserKeyView>& upper) const;

  // Heap bytes held.
  size_t MemoryBytes() const;

 private:
  struct Slice {
    size_t offset = 0;
    size_t size = 0;
  };
  struct Fragment {
    NamespaceId ns = 0;
    Slice begin;
    Slice end;
    bool open_end = false;
    size_t first_timestamp = 0;  // in timestamps_
    size_t timestamp_count = 0;
  };
  class Builder;

  FragmentedRangeTombstones() = default;
  std::string_view Bytes(Slice slice) const { return {bytes_.data() + slice.offset, slice.size}; }

  std::string bytes_;
  std::vector<Timestamp> timestamps_;
  std::vector<Fragment> fragments_;
};

// Several lists read as one while a scan moves over keys, at one snapshot. Remembers the stretch of
// keys around the last answer in which the answer stays the same, so that a key costs one compare
// while it stays inside, whatever the number of lists; leaving it costs a binary search per list.
//
// Thread rule: one thread at a time. Holds the lists.
class RangeTombstoneCursor {
 public:
  RangeTombstoneCursor(std::vector<std::shared_ptr<const FragmentedRangeTombstones>> lists,
                       NamespaceId ns, Timestamp snapshot);

  // No list has a tombstone: every answer is 0.
  bool empty() const { return lists_.empty(); }
  // The largest timestamp <= snapshot of a tombstone that covers `key` of the namespace; 0: none.
  Timestamp MaxCovering(std::string_view key) {
    if (!Inside(key)) {
      MoveTo(key);
    }
    return covering_;
  }
  // The stretch around the last key asked, in which the answer is the same; its ts is the answer.
  RangeTombstoneView stretch() const { return {ns_, begin_, end_, open_end_, covering_}; }
  bool Inside(std::string_view key) const {
    return known_ && CompareBytes(begin_, key) <= 0 && (open_end_ || CompareBytes(key, end_) < 0);
  }

 private:
  void MoveTo(std::string_view key);
  // Narrow the stretch.
  void StartAt(std::string_view key);
  void EndAt(std::string_view key);

  std::vector<std::shared_ptr<const FragmentedRangeTombstones>> lists_;
  NamespaceId ns_;
  Timestamp snapshot_;
  bool known_ = false;  // the stretch below is meaningful
  bool open_end_ = false;
  Timestamp covering_ = 0;
  std::string_view begin_;
  std::string_view end_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_ITERATOR_RANGE_TOMBSTONES_H_
