// SPDX-License-Identifier: Apache-2.0

#include "core/compaction/survivors.h"

#include <memory>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/compaction/point_tombstones.h"
#include "core/iterator/testing/vector_stream.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

OwnedEntry Put(std::string key, Timestamp ts, std::string value = "v") {
  return {0, std::move(key), ts, EntryKind::kPut, std::move(value)};
}
OwnedEntry Delete(std::string key, Timestamp ts) {
  return {0, std::move(key), ts, EntryKind::kDelete, ""};
}

class Beneath final : public OlderData {
 public:
  explicit Beneath(bool answer) : answer_(answer) {}
  bool MayHold(NamespaceId, std::string_view) override { return answer_; }
  bool MayHoldIn(const RangeTombstoneView&) override { return answer_; }

 private:
  const bool answer_;
};

struct Kept {
  std::vector<std::string> entries;  // "key@ts" or "-key@ts"
  absl::Status status;
  Survivors::Counts counts;
};

Kept SurvivorsOf(std::vector<OwnedEntry> entries, std::vector<Timestamp> points, bool beneath,
                 std::vector<RangeTombstoneView> ranges = {}) {
  Beneath older(beneath);
  const PointTombstones tombstones(ranges, points);
  Survivors survivors(std::make_unique<VectorStream>(std::move(entries)), &tombstones, points,
                      &older);
  Kept kept;
  for (; survivors.Valid(); survivors.Next()) {
    const EntryView& entry = survivors.entry();
    std::string text(entry.kind == EntryKind::kDelete ? "-" : "");
    text.append(entry.key).append("@").append(std::to_string(entry.ts));
    kept.entries.push_back(text);
  }
  kept.status = survivors.status();
  kept.counts = survivors.counts();
  return kept;
}

using Names = std::vector<std::string>;

TEST(Survivors, KeepTheNewestVersionPerPoint) {
  const std::vector<OwnedEntry> versions = {Put("k", 9), Put("k", 7), Put("k", 5), Put("k", 3)};
  EXPECT_EQ(SurvivorsOf(versions, {9}, false).entries, Names({"k@9"}));
  EXPECT_EQ(SurvivorsOf(versions, {6, 9}, false).entries, Names({"k@9", "k@5"}));
  EXPECT_EQ(SurvivorsOf(versions, {2, 3, 7, 20}, false).entries, Names({"k@9", "k@7", "k@3"}));
}

// Hazard C1: a tombstone stays while something beneath could come back.
TEST(Survivors, KeepATombstoneWhileSomethingMayLieBeneath) {
  EXPECT_EQ(SurvivorsOf({Delete("k", 5)}, {9}, true).entries, Names({"-k@5"}));
  EXPECT_EQ(SurvivorsOf({Delete("k", 5)}, {9}, false).entries, Names({}));
  EXPECT_EQ(SurvivorsOf({Delete("k", 5), Put("k", 3)}, {3, 9}, false).entries,
            Names({"-k@5", "k@3"}));
}

TEST(Survivors, DropTombstonesFromTheOldestUpwards) {
  EXPECT_EQ(SurvivorsOf({Put("k", 9), Delete("k", 7), Delete("k", 5)}, {5, 7, 9}, false).entries,
            Names({"k@9"}));
  EXPECT_EQ(SurvivorsOf({Delete("k", 9), Put("k", 7), Delete("k", 5)}, {5, 7, 9}, false).entries,
            Names({"-k@9", "k@7"}));
}

// Hazard C8: a version that a live snapshot needs stays; once no snapshot needs it, it goes.
TEST(Survivors, KeepWhatASnapshotNeedsAndNothingForLongerThanThat) {
  const std::vector<OwnedEntry> versions = {Put("k", 9), Put("k", 5)};
  EXPECT_EQ(SurvivorsOf(versions, {5, 9}, false).entries, Names({"k@9", "k@5"}));
  EXPECT_EQ(SurvivorsOf(versions, {9}, false).entries, Names({"k@9"}));
  EXPECT_EQ(SurvivorsOf(versions, {4, 9}, false).entries, Names({"k@9"}));
}

TEST(Survivors, ARangeTombstoneHidesOlderVersionsButNotThoseOfItsOwnCommit) {
  const std::vector<RangeTombstoneView> range = {{0, "a", "z", false, 5}};
  EXPECT_EQ(SurvivorsOf({Put("k", 7), Put("k", 5), Put("k", 4)}, {6, 9}, false, range).entries,
            Names({"k@7", "k@5"}));
  EXPECT_EQ(SurvivorsOf({Put("k", 4)}, {9}, false, range).entries, Names({}));
  EXPECT_EQ(SurvivorsOf({Put("k", 4)}, {4, 9}, false, range).entries, Names({"k@4"}));
}

TEST(Survivors, CountWhatTheyReadKeepAndDrop) {
  const Kept kept = SurvivorsOf({Put("a", 9), Put("a", 5), Delete("b", 5)}, {9}, false);
  EXPECT_EQ(kept.counts.read, 3u);
  EXPECT_EQ(kept.counts.kept, 1u);
  EXPECT_EQ(kept.counts.hidden, 1u);
  EXPECT_EQ(kept.counts.dropped_tombstones, 1u);
}

TEST(Survivors, RefuseAVersionAboveTheVisibleTimestamp) {
  EXPECT_EQ(SurvivorsOf({Put("k", 10)}, {9}, false).status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(SurvivorsOf({Put("k", 8)}, {9}, false, {{0, "a", "b", false, 10}}).status.code(),
            absl::StatusCode::kDataLoss);
}

TEST(Survivors, RefuseInputOutOfOrder) {
  EXPECT_EQ(SurvivorsOf({Put("b", 1), Put("a", 2)}, {9}, false).status.code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(SurvivorsOf({Put("a", 1), Put("a", 2)}, {9}, false).status.code(),
            absl::StatusCode::kDataLoss);
}

// Hazard C2: an unreadable entry is not skipped, and what was pending before it is not invented.
TEST(Survivors, StopAtAnUnreadableEntryWithItsError) {
  auto input = std::make_unique<VectorStream>(
      std::vector<OwnedEntry>{Put("a", 1), Delete("b", 2), Put("c", 3)});
  input->FailAt(2, Unavailable("read failed"));
  Beneath older(true);
  Survivors survivors(std::move(input), nullptr, std::vector<Timestamp>{9}, &older);
  ASSERT_TRUE(survivors.Valid());
  survivors.Next();
  EXPECT_FALSE(survivors.Valid());
  EXPECT_EQ(survivors.status().code(), absl::StatusCode::kUnavailable);
}

TEST(SurvivorsDeathTest, NeedPointsInOrder) {
  Beneath older(true);
  const std::vector<Timestamp> none;
  const std::vector<Timestamp> unsorted = {3, 2};
  EXPECT_DEATH(
      Survivors(std::make_unique<VectorStream>(std::vector<OwnedEntry>{}), nullptr, none, &older),
      "");
  EXPECT_DEATH(Survivors(std::make_unique<VectorStream>(std::vector<OwnedEntry>{}), nullptr,
                         unsorted, &older),
               "");
}

std::vector<OwnedRangeTombstone> Ranges(std::vector<RangeTombstoneView> ranges,
                                        std::vector<Timestamp> points, bool beneath,
                                        std::vector<OwnedEntry> kept = {}) {
  Beneath older(beneath);
  const PointTombstones tombstones(ranges, points);
  RangeTombstoneSurvivors survivors(&tombstones, &older);
  for (const OwnedEntry& entry : kept) {
    survivors.Kept(entry.view());
  }
  return survivors.Finish();
}

TEST(RangeTombstoneSurvivors, KeepTheNewestPerPointAndJoinTheirPieces) {
  const std::vector<RangeTombstoneView> ranges = {{0, "a", "m", false, 5}, {0, "c", "z", false, 7}};
  const std::vector<OwnedRangeTombstone> newest = {{0, "a", "c", false, 5},
                                                   {0, "c", "z", false, 7}};
  EXPECT_EQ(Ranges(ranges, {9}, true), newest);
  const std::vector<OwnedRangeTombstone> both = {{0, "a", "m", false, 5}, {0, "c", "z", false, 7}};
  EXPECT_EQ(Ranges(ranges, {6, 9}, true), both);
}

// Hazard C1, for range tombstones.
TEST(RangeTombstoneSurvivors, StayWhileSomethingLiesBeneathInsideTheJobOrOutside) {
  const std::vector<RangeTombstoneView> range = {{0, "a", "m", false, 5}};
  EXPECT_EQ(Ranges(range, {9}, true).size(), 1u);
  EXPECT_TRUE(Ranges(range, {9}, false).empty());
  EXPECT_EQ(Ranges(range, {3, 9}, false, {Put("b", 2)}).size(), 1u);
  EXPECT_TRUE(Ranges(range, {9}, false, {Put("b", 7)}).empty());
  EXPECT_TRUE(Ranges(range, {3, 9}, false, {Put("z", 2)}).empty());
  EXPECT_EQ(Ranges(range, {3, 9}, false, {Put("b", 2), Put("c", 7)}).size(), 1u);
}

TEST(RangeTombstoneSurvivors, OfOneCommitAreNotJoinedOverTheGapBetweenThem) {
  const std::vector<RangeTombstoneView> ranges = {{0, "a", "c", false, 5}, {0, "e", "g", false, 5}};
  EXPECT_EQ(Ranges(ranges, {9}, true),
            (std::vector<OwnedRangeTombstone>{{0, "a", "c", false, 5}, {0, "e", "g", false, 5}}));
}

TEST(RangeTombstoneSurvivors, AreClippedOnBothSidesOfACut) {
  Beneath older(true);
  const std::vector<RangeTombstoneView> ranges = {{0, "a", "", true, 5}};
  const std::vector<Timestamp> points = {9};
  const PointTombstones tombstones(ranges, points);
  RangeTombstoneSurvivors survivors(&tombstones, &older);
  EXPECT_EQ(survivors.CutAt(0, "c"), (std::vector<OwnedRangeTombstone>{{0, "a", "c", false, 5}}));
  EXPECT_EQ(survivors.CutAt(0, "f"), (std::vector<OwnedRangeTombstone>{{0, "c", "f", false, 5}}));
  EXPECT_EQ(survivors.Finish(), (std::vector<OwnedRangeTombstone>{{0, "f", "", true, 5}}));
}

}  // namespace
}  // namespace veralith
