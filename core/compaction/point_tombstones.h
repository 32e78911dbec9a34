// SPDX-License-Identifier: Apache-2.0

// The range tombstones of a job as its points see them (survivors.h says what points are).
//
// A tombstone with timestamp t is seen first by the least point at or above t, and later points see
// no more of it. So those that lie between two points compete for the later one alone: of each such
// group it is enough to know the newest over each key. All groups together have at most twice as
// many stretches as there are tombstones.
//
// Thread rule: an immutable value. It owns its bytes.
#ifndef VERALITH_CORE_COMPACTION_POINT_TOMBSTONES_H_
#define VERALITH_CORE_COMPACTION_POINT_TOMBSTONES_H_

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "core/format/entry.h"
#include "core/iterator/cover_map.h"
#include "veralith/types.h"

namespace veralith {

class PointTombstones {
 public:
  // Those between the point before `point` and `point`, newest over each key.
  struct Group {
    Timestamp point = 0;
    CoverMap newest;
  };

  // `points`: ascending, not empty. Tombstones above the last one are in no group. O(n log n).
  PointTombstones(std::span<const RangeTombstoneView> tombstones,
                  std::span<const Timestamp> points);
  PointTombstones(const PointTombstones&) = delete;
  PointTombstones& operator=(const PointTombstones&) = delete;

  // Ascending by point; groups without a tombstone are left out.
  std::span<const Group> groups() const { return groups_; }
  // The stretches of all groups, ascending by (ns, begin).
  std::vector<RangeTombstoneView> Stretches() const;
  // The largest timestamp; 0 when there is none.
  Timestamp max_ts() const { return max_ts_; }
  // Whether no point sees some part of some tombstone, because a newer one hides it.
  bool hides() const { return hides_; }

 private:
  KeyStore keys_;
  std::vector<Group> groups_;
  Timestamp max_ts_ = 0;
  bool hides_ = false;
};

// For a walk over ascending keys.
class PointTombstoneCursor {
 public:
  // `tombstones` may be null; borrowed.
  explicit PointTombstoneCursor(const PointTombstones* tombstones);

  // The newest tombstone over (ns, key) in the group of `point`; 0: none. Amortized O(log groups).
  Timestamp Newest(Timestamp point, NamespaceId ns, std::string_view key);

 private:
  const std::span<const PointTombstones::Group> groups_;
  std::vector<size_t> steps_;  // by group: how many lie at or before the last key asked
};

}  // namespace veralith

#endif  // VERALITH_CORE_COMPACTION_POINT_TOMBSTONES_H_
