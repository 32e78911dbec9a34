// SPDX-License-Identifier: Apache-2.0

#include "core/db/live_tombstones.h"

#include <algorithm>

#include "core/segment/read/segment_reader.h"

namespace veralith {
namespace {

RangeTombstoneLists RangeDeletesOf(const SegmentSet& set) {
  RangeTombstoneLists all;
  for (int level = 0; level < kLevels; ++level) {
    for (const SegmentRun& run : set.runs(level)) {
      for (const std::shared_ptr<const Segment>& segment : run.segments) {
        if (segment->reader->fragmented_range_tombstones() != nullptr) {
          all.push_back(segment->reader->fragmented_range_tombstones());
        }
      }
    }
  }
  return all;
}

std::vector<Timestamp> GarbageEndsOf(const SegmentSet& set) {
  std::vector<Timestamp> ends;
  for (const auto& list : RangeDeletesOf(set)) {
    for (const RangeTombstoneView& range : list->ToTombstones()) {
      ends.push_back(range.ts);
    }
  }
  for (int level = 0; level < kLevels; ++level) {
    for (const Run& run : set.version().runs(level)) {
      for (const FileRef& file : run.files) {
        if (file->superseded + file->tombstones + file->range_tombstones > 0) {
          ends.push_back(file->max_ts);
        }
      }
    }
  }
  std::sort(ends.begin(), ends.end());
  return ends;
}

}  // namespace

const RangeTombstoneLists& LiveTombstones::RangeDeletes(
    const std::shared_ptr<const SegmentSet>& set) {
  if (ranges_of_.lock() != set) {
    ranges_ = RangeDeletesOf(*set);
    ranges_of_ = set;
  }
  return ranges_;
}

// A policy asks only whether a point lies below the newest entry of a file with garbage, or below a
// range delete (core/compaction/reclaim.h).
bool LiveTombstones::AnyGarbageEndsIn(const std::shared_ptr<const SegmentSet>& set, Timestamp after,
                                      Timestamp through) {
  if (garbage_ends_of_.lock() != set) {
    garbage_ends_ = GarbageEndsOf(*set);
    garbage_ends_of_ = set;
  }
  const auto end = std::upper_bound(garbage_ends_.begin(), garbage_ends_.end(), after);
  return end != garbage_ends_.end() && *end <= through;
}

}  // namespace veralith
