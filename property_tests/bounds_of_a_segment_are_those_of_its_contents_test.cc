// SPDX-License-Identifier: Apache-2.0

// DESIGN 4: "a file's bounds in the manifest include its range tombstones". Here: whatever a
// segment holds, its bounds are its smallest and its largest key, whole. They are not what was
// written first and last, and are not cut short (hazard O7).
#include <algorithm>
#include <string>
#include <vector>

#include "core/format/key_range.h"
#include "core/fs/testing/memory_file.h"
#include "core/segment/read/segment_reader.h"
#include "core/segment/write/segment_writer.h"
#include "gtest/gtest.h"
#include "property_tests/generators/any_history.h"
#include "rapidcheck/gtest.h"

namespace veralith {
namespace {

// Makes keys that differ only after the bytes that column statistics usually keep.
History WithLongKeys(History history, size_t prefix_bytes) {
  const std::string prefix(prefix_bytes, 'x');
  for (OwnedEntry& entry : history.entries) {
    entry.key = prefix + entry.key;
  }
  for (OwnedRangeTombstone& range : history.ranges) {
    range.begin = prefix + range.begin;
    range.end = range.open_end ? "" : prefix + range.end;
  }
  return history;
}

struct Bounds {
  std::vector<UserKey> lower;
  std::vector<KeyBound> upper;
  std::vector<Timestamp> times;
};

// The bounds of everything in the history, in the order in which it was written.
Bounds AllBounds(const History& history) {
  Bounds all;
  for (const OwnedEntry& entry : history.entries) {
    all.lower.emplace_back(entry.ns, entry.key);
    all.upper.push_back({entry.ns, entry.key, KeyBound::Kind::kInclusive});
    all.times.push_back(entry.ts);
  }
  for (const OwnedRangeTombstone& range : history.ranges) {
    all.lower.emplace_back(range.ns, range.begin);
    all.upper.push_back(
        {range.ns, range.end,
         range.open_end ? KeyBound::Kind::kNamespaceEnd : KeyBound::Kind::kExclusive});
    all.times.push_back(range.ts);
  }
  return all;
}

RC_GTEST_PROP(SegmentBounds, AreTheLeastAndTheGreatestOfWhatItHolds, ()) {
  const History history = WithLongKeys(AnyHistory(1, *rc::gen::inRange<Timestamp>(1, 20)),
                                       *rc::gen::element<size_t>(0, 3, 64, 300));
  auto state = std::make_shared<MemoryFileState>();
  SegmentOptions options;
  options.key_page_bytes = options.value_page_bytes = 64;
  auto writer = SegmentWriter::Create(OpenMemoryFile(state), options);
  RC_ASSERT(writer.ok());
  for (const OwnedEntry& entry : history.Sorted()) {
    RC_ASSERT((*writer)->Add(entry.view()).ok());
  }
  for (const RangeTombstoneView& range : history.RangeViews()) {
    RC_ASSERT((*writer)->AddRangeTombstone(range).ok());
  }
  const absl::StatusOr<SegmentSummary> summary = (*writer)->Finish();
  RC_ASSERT(summary.ok());

  const Bounds all = AllBounds(history);
  const auto least = std::min_element(all.lower.begin(), all.lower.end());
  const auto greatest = std::max_element(
      all.upper.begin(), all.upper.end(),
      [](const KeyBound& a, const KeyBound& b) { return CompareBounds(a, b) < 0; });
  RC_ASSERT(summary->smallest_ns == least->ns);
  RC_ASSERT(summary->smallest_key == least->key);
  RC_ASSERT(summary->largest == *greatest);
  RC_ASSERT(summary->min_ts == *std::min_element(all.times.begin(), all.times.end()));
  RC_ASSERT(summary->max_ts == *std::max_element(all.times.begin(), all.times.end()));

  const auto reader = SegmentReader::Open(OpenMemoryFile(state->bytes), {});
  RC_ASSERT(reader.ok());
  RC_ASSERT((*reader)->summary() == *summary);
}

}  // namespace
}  // namespace veralith
