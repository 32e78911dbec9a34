// SPDX-License-Identifier: Apache-2.0

#include "core/compaction/picker.h"

#include <memory>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/compaction/testing/test_options.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

KeyBound Inclusive(std::string key) { return {0, std::move(key), KeyBound::Kind::kInclusive}; }
KeyBound Exclusive(std::string key) { return {0, std::move(key), KeyBound::Kind::kExclusive}; }

struct FileSpec {
  int level;
  uint64_t run;
  uint64_t number;
  std::string smallest;
  KeyBound largest;
  uint64_t bytes = 100;
  uint64_t tombstones = 0;
};

// Timestamps fall with the level and rise with the run, as they must.
VersionEdit::AddedFile Added(const FileSpec& spec) {
  FileMeta file;
  file.number = spec.number;
  file.bytes = spec.bytes;
  file.entries = 10;
  file.tombstones = spec.tombstones;
  file.smallest_key = spec.smallest;
  file.largest = spec.largest;
  file.min_ts = 1 + spec.run * 10 + static_cast<Timestamp>(kLevels - spec.level) * 1000;
  file.max_ts = file.min_ts + 5;
  return {spec.level, spec.run, file};
}

Version Tree(const std::vector<FileSpec>& files) {
  VersionEdit edit;
  for (const FileSpec& file : files) {
    edit.added_files.push_back(Added(file));
  }
  const absl::StatusOr<Version> version = Version().Apply(edit);
  EXPECT_TRUE(version.ok()) << version.status();
  return *version;
}

CompactionOptions SmallOptions() {
  CompactionOptions options = TestCompactionOptions();
  options.target_file_bytes = 100;
  options.level0_trigger_runs = 2;
  options.level_base_bytes = 250;
  options.level_multiplier = 10;
  options.format_of_level = {};
  return options;
}

std::vector<uint64_t> Numbers(const Pick& pick) {
  std::vector<uint64_t> numbers;
  for (const Pick::Input& input : pick.inputs) {
    for (const FileRef& file : input.files) {
      numbers.push_back(file->number);
    }
  }
  return numbers;
}

class PickerTest : public ::testing::Test {
 protected:
  std::optional<Pick> Automatic(const Version& version, std::vector<const Pick*> running = {}) {
    const PickerState state{&version, running, {}};
    std::optional<Pick> pick = NewCompactionPolicy(kind_, options_)->PickCompaction(state);
    if (pick.has_value()) {
      EXPECT_TRUE(CheckPick(state, *pick).ok()) << CheckPick(state, *pick);
    }
    return pick;
  }
  std::optional<Pick> PickAfterSeeks(const Version& version, uint64_t seek_bytes) {
    PickerState state{&version, {}, {}};
    state.seek_bytes = seek_bytes;
    std::optional<Pick> pick = NewCompactionPolicy(kind_, options_)->PickCompaction(state);
    if (pick.has_value()) {
      EXPECT_TRUE(CheckPick(state, *pick).ok()) << CheckPick(state, *pick);
    }
    return pick;
  }
  // The tree after overwrites, as far as is known; the newest point is beyond all of it.
  std::optional<Pick> PickByRepeats(const Version& version, std::vector<RunRepeats> repeats,
                                    std::vector<Timestamp> points = {kMaxTimestamp}) {
    PickerState state{&version, {}, points};
    state.repeats = repeats;
    std::optional<Pick> pick = NewCompactionPolicy(kind_, options_)->PickCompaction(state);
    if (pick.has_value()) {
      EXPECT_TRUE(CheckPick(state, *pick).ok()) << CheckPick(state, *pick);
    }
    return pick;
  }
  ManualDecision Manual(const Version& version, ManualCompaction* manual,
                        std::vector<const Pick*> running = {}) {
    const PickerState state{&version, running, {}};
    ManualDecision decision = NewCompactionPolicy(kind_, options_)->PickManual(state, manual);
    if (decision.pick.has_value()) {
      EXPECT_TRUE(CheckPick(state, *decision.pick).ok()) << CheckPick(state, *decision.pick);
    }
    return decision;
  }

  CompactionOptions options_ = SmallOptions();
  CompactionPolicyKind kind_ = CompactionPolicyKind::kLeveled;
};

class HybridPickerTest : public PickerTest {
 protected:
  HybridPickerTest() { kind_ = CompactionPolicyKind::kHybrid; }
};

class TieredPickerTest : public PickerTest {
 protected:
  TieredPickerTest() {
    kind_ = CompactionPolicyKind::kTiered;
    options_.level0_trigger_runs = 4;
  }
};

TEST_F(PickerTest, PicksNothingFromAnEmptyTreeOrBelowTheTriggers) {
  EXPECT_FALSE(Automatic(Version()).has_value());
  EXPECT_FALSE(Automatic(Tree({{0, 1, 1, "a", Inclusive("z")}})).has_value());
  EXPECT_FALSE(Automatic(Tree({{1, 0, 1, "a", Inclusive("b")}, {1, 0, 2, "c", Inclusive("d")}}))
                   .has_value());
}

TEST_F(PickerTest, TakesAllRunsOfLevel0WithWhatOverlapsThemInLevel1) {
  const auto pick = Automatic(Tree({{0, 2, 4, "c", Inclusive("d")},
                                    {0, 1, 3, "b", Inclusive("m")},
                                    {1, 0, 1, "a", Inclusive("b")},
                                    {1, 0, 2, "n", Inclusive("z")}}));
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(Numbers(*pick), (std::vector<uint64_t>{4, 3, 1}));
  EXPECT_EQ(pick->output_level, 1);
  EXPECT_FALSE(pick->trivial_move);
  EXPECT_EQ(pick->reason, Pick::Reason::kLevel0Runs);
}

TEST_F(PickerTest, MergesLevel0BelowItsTriggerOnceSeeksHavePaidWhatTheJobReads) {
  options_.level0_trigger_runs = 8;
  const Version tree = Tree({{0, 2, 4, "c", Inclusive("d")},
                             {0, 1, 3, "b", Inclusive("m")},
                             {1, 0, 1, "a", Inclusive("b")},
                             {1, 0, 2, "n", Inclusive("z")}});
  EXPECT_FALSE(PickAfterSeeks(tree, 0).has_value());
  EXPECT_FALSE(PickAfterSeeks(tree, 299).has_value());
  const auto pick = PickAfterSeeks(tree, 300);
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(Numbers(*pick), (std::vector<uint64_t>{4, 3, 1}));
  EXPECT_EQ(pick->output_level, 1);
  EXPECT_EQ(pick->reason, Pick::Reason::kSeeks);
}

TEST_F(PickerTest, MovesDisjointRunsOfLevel0ForTheFirstSeeksThatAreOwedAnything) {
  options_.level0_trigger_runs = 8;
  const auto pick =
      PickAfterSeeks(Tree({{0, 2, 4, "n", Inclusive("z")}, {0, 1, 3, "a", Inclusive("m")}}), 1);
  ASSERT_TRUE(pick.has_value());
  EXPECT_TRUE(pick->trivial_move);
  EXPECT_EQ(pick->reason, Pick::Reason::kSeeks);
}

TEST_F(PickerTest, MergesNothingForSeeksOverOneRunNorOverDeeperLevels) {
  options_.level0_trigger_runs = 8;
  constexpr uint64_t kPlenty = uint64_t{1} << 40;
  EXPECT_FALSE(PickAfterSeeks(Tree({{0, 1, 3, "b", Inclusive("m")},
                                    {1, 0, 1, "a", Inclusive("b")},
                                    {2, 0, 2, "a", Inclusive("z")}}),
                              kPlenty)
                   .has_value());
}

TEST_F(HybridPickerTest, MergesNothingForSeeks) {
  options_.level0_trigger_runs = options_.tier_trigger_runs = 8;
  EXPECT_FALSE(
      PickAfterSeeks(Tree({{0, 2, 4, "c", Inclusive("d")}, {0, 1, 3, "b", Inclusive("m")}}),
                     uint64_t{1} << 40)
          .has_value());
}

// Each file has 10 entries.
class OverwritesTest : public PickerTest {
 protected:
  OverwritesTest() {
    options_.level0_trigger_runs = 8;
    options_.level0_garbage_percent = 40;
    options_.level_base_bytes = 1000;
  }

  const Version tree_ = Tree({{0, 3, 5, "a", Inclusive("z")},
                              {0, 2, 4, "a", Inclusive("z")},
                              {1, 0, 1, "b", Inclusive("y")}});
};

TEST_F(OverwritesTest, MergeLevel0DownOnceTheirShareOfWhatIsReadIsDropped) {
  EXPECT_FALSE(PickByRepeats(tree_, {}).has_value());
  EXPECT_FALSE(PickByRepeats(tree_, {{3, 0, 6}, {2, 0, 5}}).has_value());  // 11 of 30
  const auto pick = PickByRepeats(tree_, {{3, 0, 6}, {2, 0, 6}});
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(pick->reason, Pick::Reason::kOverwrites);
  EXPECT_EQ(Numbers(*pick), (std::vector<uint64_t>{5, 4, 1}));
  EXPECT_EQ(pick->output_level, 1);
}

TEST_F(OverwritesTest, OfOneRunThatRepeatsLevel1MergeIt) {
  const Version tree = Tree({{0, 3, 5, "a", Inclusive("z")}, {1, 0, 1, "b", Inclusive("y")}});
  EXPECT_FALSE(PickByRepeats(tree, {{3, 0, 7}}).has_value());
  EXPECT_TRUE(PickByRepeats(tree, {{3, 0, 8}}).has_value());
}

TEST_F(OverwritesTest, WithinLevel0MergeItsRunsInTheirPlaceIfLevel1IsLarge) {
  const Version tree = Tree({{0, 3, 6, "a", Inclusive("z")},
                             {0, 2, 5, "a", Inclusive("z")},
                             {1, 0, 1, "a", Inclusive("f")},
                             {1, 0, 2, "g", Inclusive("m")},
                             {1, 0, 3, "n", Inclusive("z")}});
  EXPECT_FALSE(PickByRepeats(tree, {{3, 7, 8}}).has_value());  // 7 of 20, 8 of 50
  const auto pick = PickByRepeats(tree, {{3, 8, 8}});
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(Numbers(*pick), (std::vector<uint64_t>{6, 5}));
  EXPECT_EQ(pick->output_level, 0);
  EXPECT_EQ(pick->output_run_id, 3u);
  EXPECT_EQ(pick->reason, Pick::Reason::kOverwrites);
}

TEST_F(OverwritesTest, OfNoRunThatIsThereOrOfMoreThanItHoldsCountAsMuchAsItHolds) {
  EXPECT_FALSE(PickByRepeats(tree_, {{1, 900, 900}, {9, 900, 900}}).has_value());
  EXPECT_FALSE(PickByRepeats(tree_, {{3, 0, 900}}).has_value());  // 10 of 30
}

TEST_F(OverwritesTest, ThatASnapshotMayNeedMergeNothing) {
  const std::vector<RunRepeats> all = {{3, 0, 10}, {2, 0, 10}};
  const Timestamp oldest = tree_.runs(1)[0].files[0]->min_ts;
  const Timestamp newest = tree_.runs(0)[0].files[0]->max_ts;
  EXPECT_FALSE(PickByRepeats(tree_, all, {oldest, kMaxTimestamp}).has_value());
  EXPECT_FALSE(PickByRepeats(tree_, all, {newest - 1, kMaxTimestamp}).has_value());
  EXPECT_TRUE(PickByRepeats(tree_, all, {newest, kMaxTimestamp}).has_value());
  EXPECT_TRUE(PickByRepeats(tree_, all, {oldest - 1, kMaxTimestamp}).has_value());
  // Within level 0 it is in nobody's way.
  const auto within = PickByRepeats(tree_, {{3, 10, 10}, {2, 0, 10}}, {oldest, kMaxTimestamp});
  ASSERT_TRUE(within.has_value());
  EXPECT_EQ(within->output_level, 0);
}

TEST_F(OverwritesTest, OfTooFewBytesOrWithTheShareOffMergeNothing) {
  const std::vector<RunRepeats> all = {{3, 10, 10}, {2, 0, 10}};  // 200 of 300 bytes
  options_.level0_garbage_least_bytes = 201;
  EXPECT_FALSE(PickByRepeats(tree_, all).has_value());
  options_.level0_garbage_least_bytes = 200;
  EXPECT_TRUE(PickByRepeats(tree_, all).has_value());
  options_.level0_garbage_percent = 0;
  EXPECT_FALSE(PickByRepeats(tree_, all).has_value());
}

TEST_F(OverwritesTest, MoveDisjointRunsBeforeTheyMergeTheOthers) {
  const Version tree = Tree({{0, 3, 6, "a", Inclusive("z")},
                             {0, 2, 5, "n", Inclusive("z")},
                             {0, 1, 4, "a", Inclusive("m")}});
  const auto pick = PickByRepeats(tree, {{3, 12, 12}, {2, 5, 5}});
  ASSERT_TRUE(pick.has_value());
  EXPECT_TRUE(pick->trivial_move);
  EXPECT_EQ(Numbers(*pick), (std::vector<uint64_t>{5, 4}));
}

class IdlePickTest : public PickerTest {
 protected:
  IdlePickTest() {
    options_.level0_trigger_runs = 8;
    options_.level_base_bytes = 1000;
  }
  std::optional<Pick> Idle(const Version& version, uint64_t budget_bytes,
                           std::vector<RunRepeats> repeats = {}) {
    PickerState state{&version, {}, {}};
    state.repeats = repeats;
    EXPECT_FALSE(Automatic(version).has_value());
    std::optional<Pick> pick = NewCompactionPolicy(kind_, options_)->PickIdle(state, budget_bytes);
    if (pick.has_value()) {
      EXPECT_TRUE(CheckPick(state, *pick).ok()) << CheckPick(state, *pick);
      EXPECT_EQ(pick->reason, Pick::Reason::kIdle);
      EXPECT_TRUE(pick->trivial_move || pick->InputBytes() <= budget_bytes);
    }
    return pick;
  }
};

TEST_F(IdlePickTest, TakesLevel0DownIfItReadsNoMoreThereThanLevel0Holds) {
  const Version tree = Tree({{0, 3, 5, "a", Inclusive("z")},
                             {0, 2, 4, "a", Inclusive("z")},
                             {1, 0, 1, "a", Inclusive("h")},
                             {1, 0, 2, "i", Inclusive("z")}});
  const auto pick = Idle(tree, 400);
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(Numbers(*pick), (std::vector<uint64_t>{5, 4, 1, 2}));
  EXPECT_EQ(pick->output_level, 1);
}

TEST_F(IdlePickTest, MergesAsManyOfTheNewestRunsAsTheBudgetAllows) {
  const Version tree = Tree({{0, 5, 5, "a", Inclusive("z")},
                             {0, 4, 4, "a", Inclusive("z")},
                             {0, 3, 3, "a", Inclusive("z")},
                             {1, 0, 1, "a", Inclusive("z")}});
  EXPECT_FALSE(Idle(tree, 199).has_value());
  const auto pick = Idle(tree, 299);
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(Numbers(*pick), (std::vector<uint64_t>{5, 4}));
  EXPECT_EQ(pick->output_level, 0);
  EXPECT_EQ(pick->output_run_id, 5u);
  EXPECT_EQ(Numbers(*Idle(tree, 399)), (std::vector<uint64_t>{5, 4, 3}));
  EXPECT_EQ(Idle(tree, 400)->output_level, 1);
}

TEST_F(IdlePickTest, LeavesALargeOldRunAndALargeLevel1) {
  const Version tree = Tree({{0, 5, 5, "a", Inclusive("z")},
                             {0, 4, 4, "a", Inclusive("z")},
                             {0, 3, 3, "a", Inclusive("z"), 401},
                             {1, 0, 1, "a", Inclusive("z"), 700}});
  const auto pick = Idle(tree, 10000);
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(Numbers(*pick), (std::vector<uint64_t>{5, 4}));
}

TEST_F(IdlePickTest, MovesDisjointRunsWithoutABudget) {
  const auto pick = Idle(Tree({{0, 3, 5, "n", Inclusive("z")}, {0, 2, 4, "a", Inclusive("m")}}), 0);
  ASSERT_TRUE(pick.has_value());
  EXPECT_TRUE(pick->trivial_move);
}

TEST_F(IdlePickTest, TakesOneRunDownOnlyForWhatItRepeats) {
  options_.level0_garbage_percent = 40;
  const Version tree = Tree({{0, 3, 5, "a", Inclusive("z")}, {1, 0, 1, "a", Inclusive("z"), 300}});
  EXPECT_FALSE(Idle(tree, 10000).has_value());
  EXPECT_FALSE(Idle(tree, 10000, {{3, 3, 3}}).has_value());
  EXPECT_TRUE(Idle(tree, 10000, {{3, 4, 4}}).has_value());  // of 20 entries
}

TEST_F(HybridPickerTest, MergesNothingInIdleTime) {
  const Version tree = Tree({{0, 3, 5, "a", Inclusive("z")}, {0, 2, 4, "a", Inclusive("z")}});
  const PickerState state{&tree, {}, {}};
  EXPECT_FALSE(NewHybridPolicy(options_)->PickIdle(state, 10000).has_value());
  EXPECT_FALSE(NewTieredPolicy(options_)->PickIdle(state, 10000).has_value());
}

TEST_F(HybridPickerTest, MergesNothingForOverwrites) {
  options_.level0_trigger_runs = 8;
  options_.level0_garbage_percent = 40;
  const Version tree = Tree({{0, 3, 5, "a", Inclusive("z")}, {0, 2, 4, "a", Inclusive("z")}});
  EXPECT_FALSE(PickByRepeats(tree, {{3, 10, 10}}).has_value());
}

TEST_F(PickerTest, StopsAtTheJobsBudgetAndThenHasTakenTheOldestRuns) {
  options_.max_job_bytes = 150;
  const auto pick = Automatic(Tree({{0, 3, 3, "a", Inclusive("z")},
                                    {0, 2, 2, "a", Inclusive("z")},
                                    {0, 1, 1, "a", Inclusive("z")},
                                    {1, 0, 9, "c", Inclusive("d")}}));
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(Numbers(*pick), (std::vector<uint64_t>{2, 1, 9}));
}

// Hazard O4: bounds are user keys, so a file of the next level that ends where this one begins
// holds other versions of the same key, and belongs to the job.
TEST_F(PickerTest, PullsInTheNeighbourThatSharesOnlyTheBoundingUserKey) {
  const auto pick = Automatic(Tree({{1, 0, 1, "f", Inclusive("m"), 300},
                                    {2, 0, 2, "a", Inclusive("f")},
                                    {2, 0, 3, "m", Inclusive("n")},
                                    {2, 0, 4, "o", Inclusive("z")}}));
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(Numbers(*pick), (std::vector<uint64_t>{1, 2, 3}));
}

TEST_F(PickerTest, LeavesOutTheNeighbourThatAnExclusiveBoundOnlyTouches) {
  const auto pick = Automatic(Tree({{1, 0, 1, "f", Exclusive("m"), 300},
                                    {2, 0, 2, "a", Exclusive("f")},
                                    {2, 0, 3, "m", Inclusive("n")},
                                    {2, 0, 4, "g", Inclusive("h")}}));
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(Numbers(*pick), (std::vector<uint64_t>{1, 4}));
}

TEST_F(PickerTest, GoesRoundTheFilesOfALevelFromItsCursor) {
  Version version = Tree({{1, 0, 1, "a", Inclusive("b"), 200},
                          {1, 0, 2, "c", Inclusive("d"), 200},
                          {2, 0, 3, "a", Inclusive("d")}});
  const auto first = Automatic(version);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->inputs[0].files[0]->number, 1u);
  VersionEdit edit;
  edit.cursors.push_back(*first->cursor);
  version = *version.Apply(edit);
  const auto second = Automatic(version);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->inputs[0].files[0]->number, 2u);
  edit.cursors = {*second->cursor};
  EXPECT_EQ(Automatic(*version.Apply(edit))->inputs[0].files[0]->number, 1u);
}

TEST_F(PickerTest, MovesAFileThatOverlapsNothingWithoutRewritingIt) {
  const auto pick =
      Automatic(Tree({{1, 0, 1, "f", Inclusive("m"), 300}, {2, 0, 2, "a", Inclusive("e")}}));
  ASSERT_TRUE(pick.has_value());
  EXPECT_TRUE(pick->trivial_move);
  const VersionEdit edit = TrivialMoveEdit(*pick);
  ASSERT_EQ(edit.removed_files.size(), 1u);
  ASSERT_EQ(edit.added_files.size(), 1u);
  EXPECT_EQ(edit.added_files[0].level, 2);
  EXPECT_EQ(edit.added_files[0].file.number, 1u);
}

TEST_F(PickerTest, RewritesAFileOfTombstonesWhereNothingLiesBeneath) {
  const auto pick = Automatic(Tree({{1, 0, 1, "f", Inclusive("m"), 300, /*tombstones=*/5}}));
  ASSERT_TRUE(pick.has_value());
  EXPECT_FALSE(pick->trivial_move);
  const auto above_data = Automatic(Tree(
      {{1, 0, 1, "f", Inclusive("m"), 300, /*tombstones=*/5}, {3, 0, 2, "g", Inclusive("h")}}));
  ASSERT_TRUE(above_data.has_value());
  EXPECT_TRUE(above_data->trivial_move);
}

TEST_F(PickerTest, RewritesAFileThatTheNextLevelWouldEncodeDifferently) {
  options_.format_of_level = {0, 0, 1, 1, 1, 1, 1, 1};
  const auto pick = Automatic(Tree({{1, 0, 1, "f", Inclusive("m"), 300}}));
  ASSERT_TRUE(pick.has_value());
  EXPECT_FALSE(pick->trivial_move);
}

TEST_F(PickerTest, MovesOnlyTheOldestRunsOfLevel0ThatAreDisjoint) {
  const auto pick = Automatic(Tree({{0, 3, 3, "a", Inclusive("c")},
                                    {0, 2, 2, "d", Inclusive("f")},
                                    {0, 1, 1, "a", Inclusive("c")}}));
  ASSERT_TRUE(pick.has_value());
  EXPECT_TRUE(pick->trivial_move);
  EXPECT_EQ(Numbers(*pick), (std::vector<uint64_t>{2, 1}));
}

// Hazard C5: two jobs never share a file, and never write overlapping ranges of one level.
TEST_F(PickerTest, KeepsOutOfTheWayOfRunningJobs) {
  const Version version = Tree({{0, 2, 8, "a", Inclusive("z")},
                                {0, 1, 7, "a", Inclusive("z")},
                                {1, 0, 1, "a", Inclusive("b"), 300},
                                {1, 0, 2, "m", Inclusive("n"), 200},
                                {1, 0, 3, "y", Inclusive("z"), 200},
                                {2, 0, 4, "a", Inclusive("c")},
                                {2, 0, 5, "m", Inclusive("z")}});
  const auto level0 = Automatic(version);
  ASSERT_TRUE(level0.has_value());
  EXPECT_FALSE(Automatic(version, {&*level0}).has_value());  // it holds all of level 1

  const PickerState state{&version, {}, {}};
  Pick middle;
  middle.inputs = {{1, 0, {version.FindFile(2)}}, {2, 0, {version.FindFile(5)}}};
  middle.output_level = 2;
  EXPECT_TRUE(CheckPick(state, middle).ok());
  const auto beside = Automatic(version, {&middle});
  ASSERT_TRUE(beside.has_value());
  EXPECT_EQ(Numbers(*beside), (std::vector<uint64_t>{1, 4}));  // file 3 overlaps file 5
}

TEST_F(PickerTest, DoesNotStartASecondJobOfLevel0) {
  const Version version = Tree({{0, 4, 4, "x", Inclusive("z")},
                                {0, 3, 3, "x", Inclusive("z")},
                                {0, 2, 2, "a", Inclusive("b")},
                                {0, 1, 1, "a", Inclusive("b")}});
  Pick running;
  running.inputs = {{0, 1, version.runs(0).back().files}};
  running.output_level = 1;
  EXPECT_FALSE(Automatic(version, {&running}).has_value());
}

TEST_F(PickerTest, ServesTheLevelThatIsFurthestBeyondItsTarget) {
  const std::vector<FileSpec> level1 = {{1, 0, 1, "a", Inclusive("b"), 300}};  // score 1.2
  std::vector<FileSpec> both = level1;
  both.push_back({2, 0, 2, "m", Inclusive("n"), 5'000});  // score 2
  both.push_back({3, 0, 3, "m", Inclusive("n"), 10});
  both.push_back({2, 0, 4, "a", Inclusive("b"), 10});
  EXPECT_EQ(Automatic(Tree(both))->input_level(), 2);
  both[1].bytes = 1'000;
  EXPECT_EQ(Automatic(Tree(both))->input_level(), 1);
}

// Hazard C5: a rewrite within a level may write into the gap between its files. So nothing else
// goes there meanwhile, not even a file that overlaps none of them.
TEST_F(PickerTest, MovesNothingIntoTheGapsOfARunningRewrite) {
  const Version version = Tree({{1, 0, 1, "c", Inclusive("d"), 300},
                                {2, 0, 2, "a", Inclusive("b"), 10, /*tombstones=*/1},
                                {2, 0, 3, "e", Inclusive("f"), 10, /*tombstones=*/1}});
  EXPECT_TRUE(Automatic(version)->trivial_move);
  Pick rewrite;
  rewrite.inputs = {{2, 0, version.runs(2).front().files}};
  rewrite.output_level = 2;
  EXPECT_FALSE(Automatic(version, {&rewrite}).has_value());
}

// Hazard C6: the last level has nowhere to go, however large it is.
TEST_F(PickerTest, NeverPicksFromTheLastLevel) {
  EXPECT_FALSE(Automatic(Tree({{7, 0, 1, "a", Inclusive("z"), uint64_t{1} << 50}})).has_value());
  const auto above = Automatic(Tree({{6, 0, 1, "a", Inclusive("z"), uint64_t{1} << 50}}));
  ASSERT_TRUE(above.has_value());
  EXPECT_EQ(above->output_level, 7);
}

TEST_F(PickerTest, DynamicTargetsFollowTheLastLevel) {
  options_.level_base_bytes = 10;
  const std::vector<FileSpec> files = {{2, 0, 1, "a", Inclusive("b"), 90},
                                       {3, 0, 2, "a", Inclusive("z"), 500}};
  EXPECT_FALSE(Automatic(Tree(files)).has_value());
  options_.dynamic_level_targets = true;
  const auto pick = Automatic(Tree(files));  // 90 is more than 500 / 10
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(pick->input_level(), 2);
}

// Hazard C11: a manual compaction works below every trigger, and is done only at the bottom.
TEST_F(PickerTest, ManualCompactionEmptiesEachLevelAboveTheLastWhateverTheTriggers) {
  ManualCompaction manual{AllKeys(), 100};
  Version version = Tree({{0, 1, 3, "a", Inclusive("c"), 10},
                          {1, 0, 2, "b", Inclusive("d"), 10},
                          {2, 0, 1, "c", Inclusive("e"), 10}});
  ManualDecision decision = Manual(version, &manual);
  ASSERT_EQ(decision.kind, ManualDecision::Kind::kPick);
  EXPECT_EQ(Numbers(*decision.pick), (std::vector<uint64_t>{3, 2}));
  version = Tree({{1, 0, 4, "a", Inclusive("d"), 20}, {2, 0, 1, "c", Inclusive("e"), 10}});
  decision = Manual(version, &manual);
  ASSERT_EQ(decision.kind, ManualDecision::Kind::kPick);
  EXPECT_EQ(Numbers(*decision.pick), (std::vector<uint64_t>{4, 1}));
  version = Tree({{2, 0, 5, "a", Inclusive("e"), 30}});
  EXPECT_EQ(Manual(version, &manual).kind, ManualDecision::Kind::kDone);
}

TEST_F(PickerTest, ManualCompactionRewritesFilesOfTheLastLevelOnceIfTheyCanShrink) {
  ManualCompaction manual{AllKeys(), 100};
  const ManualDecision decision =
      Manual(Tree({{3, 0, 1, "a", Inclusive("b"), 10},
                   {3, 0, 2, "c", Inclusive("d"), 10, /*tombstones=*/3}}),
             &manual);
  ASSERT_EQ(decision.kind, ManualDecision::Kind::kPick);
  EXPECT_EQ(Numbers(*decision.pick), std::vector<uint64_t>{2});
  EXPECT_EQ(decision.pick->output_level, 3);
  EXPECT_EQ(Manual(Tree({{3, 0, 100, "c", Inclusive("d"), 10, /*tombstones=*/3}}), &manual).kind,
            ManualDecision::Kind::kDone);
}

TEST_F(PickerTest, ManualCompactionOfARangeLeavesOtherFilesAlone) {
  ManualCompaction manual{{0, "c", Inclusive("d")}, 100};
  const Version version = Tree({{1, 0, 1, "a", Inclusive("b"), 10},
                                {1, 0, 2, "c", Inclusive("e"), 10},
                                {2, 0, 3, "a", Inclusive("z"), 10}});
  const ManualDecision decision = Manual(version, &manual);
  ASSERT_EQ(decision.kind, ManualDecision::Kind::kPick);
  EXPECT_EQ(Numbers(*decision.pick), (std::vector<uint64_t>{2, 3}));
}

TEST_F(PickerTest, ManualCompactionIgnoresRunsFlushedAfterTheRequest) {
  ManualCompaction manual{AllKeys(), 5};
  EXPECT_EQ(Manual(Tree({{0, 1, 5, "a", Inclusive("b")}}), &manual).kind,
            ManualDecision::Kind::kDone);
}

TEST_F(PickerTest, ManualCompactionWaitsForAJobThatHoldsItsFiles) {
  ManualCompaction manual{AllKeys(), 100};
  const Version version =
      Tree({{1, 0, 1, "a", Inclusive("b"), 10}, {2, 0, 2, "a", Inclusive("b"), 10}});
  Pick running;
  running.inputs = {{1, 0, version.runs(1).front().files}, {2, 0, version.runs(2).front().files}};
  running.output_level = 2;
  EXPECT_EQ(Manual(version, &manual, {&running}).kind, ManualDecision::Kind::kWait);
  EXPECT_EQ(Manual(version, &manual).kind, ManualDecision::Kind::kPick);
}

TEST_F(PickerTest, WorksOffTheTiersOfAnotherPolicyBeforeAnythingElse) {
  const auto pick = Automatic(Tree({{0, 9, 6, "a", Inclusive("z")},
                                    {0, 8, 5, "a", Inclusive("z")},
                                    {1, 7, 4, "a", Inclusive("f")},
                                    {1, 6, 3, "c", Inclusive("k")},
                                    {2, 0, 1, "d", Inclusive("e")},
                                    {2, 0, 2, "x", Inclusive("z")}}));
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(Numbers(*pick), (std::vector<uint64_t>{4, 3, 1}));
  EXPECT_EQ(pick->output_level, 2);
  EXPECT_EQ(pick->output_run_id, kLeveledRunId);
  EXPECT_EQ(pick->reason, Pick::Reason::kPolicyChanged);
}

TEST_F(PickerTest, GivesRoomBackBeforeItWorksOffTheTiersOfAnotherPolicy) {
  const auto policy = NewCompactionPolicy(kind_, options_);
  Version tree = Tree({{0, 9, 6, "a", Inclusive("z")},
                       {1, 7, 4, "a", Inclusive("f")},
                       {1, 6, 3, "c", Inclusive("k")},
                       {2, 0, 1, "d", Inclusive("e")},
                       {2, 0, 2, "zz", Inclusive("zzz")}});
  PickerState state;
  state.version = &tree;
  state.reclaim_first = true;
  // Nothing above it is garbage: no other merge would give more room.
  EXPECT_EQ(policy->PickCompaction(state)->reason, Pick::Reason::kPolicyChanged);

  FileSpec deletions = {0, 9, 6, "a", Inclusive("z")};
  deletions.tombstones = 10;
  tree = Tree({deletions,
               {1, 7, 4, "a", Inclusive("f")},
               {1, 6, 3, "c", Inclusive("k")},
               {2, 0, 1, "d", Inclusive("e")},
               {2, 0, 2, "zz", Inclusive("zzz")}});
  const auto pick = policy->PickCompaction(state);
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(Numbers(*pick), (std::vector<uint64_t>{6, 4, 3, 1}));
  EXPECT_EQ(pick->output_level, 2);
  EXPECT_EQ(pick->reason, Pick::Reason::kGarbage);
  EXPECT_TRUE(CheckPick(state, *pick).ok()) << CheckPick(state, *pick);
}

// --- Small files (hazard E1) ---------------------------------------------------------------------

// Makes `files` files of 10 bytes, one after the other, as one run of `level`.
std::vector<FileSpec> Dust(int level, uint64_t run, int files) {
  std::vector<FileSpec> dust;
  for (int i = 0; i < files; ++i) {
    const std::string key = std::to_string(100 + i);
    dust.push_back({level, run, static_cast<uint64_t>(i + 1), key, Inclusive(key), 10});
  }
  return dust;
}

TEST_F(PickerTest, MergesSmallNeighboursOnceThereAreMoreThanTheirBytesNeed) {
  options_.target_file_bytes = 1000;
  EXPECT_FALSE(Automatic(Tree(Dust(1, 0, 17))).has_value());
  const auto pick = Automatic(Tree(Dust(1, 0, 18)));
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(pick->reason, Pick::Reason::kSmallFiles);
  EXPECT_EQ(pick->InputBytes(), 180u);
  EXPECT_EQ(pick->output_level, 1);
  EXPECT_TRUE(pick->into_one_file);
}

// Reading the file of 300 bytes would gain little.
TEST_F(PickerTest, MergesSmallFilesOfLikeSize) {
  options_.target_file_bytes = 1000;
  options_.level_base_bytes = 10'000;
  std::vector<FileSpec> files = Dust(1, 0, 18);
  files[0].bytes = 300;
  const auto pick = Automatic(Tree(files));
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(pick->InputBytes(), 170u);
}

TEST_F(PickerTest, MergesNoFilesThatDoNotFitIntoOne) {
  options_.target_file_bytes = 15;
  options_.level_base_bytes = 10'000;
  EXPECT_FALSE(Automatic(Tree(Dust(1, 0, 100))).has_value());
}

TEST_F(PickerTest, SmallRunsOfLevel0GoDownMergedAndNotAsTheyAre) {
  const auto pick =
      Automatic(Tree({{0, 2, 4, "n", Inclusive("z"), 10}, {0, 1, 3, "a", Inclusive("m"), 10}}));
  ASSERT_TRUE(pick.has_value());
  EXPECT_FALSE(pick->trivial_move);
  // Compared with what a merge would have to read, it is better to move them.
  const auto dear = Automatic(Tree({{0, 2, 4, "n", Inclusive("z"), 10},
                                    {0, 1, 3, "a", Inclusive("m"), 10},
                                    {1, 0, 2, "ma", Inclusive("mb"), 100}}));
  ASSERT_TRUE(dear.has_value());
  EXPECT_TRUE(dear->trivial_move);
}

TEST_F(PickerTest, SmallFilesOfALevelGoDownMerged) {
  std::vector<FileSpec> files = Dust(1, 0, 3);
  files.push_back({1, 0, 9, "x", Inclusive("y"), 300});
  const auto pick = Automatic(Tree(files));
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(Numbers(*pick), (std::vector<uint64_t>{1, 2}));
  EXPECT_FALSE(pick->trivial_move);
  EXPECT_EQ(pick->output_level, 2);
  EXPECT_EQ(pick->cursor->key, "101");
}

TEST_F(PickerTest, ManualCompactionLeavesNoNeighboursThatFitIntoOneFile) {
  options_.target_file_bytes = 1000;
  ManualCompaction manual{AllKeys(), 100};
  const ManualDecision merge = Manual(Tree(Dust(3, 0, 5)), &manual);
  ASSERT_EQ(merge.kind, ManualDecision::Kind::kPick);
  EXPECT_TRUE(merge.pick->into_one_file);
  EXPECT_EQ(merge.pick->InputBytes(), 50u);
  EXPECT_EQ(Manual(Tree(Dust(3, 0, 1)), &manual).kind, ManualDecision::Kind::kDone);
}

TEST_F(TieredPickerTest, MergesSmallNeighboursOfOneRunInItsPlace) {
  options_.target_file_bytes = 1000;
  const auto pick = Automatic(Tree(Dust(0, 7, 18)));
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(pick->output_level, 0);
  EXPECT_EQ(pick->output_run_id, 7u);
  EXPECT_TRUE(pick->into_one_file);
}

// --- Hybrid --------------------------------------------------------------------------------------

TEST_F(HybridPickerTest, MergesTheRunsOfATierIntoOneRunOfTheNextWithoutReadingThatOne) {
  const auto pick = Automatic(Tree({{0, 5, 3, "a", Inclusive("m"), 100, 1},
                                    {0, 4, 2, "a", Inclusive("m"), 100, 1},
                                    {1, 3, 1, "a", Inclusive("z"), 800}}));
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(Numbers(*pick), (std::vector<uint64_t>{3, 2}));
  EXPECT_EQ(pick->output_level, 1);
  EXPECT_EQ(pick->output_run_id, 5u);
}

TEST_F(HybridPickerTest, MergesTheLastTierIntoTheFirstLeveledLevel) {
  options_.tier_trigger_runs = 2;
  const auto pick = Automatic(Tree({{1, 9, 6, "a", Inclusive("z")},
                                    {2, 5, 3, "a", Inclusive("c")},
                                    {2, 4, 2, "c", Inclusive("e")},
                                    {3, 0, 1, "b", Inclusive("d")},
                                    {3, 0, 7, "m", Inclusive("z")}}));
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(Numbers(*pick), (std::vector<uint64_t>{3, 2, 1}));
  EXPECT_EQ(pick->output_level, 3);
  EXPECT_EQ(pick->output_run_id, kLeveledRunId);
}

TEST_F(HybridPickerTest, MovesDisjointRunsTogetherAsOneRun) {
  const auto pick = Automatic(Tree({{0, 5, 3, "n", Inclusive("z")},
                                    {0, 4, 2, "a", Inclusive("m")},
                                    {1, 3, 1, "a", Inclusive("z"), 800}}));
  ASSERT_TRUE(pick.has_value());
  EXPECT_TRUE(pick->trivial_move);
  const Version after = *Tree({{0, 5, 3, "n", Inclusive("z")},
                               {0, 4, 2, "a", Inclusive("m")},
                               {1, 3, 1, "a", Inclusive("z"), 800}})
                             .Apply(TrivialMoveEdit(*pick));
  ASSERT_EQ(after.runs(1).size(), 2u);
  EXPECT_EQ(after.runs(1)[0].id, 5u);
  EXPECT_TRUE(after.CheckInvariants(3).ok());
}

TEST_F(HybridPickerTest, ManualCompactionTakesAllTiersInOneMerge) {
  ManualCompaction manual{AllKeys(), 100};
  const ManualDecision decision = Manual(Tree({{0, 5, 3, "a", Inclusive("c")},
                                               {1, 4, 2, "a", Inclusive("e")},
                                               {2, 3, 1, "b", Inclusive("d")}}),
                                         &manual);
  ASSERT_EQ(decision.kind, ManualDecision::Kind::kPick);
  EXPECT_EQ(Numbers(*decision.pick), (std::vector<uint64_t>{3, 2, 1}));
  EXPECT_EQ(decision.pick->output_level, 3);
}

// --- Tiered --------------------------------------------------------------------------------------

TEST_F(TieredPickerTest, PicksNothingBelowItsTrigger) {
  EXPECT_FALSE(Automatic(Tree({{0, 3, 3, "a", Inclusive("z")},
                               {0, 2, 2, "a", Inclusive("z")},
                               {0, 1, 1, "a", Inclusive("z")}}))
                   .has_value());
}

TEST_F(TieredPickerTest, MergesNeighboursOfLikeSizeIntoThePlaceOfTheNewest) {
  const auto pick = Automatic(Tree({{0, 9, 5, "a", Inclusive("z"), 50, 1},
                                    {0, 8, 4, "a", Inclusive("z"), 100, 1},
                                    {0, 7, 3, "a", Inclusive("z"), 100, 1},
                                    {0, 6, 2, "a", Inclusive("z"), 900, 1},
                                    {0, 5, 1, "a", Inclusive("z"), 9000, 1}}));
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(Numbers(*pick), (std::vector<uint64_t>{4, 3}));
  EXPECT_EQ(pick->output_level, 0);
  EXPECT_EQ(pick->output_run_id, 8u);
  EXPECT_EQ(pick->reason, Pick::Reason::kTierSizes);
}

// If the newest two were merged whatever their sizes, every memtable would be added to one run
// until that is as large as the next: a byte would be written as often as the run has memtables.
TEST_F(TieredPickerTest, MergesTheNeighboursThatAreMostAlikeWhenThereAreTooManyRuns) {
  const auto pick = Automatic(Tree({{0, 9, 4, "a", Inclusive("z"), 10, 1},
                                    {0, 8, 3, "a", Inclusive("z"), 100, 1},
                                    {0, 7, 2, "a", Inclusive("z"), 300, 1},
                                    {0, 6, 1, "a", Inclusive("z"), 10000, 1}}));
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(Numbers(*pick), (std::vector<uint64_t>{3, 2}));
  EXPECT_EQ(pick->output_run_id, 8u);
  EXPECT_EQ(pick->reason, Pick::Reason::kTierRuns);
}

TEST_F(TieredPickerTest, MergesEverythingWhenTheNewerRunsAreLarge) {
  const auto pick = Automatic(Tree({{0, 9, 4, "a", Inclusive("z"), 10, 1},
                                    {0, 8, 3, "a", Inclusive("z"), 100, 1},
                                    {0, 7, 2, "a", Inclusive("z"), 1000, 1},
                                    {1, 0, 1, "a", Inclusive("z"), 500, 1}}));
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(Numbers(*pick), (std::vector<uint64_t>{4, 3, 2, 1}));
  EXPECT_EQ(pick->output_level, 1);
  EXPECT_EQ(pick->output_run_id, kLeveledRunId);
  EXPECT_EQ(pick->reason, Pick::Reason::kTierSpace);
}

TEST_F(TieredPickerTest, ManualCompactionLeavesOneRunWithoutTombstones) {
  ManualCompaction manual{AllKeys(), 10};
  const ManualDecision merge = Manual(
      Tree({{0, 3, 3, "a", Inclusive("c")}, {0, 2, 2, "x", Inclusive("z"), 100, 1}}), &manual);
  ASSERT_EQ(merge.kind, ManualDecision::Kind::kPick);
  EXPECT_EQ(Numbers(*merge.pick), (std::vector<uint64_t>{3, 2}));
  EXPECT_EQ(Manual(Tree({{0, 3, 10, "a", Inclusive("z")}}), &manual).kind,
            ManualDecision::Kind::kDone);
  ManualCompaction again{AllKeys(), 11};
  EXPECT_EQ(Manual(Tree({{0, 3, 10, "a", Inclusive("z"), 100, 1}}), &again).kind,
            ManualDecision::Kind::kPick);
}

// --- CheckPick itself ----------------------------------------------------------------------------

class CheckPickTest : public ::testing::Test {
 protected:
  absl::Status Check(const Pick& pick) { return CheckPick({&version_, {}, {}}, pick); }

  const Version version_ = Tree({{0, 2, 6, "a", Inclusive("d")},
                                 {0, 1, 5, "c", Inclusive("f")},
                                 {1, 0, 1, "a", Inclusive("b")},
                                 {1, 0, 2, "c", Inclusive("d")},
                                 {2, 0, 3, "b", Inclusive("c")}});
};

TEST_F(CheckPickTest, RefusesANewerRunBeforeAnOlderOne) {
  Pick pick;
  pick.inputs = {{0, 2, version_.runs(0)[0].files}, {1, 0, version_.runs(1)[0].files}};
  pick.output_level = 1;
  EXPECT_EQ(Check(pick).code(), absl::StatusCode::kFailedPrecondition);
}

// Hazard C1, P2: a merge that jumped over a run would put it between versions of one key.
TEST_F(CheckPickTest, RefusesTierMergesOfRunsThatAreNotNeighbours) {
  const Version tiers = Tree({{0, 9, 3, "a", Inclusive("c")},
                              {0, 8, 2, "x", Inclusive("z")},
                              {0, 7, 1, "a", Inclusive("c")}});
  const auto check = [&](std::vector<size_t> runs, uint64_t output) {
    Pick pick;
    for (const size_t run : runs) {
      pick.inputs.push_back({0, tiers.runs(0)[run].id, tiers.runs(0)[run].files});
    }
    pick.output_level = 0;
    pick.output_run_id = output;
    return CheckPick({&tiers, {}, {}}, pick);
  };
  EXPECT_FALSE(check({0, 2}, 9).ok());
  EXPECT_FALSE(check({0, 1}, 8).ok());
  EXPECT_FALSE(check({1, 2}, 9).ok());
  EXPECT_TRUE(check({0, 1}, 9).ok());
  EXPECT_TRUE(check({1, 2}, 8).ok());
  EXPECT_TRUE(check({0, 1, 2}, 9).ok());
}

TEST_F(CheckPickTest, AllowsNeighboursOfOneRunInTheirRunsPlaceAndRefusesOthers) {
  const Version tiers = Tree({{0, 9, 4, "a", Inclusive("z")},
                              {0, 8, 1, "a", Inclusive("b")},
                              {0, 8, 2, "c", Inclusive("d")},
                              {0, 8, 3, "e", Inclusive("f")}});
  const auto check = [&](std::vector<uint64_t> numbers, uint64_t output) {
    Pick pick;
    pick.inputs = {{0, 8, {}}};
    for (const uint64_t number : numbers) {
      pick.inputs[0].files.push_back(tiers.FindFile(number));
    }
    pick.output_level = 0;
    pick.output_run_id = output;
    return CheckPick({&tiers, {}, {}}, pick);
  };
  EXPECT_TRUE(check({1, 2}, 8).ok()) << check({1, 2}, 8);
  EXPECT_TRUE(check({2, 3}, 8).ok());
  EXPECT_FALSE(check({1, 3}, 8).ok());
  EXPECT_FALSE(check({1, 2}, 9).ok());
  EXPECT_FALSE(check({1, 2}, 7).ok());
}

TEST_F(CheckPickTest, RefusesATierThatWouldLandBeneathOlderRuns) {
  const Version tiers = Tree({{0, 9, 3, "a", Inclusive("c")}, {1, 7, 1, "a", Inclusive("c")}});
  Pick pick;
  pick.inputs = {{0, 9, tiers.runs(0)[0].files}};
  pick.output_level = 1;
  pick.output_run_id = 6;
  EXPECT_FALSE(CheckPick({&tiers, {}, {}}, pick).ok());
  pick.output_run_id = 7;
  EXPECT_FALSE(CheckPick({&tiers, {}, {}}, pick).ok());
  pick.output_run_id = 9;
  EXPECT_TRUE(CheckPick({&tiers, {}, {}}, pick).ok());
}

TEST_F(CheckPickTest, RefusesATierInALevelThatHoldsNone) {
  Pick pick;
  pick.inputs = {{2, 0, {version_.FindFile(3)}}};
  pick.output_level = kMaxTieredLevels;
  EXPECT_TRUE(Check(pick).ok()) << Check(pick);
  pick.output_run_id = 9;
  EXPECT_FALSE(Check(pick).ok());
}

// The output would share a run with files that it may overlap later, and that are not its inputs.
TEST_F(CheckPickTest, RefusesATierThatWouldJoinARunThatIsNoInput) {
  const Version tiers = Tree({{0, 9, 3, "a", Inclusive("c")}, {1, 8, 1, "x", Inclusive("z")}});
  Pick pick;
  pick.inputs = {{0, 9, tiers.runs(0)[0].files}};
  pick.output_level = 1;
  pick.output_run_id = 8;
  EXPECT_FALSE(CheckPick({&tiers, {}, {}}, pick).ok());
  pick.output_run_id = 9;
  EXPECT_TRUE(CheckPick({&tiers, {}, {}}, pick).ok());
}

TEST_F(CheckPickTest, RefusesToLeaveAnOverlappingFileOut) {
  Pick pick;
  pick.inputs = {{1, 0, {version_.FindFile(2)}}};
  pick.output_level = 2;
  EXPECT_FALSE(Check(pick).ok());
  pick.inputs.push_back({2, 0, {version_.FindFile(3)}});
  EXPECT_TRUE(Check(pick).ok()) << Check(pick);
}

TEST_F(CheckPickTest, RefusesToJumpOverALevelThatOverlaps) {
  Pick pick;
  pick.inputs = {{0, 1, version_.runs(0)[1].files}};
  pick.output_level = 3;
  EXPECT_FALSE(Check(pick).ok());
}

TEST_F(CheckPickTest, RefusesLevelsOutsideTheTreeAndUpwardMoves) {
  Pick pick;
  pick.inputs = {{2, 0, {version_.FindFile(3)}}};
  pick.output_level = 1;
  EXPECT_FALSE(Check(pick).ok());
  pick.output_level = kLevels;
  EXPECT_FALSE(Check(pick).ok());
  pick.output_level = 3;
  EXPECT_TRUE(Check(pick).ok());
}

// Hazard C5: a result or a pick made before the version moved on is not used.
TEST_F(CheckPickTest, RefusesFilesThatHaveMovedOnInTheMeantime) {
  Pick pick;
  pick.inputs = {{2, 0, {version_.FindFile(3)}}};
  pick.output_level = 3;
  VersionEdit edit;
  edit.removed_files = {{2, 3}};
  const Version later = *version_.Apply(edit);
  EXPECT_FALSE(CheckPick({&later, {}, {}}, pick).ok());
}

TEST_F(CheckPickTest, RefusesATrivialMoveOfOverlappingRuns) {
  Pick pick;
  pick.inputs = {{0, 2, version_.runs(0)[0].files}, {0, 1, version_.runs(0)[1].files}};
  pick.output_level = 1;
  pick.trivial_move = true;
  EXPECT_FALSE(Check(pick).ok());
}

}  // namespace
}  // namespace veralith
