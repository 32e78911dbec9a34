// SPDX-License-Identifier: Apache-2.0

// A history of writes as plain values, and what a reader at a timestamp sees, by brute force. It
// shares only the types of entries with the engine; every function is as slow and obvious as
// possible.
#ifndef VERALITH_CORE_COMPACTION_TESTING_VERSION_HISTORY_H_
#define VERALITH_CORE_COMPACTION_TESTING_VERSION_HISTORY_H_

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/format/entry.h"
#include "core/format/key_range.h"
#include "core/format/owned_entry.h"
#include "core/iterator/testing/vector_stream.h"
#include "veralith/types.h"

namespace veralith {

struct History {
  std::vector<OwnedEntry> entries;
  std::vector<OwnedRangeTombstone> ranges;

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
    for (const OwnedRangeTombstone& range : ranges) {
      views.push_back(range.view());
    }
    return views;
  }
};

// For each key that exists: the timestamp and the value of the visible version.
using State = std::map<UserKey, std::pair<Timestamp, std::string>>;

inline bool IsHidden(const History& history, const OwnedEntry& entry, Timestamp at) {
  return std::any_of(
      history.ranges.begin(), history.ranges.end(), [&](const OwnedRangeTombstone& range) {
        return range.ts > entry.ts && range.ts <= at && range.Covers(entry.ns, entry.key);
      });
}

// Returns what a reader at `at` sees.
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

}  // namespace veralith

#endif  // VERALITH_CORE_COMPACTION_TESTING_VERSION_HISTORY_H_
