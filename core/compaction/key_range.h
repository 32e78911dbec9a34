// Ranges of user keys, and how they overlap: the one place where compaction compares bounds.
//
// Everything here is at the granularity of user keys (namespace and key, never a timestamp: hazard
// O4). A lower bound is inclusive; an upper bound is a KeyBound. A range is never empty.
// Pure values and functions.
#ifndef VERALITH_CORE_COMPACTION_KEY_RANGE_H_
#define VERALITH_CORE_COMPACTION_KEY_RANGE_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/base/types.h"
#include "core/format/entry.h"
#include "core/format/version_edit.h"

namespace veralith {

struct KeyRange {
  NamespaceId smallest_ns = 0;
  std::string smallest_key;
  KeyBound largest;

  // Every key there can be.
  static KeyRange All();
  static KeyRange Of(const FileMeta& file);
  static KeyRange Of(const RangeTombstoneView& tombstone);
  static KeyRange OfKey(NamespaceId ns, std::string_view key);

  friend bool operator==(const KeyRange&, const KeyRange&) = default;
};

// True when (ns, key) lies beyond `bound`.
bool IsBeyond(NamespaceId ns, std::string_view key, const KeyBound& bound);

// Negative, zero, positive: by the set of user keys at or below each bound. kInclusive(k) and
// kExclusive(k + '\0') name the same set and compare equal.
int CompareUpperBounds(const KeyBound& a, const KeyBound& b);

bool Overlaps(const KeyRange& a, const KeyRange& b);
bool Overlaps(const KeyRange& a, const FileMeta& b);
bool Overlaps(const FileMeta& a, const FileMeta& b);
bool Contains(const KeyRange& range, NamespaceId ns, std::string_view key);

// Makes `range` the smallest range that also holds `other`.
void Extend(KeyRange* range, const KeyRange& other);

// The files of a sorted, disjoint list that overlap `range`: a subspan. O(log n).
std::span<const std::shared_ptr<const FileMeta>> OverlappingFiles(
    std::span<const std::shared_ptr<const FileMeta>> files, const KeyRange& range);

}  // namespace veralith

#endif  // VERALITH_CORE_COMPACTION_KEY_RANGE_H_
