// SPDX-License-Identifier: Apache-2.0

// A place among the leaves of a radix tree: the inner nodes above it, each with the key byte that
// was followed. Iterators over the tree walk with it.
//
// Thread rule: one thread at a time, beside the tree's writer. A node that the writer replaces by a
// larger one stays as it was: the walk sees all that the node had when the walk reached it.
#ifndef VERALITH_CORE_MEMTABLE_RADIX_PATH_H_
#define VERALITH_CORE_MEMTABLE_RADIX_PATH_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/sync.h"
#include "core/memtable/radix_nodes.h"

namespace veralith {

class RadixPath {
 public:
  explicit RadixPath(const Atomic<uintptr_t>* root) : root_(root) { steps_.reserve(32); }

  // Each of these moves to a leaf and returns it; null if there is no such leaf.
  const radix::Leaf* First();
  const radix::Leaf* Last();
  const radix::Leaf* Next();
  const radix::Leaf* Previous();
  // The first leaf at or after an encoded user key; the last one at or before it.
  const radix::Leaf* Seek(std::string_view encoded);
  const radix::Leaf* SeekForPrev(std::string_view encoded);

 private:
  struct Step {
    const radix::Node* node;
    uint8_t byte;
    bool prefetched;  // the node's children
  };

  template <typename Choose>
  const radix::Leaf* Descend(radix::ChildRef ref, Choose choose);
  const radix::Leaf* FirstBelow(radix::ChildRef ref);
  const radix::Leaf* LastBelow(radix::ChildRef ref);
  int Approach(std::string_view encoded, radix::ChildRef* below);

  const Atomic<uintptr_t>* const root_;
  std::vector<Step> steps_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_MEMTABLE_RADIX_PATH_H_
