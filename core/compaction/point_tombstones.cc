// SPDX-License-Identifier: Apache-2.0

#include "core/compaction/point_tombstones.h"

#include <algorithm>

namespace veralith {

PointTombstones::PointTombstones(std::span<const RangeTombstoneView> tombstones,
                                 std::span<const Timestamp> points) {
  std::vector<RangeTombstoneView> by_age(tombstones.begin(), tombstones.end());
  std::erase_if(by_age, IsEmptyRange);
  std::sort(by_age.begin(), by_age.end(), [](const auto& a, const auto& b) { return a.ts < b.ts; });
  max_ts_ = by_age.empty() ? 0 : by_age.back().ts;
  std::vector<StoredTombstone> group;
  for (auto next = by_age.begin(); next != by_age.end() && next->ts <= points.back();) {
    const Timestamp point = *std::lower_bound(points.begin(), points.end(), next->ts);
    group.clear();
    for (; next != by_age.end() && next->ts <= point; ++next) {
      group.push_back(Store(*next, &keys_));
    }
    groups_.push_back({point, CoverMap::Of(group, &hides_)});
  }
}

std::vector<RangeTombstoneView> PointTombstones::Stretches() const {
  std::vector<RangeTombstoneView> all;
  for (const Group& group : groups_) {
    group.newest.AppendTo(&all);
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return CompareUserKeys(a.ns, a.begin, b.ns, b.begin) < 0;
  });
  return all;
}

PointTombstoneCursor::PointTombstoneCursor(const PointTombstones* tombstones)
    : groups_(tombstones == nullptr ? std::span<const PointTombstones::Group>()
                                    : tombstones->groups()),
      steps_(groups_.size()) {}

Timestamp PointTombstoneCursor::Newest(Timestamp point, NamespaceId ns, std::string_view key) {
  const auto group =
      std::lower_bound(groups_.begin(), groups_.end(), point,
                       [](const auto& group, Timestamp wanted) { return group.point < wanted; });
  if (group == groups_.end() || group->point != point) {
    return 0;
  }
  size_t& passed = steps_[static_cast<size_t>(group - groups_.begin())];
  const std::span<const CoverMap::Step> steps = group->newest.steps();
  while (passed < steps.size() &&
         CompareUserKeys(steps[passed].at->ns, steps[passed].at->bytes(), ns, key) <= 0) {
    ++passed;
  }
  return passed == 0 ? 0 : steps[passed - 1].ts;
}

}  // namespace veralith
