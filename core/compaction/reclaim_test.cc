// SPDX-License-Identifier: Apache-2.0

#include "core/compaction/reclaim.h"

#include <string>
#include <vector>

#include "core/compaction/testing/test_options.h"
#include "core/iterator/range_tombstones.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

FileMeta File(std::string smallest, std::string largest, Timestamp min_ts, Timestamp max_ts) {
  FileMeta file;
  file.number = 1;
  file.entries = 10;
  file.smallest_key = std::move(smallest);
  file.largest = {0, std::move(largest), KeyBound::Kind::kInclusive};
  file.min_ts = min_ts;
  file.max_ts = max_ts;
  return file;
}

bool Covered(std::vector<RangeTombstoneView> ranges, std::vector<Timestamp> points,
             const FileMeta& file) {
  // One to a list, as if of several segments, and then all in one.
  RangeTombstoneLists apart;
  for (const RangeTombstoneView& range : ranges) {
    apart.push_back(FragmentedRangeTombstones::Build({&range, 1}));
  }
  const bool covered = IsCovered(apart, points, file);
  EXPECT_EQ(IsCovered({FragmentedRangeTombstones::Build(ranges)}, points, file), covered);
  return covered;
}

TEST(Reclaim, AFileIsCoveredByANewerRangeDeleteOfAllItsKeys) {
  const FileMeta file = File("b", "d", 3, 5);
  EXPECT_TRUE(Covered({{0, "b", "e", false, 6}}, {9}, file));
  EXPECT_TRUE(Covered({{0, "", "", true, 6}}, {9}, file));
  EXPECT_FALSE(Covered({{0, "b", "d", false, 6}}, {9}, file));  // the end is exclusive
  EXPECT_FALSE(Covered({{0, "ba", "e", false, 6}}, {9}, file));
  EXPECT_FALSE(Covered({{0, "b", "e", false, 5}}, {9}, file));  // of one commit with an entry
  EXPECT_FALSE(Covered({{1, "b", "e", false, 6}}, {9}, file));  // of another namespace
  EXPECT_FALSE(Covered({}, {9}, file));
}

TEST(Reclaim, RangeDeletesThatMeetCoverTogether) {
  const FileMeta file = File("b", "d", 3, 5);
  EXPECT_TRUE(Covered({{0, "c", "e", false, 7}, {0, "a", "c", false, 6}}, {9}, file));
  EXPECT_FALSE(Covered({{0, "ca", "e", false, 7}, {0, "a", "c", false, 6}}, {9}, file));
}

TEST(Reclaim, AChainOfRangeDeletesCoversUntilOneIsMissing) {
  const FileMeta file = File("b", "x", 3, 5);
  std::vector<RangeTombstoneView> chain;
  const std::string_view keys = "abcdefghijklmnopqrstuvwxyz";
  for (size_t i = 0; i + 2 < keys.size(); ++i) {
    chain.push_back({0, keys.substr(i, 1), keys.substr(i + 2, 1), false, 6 + i % 3});
  }
  EXPECT_TRUE(Covered(chain, {9}, file));
  EXPECT_FALSE(Covered(chain, {6, 9}, file));
  chain.erase(chain.begin() + 7, chain.begin() + 9);
  EXPECT_FALSE(Covered(chain, {9}, file));
}

TEST(Reclaim, ASnapshotThatSeesAnythingOfTheFileKeepsIt) {
  const FileMeta file = File("b", "d", 3, 5);
  const std::vector<RangeTombstoneView> ranges = {{0, "a", "z", false, 8}};
  EXPECT_FALSE(Covered(ranges, {3, 9}, file));
  EXPECT_FALSE(Covered(ranges, {7, 9}, file));
  EXPECT_TRUE(Covered(ranges, {2, 9}, file));
  EXPECT_TRUE(Covered(ranges, {8, 9}, file));
}

TEST(Reclaim, ARewriteIsSureToShrinkAFileThatEveryPointSeesAlike) {
  const FileMeta file = File("b", "d", 3, 5);
  const auto sure = [&](std::vector<Timestamp> points) { return ShrinksForSure(points, file); };
  EXPECT_TRUE(sure({5}));
  EXPECT_TRUE(sure({2, 9}));
  EXPECT_FALSE(sure({3, 9}));
  EXPECT_FALSE(sure({4, 9}));
}

class ReclaimPickTest : public ::testing::TestWithParam<CompactionPolicyKind> {
 protected:
  static Version With(const FileMeta& file, int level, uint64_t run) {
    VersionEdit edit;
    edit.added_files.push_back({level, run, file});
    return *Version().Apply(edit);
  }
  std::optional<Pick> Automatic(const Version& version, std::vector<Timestamp> points,
                                std::vector<RangeTombstoneView> ranges = {}) {
    const RangeTombstoneLists lists = {FragmentedRangeTombstones::Build(ranges)};
    const PickerState state{&version, {}, points, &lists};
    const std::optional<Pick> pick =
        NewCompactionPolicy(GetParam(), TestCompactionOptions())->PickCompaction(state);
    EXPECT_TRUE(!pick.has_value() || CheckPick(state, *pick).ok());
    return pick;
  }
};

TEST_P(ReclaimPickTest, RewritesAFileOfMostlyTombstonesBelowEveryTrigger) {
  FileMeta file = File("b", "d", 3, 5);
  file.tombstones = 4;
  EXPECT_FALSE(Automatic(With(file, 4, 0), {9}).has_value());
  file.tombstones = 5;
  const std::optional<Pick> pick = Automatic(With(file, 4, 0), {9});
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(pick->reason, Pick::Reason::kGarbage);
  EXPECT_FALSE(pick->trivial_move);
}

TEST_P(ReclaimPickTest, LeavesTheLastFileAloneWhileASnapshotNeedsWhatItWouldDrop) {
  FileMeta file = File("b", "d", 3, 5);
  file.superseded = 6;
  EXPECT_FALSE(Automatic(With(file, 4, 0), {4, 9}).has_value());
  EXPECT_TRUE(Automatic(With(file, 4, 0), {9}).has_value());
}

TEST_P(ReclaimPickTest, DropsACoveredFileByAnEditAlone) {
  const Version version = With(File("b", "d", 3, 5), 4, 0);
  const std::optional<Pick> pick = Automatic(version, {9}, {{0, "a", "z", false, 8}});
  ASSERT_TRUE(pick.has_value());
  EXPECT_TRUE(pick->drop);
  const VersionEdit edit = DropEdit(*pick, std::vector<Timestamp>{9});
  ASSERT_EQ(edit.removed_files.size(), 1u);
  EXPECT_TRUE(edit.added_files.empty());
  EXPECT_EQ(edit.history_floor, 9u);
}

INSTANTIATE_TEST_SUITE_P(Policies, ReclaimPickTest,
                         ::testing::Values(CompactionPolicyKind::kLeveled,
                                           CompactionPolicyKind::kHybrid,
                                           CompactionPolicyKind::kTiered));

}  // namespace
}  // namespace veralith
