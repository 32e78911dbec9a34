// SPDX-License-Identifier: Apache-2.0

// The memtable's index: an adaptive radix tree (Leis, Kemper, Neumann: "The adaptive radix tree",
// ICDE 2013) over encoded user keys, with the versions of each key as a chain, newest first.
//
// Shape
//   * Key bytes are core/format/internal_key.h's encoding of (ns, key). Byte order is entry order,
//     and no key is a prefix of another, so every key ends in a leaf of its own.
//   * An inner node says at which byte of the key it branches (its depth) instead of storing the
//     bytes it skips. So a node never changes when another is put above it. The last kTailBytes
//     skipped bytes lie in the node; the others are read from one of its leaves.
//   * Lookups skip without comparing and compare the whole key once, at the leaf.
//   * A leaf, its key and its first version are one record: a lookup ends in two cache lines.
//   * Later versions carry a second, far pointer (Myers: "An applicative random-access stack",
//     1983), so a version is found among n in O(log n) steps.
//
// How readers and the writer synchronize: every pointer to a node or version is stored with release
// and loaded with acquire, after what it points to is complete. Nodes of 4 and 16 are append-only:
// key byte and child first, then the count. A full node is copied to the next size, and the pointer
// to it is swapped. The old one stays in the arena unchanged, so a stream on it still finds all
// that was there when it came.
//
// Thread rule: Add from one thread at a time; everything else from any number beside it.
// Ownership: everything lies in the arena; nothing is ever freed or moved.
#ifndef VERALITH_CORE_MEMTABLE_RADIX_TREE_H_
#define VERALITH_CORE_MEMTABLE_RADIX_TREE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/base/sync.h"
#include "core/format/entry.h"
#include "core/iterator/key_cursor.h"
#include "core/iterator/version_stream.h"
#include "core/memtable/arena.h"
#include "veralith/types.h"

namespace veralith {

class RadixTree {
 public:
  explicit RadixTree(Arena* arena) : arena_(arena) {}
  RadixTree(const RadixTree&) = delete;
  RadixTree& operator=(const RadixTree&) = delete;

  // The most bytes of the arena that an entry takes beyond its key and value.
  static constexpr size_t kMostNodeBytes = 2560;

  // Returns true for a new version, false if it replaced one with the same timestamp. A timestamp
  // below the key's newest is a bug (CHECK).
  bool Add(const EntryView& entry);

  // Finds the newest version of (ns, key) with ts <= snapshot.
  bool Get(NamespaceId ns, std::string_view key, Timestamp snapshot, EntryView* out) const;

  // Every version.
  std::unique_ptr<VersionStream> NewStream() const;
  // A cursor over the keys of a namespace as a reader at `snapshot` sees them. `newest` (may be
  // null) is what the cursor returns as max_timestamp().
  std::unique_ptr<KeyCursor> NewCursor(NamespaceId ns, Timestamp snapshot,
                                       const Atomic<Timestamp>* newest) const;

 private:
  bool AddAtLeaf(Atomic<uintptr_t>* slot, size_t from, std::string_view key,
                 const EntryView& entry);

  Arena* const arena_;
  Atomic<uintptr_t> root_{0};  // a child reference: radix_nodes.h
};

}  // namespace veralith

#endif  // VERALITH_CORE_MEMTABLE_RADIX_TREE_H_
