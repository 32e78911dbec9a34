// SPDX-License-Identifier: Apache-2.0

// The search form of the sparse index: in which key page can a user key be?
//
// A static tree over the pages' first user keys, 32 to a node. A node keeps the longest common
// prefix of its keys once (a long one stays where the first of the keys is) and the eight bytes
// after it of each; keys that agree in those are told apart by whole comparisons, by binary search.
// So keys with long shared prefixes (and several tenants in one file) cost hardly more than others,
// and a level costs a few cache lines.
//
// Thread rule: immutable after the last Add and Finish.
#ifndef VERALITH_CORE_SEGMENT_READ_KEY_INDEX_H_
#define VERALITH_CORE_SEGMENT_READ_KEY_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "veralith/types.h"

namespace veralith {

class KeyIndex {
 public:
  static constexpr size_t kFanout = 32;

  // In ascending order of user keys; equal ones may repeat (versions of one key over many pages).
  void Add(NamespaceId ns, std::string_view key);
  void Finish();

  size_t size() const { return ends_.size(); }
  NamespaceId ns(size_t i) const;
  std::string_view key(size_t i) const { return Whole(i).substr(8); }

  // The last entry <= (ns, key); nothing when the first is above it. If there is one, sets
  // `is_equal`, unless that is null, to whether the entry is (ns, key) itself.
  std::optional<size_t> FindLastAtOrBelow(NamespaceId ns, std::string_view key,
                                          bool* is_equal = nullptr) const;
  // The last entry < (ns, key).
  std::optional<size_t> FindLastBelow(NamespaceId ns, std::string_view key) const;

  size_t memory_bytes() const;

 private:
  struct Node {
    static constexpr size_t kPrefixBytes = 24;

    uint32_t prefix_bytes;  // of the first entry's whole key
    uint32_t count;
    char prefix[kPrefixBytes];  // the same bytes, if they are no more
    uint64_t keys[kFanout];
  };
  struct Level {
    size_t span;  // entries that one key of the level stands for
    std::vector<Node> nodes;
  };

  // A namespace (8 bytes, big-endian) and a key: bytewise order is the order of user keys.
  std::string_view Whole(size_t i) const {
    const uint64_t begin = i == 0 ? 0 : ends_[i - 1];
    return {bytes_.data() + begin, static_cast<size_t>(ends_[i] - begin)};
  }
  // The longest common prefix of a node's keys, of which `first` is the first entry.
  std::string_view PrefixOf(const Node& node, size_t first) const {
    return node.prefix_bytes <= Node::kPrefixBytes
               ? std::string_view(node.prefix, node.prefix_bytes)
               : Whole(first).substr(0, node.prefix_bytes);
  }
  void BuildLevel(size_t span);
  int Compare(size_t i, NamespaceId ns, std::string_view key) const;
  template <bool kOrEqual>
  std::optional<size_t> FindLast(NamespaceId ns, std::string_view key, bool* is_equal) const;

  std::string bytes_;           // whole keys, back to back
  std::vector<uint64_t> ends_;  // in bytes_
  std::vector<Level> levels_;   // the root first
};

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_READ_KEY_INDEX_H_
