// SPDX-License-Identifier: Apache-2.0

// For tests: drives a stream through random moves beside a sorted vector of what it must yield.
#ifndef VERALITH_CORE_ITERATOR_TESTING_STREAM_WALK_H_
#define VERALITH_CORE_ITERATOR_TESTING_STREAM_WALK_H_

#include <vector>

#include "core/iterator/testing/vector_stream.h"
#include "core/iterator/version_stream.h"

namespace veralith::testing {

// Walks over everything. A RapidCheck assertion fails where it differs.
void CheckYields(VersionStream* iterator, const std::vector<OwnedEntry>& expected);

// Does `moves` random ones: seeks, mostly to keys that are there, and steps.
void CheckWalks(VersionStream* iterator, const std::vector<OwnedEntry>& expected, int moves);

}  // namespace veralith::testing

#endif  // VERALITH_CORE_ITERATOR_TESTING_STREAM_WALK_H_
