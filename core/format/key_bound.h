// The upper end of a range of user keys, as files and jobs keep it. (Lower ends are always an
// inclusive (namespace, key) and need no type.)
#ifndef VERALITH_CORE_FORMAT_KEY_BOUND_H_
#define VERALITH_CORE_FORMAT_KEY_BOUND_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "core/format/entry.h"
#include "veralith/types.h"

namespace veralith {

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

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_KEY_BOUND_H_
