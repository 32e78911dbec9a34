// SPDX-License-Identifier: Apache-2.0

// RapidCheck generators of small histories and of the points of a job.
#ifndef VERALITH_PROPERTY_TESTS_GENERATORS_ANY_HISTORY_H_
#define VERALITH_PROPERTY_TESTS_GENERATORS_ANY_HISTORY_H_

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "core/compaction/testing/version_history.h"
#include "rapidcheck.h"

namespace veralith {

inline std::string AnyKey() {
  static const std::vector<std::string> kKeys = {
      "", "a", std::string("a\0", 2), "ab", "b", "c", "d", "dd", "e", "\xff", "\xff\xff"};
  return *rc::gen::elementOf(kKeys);
}

// Commits at the timestamps [first, last], a few operations each, reduced as batches are: at most
// one operation per key, and none that a later range delete of the same commit covers.
inline History AnyHistory(Timestamp first, Timestamp last) {
  History history;
  for (Timestamp ts = first; ts <= last; ++ts) {
    for (int i = *rc::gen::weightedElement<int>({{8, 0}, {3, 1}, {1, 2}}); i > 0; --i) {
      OwnedRangeTombstone range{*rc::gen::inRange<NamespaceId>(0, 2), AnyKey(), AnyKey(),
                                *rc::gen::weightedElement<bool>({{4, false}, {1, true}}), ts};
      if (range.open_end || range.begin < range.end) {
        range.end = range.open_end ? "" : range.end;
        history.ranges.push_back(range);
      }
    }
    std::map<UserKey, bool> operations;
    const int count = *rc::gen::weightedElement<int>({{6, 1}, {2, 2}, {1, 4}});
    for (int i = 0; i < count; ++i) {
      operations[{*rc::gen::inRange<NamespaceId>(0, 2), AnyKey()}] =
          *rc::gen::weightedElement<bool>({{3, true}, {2, false}});
    }
    for (const auto& [key, is_put] : operations) {
      const std::string value = is_put ? "v" + std::to_string(ts) : "";
      history.entries.emplace_back(key.ns, key.key, ts,
                                   is_put ? EntryKind::kPut : EntryKind::kDelete, value);
    }
  }
  return history;
}

// Some live snapshots at or below `visible`, and `visible`.
inline std::vector<Timestamp> AnyPoints(Timestamp visible) {
  const int count = *rc::gen::weightedElement<int>({{3, 0}, {3, 1}, {2, 3}, {1, 6}});
  auto points = *rc::gen::container<std::vector<Timestamp>>(
      count, rc::gen::inRange<Timestamp>(1, visible + 1));
  points.push_back(visible);
  std::sort(points.begin(), points.end());
  return points;
}

}  // namespace veralith

#endif  // VERALITH_PROPERTY_TESTS_GENERATORS_ANY_HISTORY_H_
