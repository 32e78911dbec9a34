// SPDX-License-Identifier: Apache-2.0

// Many sources as one: the entries of all children in the order of entries.
//
// Invariants
//   1. Children come newest source first. Should two hold the same (ns, key, ts), both are
//      yielded, the first child's first.
//   2. A child's error makes the merge invalid with that status until the next seek: nothing of
//      the other children is yielded past the place that could not be read.
//   3. Moves allocate nothing. Next costs one child's Next and about log2(children) compares; while
//      one child stays in front, one compare.
//
// One child is returned as it is; no child gives an empty stream.
#ifndef VERALITH_CORE_ITERATOR_MERGING_STREAM_H_
#define VERALITH_CORE_ITERATOR_MERGING_STREAM_H_

#include <memory>
#include <vector>

#include "core/iterator/version_stream.h"

namespace veralith {

std::unique_ptr<VersionStream> NewMergingStream(
    std::vector<std::unique_ptr<VersionStream>> children);

}  // namespace veralith

#endif  // VERALITH_CORE_ITERATOR_MERGING_STREAM_H_
