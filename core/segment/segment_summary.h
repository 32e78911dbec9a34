// What the manifest, the picker and a lookup want to know of a segment without reading its pages.
#ifndef VERALITH_CORE_SEGMENT_SEGMENT_SUMMARY_H_
#define VERALITH_CORE_SEGMENT_SEGMENT_SUMMARY_H_

#include <cstdint>
#include <string>

#include "core/base/types.h"
#include "core/format/version_edit.h"

namespace veralith {

struct SegmentSummary {
  uint64_t file_bytes = 0;
  uint64_t entries = 0;           // rows: puts and point tombstones
  uint64_t tombstones = 0;        // of the entries
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

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_SEGMENT_SUMMARY_H_
