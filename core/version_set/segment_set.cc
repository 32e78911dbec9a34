// SPDX-License-Identifier: Apache-2.0

#include "core/version_set/segment_set.h"

#include <algorithm>

#include "core/base/check.h"

namespace veralith {

const std::shared_ptr<const Segment>* SegmentRun::Find(NamespaceId ns, std::string_view key) const {
  const auto it = std::partition_point(segments.begin(), segments.end(),
                                       [&](const std::shared_ptr<const Segment>& segment) {
                                         return !IsWithin(ns, key, segment->meta->largest);
                                       });
  return it != segments.end() && Contains(*(*it)->meta, ns, key) ? &*it : nullptr;
}

const std::shared_ptr<const Segment>& SegmentSet::Find(const Version::Place& place) const {
  const auto run =
      std::find_if(levels_[place.level].begin(), levels_[place.level].end(),
                   [&](const SegmentRun& candidate) { return candidate.id == place.run_id; });
  VERALITH_CHECK(run != levels_[place.level].end());
  const std::shared_ptr<const Segment>* segment =
      run->Find(place.file->smallest_ns, place.file->smallest_key);
  VERALITH_CHECK(segment != nullptr && (*segment)->meta->number == place.number);
  return *segment;
}

}  // namespace veralith
