// SPDX-License-Identifier: Apache-2.0

#include "core/iterator/range_tombstones.h"

#include <algorithm>
#include <utility>

namespace veralith {
namespace {

constexpr size_t kBlock = 16;  // tombstones
constexpr size_t kFanout = 4;

std::string_view Later(std::string_view a, std::string_view b) {
  return CompareBytes(a, b) < 0 ? b : a;
}

// Cuts off the stretch what lies outside `other`, which shares a key with it.
void Narrow(const RangeTombstoneView& other, RangeTombstoneView* stretch) {
  stretch->begin = Later(stretch->begin, other.begin);
  if (!other.open_end && (stretch->open_end || CompareBytes(other.end, stretch->end) < 0)) {
    stretch->end = other.end;
    stretch->open_end = false;
  }
}

// Returns the stretch around (ns, key) in which the tombstone covers all keys or none.
RangeTombstoneView StretchOf(const StoredTombstone& tombstone, NamespaceId ns,
                             std::string_view key) {
  return CoverMap(tombstone).Find(ns, key);
}

}  // namespace

// Tombstones that are successive in age.
struct FragmentedRangeTombstones::Node {
  CoverMap newest;
  // Set if one of them hides a part of another, or if the block is not full: what the node was made
  // of, oldest first. Otherwise `newest` says it all, and both are empty.
  std::vector<StoredTombstone> tombstones;
  std::vector<NodeRef> children;
  bool hides = false;
  int level = 0;  // 0: a block
  size_t count = 0;
  size_t bytes = 0;  // of this node and all below it
  Timestamp min_ts = 0;
  Timestamp max_ts = 0;

  bool IsOpenBlock() const { return level == 0 && count < kBlock; }
  void CountBytes() {
    bytes = sizeof(Node) + newest.MemoryBytes() + tombstones.capacity() * sizeof(StoredTombstone) +
            children.capacity() * sizeof(NodeRef);
    for (const NodeRef& child : children) {
      bytes += child->bytes;
    }
  }
};

// `block`: a block that is not full; null for a new one.
FragmentedRangeTombstones::NodeRef FragmentedRangeTombstones::Extend(const Node* block,
                                                                     const StoredTombstone& added) {
  auto node = std::make_shared<Node>();
  node->count = 1;
  node->min_ts = node->max_ts = added.ts;
  if (block != nullptr) {
    node->hides = block->hides;
    node->count += block->count;
    node->min_ts = block->min_ts;
    node->tombstones.reserve(node->count);
    node->tombstones = block->tombstones;
    node->newest = CoverMap::Overlay(block->newest, CoverMap(added), &node->hides);
  } else {
    node->newest = CoverMap(added);
  }
  if (node->IsOpenBlock() || node->hides) {
    node->tombstones.push_back(added);
  } else {
    node->tombstones = {};
  }
  node->CountBytes();
  return node;
}

FragmentedRangeTombstones::NodeRef FragmentedRangeTombstones::Join(
    std::span<const NodeRef> children) {
  auto node = std::make_shared<Node>();
  node->newest = children[0]->newest;
  for (size_t i = 0; i < children.size(); ++i) {
    node->hides = node->hides || children[i]->hides;
    node->count += children[i]->count;
    if (i > 0) {
      node->newest = CoverMap::Overlay(node->newest, children[i]->newest, &node->hides);
    }
  }
  if (node->hides) {
    node->children.assign(children.begin(), children.end());
  }
  node->level = children.front()->level + 1;
  node->min_ts = children.front()->min_ts;
  node->max_ts = children.back()->max_ts;
  node->CountBytes();
  return node;
}

// Its timestamp must not be less than that of any other here.
void FragmentedRangeTombstones::Add(const RangeTombstoneView& tombstone) {
  if (IsEmptyRange(tombstone)) {
    return;
  }
  const StoredTombstone stored = Store(tombstone, keys_.get());
  if (!nodes_.empty() && nodes_.back()->IsOpenBlock()) {
    nodes_.back() = Extend(nodes_.back().get(), stored);
  } else {
    nodes_.push_back(Extend(nullptr, stored));
  }
  ++count_;
  max_ts_ = tombstone.ts;
  const auto can_join = [this] {
    return nodes_.size() >= kFanout && !nodes_.back()->IsOpenBlock() &&
           nodes_[nodes_.size() - kFanout]->level == nodes_.back()->level;
  };
  while (can_join()) {
    const NodeRef node = Join(std::span(nodes_).last(kFanout));
    nodes_.resize(nodes_.size() - kFanout);
    nodes_.push_back(node);
  }
}

std::shared_ptr<const FragmentedRangeTombstones> FragmentedRangeTombstones::Build(
    std::span<const RangeTombstoneView> tombstones) {
  std::vector<RangeTombstoneView> by_age(tombstones.begin(), tombstones.end());
  std::sort(by_age.begin(), by_age.end(), [](const auto& a, const auto& b) { return a.ts < b.ts; });
  std::shared_ptr<FragmentedRangeTombstones> result(new FragmentedRangeTombstones);
  for (const RangeTombstoneView& tombstone : by_age) {
    result->Add(tombstone);
  }
  return result;
}

std::shared_ptr<const FragmentedRangeTombstones> FragmentedRangeTombstones::With(
    const RangeTombstoneView& tombstone) const {
  if (tombstone.ts < max_ts_) {
    std::vector<RangeTombstoneView> all = ToTombstones();
    all.push_back(tombstone);
    return Build(all);
  }
  std::shared_ptr<FragmentedRangeTombstones> result(new FragmentedRangeTombstones(*this));
  result->Add(tombstone);
  return result;
}

// Narrows `stretch`, which holds the key, to where the node's answer stays the same, and sets its
// ts if the node has one.
bool FragmentedRangeTombstones::Search(const Node& node, NamespaceId ns, std::string_view key,
                                       Timestamp snapshot, RangeTombstoneView* stretch) {
  if (node.min_ts > snapshot) {
    return false;
  }
  const RangeTombstoneView newest = node.newest.Find(ns, key);
  if (newest.ts <= snapshot || !node.hides) {
    Narrow(newest, stretch);
    stretch->ts = newest.ts <= snapshot ? newest.ts : 0;
    return stretch->ts != 0;
  }
  for (size_t i = node.tombstones.size(); i-- > 0;) {
    const StoredTombstone& tombstone = node.tombstones[i];
    if (tombstone.ts <= snapshot) {
      const RangeTombstoneView its = StretchOf(tombstone, ns, key);
      Narrow(its, stretch);
      stretch->ts = its.ts;
      if (its.ts != 0) {
        return true;
      }
    }
  }
  for (size_t i = node.children.size(); i-- > 0;) {
    if (Search(*node.children[i], ns, key, snapshot, stretch)) {
      return true;
    }
  }
  return false;
}

RangeTombstoneView FragmentedRangeTombstones::Find(NamespaceId ns, std::string_view key,
                                                   Timestamp snapshot) const {
  RangeTombstoneView stretch{ns, {}, {}, true, 0};
  for (size_t i = nodes_.size(); i-- > 0;) {
    if (Search(*nodes_[i], ns, key, snapshot, &stretch)) {
      break;
    }
  }
  return stretch;
}

Timestamp FragmentedRangeTombstones::MaxCovering(NamespaceId ns, std::string_view key,
                                                 Timestamp snapshot) const {
  for (size_t i = nodes_.size(); i-- > 0;) {
    const Node& node = *nodes_[i];
    Timestamp newest = node.min_ts > snapshot ? 0 : node.newest.TimestampAt(ns, key);
    if (newest > snapshot) {
      RangeTombstoneView stretch{ns, {}, {}, true, 0};
      newest = Search(node, ns, key, snapshot, &stretch) ? stretch.ts : 0;
    }
    if (newest != 0) {
      return newest;
    }
  }
  return 0;
}

void FragmentedRangeTombstones::AppendTombstones(const Node& node,
                                                 std::vector<RangeTombstoneView>* out) {
  for (const NodeRef& child : node.children) {
    AppendTombstones(*child, out);
  }
  for (const StoredTombstone& tombstone : node.tombstones) {
    out->push_back(tombstone.view());
  }
  if (node.children.empty() && node.tombstones.empty()) {
    node.newest.AppendTo(out);
  }
}

std::vector<RangeTombstoneView> FragmentedRangeTombstones::ToTombstones() const {
  std::vector<RangeTombstoneView> result;
  for (const NodeRef& node : nodes_) {
    AppendTombstones(*node, &result);
  }
  return result;
}

size_t FragmentedRangeTombstones::MemoryBytes() const {
  size_t bytes = sizeof(*this) + keys_->MemoryBytes() + nodes_.capacity() * sizeof(NodeRef);
  for (const NodeRef& node : nodes_) {
    bytes += node->bytes;
  }
  return bytes;
}

// --- RangeTombstoneCursor ----------------------------------------------------------------------

RangeTombstoneCursor::RangeTombstoneCursor(RangeTombstoneLists lists, NamespaceId ns,
                                           Timestamp snapshot)
    : lists_(std::move(lists)), snapshot_(snapshot), stretch_{ns, {}, {}, true, 0} {
  std::erase_if(lists_, [](const auto& list) { return list == nullptr || list->empty(); });
}

void RangeTombstoneCursor::MoveTo(std::string_view key) {
  known_ = true;
  stretch_ = {stretch_.ns, {}, {}, true, 0};
  for (const auto& list : lists_) {
    if (list->max_ts() < stretch_.ts) {
      continue;  // a newer tombstone hides what it says here
    }
    const RangeTombstoneView its = list->Find(stretch_.ns, key, snapshot_);
    Narrow(its, &stretch_);
    stretch_.ts = std::max(stretch_.ts, its.ts);
  }
}

}  // namespace veralith
