// SPDX-License-Identifier: Apache-2.0

#include "core/memtable/radix_path.h"

#include "core/format/entry.h"

namespace veralith {

using radix::Branch;
using radix::BranchAtOrAfter;
using radix::BranchAtOrBefore;
using radix::ByteAt;
using radix::ChildRef;
using radix::ChildSlot;
using radix::IsLeaf;
using radix::Leaf;
using radix::LeafOf;
using radix::Node;
using radix::NodeOf;

// Descends to a leaf below `ref`, by the branch that `choose` names; null if ref is 0.
template <typename Choose>
const Leaf* RadixPath::Descend(ChildRef ref, Choose choose) {
  while (ref != 0 && !IsLeaf(ref)) {
    const Node* const node = NodeOf(ref);
    radix::PrefetchChildren(node);
    const Branch branch = choose(node);
    steps_.push_back({node, branch.byte, true});
    ref = branch.ref;
  }
  return ref == 0 ? nullptr : LeafOf(ref);
}

const Leaf* RadixPath::FirstBelow(ChildRef ref) {
  return Descend(ref, [](const Node* node) { return BranchAtOrAfter(node, 0); });
}

const Leaf* RadixPath::LastBelow(ChildRef ref) {
  return Descend(ref, [](const Node* node) { return BranchAtOrBefore(node, 255); });
}

const Leaf* RadixPath::First() {
  steps_.clear();
  return FirstBelow(root_->LoadAcquire());
}

const Leaf* RadixPath::Last() {
  steps_.clear();
  return LastBelow(root_->LoadAcquire());
}

const Leaf* RadixPath::Next() {
  while (!steps_.empty()) {
    Step& top = steps_.back();
    if (!top.prefetched) {
      radix::PrefetchChildren(top.node);
      top.prefetched = true;
    }
    const Branch branch = BranchAtOrAfter(top.node, top.byte + 1u);
    if (branch.ref != 0) {
      top.byte = branch.byte;
      return FirstBelow(branch.ref);
    }
    steps_.pop_back();
  }
  return nullptr;
}

const Leaf* RadixPath::Previous() {
  while (!steps_.empty()) {
    Step& top = steps_.back();
    if (!top.prefetched) {
      radix::PrefetchChildren(top.node);
      top.prefetched = true;
    }
    const Branch branch = BranchAtOrBefore(top.node, static_cast<int>(top.byte) - 1);
    if (branch.ref != 0) {
      top.byte = branch.byte;
      return LastBelow(branch.ref);
    }
    steps_.pop_back();
  }
  return nullptr;
}

// Follows the key down as far as the tree has it. Sets *below to the child where it stops, with the
// path above it in steps_. All of that child is smaller than the key (returns negative), is the
// key's leaf (0), or is larger (positive). If *below is 0, the last step's node has no branch for
// the key's byte.
int RadixPath::Approach(std::string_view encoded, ChildRef* below) {
  steps_.clear();
  ChildRef ref = root_->LoadAcquire();
  size_t from = 0;
  while (ref != 0 && !IsLeaf(ref)) {
    const Node* const node = NodeOf(ref);
    const size_t parts = radix::PartsAt(node, encoded, from);
    if (parts < node->depth) {
      *below = ref;
      return ByteAt({node->Skipped(from), node->depth - from}, parts - from) <
                     ByteAt(encoded, parts)
                 ? -1
                 : 1;
    }
    const uint8_t byte = ByteAt(encoded, parts);
    steps_.push_back({node, byte, false});
    const ChildSlot* const slot = radix::FindChild(node, byte);
    ref = slot == nullptr ? 0 : slot->LoadAcquire();
    from = parts + 1;
  }
  *below = ref;
  return ref == 0 ? -1 : CompareBytes(LeafOf(ref)->encoded(), encoded);
}

const Leaf* RadixPath::Seek(std::string_view encoded) {
  ChildRef below;
  const int order = Approach(encoded, &below);
  return order < 0 ? Next() : FirstBelow(below);
}

const Leaf* RadixPath::SeekForPrev(std::string_view encoded) {
  ChildRef below;
  const int order = Approach(encoded, &below);
  return order > 0 || below == 0 ? Previous() : LastBelow(below);
}

}  // namespace veralith
