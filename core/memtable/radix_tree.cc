// SPDX-License-Identifier: Apache-2.0

#include "core/memtable/radix_tree.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <vector>

#include "core/base/check.h"
#include "core/memtable/encoded_key.h"
#include "core/memtable/radix_nodes.h"

namespace veralith {

namespace {

using radix::Branch;
using radix::BranchAtOrAfter;
using radix::ByteAt;
using radix::ChildRef;
using radix::ChildSlot;
using radix::FindChild;
using radix::IsLeaf;
using radix::kTailBytes;
using radix::Leaf;
using radix::LeafOf;
using radix::Mismatch;
using radix::Node;
using radix::Node16;
using radix::Node256;
using radix::Node4;
using radix::Node48;
using radix::NodeKind;
using radix::NodeOf;
using radix::PartsAt;
using radix::RefTo;
using radix::ShowVersion;
using radix::Version;
using radix::VersionLinks;

// A node that grows, a node that forks, and the headers of a leaf and its version.
static_assert(RadixTree::kMostNodeBytes >= sizeof(radix::Node256) + 64 + sizeof(Node4) + 64 + 128);

// --- Making records --------------------------------------------------------------------------

// Writes a version's header and value to `place`.
Version* FillVersion(char* place, const EntryView& entry, bool oldest) {
  auto* version = reinterpret_cast<Version*>(place);
  version->ts = entry.ts;
  version->size_kind_oldest = static_cast<uint32_t>(entry.value.size()) |
                              static_cast<uint32_t>(entry.kind) << Version::kKindShift |
                              (oldest ? Version::kOldestFlag : 0);
  if (!entry.value.empty()) {
    std::memcpy(place + Version::kHeaderBytes, entry.value.data(), entry.value.size());
  }
  return version;
}

// At least the size of the struct, so that its padding lies inside the allocation too.
size_t VersionBytes(const EntryView& entry) {
  return std::max(sizeof(Version), Version::kHeaderBytes + entry.value.size());
}

// Makes a leaf with its key and its first version.
Leaf* MakeLeaf(Arena* arena, std::string_view encoded, const EntryView& entry) {
  const bool escaped =
      encoded.size() != entry.key.size() + Leaf::kNamespaceBytes + Leaf::kTerminatorBytes;
  const size_t key_bytes = encoded.size() + (escaped ? entry.key.size() : 0);
  const size_t version_offset = (Leaf::kHeaderBytes + key_bytes + 7) & ~size_t{7};
  char* const place = arena->Allocate(version_offset + VersionBytes(entry));
  char* const bytes = place + Leaf::kHeaderBytes;
  Leaf* leaf = new (place) Leaf;
  leaf->encoded_size = static_cast<uint16_t>(encoded.size());
  leaf->raw_size = static_cast<uint16_t>(entry.key.size());
  std::memcpy(bytes, encoded.data(), encoded.size());
  if (escaped) {
    std::memcpy(bytes + encoded.size(), entry.key.data(), entry.key.size());
  }
  // Relaxed: the leaf is not published yet.
  leaf->head.StoreRelaxed(FillVersion(place + version_offset, entry, true));
  return leaf;
}

// Makes a version on top of `older`; null: the oldest of its key.
const Version* MakeVersion(Arena* arena, const EntryView& entry, const Version* older) {
  if (older == nullptr) {
    return FillVersion(arena->Allocate(VersionBytes(entry)), entry, true);
  }
  char* const place = arena->Allocate(sizeof(VersionLinks) + VersionBytes(entry));
  new (place) VersionLinks{older, radix::FarFrom(older), radix::Index(older) + 1};
  return FillVersion(place + sizeof(VersionLinks), entry, false);
}

// Puts a version on top of the leaf's. Returns false if it replaced one with the same timestamp.
bool AddVersion(Arena* arena, Leaf* leaf, const EntryView& entry) {
  const Version* const head = leaf->head.LoadRelaxed();  // the writer's own
  VERALITH_CHECK(entry.ts >= head->ts);
  const bool replaces = entry.ts == head->ts;
  const Version* const older = replaces ? radix::Older(head) : head;
  leaf->head.StoreRelease(MakeVersion(arena, entry, older));
  return !replaces;
}

template <typename N>
N* MakeNode(Arena* arena, NodeKind kind) {
  N* node = new (arena->Allocate(sizeof(N), 64)) N;
  node->kind = kind;
  return node;
}

// --- Filling nodes (the writer only; loads are its own stores, so relaxed) ---------------------

void Append(Node4* node, uint8_t byte, ChildRef child) {
  const uint8_t count = node->count.LoadRelaxed();
  node->children[count].StoreRelaxed(child);
  node->keys.StoreRelaxed(node->keys.LoadRelaxed() | uint32_t{byte} << (8 * count));
  node->count.StoreRelease(static_cast<uint8_t>(count + 1));  // publishes key byte and child
}

void Append(Node16* node, uint8_t byte, ChildRef child) {
  const uint8_t count = node->count.LoadRelaxed();
  node->children[count].StoreRelaxed(child);
  Atomic<uint64_t>& keys = node->keys[count >> 3];
  keys.StoreRelaxed(keys.LoadRelaxed() | uint64_t{byte} << (8 * (count & 7)));
  node->count.StoreRelease(static_cast<uint8_t>(count + 1));
}

void SetPresent(Atomic<uint64_t>* present, uint8_t byte) {
  Atomic<uint64_t>& word = present[byte >> 6];
  word.StoreRelease(word.LoadRelaxed() | uint64_t{1} << (byte & 63));  // publishes the child
}

void Append(Node48* node, uint8_t byte, ChildRef child) {
  const uint8_t count = node->count.LoadRelaxed();
  node->children[count].StoreRelaxed(child);
  node->index[byte].StoreRelaxed(count);
  node->count.StoreRelaxed(static_cast<uint8_t>(count + 1));  // read by the writer only
  SetPresent(node->present, byte);
}

void Append(Node256* node, uint8_t byte, ChildRef child) {
  node->children[byte].StoreRelaxed(child);
  SetPresent(node->present, byte);
}

template <typename Larger, typename Smaller>
Larger* Grow(Arena* arena, NodeKind kind, const Smaller* node) {
  Larger* larger = MakeNode<Larger>(arena, kind);
  larger->depth = node->depth;
  std::memcpy(larger->tail, node->tail, kTailBytes);
  larger->some_leaf = node->some_leaf;
  for (Branch b = BranchAtOrAfter(node, 0); b.ref != 0; b = BranchAtOrAfter(node, b.byte + 1u)) {
    Append(larger, b.byte, b.ref);
  }
  return larger;
}

// Appends in place; returns false if the node is full.
template <typename N>
bool AppendIfRoom(Node* node, uint8_t byte, ChildRef child) {
  if (node->count.LoadRelaxed() == N::kChildren) {
    return false;
  }
  Append(static_cast<N*>(node), byte, child);
  return true;
}

template <typename Larger, typename Smaller>
Node* GrowAndAppend(Arena* arena, NodeKind kind, Node* node, uint8_t byte, ChildRef child) {
  Larger* const larger = Grow<Larger>(arena, kind, static_cast<Smaller*>(node));
  Append(larger, byte, child);
  return larger;
}

// Adds a child that is new. Returns the node that has it now: `node`, or a larger copy that the
// caller publishes.
Node* WithChild(Arena* arena, Node* node, uint8_t byte, ChildRef child) {
  switch (node->kind) {
    case NodeKind::k4:
      return AppendIfRoom<Node4>(node, byte, child)
                 ? node
                 : GrowAndAppend<Node16, Node4>(arena, NodeKind::k16, node, byte, child);
    case NodeKind::k16:
      return AppendIfRoom<Node16>(node, byte, child)
                 ? node
                 : GrowAndAppend<Node48, Node16>(arena, NodeKind::k48, node, byte, child);
    case NodeKind::k48:
      return AppendIfRoom<Node48>(node, byte, child)
                 ? node
                 : GrowAndAppend<Node256, Node48>(arena, NodeKind::k256, node, byte, child);
    case NodeKind::k256:
      Append(static_cast<Node256*>(node), byte, child);
      return node;
  }
  __builtin_unreachable();
}

// Makes a node that separates `leaf` (new) from what was at its place: they differ at byte `depth`.
Node* Fork(Arena* arena, size_t depth, Leaf* leaf, uint8_t other_byte, ChildRef other) {
  Node4* node = MakeNode<Node4>(arena, NodeKind::k4);
  const std::string_view key = leaf->encoded();
  const size_t tail = std::min(depth, kTailBytes);
  node->depth = static_cast<uint16_t>(depth);
  std::memcpy(node->tail + (kTailBytes - tail), key.data() + (depth - tail), tail);
  node->some_leaf = leaf;
  Append(node, other_byte, other);
  Append(node, ByteAt(key, depth), RefTo(leaf));
  return node;
}

Leaf* FindLeaf(ChildRef ref, std::string_view key) {
  while (ref != 0 && !IsLeaf(ref)) {
    // The line with the children, or the rest of a leaf, loads while the first line is searched.
    radix::PrefetchRecord(ref + radix::kCacheLine, 1);
    const Node* const node = NodeOf(ref);
    if (node->depth >= key.size()) {
      return nullptr;
    }
    const ChildSlot* const slot = FindChild(node, ByteAt(key, node->depth));
    ref = slot == nullptr ? 0 : slot->LoadAcquire();
  }
  if (ref == 0) {
    return nullptr;
  }
  Leaf* const leaf = LeafOf(ref);
  return leaf->encoded() == key ? leaf : nullptr;
}

}  // namespace

// --- The tree ----------------------------------------------------------------------------------

bool RadixTree::Add(const EntryView& entry) {
  VERALITH_CHECK(entry.key.size() <= kMaxKeyBytes && entry.value.size() <= kMaxValueBytes);
  VERALITH_CHECK(entry.ts >= kMinTimestamp && entry.ts <= kMaxTimestamp);
  const EncodedKey encoded(entry.ns, entry.key);
  const std::string_view key = encoded.bytes();
  ChildSlot* slot = &root_;
  size_t from = 0;
  while (true) {
    const ChildRef ref = slot->LoadRelaxed();  // the writer's own
    if (ref == 0) {
      slot->StoreRelease(RefTo(MakeLeaf(arena_, key, entry)));
      return true;
    }
    if (IsLeaf(ref)) {
      return AddAtLeaf(slot, from, key, entry);
    }
    Node* const node = NodeOf(ref);
    const size_t parts = PartsAt(node, key, from);
    if (parts < node->depth) {
      const uint8_t other = static_cast<uint8_t>(node->Skipped(from)[parts - from]);
      Leaf* const leaf = MakeLeaf(arena_, key, entry);
      slot->StoreRelease(RefTo(Fork(arena_, parts, leaf, other, ref)));
      return true;
    }
    const uint8_t byte = ByteAt(key, parts);
    // The tree is ours to change: only lookups are const.
    auto* const child = const_cast<ChildSlot*>(FindChild(node, byte));
    if (child == nullptr) {
      Node* const with = WithChild(arena_, node, byte, RefTo(MakeLeaf(arena_, key, entry)));
      if (with != node) {
        slot->StoreRelease(RefTo(with));
      }
      return true;
    }
    slot = child;
    from = parts + 1;
  }
}

bool RadixTree::AddAtLeaf(Atomic<uintptr_t>* slot, size_t from, std::string_view key,
                          const EntryView& entry) {
  const ChildRef ref = slot->LoadRelaxed();
  Leaf* const there = LeafOf(ref);
  const std::string_view other = there->encoded();
  const size_t shared = std::min(key.size(), other.size());
  const size_t parts = Mismatch(key, other.data() + from, from, shared);
  if (parts == shared) {
    VERALITH_CHECK(key.size() == other.size());  // prefix-free
    return AddVersion(arena_, there, entry);
  }
  Leaf* const leaf = MakeLeaf(arena_, key, entry);
  slot->StoreRelease(RefTo(Fork(arena_, parts, leaf, ByteAt(other, parts), ref)));
  return true;
}

bool RadixTree::Get(NamespaceId ns, std::string_view key, Timestamp snapshot,
                    EntryView* out) const {
  const EncodedKey encoded(ns, key);
  const Leaf* const leaf = FindLeaf(root_.LoadAcquire(), encoded.bytes());
  if (leaf == nullptr) {
    return false;
  }
  const Version* const version = radix::NewestAtOrBelow(leaf->head.LoadAcquire(), snapshot);
  if (version == nullptr) {
    return false;
  }
  ShowVersion(leaf, version, out);
  return true;
}

}  // namespace veralith
