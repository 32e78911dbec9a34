// The range tombstones of a memtable: grows beside lock-free readers.
//
// Kept as a few immutable fragmented lists of falling size, like a binary counter: a new tombstone
// becomes a list of one, and lists of like size are merged, so that a reader searches O(log n) lists
// and adding n tombstones that do not overlap costs O(n log^2 n) in all. A tombstone is kept in every
// fragment that it covers (range_tombstones.h): n that lie within each other, such as a queue's
// deletes from its beginning to ever later keys, take O(n^2) time and memory
// (4,000 of them: 64 MB).
//
// Invariants
//   1. Readers see one whole state: the pointer to the current set of lists is swapped atomically,
//      and the old set is freed through core/base/epoch.h.
//   2. Without range tombstones a reader pays one load.
//
// Thread rule: Add from one thread at a time, the rest from any.
#ifndef VERALITH_CORE_MEMTABLE_TOMBSTONE_LOG_H_
#define VERALITH_CORE_MEMTABLE_TOMBSTONE_LOG_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/base/sync.h"
#include "core/base/types.h"
#include "core/format/entry.h"
#include "core/iterator/range_tombstones.h"

namespace veralith {

class TombstoneLog {
 public:
  using List = std::shared_ptr<const FragmentedRangeTombstones>;

  TombstoneLog() = default;
  ~TombstoneLog();
  TombstoneLog(const TombstoneLog&) = delete;
  TombstoneLog& operator=(const TombstoneLog&) = delete;

  void Add(const RangeTombstoneView& tombstone);

  Timestamp MaxCovering(NamespaceId ns, std::string_view key, Timestamp snapshot) const {
    // Acquire: pairs with Add's exchange; the set is whole before it is seen.
    return current_.LoadAcquire() == nullptr ? 0 : SearchLists(ns, key, snapshot);
  }
  void AppendTo(std::vector<List>* lists) const;
  List Merged() const;

  bool empty() const { return current_.LoadAcquire() == nullptr; }
  // Tombstones added.
  uint64_t count() const { return count_.LoadRelaxed(); }
  size_t MemoryBytes() const { return memory_.LoadRelaxed(); }

 private:
  struct Part {
    List list;
    uint64_t tombstones = 0;  // added ones it was made of
  };
  struct Lists {
    std::vector<Part> parts;  // tombstones fall by at least half from each to the next
  };

  Timestamp SearchLists(NamespaceId ns, std::string_view key, Timestamp snapshot) const;

  Atomic<const Lists*> current_{nullptr};
  Atomic<uint64_t> count_{0};   // written by Add only
  Atomic<size_t> memory_{0};    // written by Add only
};

}  // namespace veralith

#endif  // VERALITH_CORE_MEMTABLE_TOMBSTONE_LOG_H_
