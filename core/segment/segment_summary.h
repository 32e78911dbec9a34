// SPDX-License-Identifier: Apache-2.0

// What the manifest, the picker and a lookup want to know of a segment without reading its pages.
#ifndef VERALITH_CORE_SEGMENT_SEGMENT_SUMMARY_H_
#define VERALITH_CORE_SEGMENT_SEGMENT_SUMMARY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/format/entry.h"
#include "core/format/key_range.h"
#include "veralith/types.h"

namespace veralith {

struct SegmentSummary {
  uint64_t file_bytes = 0;
  uint64_t entries = 0;           // rows: puts and point tombstones
  uint64_t tombstones = 0;        // among the entries
  uint64_t range_tombstones = 0;  // not counted among the entries
  uint64_t raw_key_bytes = 0;
  uint64_t raw_value_bytes = 0;

  // Bounds of the user keys that the segment says anything about: entries and range tombstones.
  // Meaningless when both counts are 0.
  NamespaceId smallest_ns = 0;
  std::string smallest_key;  // inclusive
  KeyBound largest;

  // Over entries and range tombstones; 0 when there are neither.
  Timestamp min_ts = 0;
  Timestamp max_ts = 0;

  friend bool operator==(const SegmentSummary&, const SegmentSummary&) = default;
};

// Value pages that were copied from other segments as they stood there (value_column.h).
struct CopiedPages {
  uint64_t pages = 0;
  uint64_t bytes = 0;  // as stored, headers included

  CopiedPages& operator+=(const CopiedPages& more) {
    pages += more.pages;
    bytes += more.bytes;
    return *this;
  }
  friend bool operator==(const CopiedPages&, const CopiedPages&) = default;
};

// Widens the summary's bounds so that they take in [ns/key, largest]. `*any` says whether they
// hold anything yet, and becomes true.
inline void WidenBounds(NamespaceId ns, std::string_view key, KeyBound largest, bool* any,
                        SegmentSummary* summary) {
  if (!*any || CompareUserKeys(ns, key, summary->smallest_ns, summary->smallest_key) < 0) {
    summary->smallest_ns = ns;
    summary->smallest_key = key;
  }
  if (!*any || CompareBounds(largest, summary->largest) > 0) {
    summary->largest = std::move(largest);
  }
  *any = true;
}

inline void WidenBounds(const RangeTombstoneView& tombstone, bool* any, SegmentSummary* summary) {
  KeyBound largest{tombstone.ns, "", KeyBound::Kind::kNamespaceEnd};
  if (!tombstone.open_end) {
    largest = {tombstone.ns, std::string(tombstone.end), KeyBound::Kind::kExclusive};
  }
  WidenBounds(tombstone.ns, tombstone.begin, std::move(largest), any, summary);
}

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_SEGMENT_SUMMARY_H_
