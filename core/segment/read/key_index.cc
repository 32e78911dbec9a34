// SPDX-License-Identifier: Apache-2.0

#include "core/segment/read/key_index.h"

#include <algorithm>
#include <cstring>

#include "core/format/coding.h"
#include "core/format/common_prefix.h"
#include "core/format/entry.h"
#include "core/format/key_chunk.h"

namespace veralith {
namespace {

// Returns the KeyChunk of the namespace's eight bytes followed by the key.
uint64_t Chunk(NamespaceId ns, std::string_view key, size_t at) {
  if (at >= 8) {
    return KeyChunk(key, at - 8);
  }
  if (at == 0) {
    return ns;
  }
  return ns << (8 * at) | KeyChunk(key, 0) >> (8 * (8 - at));
}

// Compares the first prefix.size() bytes of (ns, key) with `prefix`. The prefix lacks no bytes of
// the namespace unless it is shorter than that.
int ComparePrefix(NamespaceId ns, std::string_view key, std::string_view prefix) {
  char ns_bytes[8];
  StoreBe64(ns_bytes, ns);
  const size_t ns_part = std::min<size_t>(8, prefix.size());
  if (const int order = std::memcmp(ns_bytes, prefix.data(), ns_part); order != 0) {
    return order;
  }
  prefix.remove_prefix(ns_part);
  return CompareBytes(key.substr(0, prefix.size()), prefix);
}

// Returns how many of the ascending keys of a node are `below`: those are the first ones. Looks
// at every fourth key, then at four neighbours. The comparisons of a step do not wait for each
// other, there is no branch to guess, and no vector instruction to have.
template <typename Below>
size_t CountBelow(const uint64_t* keys, Below below) {
  constexpr size_t kStride = 4;
  size_t count = 0;
  for (size_t i = kStride - 1; i + 1 < KeyIndex::kFanout; i += kStride) {
    count += below(keys[i]) ? kStride : 0;
  }
  const uint64_t* const rest = keys + count;
  for (size_t i = 0; i < kStride; ++i) {
    count += below(rest[i]) ? 1 : 0;
  }
  return count;
}

}  // namespace

void KeyIndex::Add(NamespaceId ns, std::string_view key) {
  char ns_bytes[8];
  StoreBe64(ns_bytes, ns);
  bytes_.append(ns_bytes, 8).append(key);
  ends_.push_back(bytes_.size());
}

void KeyIndex::Finish() {
  bytes_.shrink_to_fit();
  ends_.shrink_to_fit();
  for (size_t span = 1; span == 1 || span < ends_.size(); span *= kFanout) {
    BuildLevel(span);
  }
  std::reverse(levels_.begin(), levels_.end());
}

// A key of the level stands for entries [n * span, (n + 1) * span).
void KeyIndex::BuildLevel(size_t span) {
  Level& level = levels_.emplace_back();
  level.span = span;
  const size_t per_node = span * kFanout;
  for (size_t first = 0; first < ends_.size(); first += per_node) {
    Node& node = level.nodes.emplace_back();
    const size_t last = std::min(first + per_node, ends_.size()) - 1;
    node.count = static_cast<uint32_t>((last - first) / span + 1);
    node.prefix_bytes =
        static_cast<uint32_t>(CommonPrefix(Whole(first), Whole(first + (node.count - 1) * span)));
    Whole(first).copy(node.prefix, std::min<size_t>(node.prefix_bytes, Node::kPrefixBytes));
    for (uint32_t i = 0; i < kFanout; ++i) {
      node.keys[i] =
          i < node.count ? KeyChunk(Whole(first + i * span), node.prefix_bytes) : UINT64_MAX;
    }
  }
}

NamespaceId KeyIndex::ns(size_t i) const { return LoadBe64(Whole(i).data()); }

int KeyIndex::Compare(size_t i, NamespaceId ns, std::string_view key) const {
  const NamespaceId own = this->ns(i);
  return own != ns ? (own < ns ? -1 : 1) : CompareBytes(this->key(i), key);
}

template <bool kOrEqual>
std::optional<size_t> KeyIndex::FindLast(NamespaceId ns, std::string_view key,
                                         bool* is_equal) const {
  if (ends_.empty()) {
    return std::nullopt;
  }
  size_t node_number = 0;
  bool equal = false;  // what was found is the key itself; then so it is on all levels below
  for (const Level& level : levels_) {
    const Node& node = level.nodes[node_number];
    const size_t first = node_number * kFanout;  // in keys of this level
    size_t below;                                // keys of the node that are at or below the target
    const int order = ComparePrefix(ns, key, PrefixOf(node, first * level.span));
    if (order != 0) {
      below = order < 0 ? 0 : node.count;
    } else {
      const uint64_t target = Chunk(ns, key, node.prefix_bytes);
      size_t low = CountBelow(node.keys, [target](uint64_t key) { return key < target; });
      size_t high = low;
      if (low < node.count && node.keys[low] == target) {
        high = CountBelow(node.keys, [target](uint64_t key) { return key <= target; });
        high = std::min<size_t>(high, node.count);
      }
      // Among the keys that agree in the eight bytes, compares whole keys.
      while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int whole = Compare((first + middle) * level.span, ns, key);
        if (kOrEqual ? whole <= 0 : whole < 0) {
          low = middle + 1;
          equal = whole == 0;
        } else {
          high = middle;
        }
      }
      below = low;
    }
    if (below == 0) {
      return std::nullopt;  // only at the root: lower levels are entered by a key not above
    }
    node_number = first + below - 1;
  }
  if (is_equal != nullptr) {
    *is_equal = equal;
  }
  return node_number;
}

std::optional<size_t> KeyIndex::FindLastAtOrBelow(NamespaceId ns, std::string_view key,
                                                  bool* is_equal) const {
  return FindLast<true>(ns, key, is_equal);
}

std::optional<size_t> KeyIndex::FindLastBelow(NamespaceId ns, std::string_view key) const {
  return FindLast<false>(ns, key, nullptr);
}

size_t KeyIndex::memory_bytes() const {
  size_t bytes = bytes_.capacity() + ends_.capacity() * sizeof(uint64_t);
  for (const Level& level : levels_) {
    bytes += level.nodes.capacity() * sizeof(Node);
  }
  return bytes;
}

}  // namespace veralith
