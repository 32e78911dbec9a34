// SPDX-License-Identifier: Apache-2.0

// Ranges of user keys, as files and jobs keep them. Always at the granularity of user keys
// (namespace and key, never a timestamp: hazard O4).
//
// Pure functions, any thread.
#ifndef VERALITH_CORE_FORMAT_KEY_RANGE_H_
#define VERALITH_CORE_FORMAT_KEY_RANGE_H_

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/format/entry.h"
#include "veralith/types.h"

namespace veralith {

// An owned user key.
struct UserKey {
  NamespaceId ns = 0;
  std::string key;

  // The order of entries: by namespace, then by the key's bytes.
  friend auto operator<=>(const UserKey&, const UserKey&) = default;
};

// The upper end of a range. (Lower ends are always an inclusive (namespace, key) and need no type.)
struct KeyBound {
  enum class Kind : uint8_t {
    kInclusive = 0,     // up to and including (ns, key)
    kExclusive = 1,     // up to, without (ns, key): the end of a range tombstone
    kNamespaceEnd = 2,  // everything in ns; key is empty: the end of an open range tombstone
  };

  NamespaceId ns = 0;
  std::string key;
  Kind kind = Kind::kInclusive;

  friend bool operator==(const KeyBound&, const KeyBound&) = default;
};

// True when (ns, key) lies below the bound.
inline bool IsWithin(NamespaceId ns, std::string_view key, const KeyBound& bound) {
  if (bound.kind == KeyBound::Kind::kNamespaceEnd) {
    return ns <= bound.ns;
  }
  const int order = CompareUserKeys(ns, key, bound.ns, bound.key);
  return bound.kind == KeyBound::Kind::kInclusive ? order <= 0 : order < 0;
}

// Negative, zero or positive: compares how many keys the bounds let in. Exclusive comes just before
// inclusive of the same key; the end of a namespace comes after all its keys.
inline int CompareBounds(const KeyBound& a, const KeyBound& b) {
  const bool a_end = a.kind == KeyBound::Kind::kNamespaceEnd;
  const bool b_end = b.kind == KeyBound::Kind::kNamespaceEnd;
  if (a.ns != b.ns) {
    return a.ns < b.ns ? -1 : 1;
  }
  if (a_end || b_end) {
    return static_cast<int>(a_end) - static_cast<int>(b_end);
  }
  if (const int order = CompareBytes(a.key, b.key); order != 0) {
    return order;
  }
  return static_cast<int>(a.kind == KeyBound::Kind::kInclusive) -
         static_cast<int>(b.kind == KeyBound::Kind::kInclusive);
}

// An owned range: [smallest, largest], `largest` as in KeyBound. May span namespaces.
struct KeyRange {
  NamespaceId smallest_ns = 0;
  std::string smallest_key;
  KeyBound largest;

  friend bool operator==(const KeyRange&, const KeyRange&) = default;
};

// Every key there can be.
KeyRange AllKeys();
KeyRange RangeOf(const RangeTombstoneView& tombstone);

bool IsEmpty(const KeyRange& range);
// Some key may be in both. Neither is empty.
bool Overlaps(const KeyRange& a, const KeyRange& b);
// The smallest range that holds both.
KeyRange UnionOf(const KeyRange& a, const KeyRange& b);

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_KEY_RANGE_H_
