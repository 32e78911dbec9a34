#include "core/memtable/radix_tree.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <vector>

#include "core/base/broken.h"
#include "core/base/check.h"
#include "core/memtable/encoded_key.h"
#include "core/memtable/radix_nodes.h"

namespace veralith {

namespace {

using radix::Branch;
using radix::BranchAtOrAfter;
using radix::BranchAtOrBefore;
using radix::ChildRef;
using radix::ChildSlot;
using radix::FindChild;
using radix::IsLeaf;
using radix::kTailBytes;
using radix::Leaf;
using radix::LeafOf;
using radix::Node;
using radix::Node16;
using radix::Node256;
using radix::Node4;
using radix::Node48;
using radix::NodeKind;
using radix::NodeOf;
using radix::RefTo;
using radix::Version;
using radix::VersionLinks;

uint8_t ByteAt(std::string_view bytes, size_t i) { return static_cast<uint8_t>(bytes[i]); }

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

// At least the struct, so that its padding lies inside the allocation too.
size_t VersionBytes(const EntryView& entry) {
  return std::max(sizeof(Version), Version::kHeaderBytes + entry.value.size());
}

// A leaf with its key and its first version.
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

// A version on top of `older`; null: the oldest of its key.
const Version* MakeVersion(Arena* arena, const EntryView& entry, const Version* older) {
  if (older == nullptr) {
    return FillVersion(arena->Allocate(VersionBytes(entry)), entry, true);
  }
  char* const place = arena->Allocate(sizeof(VersionLinks) + VersionBytes(entry));
  new (place) VersionLinks{older, radix::FarFrom(older), radix::Index(older) + 1};
  return FillVersion(place + sizeof(VersionLinks), entry, false);
}

// Puts a version on top of the leaf's; false when it took the place of one of the same timestamp.
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

// Appends in place; false when the node is full.
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

// Adds a child that was not there. Returns the node that has it now: `node`, or a larger copy that
// the caller publishes.
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

// A node that tells `leaf` (new) from what was at its place: they part at byte `depth`.
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

// The first place in [from, to) where key and bytes differ, bytes[0] being at `from`; `to` if none.
size_t Mismatch(std::string_view key, const char* bytes, size_t from, size_t to) {
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

// Where `key` parts from what all keys below `node` share in [from, depth); depth when it does not.
// Encodings are prefix-free, so a key that ends before depth parts before its end.
size_t PartsAt(const Node* node, std::string_view key, size_t from) {
  const size_t to = std::min<size_t>(node->depth, key.size());
  const size_t parts = Mismatch(key, node->Skipped(from), from, to);
  VERALITH_DCHECK(parts < key.size());
  return parts == to ? node->depth : parts;
}

Leaf* FindLeaf(ChildRef ref, std::string_view key) {
  while (ref != 0 && !IsLeaf(ref)) {
    // The children's line, or the rest of a leaf, comes while the first line is searched.
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
  return leaf->encoded() == key || VERALITH_BROKEN(P1) ? leaf : nullptr;
}

void ShowVersion(const Leaf* leaf, const Version* version, EntryView* out) {
  out->ns = leaf->ns();
  out->key = leaf->raw_key();
  out->ts = version->ts;
  out->kind = version->kind();
  out->value = version->value();
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

// --- The iterator ------------------------------------------------------------------------------

// Stands on one version of one leaf; the stack holds the inner nodes above it, each with the key
// byte that was followed.
class RadixTreeIterator final : public Iterator {
 public:
  RadixTreeIterator(const RadixTree* tree, const Atomic<Timestamp>* newest)
      : tree_(tree), newest_(newest) {
    path_.reserve(32);
  }

  absl::Status status() const override { return absl::OkStatus(); }
  Timestamp max_timestamp() const override {
    return newest_ == nullptr ? kMaxTimestamp : newest_->LoadRelaxed();
  }

  void SeekToFirst() override {
    path_.clear();
    ShowNewest(FirstBelow(Root()));
  }
  void SeekToLast() override {
    path_.clear();
    ShowOldest(LastBelow(Root()));
  }
  void Seek(NamespaceId ns, std::string_view key, Timestamp ts) override;
  void SeekForPrev(NamespaceId ns, std::string_view key, Timestamp ts) override;
  void Next() override {
    VERALITH_DCHECK(valid_);
    if (!version_->oldest()) {
      Show(leaf_, radix::LinksOf(version_).older);
    } else {
      ShowNewest(NextLeaf());
    }
  }
  void Prev() override {
    VERALITH_DCHECK(valid_);
    const Version* const newer =
        radix::OldestAbove(leaf_->head.LoadAcquire(), version_->ts);
    if (newer != nullptr) {
      Show(leaf_, newer);
    } else {
      ShowOldest(PreviousLeaf());
    }
  }

 private:
  struct Step {
    const Node* node;
    uint8_t byte;
    bool prefetched;  // the node's children
  };

  ChildRef Root() const { return tree_->root_.LoadAcquire(); }

  const Leaf* FirstBelow(ChildRef ref) {
    return Descend(ref, [](const Node* node) { return BranchAtOrAfter(node, 0); });
  }
  const Leaf* LastBelow(ChildRef ref) {
    return Descend(ref, [](const Node* node) { return BranchAtOrBefore(node, 255); });
  }
  // To a leaf below `ref`, by the branch that `choose` names; null when ref is 0.
  template <typename Choose>
  const Leaf* Descend(ChildRef ref, Choose choose) {
    while (ref != 0 && !IsLeaf(ref)) {
      const Node* const node = NodeOf(ref);
      radix::PrefetchChildren(node);
      const Branch branch = choose(node);
      path_.push_back({node, branch.byte, true});
      ref = branch.ref;
    }
    return ref == 0 ? nullptr : LeafOf(ref);
  }

  const Leaf* NextLeaf() {
    while (!path_.empty()) {
      Step& top = path_.back();
      if (!top.prefetched) {
        radix::PrefetchChildren(top.node);
        top.prefetched = true;
      }
      const Branch branch = BranchAtOrAfter(top.node, top.byte + 1u);
      if (branch.ref != 0) {
        top.byte = branch.byte;
        return FirstBelow(branch.ref);
      }
      path_.pop_back();
    }
    return nullptr;
  }
  const Leaf* PreviousLeaf() {
    while (!path_.empty()) {
      Step& top = path_.back();
      if (!top.prefetched) {
        radix::PrefetchChildren(top.node);
        top.prefetched = true;
      }
      const Branch branch = BranchAtOrBefore(top.node, static_cast<int>(top.byte) - 1);
      if (branch.ref != 0) {
        top.byte = branch.byte;
        return LastBelow(branch.ref);
      }
      path_.pop_back();
    }
    return nullptr;
  }

  const Leaf* SeekLeaf(std::string_view key);
  const Leaf* SeekLeafForPrev(std::string_view key);
  int Approach(std::string_view key, ChildRef* below);

  void Show(const Leaf* leaf, const Version* version) {
    leaf_ = leaf;
    version_ = version;
    valid_ = true;
    ShowVersion(leaf, version, &entry_);
  }
  void ShowNewest(const Leaf* leaf) {
    valid_ = false;
    if (leaf != nullptr) {
      Show(leaf, leaf->head.LoadAcquire());
    }
  }
  void ShowOldest(const Leaf* leaf) {
    valid_ = false;
    if (leaf != nullptr) {
      Show(leaf, radix::OldestOf(leaf->head.LoadAcquire()));
    }
  }

  const RadixTree* const tree_;
  const Atomic<Timestamp>* const newest_;
  const Leaf* leaf_ = nullptr;
  const Version* version_ = nullptr;
  std::vector<Step> path_;
};

// Follows `key` down as far as the tree has it. *below becomes what lies where it stops, with the
// path above it on the stack: all of it is smaller than the key (negative), is the key's leaf (0),
// or is larger (positive). *below 0: a node on top of the stack has no branch for the key's byte.
int RadixTreeIterator::Approach(std::string_view key, ChildRef* below) {
  path_.clear();
  ChildRef ref = Root();
  size_t from = 0;
  while (ref != 0 && !IsLeaf(ref)) {
    const Node* const node = NodeOf(ref);
    const size_t parts = PartsAt(node, key, from);
    if (parts < node->depth) {
      *below = ref;
      return static_cast<uint8_t>(node->Skipped(from)[parts - from]) < ByteAt(key, parts) ? -1 : 1;
    }
    const uint8_t byte = ByteAt(key, parts);
    path_.push_back({node, byte, false});
    const ChildSlot* const slot = FindChild(node, byte);
    ref = slot == nullptr ? 0 : slot->LoadAcquire();
    from = parts + 1;
  }
  *below = ref;
  return ref == 0 ? -1 : CompareBytes(LeafOf(ref)->encoded(), key);
}

// The first leaf at or after `key`.
const Leaf* RadixTreeIterator::SeekLeaf(std::string_view key) {
  ChildRef below;
  const int order = Approach(key, &below);
  return order < 0 ? NextLeaf() : FirstBelow(below);
}

// The last leaf at or before `key`.
const Leaf* RadixTreeIterator::SeekLeafForPrev(std::string_view key) {
  ChildRef below;
  const int order = Approach(key, &below);
  return order > 0 || below == 0 ? PreviousLeaf() : LastBelow(below);
}

void RadixTreeIterator::Seek(NamespaceId ns, std::string_view key, Timestamp ts) {
  const EncodedKey encoded(ns, key);
  const Leaf* leaf = SeekLeaf(encoded.bytes());
  if (leaf == nullptr || leaf->encoded() != encoded.bytes()) {
    ShowNewest(leaf);
    return;
  }
  const Version* const version = radix::NewestAtOrBelow(leaf->head.LoadAcquire(), ts);
  if (version != nullptr) {
    Show(leaf, version);
  } else {
    ShowNewest(NextLeaf());
  }
}

void RadixTreeIterator::SeekForPrev(NamespaceId ns, std::string_view key, Timestamp ts) {
  const EncodedKey encoded(ns, key);
  const Leaf* leaf = SeekLeafForPrev(encoded.bytes());
  if (leaf == nullptr || leaf->encoded() != encoded.bytes()) {
    ShowOldest(leaf);
    return;
  }
  const Version* const head = leaf->head.LoadAcquire();
  const Version* const version = ts == 0 ? radix::OldestOf(head) : radix::OldestAbove(head, ts - 1);
  if (version != nullptr) {
    Show(leaf, version);
  } else {
    ShowOldest(PreviousLeaf());
  }
}

std::unique_ptr<Iterator> RadixTree::NewIterator(const Atomic<Timestamp>* newest) const {
  return std::make_unique<RadixTreeIterator>(this, newest);
}

}  // namespace veralith
