// SPDX-License-Identifier: Apache-2.0

// For tests: drives a cursor over keys through random moves beside the keys that it must show.
#ifndef VERALITH_CORE_ITERATOR_TESTING_CURSOR_WALK_H_
#define VERALITH_CORE_ITERATOR_TESTING_CURSOR_WALK_H_

#include <vector>

#include "core/iterator/key_cursor.h"
#include "core/iterator/testing/cursor_judge.h"
#include "veralith/types.h"

namespace veralith::testing {

// Forward and backward over everything. A RapidCheck assertion fails where it differs.
void CheckCursorYields(KeyCursor* cursor, const std::vector<ShownKey>& expected);

// `moves` random ones: seeks of all kinds, mostly to places near keys, and steps either way; parts
// of versions are loaded now and then, in either order.
void CheckCursorWalks(KeyCursor* cursor, const std::vector<ShownKey>& expected, int moves);

}  // namespace veralith::testing

#endif  // VERALITH_CORE_ITERATOR_TESTING_CURSOR_WALK_H_
