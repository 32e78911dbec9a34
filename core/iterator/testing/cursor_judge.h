// SPDX-License-Identifier: Apache-2.0

// For tests: says what is wrong with a cursor over keys, beside the keys that it must show. Works
// on cursors over damaged files too: what cannot be read must be an error, never another answer.
#ifndef VERALITH_CORE_ITERATOR_TESTING_CURSOR_JUDGE_H_
#define VERALITH_CORE_ITERATOR_TESTING_CURSOR_JUDGE_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
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

// Whether an error is an honest answer. NoError: none is.
using MayFail = bool (*)(const absl::Status&);
inline bool NoError(const absl::Status&) { return false; }

// Walks over everything, forward and backward, and loads every version whole. "" when each walk
// gives exactly `expected`, or gives the first of it and then an error that may be; else what is
// wrong.
std::string JudgeCursorWalks(KeyCursor* cursor, const std::vector<ShownKey>& expected,
                             MayFail may_fail);

// Seeks `target` from both sides, and from each place steps forward once and backward once.
std::string JudgeCursorSeeks(KeyCursor* cursor, const std::vector<ShownKey>& expected,
                             std::string_view target, MayFail may_fail);

}  // namespace veralith::testing

#endif  // VERALITH_CORE_ITERATOR_TESTING_CURSOR_JUDGE_H_
