// SPDX-License-Identifier: Apache-2.0

// SegmentSet: the segments of one version, opened: the same shape, with readers. What reads pin.
//
// Invariants
//   1. Level, run and file order equal version()'s; every segment has its reader.
//   2. A live file has one Segment, shared by all sets that hold the file; its reader closes with
//      the last of them, and only then may the file be removed (hazard C7).
//   3. Immutable after construction.
//
// Thread rule: any thread; copying the shared_ptr is all it takes to pin.
#ifndef VERALITH_CORE_VERSION_SET_SEGMENT_SET_H_
#define VERALITH_CORE_VERSION_SET_SEGMENT_SET_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/manifest/version.h"
#include "core/segment/read/segment_opener.h"
#include "veralith/types.h"

namespace veralith {

class SegmentReader;

struct Segment {
  FileRef meta;
  std::shared_ptr<SegmentReader> reader;
};

struct SegmentRun {
  uint64_t id = 0;
  std::vector<std::shared_ptr<const Segment>> segments;  // sorted, disjoint

  // The segment that may hold the key, or null. O(log segments).
  const std::shared_ptr<const Segment>* Find(NamespaceId ns, std::string_view key) const;
};

class SegmentSet {
 public:
  using Levels = std::array<std::vector<SegmentRun>, kLevels>;

  SegmentSet(std::shared_ptr<const Version> version, Levels levels)
      : version_(std::move(version)), levels_(std::move(levels)) {}

  const Version& version() const { return *version_; }
  const std::shared_ptr<const Version>& version_ref() const { return version_; }
  // Newest run first.
  const std::vector<SegmentRun>& runs(int level) const { return levels_[level]; }
  // The segment at a place of version().
  const std::shared_ptr<const Segment>& Find(const Version::Place& place) const;

 private:
  const std::shared_ptr<const Version> version_;
  const Levels levels_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_VERSION_SET_SEGMENT_SET_H_
