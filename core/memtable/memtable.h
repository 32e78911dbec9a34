// SPDX-License-Identifier: Apache-2.0

// The newest writes, in memory: an ordered index of versions, and the range tombstones beside it.
//
// Invariants
//   1. Versions of one key are added with rising timestamps (commit order is timestamp order). A
//      smaller one than the key's newest is a bug (CHECK). An equal one belongs to the same batch
//      and replaces the version; batches are reduced first, so this does not normally happen.
//   2. Bytes of keys and values never move while the memtable lives: views stay valid as long as a
//      reference is held.
//   3. A reader that knows a timestamp T made visible after the writer's Add calls (release and
//      acquire through the visible timestamp) sees every version and range tombstone <= T. It may
//      also see newer ones: filter by timestamp.
//
// Thread rule: Add and AddRangeTombstone from one thread at a time; everything else from any number
// of threads beside it, without locks. Reference counted: made with one reference, deleted by the
// last Unref. Iterators hold no reference; whoever makes them does.
//
// It does not know logs, visibility or flushing, and it never refuses for size: db decides when it
// is full, by MemoryBytes().
#ifndef VERALITH_CORE_MEMTABLE_MEMTABLE_H_
#define VERALITH_CORE_MEMTABLE_MEMTABLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/memory_budget.h"
#include "core/base/pin.h"
#include "core/base/sync.h"
#include "core/format/entry.h"
#include "core/iterator/key_cursor.h"
#include "core/iterator/range_tombstones.h"
#include "core/iterator/version_stream.h"
#include "core/memtable/arena.h"
#include "core/memtable/radix_tree.h"
#include "core/memtable/tombstone_log.h"
#include "veralith/types.h"

namespace veralith {

class Memtable {
 public:
  // `id` orders memtables by age: larger is newer. What it takes from the machine is charged to
  // `account`, which may be null.
  explicit Memtable(uint64_t id, std::shared_ptr<MemoryAccount> account = nullptr)
      : tree_(&arena_), id_(id), charge_(std::move(account)) {}
  Memtable(const Memtable&) = delete;
  Memtable& operator=(const Memtable&) = delete;

  void Ref() const { references_.FetchAdd(1); }
  void Unref() const;
  // A reference for a PinnedValue.
  Pin MakePin() const;

  // Takes memory ahead for this many entries with this many bytes of keys and values, so that
  // adding them does not fail, unless they are more than a block holds. PrepareLarge does it for
  // one of them that has kLargeBytes or more. They throw std::bad_alloc, and so does Add, which has
  // then added nothing.
  void Prepare(size_t entries, size_t bytes) { arena_.Prepare(Most(entries, bytes)); }
  static constexpr size_t kLargeBytes = 1024;
  void PrepareLarge(size_t bytes_of_key, size_t bytes_of_value, size_t entries, size_t bytes) {
    arena_.PrepareLarge(RadixTree::kMostNodeBytes + 3 * bytes_of_key + bytes_of_value,
                        Most(entries, bytes));
  }

  // Copies key and value. Costs one descent of the tree, amortized: about 0.7 us among a million
  // random keys.
  void Add(const EntryView& entry);
  void AddRangeTombstone(const RangeTombstoneView& tombstone);

  // Finds the newest version of (ns, key) with ts <= snapshot, including tombstones, ignoring range
  // tombstones. Returns false if there is none. The views point into the memtable.
  bool Get(NamespaceId ns, std::string_view key, Timestamp snapshot, EntryView* out) const;

  // Returns the largest timestamp <= snapshot of a range tombstone that covers the key; 0 if there
  // is none. Costs one load if the memtable has no range tombstone.
  Timestamp MaxCoveringTombstone(NamespaceId ns, std::string_view key, Timestamp snapshot) const {
    return tombstones_.MaxCovering(ns, key, snapshot);
  }

  // Sees everything added before the call, and perhaps more. Lives no longer than the memtable.
  std::unique_ptr<VersionStream> NewStream() const;
  // The first namespace at or after `from` that has a version, as NewStream sees them.
  std::optional<NamespaceId> NextNamespace(NamespaceId from) const;
  // A cursor over the keys of a namespace as a reader at `snapshot` sees them. Otherwise the same.
  std::unique_ptr<KeyCursor> NewCursor(NamespaceId ns, Timestamp snapshot) const;

  // All range tombstones as one list; never null.
  std::shared_ptr<const FragmentedRangeTombstones> range_tombstones() const {
    return tombstones_.Current();
  }
  bool has_range_tombstones() const { return !tombstones_.empty(); }

  uint64_t id() const { return id_; }
  // Memory used by keys, values, index and range tombstones, in bytes, including padding.
  size_t MemoryBytes() const { return arena_.used_bytes() + tombstones_.MemoryBytes(); }
  // Memory taken from the machine for keys, values and index, in bytes.
  size_t ReservedBytes() const { return arena_.reserved_bytes(); }
  // Charged to its account: ReservedBytes, and MemoryBytes of range tombstones in whole blocks.
  size_t ChargedBytes() const { return charge_.bytes(); }
  // Versions held.
  uint64_t entries() const { return entries_.LoadRelaxed(); }
  uint64_t range_tombstone_count() const { return tombstones_.count(); }
  bool empty() const { return entries() == 0 && !has_range_tombstones(); }
  // Smallest and largest timestamp of versions and range tombstones; both 0 if the memtable is
  // empty.
  Timestamp min_ts() const { return min_ts_.LoadRelaxed(); }
  Timestamp max_ts() const { return max_ts_.LoadRelaxed(); }

 private:
  ~Memtable() = default;
  // The most bytes of the arena that this many entries can take.
  static size_t Most(size_t entries, size_t bytes) {
    return entries * RadixTree::kMostNodeBytes + 3 * bytes;
  }
  void NoteTimestamp(Timestamp ts);
  // Charges what adding has taken.
  void ChargeGrowth();

  // Written by the writer only, with every entry; counters that order nothing.
  alignas(kCacheLineBytes) Atomic<uint64_t> entries_{0};
  Atomic<Timestamp> min_ts_{0};
  Atomic<Timestamp> max_ts_{0};
  Arena arena_;
  // Read by every lookup, on cache lines that the writer seldom writes.
  alignas(kCacheLineBytes) RadixTree tree_;
  TombstoneLog tombstones_;
  const uint64_t id_;
  MemoryCharge charge_;  // by the writer only; rarely
  // Changed by readers that keep a value.
  alignas(kCacheLineBytes) mutable Atomic<uint64_t> references_{1};
};

// A counted reference: copies share, the last one deletes.
class MemtableRef {
 public:
  MemtableRef() = default;
  // Takes over the reference a new memtable is made with.
  static MemtableRef Make(uint64_t id, std::shared_ptr<MemoryAccount> account = nullptr) {
    return MemtableRef(new Memtable(id, std::move(account)));
  }
  MemtableRef(const MemtableRef& other) : memtable_(other.memtable_) {
    if (memtable_ != nullptr) {
      memtable_->Ref();
    }
  }
  MemtableRef(MemtableRef&& other) noexcept : memtable_(other.memtable_) {
    other.memtable_ = nullptr;
  }
  MemtableRef& operator=(MemtableRef other) noexcept {
    std::swap(memtable_, other.memtable_);
    return *this;
  }
  ~MemtableRef() {
    if (memtable_ != nullptr) {
      memtable_->Unref();
    }
  }

  Memtable* get() const { return memtable_; }
  Memtable* operator->() const { return memtable_; }
  Memtable& operator*() const { return *memtable_; }
  explicit operator bool() const { return memtable_ != nullptr; }

 private:
  explicit MemtableRef(Memtable* memtable) : memtable_(memtable) {}

  Memtable* memtable_ = nullptr;
};

}  // namespace veralith

#endif  // VERALITH_CORE_MEMTABLE_MEMTABLE_H_
