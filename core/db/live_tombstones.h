// SPDX-License-Identifier: Apache-2.0

// What the live segments say of deletions, computed once for each set of segments: their range
// tombstones, and when their garbage ends.
//
// Thread rule: one thread at a time. Reads segments' metadata, no file.
#ifndef VERALITH_CORE_DB_LIVE_TOMBSTONES_H_
#define VERALITH_CORE_DB_LIVE_TOMBSTONES_H_

#include <memory>
#include <vector>

#include "core/iterator/range_tombstones.h"
#include "core/version_set/segment_set.h"
#include "veralith/types.h"

namespace veralith {

class LiveTombstones {
 public:
  // All range tombstones of `set`; good until the next call.
  const RangeTombstoneLists& RangeDeletes(const std::shared_ptr<const SegmentSet>& set);
  // Whether any garbage in `set` ends in (after, through]: then a point at `after`, the next of
  // which is at `through`, was in its way.
  bool AnyGarbageEndsIn(const std::shared_ptr<const SegmentSet>& set, Timestamp after,
                        Timestamp through);

 private:
  RangeTombstoneLists ranges_;
  std::weak_ptr<const SegmentSet> ranges_of_;
  std::vector<Timestamp> garbage_ends_;  // ascending
  std::weak_ptr<const SegmentSet> garbage_ends_of_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_LIVE_TOMBSTONES_H_
