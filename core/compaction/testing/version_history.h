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
#include "core/iterator/vector_iterator.h"
#include "veralith/types.h"

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
// For each key that exists: the timestamp and the value of the visible version.
using State = std::map<UserKey, std::pair<Timestamp, std::string>>;

inline bool IsHidden(const History& history, const OwnedEntry& entry, Timestamp at) {
  return std::any_of(history.ranges.begin(), history.ranges.end(), [&](const RangeDelete& range) {
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
