// For tests: drives an iterator through random moves beside a sorted vector of what it must yield.
#ifndef VERALITH_CORE_ITERATOR_TESTING_WALK_H_
#define VERALITH_CORE_ITERATOR_TESTING_WALK_H_

#include <vector>

#include "core/iterator/iterator.h"
#include "core/iterator/vector_iterator.h"

namespace veralith::testing {

// Walks over everything. A RapidCheck assertion fails where it differs.
void CheckYields(Iterator* iterator, const std::vector<OwnedEntry>& expected);

// Does `moves` random ones: seeks, mostly to keys that are there, and steps.
void CheckWalks(Iterator* iterator, const std::vector<OwnedEntry>& expected, int moves);

}  // namespace veralith::testing

#endif  // VERALITH_CORE_ITERATOR_TESTING_WALK_H_
