// SPDX-License-Identifier: Apache-2.0

// The memory layout of the radix tree's inner nodes, leaves and versions, and the searches inside
// one node and one chain. See radix_tree.h for the shape, and for how readers and the writer
// synchronize.
//
// Everything here lies in an arena and is never freed. Fields that are not Atomic are complete
// before the record is published, and never change.
#ifndef VERALITH_CORE_MEMTABLE_RADIX_NODES_H_
#define VERALITH_CORE_MEMTABLE_RADIX_NODES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/base/byte_lanes.h"
#include "core/base/check.h"
#include "core/base/sync.h"
#include "core/format/entry.h"
#include "veralith/types.h"

namespace veralith::radix {

// --- Versions ----------------------------------------------------------------------------------

// One version: this header, then the value. A version that is not the oldest of its key has a
// VersionLinks before it.
struct Version {
  static constexpr uint32_t kSizeMask = (uint32_t{1} << 29) - 1;
  static constexpr uint32_t kKindShift = 29;
  static constexpr uint32_t kOldestFlag = uint32_t{1} << 31;
  static constexpr size_t kHeaderBytes = 12;  // the value begins there, before the struct's end

  Timestamp ts;
  uint32_t size_kind_oldest;

  bool oldest() const { return (size_kind_oldest & kOldestFlag) != 0; }
  EntryKind kind() const { return static_cast<EntryKind>((size_kind_oldest >> kKindShift) & 3); }
  std::string_view value() const {
    return {reinterpret_cast<const char*>(this) + kHeaderBytes, size_kind_oldest & kSizeMask};
  }
};
static_assert(kMaxValueBytes <= Version::kSizeMask);
static_assert(offsetof(Version, size_kind_oldest) + sizeof(uint32_t) == Version::kHeaderBytes);

// The far pointers make a path of O(log n) from any version to any older one.
struct VersionLinks {
  const Version* older;
  const Version* far;  // an older one, further away
  uint64_t index;      // how many versions of the key are older
};

inline const VersionLinks& LinksOf(const Version* version) {
  return *(reinterpret_cast<const VersionLinks*>(version) - 1);
}
inline const Version* Older(const Version* v) { return v->oldest() ? nullptr : LinksOf(v).older; }
inline const Version* Far(const Version* v) { return v->oldest() ? v : LinksOf(v).far; }
inline uint64_t Index(const Version* v) { return v->oldest() ? 0 : LinksOf(v).index; }

// Returns the far pointer for a version put on top of `older`.
inline const Version* FarFrom(const Version* older) {
  const Version* const far = Far(older);
  const bool even = Index(older) - Index(far) == Index(far) - Index(Far(far));
  return even ? Far(far) : older;
}

// Returns the newest version with ts <= snapshot in the chain from `v` on; null if there is none.
inline const Version* NewestAtOrBelow(const Version* v, Timestamp snapshot) {
  while (v != nullptr && v->ts > snapshot) {
    if (v->oldest()) {
      return nullptr;
    }
    const VersionLinks& links = LinksOf(v);
    v = links.far->ts > snapshot ? links.far : links.older;
  }
  return v;
}

// --- Leaves ------------------------------------------------------------------------------------

// One key: this header, its encoding, the raw key if escaping changed it, then (aligned) its first
// version.
struct Leaf {
  static constexpr size_t kHeaderBytes = 12;
  static constexpr size_t kNamespaceBytes = 8;
  static constexpr size_t kTerminatorBytes = 2;

  Atomic<const Version*> head;
  uint16_t encoded_size;
  uint16_t raw_size;

  std::string_view encoded() const {
    return {reinterpret_cast<const char*>(this) + kHeaderBytes, encoded_size};
  }
  std::string_view raw_key() const {
    const char* const bytes = reinterpret_cast<const char*>(this) + kHeaderBytes;
    const bool escaped = encoded_size != raw_size + kNamespaceBytes + kTerminatorBytes;
    return {bytes + (escaped ? encoded_size : kNamespaceBytes), raw_size};
  }
  NamespaceId ns() const {
    uint64_t big_endian;
    std::memcpy(&big_endian, reinterpret_cast<const char*>(this) + kHeaderBytes, 8);
    return __builtin_bswap64(big_endian);
  }
};
static_assert(offsetof(Leaf, raw_size) + sizeof(uint16_t) == Leaf::kHeaderBytes);

// --- Prefetching -------------------------------------------------------------------------------

inline constexpr size_t kCacheLine = 64;

// Prefetches the first `lines` cache lines of what a reference leads to.
inline void PrefetchRecord(uintptr_t ref, size_t lines) {
  for (size_t i = 0; i < lines; ++i) {
    __builtin_prefetch(reinterpret_cast<const char*>(ref + i * kCacheLine));
  }
}

// --- Inner nodes -------------------------------------------------------------------------------

// A child: 0 for none, else the address of an inner node, or of a leaf with bit 0 set.
using ChildRef = uintptr_t;
using ChildSlot = Atomic<ChildRef>;

enum class NodeKind : uint8_t { k4, k16, k48, k256 };

inline constexpr size_t kTailBytes = 12;

struct Node {
  NodeKind kind;
  Atomic<uint8_t> count{0};  // number of children; meaningless in Node256
  uint16_t depth;            // the byte of the encoded key at which it branches
  char tail[kTailBytes];     // the bytes before depth, right-aligned
  const Leaf* some_leaf;     // any leaf below this node: longer skipped stretches are read from it

  // The bytes [from, depth) that all keys below share.
  const char* Skipped(size_t from) const {
    const size_t length = depth - from;
    return length <= kTailBytes ? tail + (kTailBytes - length) : some_leaf->encoded().data() + from;
  }
};

struct Node4 : Node {
  static constexpr size_t kChildren = 4;
  Atomic<uint32_t> keys{0};  // key byte of child i in byte i
  ChildSlot children[kChildren];
};
static_assert(sizeof(Node4) == 64);

struct Node16 : Node {
  static constexpr size_t kChildren = 16;
  Atomic<uint64_t> keys[2];
  ChildSlot children[kChildren];
};

struct Node48 : Node {
  static constexpr size_t kChildren = 48;
  Atomic<uint64_t> present[4];  // one bit per key byte
  Atomic<uint8_t> index[256];   // index of the child, if the bit is set
  ChildSlot children[kChildren];
};

struct Node256 : Node {
  Atomic<uint64_t> present[4];
  ChildSlot children[256];
};

inline bool IsLeaf(ChildRef ref) { return (ref & 1) != 0; }
inline Leaf* LeafOf(ChildRef ref) { return reinterpret_cast<Leaf*>(ref - 1); }
inline Node* NodeOf(ChildRef ref) { return reinterpret_cast<Node*>(ref); }
inline ChildRef RefTo(const Leaf* leaf) { return reinterpret_cast<ChildRef>(leaf) | 1; }
inline ChildRef RefTo(const Node* node) { return reinterpret_cast<ChildRef>(node); }

// The key bytes of a Node4 or Node16, in the first `count` lanes. The count is loaded first, with
// acquire: so the bytes and children that it counts are complete.
struct KeyLanes {
  ByteLanes bytes;
  uint32_t count;

  uint64_t Used() const { return ByteLanes::FirstLanes(count); }
};

inline KeyLanes LanesOf(const Node4* node) {
  const uint32_t count = node->count.LoadAcquire();
  return {ByteLanes::FromWords(node->keys.LoadRelaxed(), 0), count};
}

inline KeyLanes LanesOf(const Node16* node) {
  const uint32_t count = node->count.LoadAcquire();
  return {ByteLanes::FromWords(node->keys[0].LoadRelaxed(), node->keys[1].LoadRelaxed()), count};
}

// A child and the key byte that leads to it. ref 0: no child.
struct Branch {
  ChildRef ref = 0;
  uint8_t byte = 0;
};

template <typename N>
const ChildSlot* FindInLanes(const N* node, uint8_t byte) {
  const KeyLanes lanes = LanesOf(node);
  const uint64_t found = lanes.bytes.Equal(ByteLanes::All(byte)) & lanes.Used();
  return found == 0 ? nullptr : &node->children[ByteLanes::LaneOf(found)];
}

inline bool IsPresent(const Atomic<uint64_t>* present, uint8_t byte) {
  // Acquire: the child for this bit is complete.
  return ((present[byte >> 6].LoadAcquire() >> (byte & 63)) & 1) != 0;
}

// Returns the slot of the child for `byte`; null if there is none.
inline const ChildSlot* FindChild(const Node* node, uint8_t byte) {
  switch (node->kind) {
    case NodeKind::k4:
      return FindInLanes(static_cast<const Node4*>(node), byte);
    case NodeKind::k16:
      return FindInLanes(static_cast<const Node16*>(node), byte);
    case NodeKind::k48: {
      const auto* n = static_cast<const Node48*>(node);
      return IsPresent(n->present, byte) ? &n->children[n->index[byte].LoadRelaxed()] : nullptr;
    }
    case NodeKind::k256: {
      const auto* n = static_cast<const Node256*>(node);
      return IsPresent(n->present, byte) ? &n->children[byte] : nullptr;
    }
  }
  __builtin_unreachable();
}

// Finds the used lane with the smallest value >= low, where all values are XORed with `flip`. With
// 0 that is the smallest key byte >= low, with 0xFF the largest key byte <= 255 - low.
template <typename N>
Branch NearestInLanes(const N* node, uint8_t low, uint8_t flip) {
  const KeyLanes lanes = LanesOf(node);
  const ByteLanes values = lanes.bytes ^ ByteLanes::All(flip);
  const uint64_t candidates = values.AtLeast(ByteLanes::All(low)) & lanes.Used();
  if (candidates == 0) {
    return {};
  }
  const uint8_t best = values.SmallestAtLeast(low, lanes.count);
  const uint64_t found = values.Equal(ByteLanes::All(best)) & candidates;
  return {node->children[ByteLanes::LaneOf(found)].LoadAcquire(),
          static_cast<uint8_t>(best ^ flip)};
}

// Returns the first set bit at or after `from` (0..255); 256 if there is none.
inline uint32_t NextPresent(const Atomic<uint64_t>* present, uint32_t from) {
  uint64_t bits = present[from >> 6].LoadAcquire() & (~uint64_t{0} << (from & 63));
  for (uint32_t word = from >> 6;;) {
    if (bits != 0) {
      return word * 64 + static_cast<uint32_t>(__builtin_ctzll(bits));
    }
    if (++word == 4) {
      return 256;
    }
    bits = present[word].LoadAcquire();
  }
}

// Returns the last set bit at or before `from`; 256 if there is none.
inline uint32_t PreviousPresent(const Atomic<uint64_t>* present, uint32_t from) {
  uint64_t bits = present[from >> 6].LoadAcquire() & (~uint64_t{0} >> (63 - (from & 63)));
  for (uint32_t word = from >> 6;;) {
    if (bits != 0) {
      return word * 64 + 63 - static_cast<uint32_t>(__builtin_clzll(bits));
    }
    if (word-- == 0) {
      return 256;
    }
    bits = present[word].LoadAcquire();
  }
}

inline Branch BranchAt(const Node48* node, uint32_t byte) {
  if (byte > 255) {
    return {};
  }
  const ChildSlot& slot = node->children[node->index[byte].LoadRelaxed()];
  return {slot.LoadAcquire(), static_cast<uint8_t>(byte)};
}

inline Branch BranchAt(const Node256* node, uint32_t byte) {
  if (byte > 255) {
    return {};
  }
  return {node->children[byte].LoadAcquire(), static_cast<uint8_t>(byte)};
}

// The child with the smallest key byte >= from.
inline Branch BranchAtOrAfter(const Node* node, uint32_t from) {
  if (from > 255) {
    return {};
  }
  const uint8_t low = static_cast<uint8_t>(from);
  switch (node->kind) {
    case NodeKind::k4:
      return NearestInLanes(static_cast<const Node4*>(node), low, 0);
    case NodeKind::k16:
      return NearestInLanes(static_cast<const Node16*>(node), low, 0);
    case NodeKind::k48: {
      const auto* n = static_cast<const Node48*>(node);
      return BranchAt(n, NextPresent(n->present, from));
    }
    case NodeKind::k256: {
      const auto* n = static_cast<const Node256*>(node);
      return BranchAt(n, NextPresent(n->present, from));
    }
  }
  __builtin_unreachable();
}

// The child with the largest key byte <= from; from -1: none.
inline Branch BranchAtOrBefore(const Node* node, int from) {
  if (from < 0) {
    return {};
  }
  const uint8_t low = static_cast<uint8_t>(255 - from);
  switch (node->kind) {
    case NodeKind::k4:
      return NearestInLanes(static_cast<const Node4*>(node), low, 0xFF);
    case NodeKind::k16:
      return NearestInLanes(static_cast<const Node16*>(node), low, 0xFF);
    case NodeKind::k48: {
      const auto* n = static_cast<const Node48*>(node);
      return BranchAt(n, PreviousPresent(n->present, static_cast<uint32_t>(from)));
    }
    case NodeKind::k256: {
      const auto* n = static_cast<const Node256*>(node);
      return BranchAt(n, PreviousPresent(n->present, static_cast<uint32_t>(from)));
    }
  }
  __builtin_unreachable();
}

// Prefetches the children of a node that a walk is about to visit one after another: their misses
// overlap instead of following each other. Does nothing for the largest nodes.
inline void PrefetchChildren(const Node* node) {
  const ChildSlot* children = nullptr;
  switch (node->kind) {
    case NodeKind::k4:
      children = static_cast<const Node4*>(node)->children;
      break;
    case NodeKind::k16:
      children = static_cast<const Node16*>(node)->children;
      break;
    case NodeKind::k48:
      children = static_cast<const Node48*>(node)->children;
      break;
    case NodeKind::k256:
      return;
  }
  for (uint8_t i = 0, count = node->count.LoadAcquire(); i < count; ++i) {
    PrefetchRecord(children[i].LoadRelaxed(), 3);  // an address only, never read through
  }
}

// --- Keys --------------------------------------------------------------------------------------

inline uint8_t ByteAt(std::string_view bytes, size_t i) { return static_cast<uint8_t>(bytes[i]); }

// Returns the first place in [from, to) where key and bytes differ, bytes[0] being at `from`; else
// `to`.
inline size_t Mismatch(std::string_view key, const char* bytes, size_t from, size_t to) {
  size_t i = from;
  for (; i + 8 <= to; i += 8) {
    uint64_t a;
    uint64_t b;
    std::memcpy(&a, key.data() + i, 8);
    std::memcpy(&b, bytes + (i - from), 8);
    if (a != b) {
      return i + static_cast<size_t>(__builtin_ctzll(a ^ b)) / 8;
    }
  }
  while (i < to && key[i] == bytes[i - from]) {
    ++i;
  }
  return i;
}

// Returns where `key` first differs from what all keys below `node` share in [from, depth); depth
// if it does not differ. Encodings are prefix-free, so a key that ends before depth differs before
// its end.
inline size_t PartsAt(const Node* node, std::string_view key, size_t from) {
  const size_t to = std::min<size_t>(node->depth, key.size());
  const size_t parts = Mismatch(key, node->Skipped(from), from, to);
  VERALITH_DCHECK(parts < key.size());
  return parts == to ? node->depth : parts;
}

inline void ShowVersion(const Leaf* leaf, const Version* version, EntryView* out) {
  out->ns = leaf->ns();
  out->key = leaf->raw_key();
  out->ts = version->ts;
  out->kind = version->kind();
  out->value = version->value();
}

}  // namespace veralith::radix

#endif  // VERALITH_CORE_MEMTABLE_RADIX_NODES_H_
