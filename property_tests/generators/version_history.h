// A history of writes as plain values, what a reader at a timestamp sees of it by brute force, and
// RapidCheck generators of small ones. It shares nothing with the engine but the types of entries;
// every function is as slow and as obvious as it can be.
#ifndef VERALITH_PROPERTY_TESTS_GENERATORS_VERSION_HISTORY_H_
#define VERALITH_PROPERTY_TESTS_GENERATORS_VERSION_HISTORY_H_

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/types.h"
#include "core/format/entry.h"
#include "core/iterator/vector_iterator.h"
#include "rapidcheck.h"

namespace veralith {

struct RangeDelete {
  NamespaceId ns = 0;
  std::string begin;
  std::string end;
  bool open_end = false;
  Timestamp ts = 0;

  RangeTombstoneView view() const { return {ns, begin, end, open_end, ts}; }
  bool Covers(NamespaceId n, const std::string& key) const {
    return n == ns && begin <= key && (open_end || key < end);
  }
  friend bool operator==(const RangeDelete&, const RangeDelete&) = default;
};

struct History {
  std::vector<OwnedEntry> entries;
  std::vector<RangeDelete> ranges;

  void Append(const History& other) {
    entries.insert(entries.end(), other.entries.begin(), other.entries.end());
    ranges.insert(ranges.end(), other.ranges.begin(), other.ranges.end());
  }
  std::vector<OwnedEntry> Sorted() const {
    std::vector<OwnedEntry> sorted = entries;
    std::sort(sorted.begin(), sorted.end(), EntryLess);
    return sorted;
  }
  std::vector<RangeTombstoneView> RangeViews() const {
    std::vector<RangeTombstoneView> views;
    for (const RangeDelete& range : ranges) {
      views.push_back(range.view());
    }
    return views;
  }
};

using UserKey = std::pair<NamespaceId, std::string>;
// Of each key that is there: the timestamp and the value of the version that is seen.
using State = std::map<UserKey, std::pair<Timestamp, std::string>>;

inline bool IsHidden(const History& history, const OwnedEntry& entry, Timestamp at) {
  return std::any_of(history.ranges.begin(), history.ranges.end(), [&](const RangeDelete& range) {
    return range.ts > entry.ts && range.ts <= at && range.Covers(entry.ns, entry.key);
  });
}

// What a reader at `at` sees.
inline State StateAt(const History& history, Timestamp at) {
  std::map<UserKey, const OwnedEntry*> newest;
  for (const OwnedEntry& entry : history.entries) {
    const OwnedEntry*& best = newest[{entry.ns, entry.key}];
    if (entry.ts <= at && (best == nullptr || entry.ts > best->ts)) {
      best = &entry;
    }
  }
  State state;
  for (const auto& [key, entry] : newest) {
    if (entry != nullptr && entry->kind == EntryKind::kPut && !IsHidden(history, *entry, at)) {
      state[key] = {entry->ts, entry->value};
    }
  }
  return state;
}

// --- Generators ----------------------------------------------------------------------------------

inline std::string AnyKey() {
  static const std::vector<std::string> kKeys = {
      "", "a", std::string("a\0", 2), "ab", "b", "c", "d", "dd", "e", "\xff", "\xff\xff"};
  return *rc::gen::elementOf(kKeys);
}

// Commits at the timestamps [first, last], a few operations each, reduced as batches are: at most
// one operation per key, and none that a range delete of the same commit came after.
inline History AnyHistory(Timestamp first, Timestamp last) {
  History history;
  for (Timestamp ts = first; ts <= last; ++ts) {
    if (*rc::gen::weightedElement<int>({{5, 0}, {1, 1}}) == 1) {
      RangeDelete range{*rc::gen::inRange<NamespaceId>(0, 2), AnyKey(), AnyKey(),
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
      history.entries.emplace_back(key.first, key.second, ts,
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

#endif  // VERALITH_PROPERTY_TESTS_GENERATORS_VERSION_HISTORY_H_
