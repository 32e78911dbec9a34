// SPDX-License-Identifier: Apache-2.0

// Flush and compaction jobs on a simulated disk: what they write, and what they leave when
// something goes wrong.
#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/compaction/outputs.h"
#include "core/compaction/testing/job_harness.h"
#include "core/compaction/testing/version_history.h"
#include "core/format/key_range.h"
#include "core/fs/file_helpers.h"
#include "core/manifest/file_names.h"
#include "gtest/gtest.h"
#include "veralith/testing/simulated_clock.h"
#include "veralith/testing/simulated_executor.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {
namespace {

OwnedEntry Put(std::string key, Timestamp ts, std::string value = "value") {
  return {0, std::move(key), ts, EntryKind::kPut, std::move(value)};
}
OwnedEntry Delete(std::string key, Timestamp ts) {
  return {0, std::move(key), ts, EntryKind::kDelete, ""};
}
OwnedRangeTombstone DeleteRange(std::string begin, std::string end, Timestamp ts) {
  return {0, std::move(begin), std::move(end), false, ts};
}

std::string NumberedKey(uint64_t number) {
  std::string text = std::to_string(number);
  return "key" + std::string(6 - text.size(), '0') + text;
}

// Puts over `keys` keys, one per timestamp; a fifth of them are deletes instead.
History RandomHistory(uint64_t seed, Timestamp first, Timestamp last, uint64_t keys) {
  Random random(seed);
  History history;
  for (Timestamp ts = first; ts <= last; ++ts) {
    const std::string key = NumberedKey(random.Below(keys));
    if (random.OneIn(15)) {
      history.ranges.push_back({0, key, "", random.OneIn(4), ts});
      history.ranges.back().end = history.ranges.back().open_end ? "" : key + "5";
    }
    history.entries.push_back(random.OneIn(5) ? Delete(key, ts)
                                              : Put(key, ts, std::string(random.Below(40), 'x')));
  }
  return history;
}

class JobsTest : public ::testing::Test {
 protected:
  JobsTest() {
    EXPECT_TRUE(fs_.CreateDirectory("/db").ok());
    EXPECT_TRUE(fs_.SyncDirectory("/").ok());
    Restart(TinyCompactionOptions());
  }
  void Restart(const CompactionOptions& options) {
    harness_ = std::make_unique<JobHarness>(&fs_, "/db", options);
  }
  void Flush(const History& history, std::vector<Timestamp> points) {
    const absl::Status status = harness_->Flush({history}, points);
    ASSERT_TRUE(status.ok()) << status;
    written_.Append(history);
  }
  void ExpectAnswers(const std::vector<Timestamp>& points) {
    const absl::StatusOr<History> read = harness_->ReadAll();
    ASSERT_TRUE(read.ok()) << read.status();
    for (const Timestamp point : points) {
      EXPECT_EQ(StateAt(*read, point), StateAt(written_, point)) << "at " << point;
    }
  }
  void RemoveAllBut(const std::vector<std::string>& kept) {
    for (const std::string& name : harness_->FilesOnDisk()) {
      if (std::find(kept.begin(), kept.end(), name) == kept.end()) {
        ASSERT_TRUE(fs_.Remove("/db/" + name).ok());
      }
    }
  }
  // Makes three runs above one level 1, with range tombstones and two snapshots.
  std::vector<Timestamp> MakeTree() {
    const std::vector<Timestamp> points = {30, 70, 160};
    Flush(RandomHistory(1, 1, 40, 30), {30, 40});
    Flush(RandomHistory(2, 41, 80, 30), {30, 70, 80});
    EXPECT_TRUE(*harness_->CompactOnce(points));
    Flush(RandomHistory(3, 81, 120, 30), {30, 70, 120});
    Flush(RandomHistory(4, 121, 160, 30), points);
    return points;
  }
  // Cuts later jobs into up to `most` pieces.
  void CutIntoPieces(int most) {
    harness_->executor = &executor_;
    harness_->SetMaxSubcompactions(most);
  }
  Pick NextPick(const std::vector<Timestamp>& points) {
    return *harness_->policy().PickCompaction({harness_->version().get(), {}, points});
  }

  SimulatedFileSystem fs_;
  SimulatedClock clock_;
  SimulatedExecutor executor_{1, &clock_};
  std::unique_ptr<JobHarness> harness_;
  History written_;
};

// --- Flush ---------------------------------------------------------------------------------------

TEST_F(JobsTest, FlushOfEmptyMemtablesWritesNothing) {
  ASSERT_TRUE(harness_->Flush({{}, {}}, {5}).ok());
  EXPECT_EQ(harness_->last_result().edit, VersionEdit());
  EXPECT_TRUE(harness_->FilesOnDisk().empty());
}

TEST_F(JobsTest, FlushMakesOneRunOfFilesThatSplitNoKey) {
  Flush({{Put("a", 1), Put("a", 2), Put("b", 3), Put("c", 4)}, {}}, {1, 4});
  ASSERT_EQ(harness_->version()->runs(0).size(), 1u);
  const std::vector<FileRef>& files = harness_->version()->runs(0)[0].files;
  ASSERT_EQ(files.size(), 3u);
  EXPECT_EQ(files[0]->entries, 2u);
  EXPECT_EQ(files[0]->superseded, 1u);
  EXPECT_EQ(files[0]->largest, (KeyBound{0, "a", KeyBound::Kind::kInclusive}));
  EXPECT_EQ(files[0]->min_ts, 1u);
  EXPECT_EQ(files[0]->max_ts, 2u);
  ExpectAnswers({1, 4});
}

// Hazard C8's other half: what no point sees is not even written.
TEST_F(JobsTest, FlushWritesOnlyWhatSomePointSeesAndRaisesTheFloor) {
  Flush({{Put("a", 1), Put("a", 2), Put("a", 3)}, {}}, {2, 3});
  EXPECT_EQ(harness_->version()->runs(0)[0].files[0]->entries, 2u);
  EXPECT_EQ(harness_->history_floor(), 3u);
  EXPECT_EQ(harness_->last_result().statistics.versions_hidden, 1u);
}

TEST_F(JobsTest, FlushLeavesTheFloorWhenItDropsNothing) {
  Flush({{Put("a", 1), Put("b", 2)}, {}}, {2});
  EXPECT_FALSE(harness_->last_result().edit.history_floor.has_value());
  EXPECT_EQ(harness_->last_timestamp(), 2u);
}

// Only the older range delete gave the answers between the two timestamps: the floor says so.
TEST_F(JobsTest, ADroppedRangeTombstoneRaisesTheFloorToo) {
  Flush({{Put("k", 1)}, {}}, {1});
  Flush({{}, {DeleteRange("a", "z", 2), DeleteRange("a", "z", 3)}}, {3});
  EXPECT_EQ(harness_->version()->runs(0)[0].files[0]->range_tombstones, 1u);
  EXPECT_EQ(harness_->history_floor(), 3u);
}

TEST_F(JobsTest, FlushOfTombstonesOverNothingWritesNoFileButItsTimestamp) {
  Flush({{Delete("a", 1)}, {DeleteRange("a", "z", 2)}}, {2});
  EXPECT_EQ(harness_->version()->FileCount(), 0u);
  EXPECT_EQ(harness_->last_timestamp(), 2u);
}

// Hazard C1 at flush: what lies in the tree counts as beneath.
TEST_F(JobsTest, FlushKeepsTombstonesOverKeysOfTheTree) {
  Flush({{Put("a", 1), Put("m", 2)}, {}}, {2});
  Flush({{Delete("a", 3), Delete("q", 4)}, {DeleteRange("l", "n", 5)}}, {5});
  ASSERT_EQ(harness_->version()->runs(0)[0].files.size(), 1u);
  EXPECT_EQ(harness_->version()->runs(0)[0].files[0]->tombstones, 1u);
  EXPECT_EQ(harness_->version()->runs(0)[0].files[0]->range_tombstones, 1u);
  ExpectAnswers({5});
}

TEST_F(JobsTest, AFileOfRangeTombstonesAloneIsBoundedByThem) {
  Flush({{Put("a", 1), Put("m", 2)}, {}}, {2});
  Flush({{}, {DeleteRange("l", "n", 3)}}, {2, 3});
  const FileMeta& file = *harness_->version()->runs(0)[0].files[0];
  EXPECT_EQ(file.entries, 0u);
  EXPECT_EQ(file.range_tombstones, 1u);
  EXPECT_EQ(file.smallest_key, "l");
  EXPECT_EQ(file.largest, (KeyBound{0, "n", KeyBound::Kind::kExclusive}));
  ExpectAnswers({2, 3});
}

TEST_F(JobsTest, ManyMemtablesMakeOneRun) {
  ASSERT_TRUE(
      harness_->Flush({{{Put("a", 1)}, {}}, {{Put("a", 2)}, {}}, {{Put("b", 3)}, {}}}, {1, 3})
          .ok());
  EXPECT_EQ(harness_->version()->runs(0).size(), 1u);
  EXPECT_EQ(harness_->last_result().statistics.versions_written, 3u);
}

// Hazard C9: flushing what is not wholly visible is the caller's bug, and aborts.
TEST_F(JobsTest, FlushOfAnInvisibleWriteIsABug) {
  EXPECT_DEATH(harness_->Flush({{{Put("a", 5)}, {}}}, {4}).IgnoreError(), "");
}

// --- Compaction ----------------------------------------------------------------------------------

// Hazards C4 and C10: one edit names exactly the inputs, by number, and all outputs.
TEST_F(JobsTest, TheEditRemovesExactlyTheInputsAndAddsTheOutputs) {
  const std::vector<Timestamp> points = MakeTree();
  const Pick pick = NextPick(points);
  size_t inputs = 0;
  for (const Pick::Input& input : pick.inputs) {
    inputs += input.files.size();
  }
  ASSERT_TRUE(harness_->Run(pick, points).ok());
  const VersionEdit& edit = harness_->last_result().edit;
  EXPECT_EQ(edit.removed_files.size(), inputs);
  for (const VersionEdit::RemovedFile& removed : edit.removed_files) {
    EXPECT_TRUE(pick.Has(removed.number));
  }
  EXPECT_FALSE(edit.added_files.empty());
  EXPECT_EQ(harness_->FilesOnDisk(), harness_->LiveFiles());
  ExpectAnswers(points);
}

TEST_F(JobsTest, TheEditMovesTheRoundRobinOn) {
  CompactionOptions options = TinyCompactionOptions();
  options.level_base_bytes = 1;
  Restart(options);
  Flush(RandomHistory(1, 1, 30, 10), {30});
  ASSERT_TRUE(harness_->CompactRange(AllKeys(), {30}).ok());
  const std::vector<FileRef> files = harness_->version()->runs(1)[0].files;
  ASSERT_GT(files.size(), 2u);
  Flush({{Put(files[0]->smallest_key, 31), Put(files[1]->smallest_key, 32)}, {}}, {32});
  ASSERT_TRUE(*harness_->CompactOnce({32}));
  ASSERT_TRUE(harness_->version()->cursor(1).has_value());
  EXPECT_EQ(harness_->version()->cursor(1)->key, files[0]->smallest_key);
  Flush({{Put(files[0]->smallest_key, 33)}, {}}, {33});
  Pick pick;
  pick.inputs = {{1, 0, {harness_->version()->runs(1)[0].files[0]}}};
  pick.output_level = 2;
  pick.inputs.push_back({2, 0, harness_->version()->runs(2)[0].files});
  pick.cursor = VersionEdit::Cursor{1, 0, "a cursor"};
  ASSERT_TRUE(harness_->Run(pick, {33}).ok());
  EXPECT_EQ(harness_->version()->cursor(1)->key, "a cursor");
}

// Hazard C1: the older version is two levels below; only a job that holds it too may drop the
// tombstone.
TEST_F(JobsTest, ATombstoneOutlivesTheCompactionsAboveWhatItHides) {
  Flush({{Put("k", 1), Put("l", 2)}, {}}, {2});
  ASSERT_TRUE(harness_->CompactRange(AllKeys(), {2}).ok());
  Pick down;
  down.inputs = {{1, 0, harness_->version()->runs(1)[0].files}};
  down.output_level = 3;
  down.trivial_move = true;
  ASSERT_TRUE(harness_->Run(down, {2}).ok());
  Flush({{Delete("k", 3)}, {}}, {3});
  Pick to_level1;
  to_level1.inputs = {
      {0, harness_->version()->runs(0)[0].id, harness_->version()->runs(0)[0].files}};
  to_level1.output_level = 1;
  ASSERT_TRUE(harness_->Run(to_level1, {3}).ok());
  EXPECT_EQ(harness_->version()->FileCount(1), 1u);
  ExpectAnswers({3});
  ASSERT_TRUE(harness_->CompactRange(AllKeys(), {3}).ok());
  EXPECT_EQ(harness_->version()->FileCount(), 1u);
  ExpectAnswers({3});
}

// Hazard C6: outputs are cut near their target, whatever the input; none is empty.
TEST_F(JobsTest, OutputsAreCutAtTheirTargetSize) {
  CompactionOptions options = TinyCompactionOptions();
  options.target_file_bytes = 8'000;
  Restart(options);
  History history;
  for (uint64_t i = 1; i <= 600; ++i) {
    history.entries.push_back(
        Put(NumberedKey(i), i, std::string(100, static_cast<char>('a' + i % 26))));
  }
  Flush(history, {600});
  const std::vector<FileRef>& files = harness_->version()->runs(0)[0].files;
  EXPECT_GT(files.size(), 4u);
  for (size_t i = 0; i + 1 < files.size(); ++i) {
    EXPECT_GE(files[i]->bytes, 6'000u);
    EXPECT_LE(files[i]->bytes, 12'000u);
  }
}

TEST_F(JobsTest, OutputsAreCutWhereTheyOverlapTooMuchOfTheNextLevel) {
  Flush({{Put("a", 1), Put("b", 2), Put("c", 3), Put("d", 4)}, {}}, {4});
  const uint64_t file_bytes = harness_->version()->runs(0)[0].files[0]->bytes;
  Pick down;
  down.inputs = {{0, harness_->version()->runs(0)[0].id, harness_->version()->runs(0)[0].files}};
  down.output_level = 2;
  down.trivial_move = true;
  ASSERT_TRUE(harness_->Run(down, {4}).ok());
  EXPECT_EQ(harness_->version()->FileCount(2), 4u);
  // The same tree, but with large targets from here on.
  OutputPlan plan;
  plan.level = 1;
  plan.target_file_bytes = uint64_t{1} << 30;
  plan.grandparents = harness_->version()->runs(2)[0].files;
  plan.max_grandparent_overlap_bytes = file_bytes;
  JobEnvironment environment;
  environment.fs = &fs_;
  environment.directory = "/db";
  uint64_t number = 100;
  environment.new_file_number = [&] { return number++; };
  environment.segment_options = [](int, bool) { return TinySegmentOptions(); };
  RangeTombstoneSurvivors none(nullptr, nullptr);
  Outputs outputs(environment, plan, &none, nullptr);
  for (const char* key : {"a5", "b5", "c5", "d5"}) {
    ASSERT_TRUE(outputs.Add(Put(key, 9).view(), true).ok());
  }
  const auto files = outputs.Finish();
  ASSERT_TRUE(files.ok()) << files.status();
  ASSERT_EQ(files->size(), 2u);
  EXPECT_EQ((*files)[0].entries, 2u);
}

TEST_F(JobsTest, AnAllDeletedDatabaseCompactsToNothing) {
  Flush(RandomHistory(7, 1, 60, 20), {60});
  ASSERT_TRUE(harness_->CompactRange(AllKeys(), {60}).ok());
  History deletes;
  for (uint64_t i = 0; i < 20; ++i) {
    deletes.entries.push_back(Delete(NumberedKey(i), 61 + i));
  }
  Flush(deletes, {80});
  ASSERT_TRUE(harness_->CompactRange(AllKeys(), {80}).ok());
  EXPECT_EQ(harness_->version()->FileCount(), 0u);
  EXPECT_TRUE(harness_->FilesOnDisk().empty());
}

TEST_F(JobsTest, ADatabaseUnderOneRangeDeleteCompactsToNothing) {
  Flush(RandomHistory(8, 1, 60, 20), {60});
  ASSERT_TRUE(harness_->CompactRange(AllKeys(), {60}).ok());
  Flush({{}, {{0, "", "", true, 61}}}, {61});
  ASSERT_TRUE(harness_->CompactRange(AllKeys(), {61}).ok());
  EXPECT_TRUE(harness_->FilesOnDisk().empty());
}

// A held snapshot keeps its versions at the bottom. Once it is released, the next manual compaction
// reclaims them there, although nothing is left to merge with (hazards C8 and C11).
TEST_F(JobsTest, ManualCompactionReclaimsWhatAReleasedSnapshotHeld) {
  Flush({{Put("k", 1), Put("k", 2), Delete("k", 3)}, {}}, {1, 3});
  ASSERT_TRUE(harness_->CompactRange(AllKeys(), {1, 3}).ok());
  EXPECT_EQ(harness_->version()->FileCount(1), 1u);
  ExpectAnswers({1, 3});
  ASSERT_TRUE(harness_->CompactRange(AllKeys(), {3}).ok());
  EXPECT_EQ(harness_->version()->FileCount(), 0u);
}

TEST_F(JobsTest, ATrivialMoveDoesNoInputOrOutput) {
  Flush({{Put("k", 1)}, {}}, {1});
  Pick move;
  move.inputs = {{0, harness_->version()->runs(0)[0].id, harness_->version()->runs(0)[0].files}};
  move.output_level = 4;
  move.trivial_move = true;
  const uint64_t calls = fs_.calls();
  ASSERT_TRUE(harness_->Run(move, {1}).ok());
  EXPECT_EQ(fs_.calls(), calls);
  EXPECT_EQ(harness_->version()->FileCount(4), 1u);
}

// Hazard C5: a pick from before the version moved on is refused before anything is written.
TEST_F(JobsTest, AStalePickIsRefused) {
  const std::vector<Timestamp> points = MakeTree();
  const Pick pick = NextPick(points);
  ASSERT_TRUE(harness_->Run(pick, points).ok());
  EXPECT_EQ(harness_->Run(pick, points).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(harness_->FilesOnDisk(), harness_->LiveFiles());
}

// --- When something goes wrong -------------------------------------------------------------------

// Hazards C2 and P4: a damaged byte of an input ends the job, unless only other readers use it. The
// inputs stay.
TEST_F(JobsTest, ADamagedInputEndsTheJobAndNothingIsLost) {
  const std::vector<Timestamp> points = MakeTree();
  const Pick pick = NextPick(points);
  const std::vector<std::string> before = harness_->FilesOnDisk();
  const FileMeta& victim = *pick.inputs.back().files.back();
  const std::string path = "/db/" + SegmentFileName(victim.number);
  ASSERT_TRUE(harness_->Prepare(pick, points).ok());
  const JobStatistics whole = harness_->prepared().statistics;
  RemoveAllBut(before);
  int failures = 0;
  for (uint64_t bit = 0; bit < victim.bytes * 8; bit += 67) {
    fs_.FlipBit(path, bit);
    const absl::Status status = harness_->Prepare(pick, points);
    fs_.FlipBit(path, bit);
    if (status.ok()) {
      EXPECT_EQ(harness_->prepared().statistics.versions_written, whole.versions_written);
      EXPECT_EQ(harness_->prepared().statistics.bytes_written, whole.bytes_written);
      RemoveAllBut(before);
      continue;
    }
    ++failures;
    EXPECT_TRUE(status.code() == absl::StatusCode::kDataLoss ||
                status.code() == absl::StatusCode::kUnimplemented)
        << status;
    ASSERT_EQ(harness_->FilesOnDisk(), before);
  }
  EXPECT_GT(failures, 10);
  ASSERT_TRUE(harness_->Run(pick, points).ok());
  ExpectAnswers(points);
}

TEST_F(JobsTest, ACancelledJobEndsWithAbortedAndLeavesNothing) {
  const std::vector<Timestamp> points = MakeTree();
  const std::vector<std::string> before = harness_->FilesOnDisk();
  harness_->progress = [this](uint64_t) { harness_->cancel.Store(true); };
  EXPECT_EQ(harness_->Run(NextPick(points), points).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(harness_->FilesOnDisk(), before);
  harness_->cancel.Store(false);
  harness_->progress = nullptr;
  EXPECT_TRUE(harness_->Run(NextPick(points), points).ok());
  ExpectAnswers(points);
}

TEST_F(JobsTest, ProgressAddsUpToTheBytesWritten) {
  const std::vector<Timestamp> points = MakeTree();
  uint64_t reported = 0;
  harness_->progress = [&](uint64_t bytes) { reported += bytes; };
  ASSERT_TRUE(harness_->Run(NextPick(points), points).ok());
  EXPECT_EQ(reported, harness_->last_result().statistics.bytes_written);
}

// Hazard C3, in one job: the pieces make one edit, with every key of the inputs, including the
// largest.
TEST_F(JobsTest, AJobInPiecesIsOneEditOfDisjointFiles) {
  const std::vector<Timestamp> points = MakeTree();
  const Pick pick = NextPick(points);
  CutIntoPieces(4);
  ASSERT_TRUE(harness_->Run(pick, points).ok());
  const JobResult& result = harness_->last_result();
  EXPECT_EQ(result.statistics.pieces, 4u);
  EXPECT_EQ(result.edit.removed_files.size(), result.statistics.files_read);
  EXPECT_EQ(result.statistics.files_written, result.edit.added_files.size());
  EXPECT_EQ(harness_->FilesOnDisk(), harness_->LiveFiles());
  ExpectAnswers(points);
}

TEST_F(JobsTest, AJobSmallerThanTwoOutputsIsNotCut) {
  CompactionOptions options = TinyCompactionOptions();
  options.target_file_bytes = 1 << 20;
  Restart(options);
  CutIntoPieces(4);
  const std::vector<Timestamp> points = MakeTree();
  ASSERT_TRUE(harness_->Run(NextPick(points), points).ok());
  EXPECT_EQ(harness_->last_result().statistics.pieces, 1u);
}

TEST_F(JobsTest, ADamagedInputOfOnePieceEndsTheWholeJob) {
  const std::vector<Timestamp> points = MakeTree();
  CutIntoPieces(4);
  const Pick pick = NextPick(points);
  const std::vector<std::string> before = harness_->FilesOnDisk();
  const FileMeta& victim = *pick.inputs.back().files.back();
  const std::string path = "/db/" + SegmentFileName(victim.number);
  int failures = 0;
  for (uint64_t bit = 0; bit < victim.bytes * 8; bit += 997) {
    fs_.FlipBit(path, bit);
    const absl::Status status = harness_->Prepare(pick, points);
    fs_.FlipBit(path, bit);
    if (status.ok()) {
      RemoveAllBut(before);
      continue;
    }
    ++failures;
    ASSERT_EQ(harness_->FilesOnDisk(), before) << status;
  }
  EXPECT_GT(failures, 3);
  EXPECT_TRUE(harness_->Run(pick, points).ok());
  ExpectAnswers(points);
}

TEST_F(JobsTest, ACancelledJobInPiecesLeavesNothing) {
  const std::vector<Timestamp> points = MakeTree();
  CutIntoPieces(4);
  const std::vector<std::string> before = harness_->FilesOnDisk();
  for (int call = 1; call < 10; ++call) {
    int calls = 0;
    harness_->progress = [&](uint64_t) { harness_->cancel.Store(++calls >= call); };
    EXPECT_EQ(harness_->Run(NextPick(points), points).code(), absl::StatusCode::kAborted);
    EXPECT_EQ(harness_->FilesOnDisk(), before);
  }
}

struct FaultMode {
  FaultEffect effect;
  bool from_then_on;
};

class JobFaultsTest : public JobsTest, public ::testing::WithParamInterface<FaultMode> {
 protected:
  // Runs `job` with its Nth call failing, for every N, until no call is left to fail.
  void Sweep(const std::function<absl::Status()>& job) {
    const std::vector<std::string> before = harness_->FilesOnDisk();
    for (uint64_t nth = 1;; ++nth) {
      ASSERT_LT(nth, 20'000u);
      fs_.SetFaults({{FsCall::kAny, "", nth, GetParam().from_then_on, GetParam().effect}});
      const std::shared_ptr<const Version> version = harness_->version();
      const absl::Status status = job();
      const bool fired = fs_.faults_fired() > 0;
      fs_.SetFaults({});
      if (!fired) {
        EXPECT_TRUE(status.ok()) << status;
        failed_calls_ = nth - 1;
        return;
      }
      if (status.ok()) {
        continue;  // the fault hit what the job may ignore
      }
      ASSERT_TRUE(status.code() == absl::StatusCode::kUnavailable ||
                  status.code() == absl::StatusCode::kResourceExhausted)
          << status << " at call " << nth;
      ASSERT_EQ(harness_->version(), version);
      ExpectLeftovers(before, nth);
    }
  }
  // Expects nothing. If every call fails, including the removal, expects files that no version
  // names.
  void ExpectLeftovers(const std::vector<std::string>& before, uint64_t nth) {
    if (GetParam().from_then_on) {
      RemoveAllBut(before);
    }
    ASSERT_EQ(harness_->FilesOnDisk(), before) << "after call " << nth;
  }

  uint64_t failed_calls_ = 0;
};

// Hazard C7: failed jobs leave no garbage; C2: nor do they lose anything.
TEST_P(JobFaultsTest, AFlushFailingAtAnyCallLeavesNothingAndCanBeRepeated) {
  Flush(RandomHistory(1, 1, 40, 10), {40});
  const History history = RandomHistory(2, 41, 70, 10);
  Sweep([&] { return harness_->Flush({history}, {50, 70}); });
  EXPECT_GT(failed_calls_, 10u);
  written_.Append(history);
  ExpectAnswers({50, 70});
}

TEST_P(JobFaultsTest, ACompactionFailingAtAnyCallKeepsItsInputsAndCanBeRepeated) {
  Flush(RandomHistory(1, 1, 20, 6), {10, 20});
  Flush(RandomHistory(2, 21, 40, 6), {10, 30, 40});
  const Pick pick = NextPick({10, 30, 40});
  // The harness's own removal of inputs comes after the job: a fault there is not the job's.
  Sweep([&] { return harness_->Prepare(pick, {10, 30, 40}); });
  EXPECT_GT(failed_calls_, 10u);
  ASSERT_TRUE(harness_->InstallPrepared().ok());
  EXPECT_EQ(harness_->FilesOnDisk(), harness_->LiveFiles());
  ExpectAnswers({10, 30, 40});
}

TEST_P(JobFaultsTest, ACompactionInPiecesFailingAtAnyCallLeavesNothingOfAnyPiece) {
  Flush(RandomHistory(1, 1, 20, 6), {10, 20});
  Flush(RandomHistory(2, 21, 40, 6), {10, 30, 40});
  CutIntoPieces(3);
  const Pick pick = NextPick({10, 30, 40});
  Sweep([&] { return harness_->Prepare(pick, {10, 30, 40}); });
  EXPECT_EQ(harness_->prepared().statistics.pieces, 3u);
  ASSERT_TRUE(harness_->InstallPrepared().ok());
  EXPECT_EQ(harness_->FilesOnDisk(), harness_->LiveFiles());
  ExpectAnswers({10, 30, 40});
}

INSTANTIATE_TEST_SUITE_P(EveryEffect, JobFaultsTest,
                         ::testing::Values(FaultMode{FaultEffect::kIoError, false},
                                           FaultMode{FaultEffect::kIoError, true},
                                           FaultMode{FaultEffect::kNoSpace, false},
                                           FaultMode{FaultEffect::kNoSpace, true},
                                           FaultMode{FaultEffect::kShort, false},
                                           FaultMode{FaultEffect::kLate, false},
                                           FaultMode{FaultEffect::kLate, true}));

// Hazard S4, and the order that DESIGN 4 requires: when the edit is returned, a power cut loses
// nothing of the outputs, including their names.
TEST_F(JobsTest, OutputsAreDurableWhenTheEditIsReturned) {
  const std::vector<Timestamp> points = MakeTree();
  ASSERT_TRUE(harness_->Prepare(NextPick(points), points).ok());
  const std::unique_ptr<SimulatedFileSystem> after = fs_.CloneWithNothingUnsynced();
  const auto names = after->List("/db");
  ASSERT_TRUE(names.ok());
  for (const VersionEdit::AddedFile& added : harness_->prepared().edit.added_files) {
    const std::string path = "/db/" + SegmentFileName(added.file.number);
    const auto bytes = ReadWholeFile(*after, path, 1 << 20);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    EXPECT_EQ(*bytes, *ReadWholeFile(fs_, path, 1 << 20));
  }
}

}  // namespace
}  // namespace veralith
