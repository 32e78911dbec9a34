// SPDX-License-Identifier: Apache-2.0

#include "core/iterator/testing/visible_model.h"

#include <algorithm>
#include <map>

#include "rapidcheck.h"

namespace veralith::testing {

std::vector<RangeTombstoneView> Views(const std::vector<OwnedRangeTombstone>& tombstones) {
  std::vector<RangeTombstoneView> views;
  for (const OwnedRangeTombstone& t : tombstones) {
    views.push_back(t.view());
  }
  return views;
}

std::string AnyKey() {
  std::string key;
  if (*rc::gen::weightedElement<bool>({{4, false}, {1, true}})) {
    key = "a shared prefix of twenty";
  }
  const int size = *rc::gen::inRange(0, 4);
  for (int i = 0; i < size; ++i) {
    key += *rc::gen::elementOf(std::string("\x00\x01 ab\xfe\xff", 7));
  }
  return key;
}

NamespaceId AnyNamespace() {
  return *rc::gen::weightedElement<NamespaceId>(
      {{6, 0}, {2, 1}, {1, 2}, {1, 255}, {1, 256}, {2, kMaxNamespace}, {1, kMaxNamespace - 1}});
}

Timestamp AnyTimestamp() {
  const bool largest = *rc::gen::weightedElement<bool>({{30, false}, {1, true}});
  return largest ? kMaxTimestamp : *rc::gen::inRange<Timestamp>(1, 13);
}

OwnedEntry AnyEntry() {
  const EntryKind kind =
      *rc::gen::weightedElement<EntryKind>({{3, EntryKind::kPut}, {1, EntryKind::kDelete}});
  std::string value;
  if (kind == EntryKind::kPut) {
    value = std::string(*rc::gen::inRange<size_t>(0, 20), *rc::gen::inRange('a', 'z'));
  }
  return {AnyNamespace(), AnyKey(), AnyTimestamp(), kind, value};
}

OwnedRangeTombstone AnyRangeTombstone() {
  const bool open_end = *rc::gen::weightedElement<bool>({{4, false}, {1, true}});
  return {AnyNamespace(), AnyKey(), open_end ? "" : AnyKey(), open_end, AnyTimestamp()};
}

Bound AnyBound() {
  const auto kind =
      *rc::gen::element(Bound::Kind::kOpen, Bound::Kind::kInclusive, Bound::Kind::kExclusive);
  return {kind, kind == Bound::Kind::kOpen ? "" : AnyKey()};
}

std::vector<OwnedEntry> SortedUnique(std::vector<OwnedEntry> entries) {
  std::sort(entries.begin(), entries.end(), EntryLess);
  const auto same = [](const OwnedEntry& a, const OwnedEntry& b) {
    return !EntryLess(a, b) && !EntryLess(b, a);
  };
  entries.erase(std::unique(entries.begin(), entries.end(), same), entries.end());
  return entries;
}

std::vector<std::vector<OwnedEntry>> DealByAge(const std::vector<OwnedEntry>& entries,
                                               size_t sources) {
  std::vector<std::vector<OwnedEntry>> dealt(sources);
  size_t to = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    const bool same_key =
        i > 0 && entries[i].ns == entries[i - 1].ns && entries[i].key == entries[i - 1].key;
    to = *rc::gen::inRange<size_t>(same_key ? to : 0, sources);
    dealt[to].push_back(entries[i]);
  }
  return dealt;
}

Timestamp BruteForceCovering(const std::vector<OwnedRangeTombstone>& tombstones, NamespaceId ns,
                             std::string_view key, Timestamp snapshot) {
  Timestamp newest = 0;
  for (const OwnedRangeTombstone& t : tombstones) {
    if (t.ts <= snapshot && t.Covers(ns, key)) {
      newest = std::max(newest, t.ts);
    }
  }
  return newest;
}

bool InBounds(const Bound& lower, const Bound& upper, std::string_view key) {
  using Kind = Bound::Kind;
  const bool above = lower.kind == Kind::kOpen ||
                     (lower.kind == Kind::kInclusive ? key >= lower.key : key > lower.key);
  const bool below = upper.kind == Kind::kOpen ||
                     (upper.kind == Kind::kInclusive ? key <= upper.key : key < upper.key);
  return above && below;
}

std::vector<OwnedEntry> BruteForceVisible(const std::vector<OwnedEntry>& entries,
                                          const std::vector<OwnedRangeTombstone>& tombstones,
                                          NamespaceId ns, const Bound& lower, const Bound& upper,
                                          Timestamp snapshot) {
  std::map<std::string, OwnedEntry> newest;
  for (const OwnedEntry& entry : entries) {
    if (entry.ns != ns || entry.ts > snapshot || !InBounds(lower, upper, entry.key)) {
      continue;
    }
    const auto [place, is_first] = newest.try_emplace(entry.key, entry);
    if (!is_first && entry.ts > place->second.ts) {
      place->second = entry;
    }
  }
  std::vector<OwnedEntry> visible;
  for (const auto& [key, entry] : newest) {
    if (entry.kind == EntryKind::kPut &&
        BruteForceCovering(tombstones, ns, key, snapshot) <= entry.ts) {
      visible.push_back(entry);
    }
  }
  return visible;
}

}  // namespace veralith::testing
