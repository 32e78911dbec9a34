// SPDX-License-Identifier: Apache-2.0

// DESIGN 4: "A version survives if some point sees it. Then, while a key's oldest survivor is a
// tombstone and no older run or deeper file outside the job can hold the key, it is dropped; range
// tombstones alike."
//
// A history is cut by age into what lies beneath the job, the job, and what is newer. The job's
// part is replaced by its survivors. No reader at any point may see a difference, and what survives
// is exactly what the sentence says.
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "core/compaction/point_tombstones.h"
#include "core/compaction/survivors.h"
#include "core/iterator/testing/vector_stream.h"
#include "gtest/gtest.h"
#include "property_tests/generators/any_history.h"
#include "rapidcheck/gtest.h"

namespace veralith {
namespace {

// Knows exactly what is beneath.
class OlderHistory final : public OlderData {
 public:
  explicit OlderHistory(const History& history) : history_(history) {}
  bool MayHold(NamespaceId ns, std::string_view key) override {
    return std::any_of(history_.entries.begin(), history_.entries.end(),
                       [&](const OwnedEntry& e) { return e.ns == ns && e.key == key; });
  }
  bool MayHoldIn(const RangeTombstoneView& range) override {
    const OwnedRangeTombstone covers{range.ns, std::string(range.begin), std::string(range.end),
                                     range.open_end, 0};
    return std::any_of(history_.entries.begin(), history_.entries.end(),
                       [&](const OwnedEntry& e) { return covers.Covers(e.ns, e.key); });
  }

 private:
  const History& history_;
};

struct Output {
  History all;
  std::vector<std::vector<OwnedRangeTombstone>> ranges_per_file;
  std::vector<UserKey> cuts;  // the beginning of each file except the first
  Survivors::Counts counts;
  uint64_t dropped_ranges = 0;
};

Output Compact(const History& job, const std::vector<Timestamp>& points, OlderData& older,
               const std::vector<bool>& cut_before) {
  const PointTombstones tombstones(job.RangeViews(), points);
  Survivors survivors(std::make_unique<VectorStream>(job.Sorted()), &tombstones, points, &older);
  RangeTombstoneSurvivors ranges(&tombstones, &older);
  Output output;
  for (size_t i = 0; survivors.Valid(); survivors.Next(), ++i) {
    const EntryView& entry = survivors.entry();
    if (survivors.first_of_key() && i > 0 && cut_before[i % cut_before.size()]) {
      output.ranges_per_file.push_back(ranges.CutAt(entry.ns, entry.key));
      output.cuts.emplace_back(entry.ns, std::string(entry.key));
    }
    ranges.Kept(entry);
    output.all.entries.emplace_back(entry);
  }
  RC_ASSERT(survivors.status().ok());
  output.ranges_per_file.push_back(ranges.Finish());
  output.counts = survivors.counts();
  output.dropped_ranges = ranges.dropped();
  for (const auto& file : output.ranges_per_file) {
    for (const OwnedRangeTombstone& r : file) {
      output.all.ranges.push_back({r.ns, r.begin, r.end, r.open_end, r.ts});
    }
  }
  return output;
}

History Join(const History& a, const History& b, const History& c) {
  History all = a;
  all.Append(b);
  all.Append(c);
  return all;
}

// Rule 1, from the definition.
bool SomePointSees(const History& job, const OwnedEntry& entry,
                   const std::vector<Timestamp>& points) {
  return std::any_of(points.begin(), points.end(), [&](Timestamp point) {
    const bool newest =
        std::none_of(job.entries.begin(), job.entries.end(), [&](const OwnedEntry& other) {
          return other.ns == entry.ns && other.key == entry.key && other.ts > entry.ts &&
                 other.ts <= point;
        });
    return entry.ts <= point && newest && !IsHidden(job, entry, point);
  });
}

// Rules 1 and 2, from the definition.
std::vector<OwnedEntry> ExpectedEntries(const History& job, const std::vector<Timestamp>& points,
                                        OlderData& older) {
  std::vector<OwnedEntry> expected;
  for (const OwnedEntry& entry : job.Sorted()) {
    if (SomePointSees(job, entry, points)) {
      expected.push_back(entry);
    }
  }
  for (size_t i = expected.size(); i-- > 0;) {
    const bool oldest = i + 1 == expected.size() || expected[i + 1].key != expected[i].key ||
                        expected[i + 1].ns != expected[i].ns;
    if (oldest && expected[i].kind == EntryKind::kDelete &&
        !older.MayHold(expected[i].ns, expected[i].key)) {
      expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  return expected;
}

struct Scene {
  History older;
  History job;
  History newer;
  std::vector<Timestamp> points;
  Timestamp last = 0;
};

Scene AnyScene() {
  Scene scene;
  const Timestamp beneath = *rc::gen::inRange<Timestamp>(0, 12);
  const Timestamp job_end = beneath + *rc::gen::inRange<Timestamp>(1, 25);
  scene.last = job_end + *rc::gen::inRange<Timestamp>(0, 8);
  scene.older = AnyHistory(1, beneath);
  scene.job = AnyHistory(beneath + 1, job_end);
  scene.newer = AnyHistory(job_end + 1, scene.last);
  scene.points = AnyPoints(*rc::gen::inRange<Timestamp>(job_end, scene.last + 1));
  return scene;
}

std::vector<bool> AnyCuts() {
  return *rc::gen::container<std::vector<bool>>(7, rc::gen::arbitrary<bool>());
}

// Hazards C1 and C8: for every live snapshot, and for every reader at or after the start of the
// job.
RC_GTEST_PROP(Survivors, ChangeNoAnswerAtAnyPointAndAreExactlyTheSeenVersions, ()) {
  const Scene scene = AnyScene();
  OlderHistory older(scene.older);
  const Output output = Compact(scene.job, scene.points, older, AnyCuts());
  const History before = Join(scene.older, scene.job, scene.newer);
  const History after = Join(scene.older, output.all, scene.newer);
  for (const Timestamp point : scene.points) {
    RC_ASSERT(StateAt(after, point) == StateAt(before, point));
  }
  for (Timestamp at = scene.points.back(); at <= scene.last + 1; ++at) {
    RC_ASSERT(StateAt(after, at) == StateAt(before, at));
  }
  RC_ASSERT(output.all.entries == ExpectedEntries(scene.job, scene.points, older));
  RC_ASSERT(output.counts.read == scene.job.entries.size());
  RC_ASSERT(output.counts.read - output.counts.kept ==
            output.counts.hidden + output.counts.dropped_tombstones);
}

// Promise 5: if nothing is dropped, no history is lost; history_floor need not rise.
RC_GTEST_PROP(Survivors, KeepAllOfHistoryWhenTheyCountNoDrop, ()) {
  const Scene scene = AnyScene();
  OlderHistory older(scene.older);
  const Output output = Compact(scene.job, scene.points, older, AnyCuts());
  if (output.counts.hidden + output.counts.dropped_tombstones + output.dropped_ranges > 0) {
    return;
  }
  const History before = Join(scene.older, scene.job, scene.newer);
  const History after = Join(scene.older, output.all, scene.newer);
  for (Timestamp at = 1; at <= scene.last; ++at) {
    RC_ASSERT(StateAt(after, at) == StateAt(before, at));
  }
}

bool IsBefore(const UserKey& a, const UserKey& b) { return a < b; }

// Outputs of one level must be disjoint, including their range tombstones.
RC_GTEST_PROP(Survivors, ClipRangeTombstonesToTheOutputTheyGoTo, ()) {
  const Scene scene = AnyScene();
  OlderHistory older(scene.older);
  const Output output = Compact(scene.job, scene.points, older, AnyCuts());
  for (size_t file = 0; file < output.ranges_per_file.size(); ++file) {
    const auto& ranges = output.ranges_per_file[file];
    for (size_t i = 0; i < ranges.size(); ++i) {
      const OwnedRangeTombstone& range = ranges[i];
      RC_ASSERT(range.open_end || range.begin < range.end);
      if (file > 0) {
        RC_ASSERT(!IsBefore({range.ns, range.begin}, output.cuts[file - 1]));
      }
      if (file < output.cuts.size()) {
        const UserKey& cut = output.cuts[file];
        RC_ASSERT(range.ns < cut.ns || (range.ns == cut.ns && !range.open_end));
        RC_ASSERT(range.ns < cut.ns || range.end <= cut.key);
      }
      if (i > 0) {
        RC_ASSERT(std::make_pair(ranges[i - 1].ns, ranges[i - 1].begin) <=
                  std::make_pair(range.ns, range.begin));
      }
    }
  }
}

// Rule 3 at every key: a range tombstone is kept there only if it is the newest for some point.
RC_GTEST_PROP(Survivors, KeepNoRangeTombstoneThatNoPointNeeds, ()) {
  const Scene scene = AnyScene();
  OlderHistory older(scene.older);
  const Output output = Compact(scene.job, scene.points, older, AnyCuts());
  for (const OwnedRangeTombstone& kept : output.all.ranges) {
    bool needed = false;
    for (const Timestamp point : scene.points) {
      const bool superseded = std::any_of(
          scene.job.ranges.begin(), scene.job.ranges.end(), [&](const OwnedRangeTombstone& other) {
            return other.ts > kept.ts && other.ts <= point && other.Covers(kept.ns, kept.begin);
          });
      needed = needed || (kept.ts <= point && !superseded);
    }
    RC_ASSERT(needed);
    const bool hides_older = older.MayHoldIn(kept.view());
    const bool hides_survivor = std::any_of(
        output.all.entries.begin(), output.all.entries.end(), [&](const OwnedEntry& entry) {
          return entry.ts < kept.ts && kept.Covers(entry.ns, entry.key);
        });
    RC_ASSERT(hides_older || hides_survivor);
  }
}

// With nothing beneath and no snapshot, what is left is the newest put of each live key.
RC_GTEST_PROP(Survivors, AtTheBottomWithoutSnapshotsAreTheLiveKeysAlone, ()) {
  const Timestamp last = *rc::gen::inRange<Timestamp>(1, 40);
  const History job = AnyHistory(1, last);
  const History nothing;
  OlderHistory older(nothing);
  const Output output = Compact(job, {last}, older, AnyCuts());
  const State state = StateAt(job, last);
  RC_ASSERT(output.all.ranges.empty());
  RC_ASSERT(output.all.entries.size() == state.size());
  RC_ASSERT(StateAt(output.all, last) == state);
}

// Hazards C2 and P4: an unreadable entry ends the stream with its error, whatever the error is.
// What came before is a prefix of what would have come.
RC_GTEST_PROP(Survivors, EndWithTheErrorOfTheirInput, ()) {
  const History job = AnyHistory(1, *rc::gen::inRange<Timestamp>(1, 30));
  const std::vector<OwnedEntry> sorted = job.Sorted();
  const size_t at = *rc::gen::inRange<size_t>(0, sorted.size());
  OlderHistory older(job);
  const std::vector<Timestamp> points = AnyPoints(40);
  const PointTombstones tombstones(job.RangeViews(), points);
  auto broken = std::make_unique<VectorStream>(sorted);
  broken->FailAt(at, absl::DataLossError("page 3"));
  Survivors survivors(std::move(broken), &tombstones, points, &older);
  const Output whole = Compact(job, points, older, {false});
  size_t i = 0;
  for (; survivors.Valid(); survivors.Next(), ++i) {
    RC_ASSERT(OwnedEntry(survivors.entry()) == whole.all.entries[i]);
    RC_ASSERT(survivors.status().ok());
  }
  RC_ASSERT(survivors.status().code() == absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace veralith
