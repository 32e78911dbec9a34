// SPDX-License-Identifier: Apache-2.0

// Background work as its users meet it: pieces, the rate limit, room on the disk, cancellation, and
// the garbage that a released snapshot had kept.
#include <algorithm>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/epoch.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "core/base/sync.h"
#include "core/db/testing/simulation.h"
#include "core/format/key_hash.h"
#include "core/format/testing/allocation_count.h"
#include "core/format/version_edit.h"
#include "gtest/gtest.h"
#include "veralith/db.h"
#include "veralith/executor.h"
#include "veralith/testing/fault_plan.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {
namespace {

#define ASSERT_OK(expression) ASSERT_EQ(ToString(expression), "OK")
#define EXPECT_OK(expression) EXPECT_EQ(ToString(expression), "OK")

constexpr int64_t kSecond = 1'000'000'000;
constexpr uint64_t kMegabyte = uint64_t{1} << 20;

class BackgroundTest : public ::testing::Test {
 protected:
  void Open(const Options& options) { db_ = *simulation_.Open(options); }
  void Put(const std::string& key, const std::string& value) {
    ASSERT_OK(db_->Put({}, key, value));
    written_[key] = value;
  }
  // Makes runs in level 0, each with every key.
  void FillRuns(int runs, int keys) {
    for (int run = 0; run < runs; ++run) {
      for (int i = 0; i < keys; ++i) {
        std::string value;  // of bytes that no codec makes shorter
        while (value.size() < 50) {
          value.push_back(static_cast<char>(random_.Next()));
        }
        Put("key" + std::to_string(1000 + i), value);
      }
      ASSERT_OK(db_->Flush());
    }
  }
  void ExpectContents() {
    std::map<std::string, std::string> found;
    const std::unique_ptr<DbIterator> it = db_->NewIterator({});
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      found[std::string(it->key())] = std::string(it->value());
    }
    EXPECT_OK(it->status());
    EXPECT_EQ(found, written_);
  }
  uint64_t LiveFiles() {
    uint64_t files = 0;
    for (const LevelStatistics& level : db_->GetStatistics().levels) {
      files += level.files;
    }
    return files;
  }
  uint64_t LiveBytes() {
    uint64_t bytes = 0;
    for (const LevelStatistics& level : db_->GetStatistics().levels) {
      bytes += level.bytes;
    }
    return bytes;
  }
  uint64_t SegmentsOnDisk() {
    const std::vector<std::string> names = *simulation_.disk().List(Simulation::kDirectory);
    return static_cast<uint64_t>(
        std::count_if(names.begin(), names.end(),
                      [](const std::string& name) { return name.ends_with(".parquet"); }));
  }
  void LeaveFree(uint64_t bytes) {
    simulation_.disk().SetCapacity(SimulatedFileSystem::kDefaultCapacityBytes);
    const uint64_t used = SimulatedFileSystem::kDefaultCapacityBytes -
                          *simulation_.disk().FreeBytes(Simulation::kDirectory);
    simulation_.disk().SetCapacity(used + bytes);
  }
  void MakeRoom() { simulation_.disk().SetCapacity(SimulatedFileSystem::kDefaultCapacityBytes); }
  Options ManualOptions() {
    Options options = simulation_.SmallOptions();
    options.disable_automatic_compaction = true;
    return options;
  }
  int64_t Now() { return simulation_.clock().MonotonicNanos(); }

  Simulation simulation_;
  std::unique_ptr<Db> db_;
  Random random_{1};
  std::map<std::string, std::string> written_;
};

// --- Pieces --------------------------------------------------------------------------------------

TEST_F(BackgroundTest, ALargeCompactionIsCutIntoPieces) {
  Options options = ManualOptions();
  options.max_subcompactions = 4;
  Open(options);
  FillRuns(3, 300);
  ASSERT_OK(db_->CompactAll());
  const Statistics statistics = db_->GetStatistics();
  // The oldest run moves to level 1 as it is; then all is merged.
  EXPECT_EQ(statistics.compactions, 2u);
  EXPECT_EQ(statistics.subcompactions, 1u + 4u);
  EXPECT_EQ(SegmentsOnDisk(), LiveFiles());
  ExpectContents();
  EXPECT_OK(db_->Check());
}

TEST_F(BackgroundTest, AnImpossibleNumberOfPiecesIsRefused) {
  for (const int pieces : {-1, 65}) {
    Options options = ManualOptions();
    options.max_subcompactions = pieces;
    EXPECT_TRUE(absl::IsInvalidArgument(simulation_.Open(options).status()));
  }
}

// --- Copied pages --------------------------------------------------------------------------------

TEST_F(BackgroundTest, PagesThatNothingChangesAreCopiedAndCounted) {
  for (const bool copy : {false, true}) {
    Options options = ManualOptions();
    options.upper_codec = options.middle_codec = options.bottom_codec = Codec::kLz4;
    options.copy_value_pages = copy;
    Open(options);
    FillRuns(1, 300);
    ASSERT_OK(db_->CompactAll());
    const Statistics before = db_->GetStatistics();
    Put("key1150", "another value");
    ASSERT_OK(db_->Flush());
    ASSERT_OK(db_->CompactAll());
    const Statistics after = db_->GetStatistics();
    const uint64_t copied = after.compaction_bytes_copied - before.compaction_bytes_copied;
    const uint64_t written = after.compaction_bytes_written - before.compaction_bytes_written;
    EXPECT_LT(copied, written);
    EXPECT_EQ(copied > written / 4, copy) << copied << " of " << written;
    ExpectContents();
    EXPECT_OK(db_->Check());
    ASSERT_OK(db_->Close());
    db_.reset();
  }
}

// --- The shape of the tree -----------------------------------------------------------------------

class BackgroundOfPolicy : public BackgroundTest,
                           public ::testing::WithParamInterface<CompactionPolicyKind> {};

// Hazard C6: what does not fit the last level's target stays in it, and nothing is due for ever.
TEST_P(BackgroundOfPolicy, OutputsBeyondTheLastLevelsTargetAreKept) {
  Options options = simulation_.SmallOptions();
  options.compaction_policy = GetParam();
  options.level_base_bytes = 1024;
  options.level_multiplier = 2;
  options.dynamic_level_targets = false;  // otherwise the last level's target is what it holds
  options.target_segment_bytes = 1024;
  Open(options);
  for (int i = 0; i < 3000; ++i) {
    Put("key" + std::to_string(10'000 + (i * 7919) % 3000), std::string(80, 'v'));
  }
  ASSERT_OK(db_->Flush());
  ASSERT_OK(db_->WaitForBackgroundWork());
  if (GetParam() != CompactionPolicyKind::kTiered) {
    const Statistics statistics = db_->GetStatistics();
    const LevelStatistics& last = statistics.levels[kLevels - 1];
    EXPECT_GT(last.bytes, uint64_t{1024} << (kLevels - 2));
    EXPECT_LT(last.score, 1);  // there is nowhere to go
  }
  ExpectContents();
  ASSERT_OK(db_->CompactAll());
  ExpectContents();
  EXPECT_OK(db_->Check());
}

// Hazard C11: below every trigger, and done when it returns.
TEST_P(BackgroundOfPolicy, ManualCompactionBelowEveryTriggerIsDoneWhenItReturns) {
  Options options = simulation_.SmallOptions();
  options.compaction_policy = GetParam();
  options.level0_compaction_trigger = 12;
  options.level0_slowdown_trigger = 13;
  options.tier_compaction_trigger = 12;
  Open(options);
  FillRuns(3, 20);
  ASSERT_OK(db_->WaitForBackgroundWork());
  EXPECT_EQ(db_->GetStatistics().levels[0].runs, 3);
  EXPECT_EQ(db_->GetStatistics().compactions, 0u);
  ASSERT_OK(db_->CompactAll());
  EXPECT_EQ(simulation_.executor().pending(), 0u);
  uint64_t entries = 0;
  int runs = 0;
  for (const LevelStatistics& level : db_->GetStatistics().levels) {
    entries += level.entries;
    runs += level.runs;
  }
  EXPECT_EQ(entries, 20u);
  EXPECT_EQ(runs, 1);
  ExpectContents();
}

INSTANTIATE_TEST_SUITE_P(Policies, BackgroundOfPolicy,
                         ::testing::Values(CompactionPolicyKind::kLeveled,
                                           CompactionPolicyKind::kHybrid,
                                           CompactionPolicyKind::kTiered));

// --- Rate limit ----------------------------------------------------------------------------------

TEST_F(BackgroundTest, JobsKeepToTheRate) {
  Open(ManualOptions());
  FillRuns(3, 300);
  db_->SetBackgroundRate(20'000);
  const int64_t start = Now();
  ASSERT_OK(db_->CompactAll());
  const Statistics statistics = db_->GetStatistics();
  const double bytes = static_cast<double>(statistics.compaction_bytes_written);
  const double seconds = static_cast<double>(Now() - start) / kSecond;
  // The job after it pays for the last output.
  EXPECT_GT(seconds, (bytes - 2'000 - 2 * 4'096 * 2) / 20'000);
  EXPECT_LT(seconds, 1.2 * bytes / 20'000);
  EXPECT_GT(statistics.background_wait_nanos, 0u);
  ExpectContents();
}

TEST_F(BackgroundTest, TheRateCanBeRaisedWhileAJobRuns) {
  Open(ManualOptions());
  FillRuns(2, 300);
  db_->SetBackgroundRate(1'000);
  simulation_.executor().ScheduleAfter(kSecond, [this] { db_->SetBackgroundRate(0); });
  const int64_t start = Now();
  ASSERT_OK(db_->CompactAll());
  EXPECT_GE(Now() - start, kSecond);
  EXPECT_LT(Now() - start, 2 * kSecond);
}

// Hazard E10. Simulated tasks take a microsecond each; the rate allows a tenth of a byte in that
// time.
TEST_F(BackgroundTest, CloseFlushAndStalledWritesDoNotWaitForTheRate) {
  Options options = ManualOptions();
  options.background_bytes_per_second = 1;
  Open(options);
  const int64_t start = Now();
  FillRuns(2, 300);  // many write buffers, each of which some write waits for
  EXPECT_GT(db_->GetStatistics().flushes, 10u);
  Put("last", "value");
  ASSERT_OK(db_->Flush());
  Put("really the last", "value");
  db_->SetBackgroundRate(2);
  ASSERT_OK(db_->Close());
  EXPECT_LT(Now() - start, kSecond / 100);
  Open(options);
  ExpectContents();
}

TEST_F(BackgroundTest, WritesThatLevel0StopsDoNotWaitForTheRate) {
  Options options = simulation_.SmallOptions();
  options.background_bytes_per_second = 1;
  options.level0_compaction_trigger = 2;
  options.level0_slowdown_trigger = 3;
  options.level0_stop_trigger = 4;
  Open(options);
  const int64_t start = Now();
  FillRuns(2, 600);
  EXPECT_GT(db_->GetStatistics().compactions, 2u);
  EXPECT_LT(Now() - start, 10 * kSecond);  // each slowed down by milliseconds
}

TEST_F(BackgroundTest, WhatNobodyWaitsForKeepsToTheRateAfterAFlush) {
  Options options = ManualOptions();
  options.background_bytes_per_second = 1'000;
  Open(options);
  FillRuns(2, 300);
  const uint64_t flushes = db_->GetStatistics().flushes;
  std::string value(4096, 'v');  // fills a write buffer
  Put("frozen", value);
  Put("active", "value");
  simulation_.executor().AdvanceBy(kSecond / 100);
  EXPECT_EQ(db_->GetStatistics().flushes, flushes + 1);  // paid for by the next
  const int64_t start = Now();
  ASSERT_OK(db_->CompactAll());
  EXPECT_GT(Now() - start, 10 * kSecond);
}

// The only thread is in a compaction that would take hours: it ends, and the last flush runs.
TEST(BackgroundThreads, CloseCancelsACompactionThatTheRateHoldsBack) {
  class Begun final : public Listener {
   public:
    void OnCompactionBegin(const CompactionEvent& event) override {
      MutexLock lock(mutex_);
      begun_ = begun_ || event.input_files > 1;  // the first run is only moved
      changed_.NotifyAll();
    }
    void Await(Executor& executor) {
      MutexLock lock(mutex_);
      while (!begun_) {
        executor.Await(mutex_, changed_);
      }
    }

   private:
    Mutex mutex_;
    CondVar changed_;
    bool begun_ ABSL_GUARDED_BY(mutex_) = false;
  };
  const std::unique_ptr<Executor> executor = NewThreadPoolExecutor(1);
  SimulatedFileSystem disk;
  const auto begun = std::make_shared<Begun>();
  Options options = Simulation().SmallOptions();
  options.file_system = &disk;
  options.clock = nullptr;
  options.executor = executor.get();
  options.listeners = {begun};
  options.level0_compaction_trigger = 2;
  options.background_bytes_per_second = 1;
  std::unique_ptr<Db> db = *Db::Open("db", options);
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK(db->Put({}, "key", std::string(1000, 'v')));
    ASSERT_OK(db->Flush());
  }
  begun->Await(*executor);
  // More than stays in the log: the flush needs the thread that the compaction has.
  ASSERT_OK(db->Put({}, "last", std::string(options.write_buffer_bytes - 500, 'v')));
  EXPECT_OK(db->Close());
  options.disable_automatic_compaction = true;
  db = *Db::Open("db", options);
  EXPECT_EQ(db->GetStatistics().levels[0].runs, 3);  // it was not let through, unpaid, to its end
  PinnedValue value;
  EXPECT_TRUE(*db->Get({}, "last", &value));
}

// --- Room ----------------------------------------------------------------------------------------

TEST_F(BackgroundTest, AFlushWithoutRoomSaysWhatItNeedsBeforeItWrites) {
  Options options = ManualOptions();
  options.min_free_bytes = kMegabyte;
  Open(options);
  Put("a", std::string(3'000, 'v'));
  LeaveFree(kMegabyte + 2'000);
  const uint64_t segments = SegmentsOnDisk();
  const absl::Status status = db_->Flush();
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  for (const char* part : {"flush", "needs up to", "1048576", "min_free_bytes", "are free"}) {
    EXPECT_NE(Message(status).find(part), std::string_view::npos) << part << " in " << status;
  }
  EXPECT_EQ(SegmentsOnDisk(), segments);
  MakeRoom();
  simulation_.executor().AdvanceBy(20 * kSecond);  // it comes back by itself
  EXPECT_EQ(db_->GetStatistics().background_error, "");
  EXPECT_EQ(SegmentsOnDisk(), segments + 1);
  ExpectContents();
}

// Logs go on in the room that is kept. When every write buffer is full, the writer learns why.
TEST_F(BackgroundTest, WritersGoOnWithoutRoomForSegmentsUntilTheyNeedAFlush) {
  Options options = ManualOptions();
  options.min_free_bytes = kMegabyte;
  Open(options);
  FillRuns(1, 20);
  LeaveFree(kMegabyte);
  absl::Status status;
  int writes = 0;
  for (; status.ok() && writes < 10'000; ++writes) {
    const std::string key = "more" + std::to_string(writes);
    status = db_->Put({}, key, std::string(50, 'v'));
    if (status.ok()) {
      written_[key] = std::string(50, 'v');
    }
  }
  EXPECT_GT(writes, 30);
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_NE(Message(status).find("a write must wait"), std::string_view::npos) << status;
  EXPECT_NE(Message(status).find("min_free_bytes"), std::string_view::npos) << status;
  ExpectContents();
  MakeRoom();
  simulation_.executor().AdvanceBy(20 * kSecond);
  Put("after", "room");
  ASSERT_OK(db_->Flush());
  ExpectContents();
}

TEST_F(BackgroundTest, ACompactionWithoutRoomWaitsForItAndGoesOn) {
  Options options = simulation_.SmallOptions();
  options.min_free_bytes = kMegabyte;
  options.level0_compaction_trigger = 4;
  Open(options);
  FillRuns(1, 40);
  ASSERT_OK(db_->CompactAll());
  for (int run = 0; run < 3; ++run) {  // their keys interleave: a merge gives nothing back
    for (int i = 0; i < 40; ++i) {
      Put("key" + std::to_string(1000 + i) + std::to_string(run), std::string(50, 'v'));
    }
    ASSERT_OK(db_->Flush());
  }
  ASSERT_OK(db_->WaitForBackgroundWork());
  const uint64_t before = db_->GetStatistics().compactions;
  Put("one", "more");
  LeaveFree(kMegabyte + 4'000);
  ASSERT_OK(db_->Flush());
  const absl::Status status = db_->WaitForBackgroundWork();
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_NE(Message(status).find("compaction"), std::string_view::npos) << status;
  EXPECT_EQ(db_->GetStatistics().compactions, before);
  ExpectContents();
  MakeRoom();
  simulation_.executor().AdvanceBy(20 * kSecond);
  EXPECT_GT(db_->GetStatistics().compactions, before);
  EXPECT_EQ(db_->GetStatistics().background_error, "");
  ExpectContents();
}

TEST_F(BackgroundTest, AFlushOfAFewBytesMayUseTheReserveAsFarAsHalfOfIt) {
  Options options = ManualOptions();
  options.min_free_bytes = kMegabyte;
  Open(options);
  Put("a", "few");
  LeaveFree(kMegabyte / 2 + 10'000);
  ASSERT_OK(db_->Flush());
  Put("b", "few");
  LeaveFree(kMegabyte / 2);
  EXPECT_TRUE(absl::IsResourceExhausted(db_->Flush()));
}

// Hazard E8.
class FullDiskTest : public BackgroundTest {
 protected:
  static constexpr int kKeys = 1000;

  static std::string KeyOf(int i) { return "key" + std::to_string(10'000 + i); }
  // Uses half of what must stay free.
  void Fill(CompactionPolicyKind policy, bool automatic) {
    OpenFull(policy, automatic);
    for (int i = 0; i < kKeys; ++i) {
      Put(KeyOf(i), std::string(100, 'v'));
    }
    ASSERT_OK(db_->Flush());
    if (automatic) {
      ASSERT_OK(db_->WaitForBackgroundWork());
    }
    before_ = LiveBytes();
    LeaveFree(kMegabyte / 2);
  }
  void OpenFull(CompactionPolicyKind policy, bool automatic) {
    Options options = automatic ? simulation_.SmallOptions() : ManualOptions();
    options.compaction_policy = policy;
    options.min_free_bytes = kMegabyte;
    Open(options);
  }
  void DeleteAll() {
    ASSERT_OK(db_->DeleteRange({}, 0, "", std::nullopt));
    written_.clear();
  }
  void DeleteKeyByKey() {
    for (int i = 0; i < kKeys; ++i) {
      ASSERT_OK(db_->Delete({}, 0, KeyOf((i * 7) % kKeys)));
    }
    written_.clear();
  }
  void ExpectCured() {
    EXPECT_LT(LiveBytes() * 10, before_);
    EXPECT_EQ(SegmentsOnDisk(), LiveFiles());
    EXPECT_GT(*simulation_.disk().FreeBytes(Simulation::kDirectory), kMegabyte / 2 + before_ / 2);
    Put("and", "on");
    ExpectContents();
    EXPECT_EQ(db_->GetStatistics().background_error, "");
    ASSERT_OK(db_->Close());
  }

  uint64_t before_ = 0;
};

class FullDisk : public FullDiskTest, public ::testing::WithParamInterface<CompactionPolicyKind> {
 protected:
  void Fill(bool automatic) { FullDiskTest::Fill(GetParam(), automatic); }
};

TEST_P(FullDisk, IsCuredByOneRangeDelete) {
  Fill(/*automatic=*/true);
  DeleteAll();
  ASSERT_OK(db_->Flush());
  ASSERT_OK(db_->WaitForBackgroundWork());
  ExpectCured();
}

TEST_P(FullDisk, IsCuredByDeletingKeyByKey) {
  Fill(/*automatic=*/true);
  DeleteKeyByKey();
  ASSERT_OK(db_->Flush());
  ASSERT_OK(db_->WaitForBackgroundWork());
  ExpectCured();
}

TEST_P(FullDisk, IsCuredByHandWhereNothingIsCompactedByItself) {
  Fill(/*automatic=*/false);
  DeleteAll();
  ASSERT_OK(db_->CompactAll());
  ExpectCured();
}

// Every write is refused, except those that delete; nobody asks for a flush.
TEST_P(FullDisk, IsCuredWhenEveryWriteBufferIsFull) {
  Fill(/*automatic=*/true);
  absl::Status status;
  for (int i = 0; status.ok() && i < 10'000; ++i) {
    status = db_->Put({}, "more" + std::to_string(i), std::string(50, 'v'));
  }
  ASSERT_TRUE(absl::IsResourceExhausted(status)) << status;
  DeleteAll();
  simulation_.executor().AdvanceBy(20 * kSecond);
  ASSERT_OK(db_->WaitForBackgroundWork());
  ExpectCured();
}

INSTANTIATE_TEST_SUITE_P(Policies, FullDisk, ::testing::ValuesIn(kCompactionPolicyKinds));

// The tree has the shape that another policy gave it, and the disk has no room to change it.
class FullDiskOfAnotherShape
    : public FullDiskTest,
      public ::testing::WithParamInterface<std::pair<CompactionPolicyKind, CompactionPolicyKind>> {
 protected:
  void Fill() {
    FullDiskTest::Fill(GetParam().first, /*automatic=*/true);
    ASSERT_OK(db_->Close());
    db_.reset();
    OpenFull(GetParam().second, /*automatic=*/true);
    simulation_.executor().RunUntilIdle();
  }
};

TEST_P(FullDiskOfAnotherShape, IsCuredByOneRangeDelete) {
  Fill();
  DeleteAll();
  ASSERT_OK(db_->Flush());
  ASSERT_OK(db_->WaitForBackgroundWork());
  ExpectCured();
}

TEST_P(FullDiskOfAnotherShape, IsCuredByDeletingKeyByKey) {
  Fill();
  DeleteKeyByKey();
  ASSERT_OK(db_->Flush());
  ASSERT_OK(db_->WaitForBackgroundWork());
  ExpectCured();
}

TEST_P(FullDiskOfAnotherShape, IsCuredByHandWhereNothingIsCompactedByItself) {
  FullDiskTest::Fill(GetParam().first, /*automatic=*/true);
  ASSERT_OK(db_->Close());
  db_.reset();
  OpenFull(GetParam().second, /*automatic=*/false);
  DeleteAll();
  ASSERT_OK(db_->CompactAll());
  ExpectCured();
}

std::vector<std::pair<CompactionPolicyKind, CompactionPolicyKind>> ChangesOfPolicy() {
  std::vector<std::pair<CompactionPolicyKind, CompactionPolicyKind>> changes;
  for (const CompactionPolicyKind before : kCompactionPolicyKinds) {
    for (const CompactionPolicyKind now : kCompactionPolicyKinds) {
      if (before != now) {
        changes.emplace_back(before, now);
      }
    }
  }
  return changes;
}

INSTANTIATE_TEST_SUITE_P(Changes, FullDiskOfAnotherShape, ::testing::ValuesIn(ChangesOfPolicy()),
                         [](const auto& change) {
                           return std::string(PolicyName(change.param.first)) + "_to_" +
                                  std::string(PolicyName(change.param.second));
                         });

// --- Garbage -------------------------------------------------------------------------------------

// Hazard E11: a database that is only read gives its room back.
class Garbage : public BackgroundTest {
 protected:
  // Two versions of everything: the older one is pinned by `it`.
  void PinWhatIsRewritten() {
    Open(ManualOptions());
    FillRuns(1, 100);
    it_ = db_->NewIterator({});
    it_->SeekToFirst();
    FillRuns(1, 100);
    ASSERT_OK(db_->CompactAll());
    ASSERT_GT(SegmentsOnDisk(), LiveFiles());
  }

  std::unique_ptr<DbIterator> it_;
};

TEST_F(Garbage, GoesWithTheIteratorThatPinnedIt) {
  PinWhatIsRewritten();
  ASSERT_OK(db_->WaitForBackgroundWork());
  EXPECT_GT(SegmentsOnDisk(), LiveFiles());
  it_.reset();
  simulation_.executor().RunUntilIdle();
  EXPECT_EQ(SegmentsOnDisk(), LiveFiles());
}

TEST_F(Garbage, IsGoneWhenBackgroundWorkWasWaitedFor) {
  PinWhatIsRewritten();
  it_.reset();
  ASSERT_OK(db_->WaitForBackgroundWork());
  EXPECT_EQ(SegmentsOnDisk(), LiveFiles());
}

TEST_F(Garbage, ThatNobodyPinsStartsNoTaskOfItsOwn) {
  Open(ManualOptions());
  FillRuns(2, 100);
  ASSERT_OK(db_->CompactAll());
  EXPECT_EQ(SegmentsOnDisk(), LiveFiles());
  EXPECT_EQ(simulation_.executor().pending(), 0u);
  db_->NewIterator({})->SeekToFirst();
  EXPECT_EQ(simulation_.executor().pending(), 0u);
}

TEST_F(Garbage, IsNotLeftByCloseThoughAnIteratorIsOpen) {
  PinWhatIsRewritten();
  PinnedValue value;
  ASSERT_TRUE(*db_->Get({}, "key1007", &value));
  const uint64_t live = LiveFiles();
  ASSERT_OK(db_->Close());
  EXPECT_EQ(SegmentsOnDisk(), live);
  EXPECT_TRUE(absl::IsFailedPrecondition(it_->status()));
  EXPECT_EQ(value.view(), written_["key1007"]);
  it_.reset();
  EXPECT_EQ(simulation_.executor().pending(), 0u);
  Open(ManualOptions());
  ExpectContents();
}

// For example a lookup on another thread: nobody tells when it ends, so it is looked at again.
TEST_F(Garbage, OfALookupUnderWayGoesSoonAfterIt) {
  Open(ManualOptions());
  FillRuns(2, 100);
  {
    const EpochGuard guard;
    ASSERT_OK(db_->CompactAll());
    EXPECT_GT(SegmentsOnDisk(), LiveFiles());
  }
  ASSERT_OK(db_->WaitForBackgroundWork());
  EXPECT_EQ(SegmentsOnDisk(), LiveFiles());
}

TEST(RetiredGarbage, OfALookupThatEndsAfterTheDatabaseTouchesItNoMore) {
  SimulatedFileSystem disk;  // outlives the segments' files
  {
    const EpochGuard guard;
    Simulation simulation;
    Options options = simulation.SmallOptions();
    options.file_system = &disk;
    std::unique_ptr<Db> db = *Db::Open("db", options);
    for (const char* value : {"one", "another"}) {
      ASSERT_OK(db->Put({}, "key", value));
      ASSERT_OK(db->CompactAll());
    }
    ASSERT_OK(db->Close());
    db.reset();
    EXPECT_EQ(simulation.executor().pending(), 0u);
    EXPECT_EQ(simulation.executor().timers(), 0u);
  }
  EXPECT_TRUE(ReclaimRetired());
}

TEST_F(Garbage, ThatCannotBeRemovedIsTriedAgain) {
  Open(ManualOptions());
  FillRuns(2, 100);
  simulation_.disk().SetFaults(*ParseFaultPlan("remove@.parquet#1=eio"));
  ASSERT_OK(db_->CompactAll());
  ASSERT_OK(db_->WaitForBackgroundWork());
  EXPECT_EQ(SegmentsOnDisk(), LiveFiles() + 1);
  simulation_.executor().AdvanceBy(kSecond);
  EXPECT_EQ(SegmentsOnDisk(), LiveFiles());
}

// --- Cancellation --------------------------------------------------------------------------------

TEST_F(BackgroundTest, ACancelledCompactionLeavesNothingBehind) {
  for (const int pieces : {1, 3}) {
    Options options = ManualOptions();
    options.max_subcompactions = pieces;
    db_.reset();
    Open(options);
    FillRuns(3, 300);
    db_->SetBackgroundRate(5'000);
    std::stop_source cancel;
    simulation_.executor().ScheduleAfter(kSecond, [&] { cancel.request_stop(); });
    CompactOptions compact;
    compact.cancel = cancel.get_token();
    const int64_t start = Now();
    const absl::Status status = db_->Compact(compact, std::nullopt, Bound::Open(), Bound::Open());
    EXPECT_TRUE(absl::IsAborted(status)) << status;
    EXPECT_LT(Now() - start, 2 * kSecond);
    EXPECT_GT(db_->GetStatistics().levels[0].files, 0u);
    EXPECT_EQ(SegmentsOnDisk(), LiveFiles());
    EXPECT_EQ(db_->GetStatistics().background_error, "");
    ExpectContents();
    db_->SetBackgroundRate(0);
    EXPECT_OK(db_->CompactAll());
    EXPECT_EQ(db_->GetStatistics().levels[0].files, 0u);
    ExpectContents();
  }
}

TEST_F(BackgroundTest, ACompactionCancelledBeforeItBeginsDoesNothing) {
  Open(ManualOptions());
  FillRuns(2, 30);
  Put("in memory", "only");
  std::stop_source cancel;
  cancel.request_stop();
  CompactOptions compact;
  compact.cancel = cancel.get_token();
  EXPECT_TRUE(absl::IsAborted(db_->Compact(compact, std::nullopt, Bound::Open(), Bound::Open())));
  EXPECT_EQ(db_->GetStatistics().compactions, 0u);
  EXPECT_EQ(db_->GetStatistics().levels[0].runs, 2);
}

TEST_F(BackgroundTest, ACompactionThatNobodyStopsIsDoneWhenItReturns) {
  Open(ManualOptions());
  FillRuns(2, 30);
  std::stop_source cancel;
  CompactOptions compact;
  compact.cancel = cancel.get_token();
  EXPECT_OK(db_->Compact(compact, std::nullopt, Bound::Open(), Bound::Open()));
  EXPECT_EQ(db_->GetStatistics().levels[0].files, 0u);
}

// --- Seeks that pay for a merge ------------------------------------------------------------------

class SeeksTest : public BackgroundTest {
 protected:
  // 300 keys, each in all three runs; four runs would be merged.
  void OpenThreeRuns(size_t seek_charge_bytes) {
    Options options = simulation_.SmallOptions();
    options.write_buffer_bytes = kMegabyte;
    options.level_base_bytes = kMegabyte;
    options.seek_charge_bytes = seek_charge_bytes;
    Open(options);
    FillRuns(3, 300);
    ASSERT_EQ(Runs(), 3);
  }
  int Runs() { return db_->GetStatistics().levels[0].runs; }
  void Seek(int times) {
    for (int i = 0; i < times; ++i) {
      const std::unique_ptr<DbIterator> it = db_->NewIterator({});
      it->Seek("key1100");
      ASSERT_TRUE(it->Valid());
    }
    simulation_.executor().RunUntilIdle();
  }
};

TEST_F(SeeksTest, MergeLevel0OnceTheyHavePaidForIt) {
  // Each pays for two runs: 128 of them pay 1 MiB, far more than the runs hold.
  OpenThreeRuns(4096);
  Seek(127);
  EXPECT_EQ(Runs(), 3);
  EXPECT_EQ(db_->GetStatistics().compactions, 0u);
  Seek(1);
  EXPECT_EQ(Runs(), 0);
  // The oldest run moves, the others are merged into it.
  EXPECT_EQ(db_->GetStatistics().compactions, 2u);
  Seek(1000);  // nothing is left to pay for
  EXPECT_EQ(db_->GetStatistics().compactions, 2u);
  ExpectContents();
}

TEST_F(SeeksTest, ThatPaidForOneMergeHavePaidNothingForTheNext) {
  OpenThreeRuns(4096);
  Seek(128);
  ASSERT_EQ(Runs(), 0);
  FillRuns(2, 300);
  Seek(255);  // each pays for one run
  EXPECT_EQ(Runs(), 2);
  Seek(1);
  EXPECT_EQ(Runs(), 0);
  ExpectContents();
}

TEST_F(SeeksTest, PayByIteratorWhateverTheirDirection) {
  OpenThreeRuns(4096);
  {
    const std::unique_ptr<DbIterator> it = db_->NewIterator({});
    for (int i = 0; i < 32; ++i) {
      it->Seek("key1100");
      it->SeekForPrev("key1200");
      it->SeekToFirst();
      it->SeekToLast();
    }
    simulation_.executor().RunUntilIdle();
    EXPECT_EQ(Runs(), 3);  // a merge would not help it: it reads the runs that it holds
  }
  simulation_.executor().RunUntilIdle();
  EXPECT_EQ(Runs(), 0);
  ExpectContents();
}

TEST_F(SeeksTest, StartNothingWhereTheyCostNothingOrCompactionIsOff) {
  OpenThreeRuns(0);
  Seek(1000);
  EXPECT_EQ(Runs(), 3);
  db_.reset();
  Options options = ManualOptions();
  options.write_buffer_bytes = kMegabyte;
  Open(options);
  Seek(1000);
  EXPECT_EQ(Runs(), 3);
}

// One key in sixteen pays for two runs each time, as a seek does: 128 such lookups merge.
TEST_F(SeeksTest, LookupsPayIfTheirKeyDoes) {
  OpenThreeRuns(4096);
  std::vector<std::string> keys;
  std::vector<std::string> paying;
  for (int i = 0; i < 300; ++i) {
    keys.push_back("key" + std::to_string(1000 + i));
    if (HashUserKey(0, keys.back()) % 16 == 0) {
      paying.push_back(keys.back());
    }
  }
  ASSERT_GT(paying.size(), 300u / 16 / 2);
  ASSERT_LT(paying.size(), 300u / 16 * 2);
  const auto get = [this](const std::string& key) {
    PinnedValue value;
    ASSERT_TRUE(*db_->Get({}, key, &value));
    simulation_.executor().RunUntilIdle();
  };
  for (const std::string& key : keys) {
    get(key);
  }
  for (size_t paid = paying.size(); paid < 127; ++paid) {
    get(paying[0]);
  }
  EXPECT_EQ(Runs(), 3);
  get(paying[0]);
  EXPECT_EQ(Runs(), 0);

  FillRuns(2, 300);  // each pays for one run
  const std::vector<std::string_view> views(paying.begin(), paying.end());
  for (size_t paid = views.size(); paid < 256; paid += views.size()) {
    EXPECT_OK(db_->MultiGet({}, 0, views).status());
  }
  simulation_.executor().RunUntilIdle();
  EXPECT_EQ(Runs(), 2);
  EXPECT_OK(db_->MultiGet({}, 0, views).status());
  simulation_.executor().RunUntilIdle();
  EXPECT_EQ(Runs(), 0);
  ExpectContents();
}

TEST_F(SeeksTest, OfAnotherNamespacePayForWhatTheyLookInto) {
  OpenThreeRuns(4096);
  for (int i = 0; i < 1000; ++i) {
    ScanOptions scan;
    scan.ns = 7;  // no run has it
    db_->NewIterator(scan)->SeekToFirst();
  }
  simulation_.executor().RunUntilIdle();
  EXPECT_EQ(Runs(), 3);
}

TEST_F(SeeksTest, OtherLookupsAndStepsPayNothing) {
  OpenThreeRuns(4096);
  ASSERT_NE(HashUserKey(0, "key1100") % 16, 0u);
  PinnedValue value;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(*db_->Get({}, 0, "key1100", &value));
  }
  ExpectContents();
  simulation_.executor().RunUntilIdle();
  EXPECT_EQ(Runs(), 3);
}

// An iterator may end after Close; the database it belongs to is still there.
TEST_F(SeeksTest, ThatEndAfterCloseStartNothing) {
  OpenThreeRuns(kMegabyte);
  std::unique_ptr<DbIterator> it = db_->NewIterator({});
  it->Seek("key1100");
  ASSERT_OK(db_->Close());
  it.reset();
  EXPECT_EQ(simulation_.executor().pending(), 0u);
}

// --- Snapshots -----------------------------------------------------------------------------------

// Nobody waits and nobody writes: releasing the snapshot is all that happens.
TEST_F(BackgroundTest, ReleasingTheSnapshotThatKeptGarbageLetsItGo) {
  Open(simulation_.SmallOptions());
  FillRuns(1, 300);
  const Snapshot* snapshot = db_->GetSnapshot();
  ASSERT_OK(db_->DeleteRange({}, 0, "", std::nullopt));
  ASSERT_OK(db_->Flush());
  ASSERT_OK(db_->WaitForBackgroundWork());
  const uint64_t kept = LiveBytes();
  EXPECT_GT(kept, 15'000u);
  db_->ReleaseSnapshot(snapshot);
  simulation_.executor().RunUntilIdle();
  EXPECT_LT(LiveBytes() * 20, kept);
}

// Even with many snapshots held: what a job needs to know of them all is not computed for a
// snapshot that decides nothing.
TEST_F(BackgroundTest, ReleasingOneOfManySnapshotsAsksOnlyItsNeighbour) {
  Options options = simulation_.SmallOptions();
  options.write_buffer_bytes = 1 << 20;  // one segment has all the garbage, up to the range delete
  Open(options);
  FillRuns(1, 30);
  std::vector<const Snapshot*> snapshots;
  for (int i = 0; i < 300; ++i) {
    ASSERT_OK(db_->Put({}, "k", std::to_string(i)));
    snapshots.push_back(db_->GetSnapshot());
  }
  ASSERT_OK(db_->DeleteRange({}, 0, "", std::nullopt));
  ASSERT_OK(db_->Flush());
  ASSERT_OK(db_->WaitForBackgroundWork());
  const uint64_t kept = LiveBytes();
  db_->ReleaseSnapshot(snapshots[0]);
  const uint64_t before = AllocationCount();
  for (size_t i = 1; i + 1 < snapshots.size(); ++i) {
    db_->ReleaseSnapshot(snapshots[i]);
  }
  EXPECT_EQ(AllocationCount(), before);
  EXPECT_EQ(simulation_.executor().pending(), 0u);
  db_->ReleaseSnapshot(snapshots.back());
  simulation_.executor().RunUntilIdle();
  EXPECT_LT(LiveBytes(), kept / 2);
}

TEST_F(BackgroundTest, ReleasingASnapshotThatKeptNothingStartsNothing) {
  Open(simulation_.SmallOptions());
  FillRuns(1, 30);
  ASSERT_OK(db_->WaitForBackgroundWork());
  const Snapshot* snapshot = db_->GetSnapshot();
  db_->ReleaseSnapshot(snapshot);
  EXPECT_EQ(simulation_.executor().pending(), 0u);
}

}  // namespace
}  // namespace veralith
