// SPDX-License-Identifier: Apache-2.0

// The range tombstones of a memtable; it grows while lock-free readers read it.
//
// One immutable list (range_tombstones.h). Adding replaces it by a list that also has the new
// tombstone and shares nearly everything with the old one. Adding takes O(log n) amortized; n
// tombstones take O(n log n) memory, however they overlap.
//
// Invariants
//   1. Readers see one whole state: the pointer to the current list is swapped atomically, and the
//      old list is let go through core/base/epoch.h.
//   2. Without range tombstones a reader pays one load.
//
// Thread rule: Add from one thread at a time, the rest from any.
#ifndef VERALITH_CORE_MEMTABLE_TOMBSTONE_LOG_H_
#define VERALITH_CORE_MEMTABLE_TOMBSTONE_LOG_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/base/sync.h"
#include "core/format/entry.h"
#include "core/iterator/range_tombstones.h"
#include "veralith/types.h"

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
    // Acquire: pairs with Add's store; the list is whole before it is seen.
    return current_.LoadAcquire() == nullptr ? 0 : Search(ns, key, snapshot);
  }
  // Never null.
  List Current() const;

  bool empty() const { return current_.LoadAcquire() == nullptr; }
  // Tombstones added.
  uint64_t count() const { return count_.LoadRelaxed(); }
  size_t MemoryBytes() const { return memory_.LoadRelaxed(); }

 private:
  Timestamp Search(NamespaceId ns, std::string_view key, Timestamp snapshot) const;

  Atomic<const List*> current_{nullptr};
  Atomic<uint64_t> count_{0};  // written by Add only
  Atomic<size_t> memory_{0};   // written by Add only
};

}  // namespace veralith

#endif  // VERALITH_CORE_MEMTABLE_TOMBSTONE_LOG_H_
