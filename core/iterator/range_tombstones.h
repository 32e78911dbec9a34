// SPDX-License-Identifier: Apache-2.0

// Range tombstones, arranged so that "the newest one at or below T over this key" is a few binary
// searches, however they overlap.
//
// They stand in order of age, in blocks of sixteen. Blocks are joined by fours into nodes, four of
// those into one, and so on. Each node has the map of the newest tombstone over each key among its
// own (cover_map.h). It keeps what it was joined from only if one tombstone hides a part of
// another. A reader at an older snapshot goes down there. So n of them take O(n log n) memory in
// all, O(n) when they do not overlap; adding one to n costs O(log n) amortized.
//
// Invariants of FragmentedRangeTombstones (an immutable value, shared between threads freely)
//   1. It says exactly what the tombstones say that it was made of; empty ranges say nothing.
//   2. It owns its bytes: views it hands out live as long as it, or a list made from it by With,
//      does.
//
// A range tombstone hides entries with timestamps strictly below its own: an entry of the same
// batch (the same timestamp) was written after it and stays visible.
#ifndef VERALITH_CORE_ITERATOR_RANGE_TOMBSTONES_H_
#define VERALITH_CORE_ITERATOR_RANGE_TOMBSTONES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/format/entry.h"
#include "core/iterator/cover_map.h"
#include "veralith/types.h"

namespace veralith {

class FragmentedRangeTombstones {
 public:
  // Copies the bytes. O(n log n).
  static std::shared_ptr<const FragmentedRangeTombstones> Build(
      std::span<const RangeTombstoneView> tombstones);
  // These and one more, whose bytes are copied; shares all else with this list. One call at a time
  // among all lists that share. (A tombstone older than the newest one here, which no log has,
  // costs a Build.)
  std::shared_ptr<const FragmentedRangeTombstones> With(const RangeTombstoneView& tombstone) const;

  bool empty() const { return count_ == 0; }
  // How many tombstones it was made of, without empty ones.
  size_t count() const { return count_; }
  // The largest timestamp; 0 when empty.
  Timestamp max_ts() const { return max_ts_; }

  // The largest timestamp <= snapshot of a tombstone that covers (ns, key); 0 when there is none.
  Timestamp MaxCovering(NamespaceId ns, std::string_view key, Timestamp snapshot) const;
  // The same, and a stretch of ns around the key in which the answer is the same. Without overlaps,
  // and at the newest state of each node, the longest such stretch of that node.
  RangeTombstoneView Find(NamespaceId ns, std::string_view key, Timestamp snapshot) const;

  // Tombstones that say the same, in no particular order: those it was made of, except that one
  // which overlaps no other may be in pieces, and pieces of one commit that touch may be one. O(n).
  std::vector<RangeTombstoneView> ToTombstones() const;

  // Heap bytes held. O(log n).
  size_t MemoryBytes() const;

 private:
  struct Node;
  using NodeRef = std::shared_ptr<const Node>;

  FragmentedRangeTombstones() = default;
  static NodeRef Extend(const Node* block, const StoredTombstone& added);
  static NodeRef Join(std::span<const NodeRef> children);
  static bool Search(const Node& node, NamespaceId ns, std::string_view key, Timestamp snapshot,
                     RangeTombstoneView* stretch);
  static void AppendTombstones(const Node& node, std::vector<RangeTombstoneView>* out);
  void Add(const RangeTombstoneView& tombstone);

  std::shared_ptr<KeyStore> keys_ = std::make_shared<KeyStore>();
  std::vector<NodeRef> nodes_;  // oldest first; the last may be a block that is not full
  size_t count_ = 0;
  Timestamp max_ts_ = 0;
};

// Lists, of several sources; null and empty ones are allowed.
using RangeTombstoneLists = std::vector<std::shared_ptr<const FragmentedRangeTombstones>>;

// Several lists read as one while a scan moves over keys, at one snapshot. Remembers the stretch of
// keys around the last answer in which the answer stays the same. A key inside costs one compare,
// whatever the number of lists. Leaving the stretch costs a search per list.
//
// Thread rule: one thread at a time. Holds the lists.
class RangeTombstoneCursor {
 public:
  RangeTombstoneCursor(RangeTombstoneLists lists, NamespaceId ns, Timestamp snapshot);

  // No list has a tombstone: every answer is 0.
  bool empty() const { return lists_.empty(); }
  // The largest timestamp <= snapshot of a tombstone that covers `key` of the namespace; 0: none.
  Timestamp MaxCovering(std::string_view key) {
    if (!Inside(key)) {
      MoveTo(key);
    }
    return stretch_.ts;
  }
  // The stretch around the last key asked, in which the answer is the same; its ts is the answer.
  const RangeTombstoneView& stretch() const { return stretch_; }
  bool Inside(std::string_view key) const {
    return known_ && CompareBytes(stretch_.begin, key) <= 0 &&
           (stretch_.open_end || CompareBytes(key, stretch_.end) < 0);
  }

 private:
  void MoveTo(std::string_view key);

  RangeTombstoneLists lists_;
  const Timestamp snapshot_;
  bool known_ = false;  // all of the stretch, not its namespace alone, is meaningful
  RangeTombstoneView stretch_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_ITERATOR_RANGE_TOMBSTONES_H_
