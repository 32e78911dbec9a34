// SPDX-License-Identifier: Apache-2.0

// Small segments: a dozen of at most 2 KiB whose configurations, taken two at a time, hold every
// pair of settings; three with two row groups (up to 3 KiB); one without rows. And the judge of
// what a reader makes of a damaged one: the same answers or an honest error. For tests that damage
// files exhaustively.
#ifndef VERALITH_CORE_SEGMENT_TESTING_SMALL_SEGMENTS_H_
#define VERALITH_CORE_SEGMENT_TESTING_SMALL_SEGMENTS_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/format/entry.h"
#include "core/iterator/testing/cursor_judge.h"
#include "core/segment/segment_options.h"
#include "core/segment/segment_summary.h"
#include "core/segment/testing/segment_model.h"
#include "veralith/types.h"

namespace veralith {

// codec, sparse index interval, then switches: small key pages, small value pages, small timestamp
// pages, no filter, Parquet's bloom filter, hex index, several namespaces, range tombstones,
// several versions per key.
inline constexpr size_t kSmallSegmentFactors = 11;
inline constexpr size_t kSmallSegmentConfigurations = 12;
// Those from 12 on have two row groups, the last has only range tombstones.
inline constexpr int kSmallSegments = 16;
using SmallSegmentSettings = std::array<uint8_t, kSmallSegmentFactors>;
const std::array<SmallSegmentSettings, kSmallSegmentConfigurations>& SmallSegmentConfigurations();
// How many settings the factor has.
int SettingsOf(size_t factor);

// What a scan of the namespace at the snapshot shows.
struct SmallSegmentView {
  NamespaceId ns;
  Timestamp snapshot;
  std::vector<testing::ShownKey> keys;
};

struct SmallSegment {
  std::vector<OwnedEntry> entries;
  std::vector<SmallSegmentView> views;  // every namespace and one more, at several snapshots
  std::vector<std::string> sought;      // keys that are there, and keys that are not
  std::vector<RangeTombstoneView> tombstones;
  SegmentSummary summary;
  std::string bytes;
};
SmallSegment MakeSmallSegment(int number);

// No allocation for reading a small segment, damaged or not, may exceed this.
inline constexpr uint64_t kSmallSegmentMemoryLimit = 1 << 20;

// "" when reading `damaged` gives what the segment holds, or DataLoss or Unimplemented wherever it
// does not; else what is wrong. Compares the summary and range tombstones; the cursors that scans
// use, in each view: walks forward and backward, seeks from both sides, timestamps and values; the
// iterator that jobs use: forward, and seeks; and lookups. Seeks and lookups are of keys that are
// there, and of keys that are not. `known`: opened as a file that the manifest knows (by the size
// it has).
std::string JudgeDamage(const SmallSegment& segment, std::string damaged, bool known = false);

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_TESTING_SMALL_SEGMENTS_H_
