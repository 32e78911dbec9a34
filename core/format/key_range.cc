// SPDX-License-Identifier: Apache-2.0

#include "core/format/key_range.h"

namespace veralith {

KeyRange AllKeys() {
  return {0, std::string(), {kMaxNamespace, std::string(), KeyBound::Kind::kNamespaceEnd}};
}

KeyRange RangeOf(const RangeTombstoneView& tombstone) {
  KeyRange range{tombstone.ns, std::string(tombstone.begin), {}};
  range.largest.ns = tombstone.ns;
  range.largest.kind =
      tombstone.open_end ? KeyBound::Kind::kNamespaceEnd : KeyBound::Kind::kExclusive;
  range.largest.key = tombstone.open_end ? std::string() : std::string(tombstone.end);
  return range;
}

bool IsEmpty(const KeyRange& range) {
  return !IsWithin(range.smallest_ns, range.smallest_key, range.largest);
}

bool Overlaps(const KeyRange& a, const KeyRange& b) {
  return IsWithin(a.smallest_ns, a.smallest_key, b.largest) &&
         IsWithin(b.smallest_ns, b.smallest_key, a.largest);
}

KeyRange UnionOf(const KeyRange& a, const KeyRange& b) {
  const bool a_first =
      CompareUserKeys(a.smallest_ns, a.smallest_key, b.smallest_ns, b.smallest_key) <= 0;
  const KeyRange& lower = a_first ? a : b;
  const KeyRange& upper = CompareBounds(a.largest, b.largest) >= 0 ? a : b;
  return {lower.smallest_ns, lower.smallest_key, upper.largest};
}

}  // namespace veralith
