// SPDX-License-Identifier: Apache-2.0

// For tests: drives a visible iterator through random moves beside what must be visible.
#ifndef VERALITH_CORE_ITERATOR_TESTING_VISIBLE_WALK_H_
#define VERALITH_CORE_ITERATOR_TESTING_VISIBLE_WALK_H_

#include <cstddef>
#include <vector>

#include "core/iterator/testing/vector_stream.h"
#include "core/iterator/visible_iterator.h"

namespace veralith::testing {

// The iterator shows visible[at]; when `at` is outside, it is invalid without an error.
void CheckShows(VisibleIterator& iterator, const std::vector<OwnedEntry>& visible, size_t at);

// `moves` random ones: seeks of all kinds, mostly to places near keys, and steps either way. A
// RapidCheck assertion fails where the iterator shows anything else than `visible` at that place.
void CheckVisibleWalks(VisibleIterator* iterator, const std::vector<OwnedEntry>& visible,
                       int moves);

}  // namespace veralith::testing

#endif  // VERALITH_CORE_ITERATOR_TESTING_VISIBLE_WALK_H_
