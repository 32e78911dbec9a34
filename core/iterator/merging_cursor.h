// SPDX-License-Identifier: Apache-2.0

// Many sources as one: every key of any child once, as the newest child that has it says.
//
// Precondition: children come newest source first, and for every key all versions in a child are
// newer than all in the children after it. (Memtables and runs are ordered like this. Lookups rely
// on it, too, and CheckDatabase verifies it on the files.) So a key's newest version is known
// without reading a timestamp, and only that version is ever loaded.
//
// Invariants
//   1. A child's error makes the merge invalid with that status until the next seek: nothing of the
//      other children is yielded past the place that could not be read.
//   2. Moves allocate nothing while the direction stays. Next moves the children that stand on the
//      key and puts each in its place again: one compare while it stays in front.
//
// One child is returned as it is; no child gives an empty cursor.
#ifndef VERALITH_CORE_ITERATOR_MERGING_CURSOR_H_
#define VERALITH_CORE_ITERATOR_MERGING_CURSOR_H_

#include <memory>
#include <vector>

#include "core/iterator/key_cursor.h"

namespace veralith {

std::unique_ptr<KeyCursor> NewMergingCursor(std::vector<std::unique_ptr<KeyCursor>> children);

}  // namespace veralith

#endif  // VERALITH_CORE_ITERATOR_MERGING_CURSOR_H_
