// For tests: drives a cursor over keys through random moves beside the keys that it must show.
#ifndef VERALITH_CORE_ITERATOR_TESTING_CURSOR_WALK_H_
#define VERALITH_CORE_ITERATOR_TESTING_CURSOR_WALK_H_

#include <map>
#include <string>
#include <vector>

#include "core/iterator/key_cursor.h"
#include "veralith/types.h"

namespace veralith::testing {

struct ShownKey {
  std::string key;
  Timestamp ts = 0;
  EntryKind kind = EntryKind::kPut;
  std::string value;
};

// What a cursor over `entries` (any order, any type that has the fields) shows, found by looking at
// everything.
template <typename Entries>
std::vector<ShownKey> NewestPerKey(const Entries& entries, NamespaceId ns, Timestamp snapshot) {
  std::map<std::string, ShownKey> newest;
  for (const auto& entry : entries) {
    if (entry.ns == ns && entry.ts <= snapshot) {
      ShownKey& shown = newest[entry.key];
      if (entry.ts >= shown.ts) {
        shown = {entry.key, entry.ts, entry.kind, entry.value};
      }
    }
  }
  std::vector<ShownKey> keys;
  for (auto& [key, shown] : newest) {
    keys.push_back(std::move(shown));
  }
  return keys;
}

// Forward and backward over everything. A RapidCheck assertion fails where it differs.
void CheckCursorYields(KeyCursor* cursor, const std::vector<ShownKey>& expected);

// `moves` random ones: seeks of all kinds, mostly to places near keys, and steps either way; parts
// of versions are loaded now and then, in either order.
void CheckCursorWalks(KeyCursor* cursor, const std::vector<ShownKey>& expected, int moves);

}  // namespace veralith::testing

#endif  // VERALITH_CORE_ITERATOR_TESTING_CURSOR_WALK_H_
