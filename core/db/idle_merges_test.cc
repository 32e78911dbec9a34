// SPDX-License-Identifier: Apache-2.0

// Merges in idle time (Options::idle_merge_percent), as users meet them.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/db/testing/simulation.h"
#include "gtest/gtest.h"
#include "veralith/db.h"
#include "veralith/listener.h"

namespace veralith {
namespace {

#define ASSERT_OK(expression) ASSERT_EQ(ToString(expression), "OK")
#define EXPECT_OK(expression) EXPECT_EQ(ToString(expression), "OK")

constexpr int64_t kSecond = 1'000'000'000;

// Notes how idle merges ended.
class Ends final : public Listener {
 public:
  void OnCompactionEnd(const CompactionEvent& event) override {
    if (event.reason == "idle") {
      statuses.push_back(event.status);
    }
  }
  std::vector<absl::Status> statuses;
};

class IdleMergesTest : public ::testing::Test {
 protected:
  Options SmallOptions(int percent) {
    Options options = simulation_.SmallOptions();
    options.write_buffer_bytes = uint64_t{1} << 20;
    options.level_base_bytes = uint64_t{1} << 20;
    options.target_segment_bytes = uint64_t{1} << 20;
    options.level0_compaction_trigger = 8;
    options.seek_charge_bytes = 0;
    options.level0_garbage_percent = 0;
    options.idle_merge_delay_nanos = kSecond;
    options.idle_merge_percent = percent;
    options.listeners = {ends_};
    return options;
  }
  void Open(const Options& options) { db_ = *simulation_.Open(options); }
  void Put(int key) {
    std::string value;  // of bytes that no codec makes shorter
    while (value.size() < 100) {
      value.push_back(static_cast<char>(random_.Next()));
    }
    ASSERT_OK(db_->Put({}, "key" + std::to_string(1000 + key), value));
  }
  // Makes runs of level 0, each with some of 100 keys.
  void FillRuns(int runs, int keys = 50) {
    for (int run = 0; run < runs; ++run) {
      Put(0);
      Put(99);
      for (int i = 2; i < keys; ++i) {
        Put(static_cast<int>(random_.Next() % 100));
      }
      ASSERT_OK(db_->Flush());
      ASSERT_OK(db_->WaitForBackgroundWork());
    }
  }
  void Pass(int64_t nanos) { simulation_.executor().AdvanceBy(nanos); }
  int Runs() { return db_->GetStatistics().levels[0].runs; }
  uint64_t Written() { return db_->GetStatistics().idle_merge_bytes_written; }

  Simulation simulation_;
  Random random_{7};
  const std::shared_ptr<Ends> ends_ = std::make_shared<Ends>();
  std::unique_ptr<Db> db_;
};

TEST_F(IdleMergesTest, LeaveAQuietDatabaseWithOneRunAtMost) {
  Open(SmallOptions(100));
  FillRuns(5);
  EXPECT_EQ(Runs(), 5);
  Pass(kSecond - 1);
  EXPECT_EQ(Runs(), 5);
  Pass(10 * kSecond);
  EXPECT_LE(Runs(), 1);
  EXPECT_GT(Written(), 0u);
  EXPECT_EQ(Written(), db_->GetStatistics().compaction_bytes_written);
  const uint64_t merges = db_->GetStatistics().compactions;
  Pass(100 * kSecond);  // and then there is nothing to do
  EXPECT_EQ(db_->GetStatistics().compactions, merges);
  EXPECT_EQ(simulation_.executor().timers(), 0u);
}

TEST_F(IdleMergesTest, NeverBeginWhileAWriteCameWithinTheDelay) {
  Open(SmallOptions(100));
  FillRuns(5);
  for (int i = 0; i < 50; ++i) {
    Pass(kSecond * 9 / 10);
    ASSERT_EQ(Written(), 0u) << i;
    Put(i);
  }
  Pass(kSecond - 1);
  EXPECT_EQ(Written(), 0u);
  Pass(2 * kSecond);  // at most twice the delay after the last write
  EXPECT_GT(Written(), 0u);
}

TEST_F(IdleMergesTest, NeverWriteMoreThanTheirShareOfWhatWasFlushed) {
  for (const int percent : {1, 30, 100, 300}) {
    simulation_.Replace(std::make_unique<SimulatedFileSystem>());
    Open(SmallOptions(percent));
    for (int i = 0; i < 60; ++i) {
      FillRuns(1 + static_cast<int>(random_.Next() % 4),
               10 + static_cast<int>(random_.Next() % 60));
      Pass(3 * kSecond);
      const Statistics now = db_->GetStatistics();
      ASSERT_LE(now.idle_merge_bytes_written * 100,
                now.flush_bytes_written * static_cast<uint64_t>(percent))
          << percent << ", " << i;
    }
    if (percent >= 30) {
      EXPECT_GT(Written(), 0u);
    }
    db_.reset();
  }
}

TEST_F(IdleMergesTest, AreOffAtZeroAndWhereNothingIsCompactedByItself) {
  for (const bool by_hand : {false, true}) {
    simulation_.Replace(std::make_unique<SimulatedFileSystem>());
    Options options = SmallOptions(by_hand ? 100 : 0);
    options.disable_automatic_compaction = by_hand;
    Open(options);
    FillRuns(5);
    Pass(100 * kSecond);
    EXPECT_EQ(Runs(), 5);
    db_.reset();
  }
}

TEST_F(IdleMergesTest, AreNotDue) {
  Open(SmallOptions(100));
  FillRuns(5);
  const int64_t before = simulation_.clock().MonotonicNanos();
  ASSERT_OK(db_->WaitForBackgroundWork());
  EXPECT_LT(simulation_.clock().MonotonicNanos() - before, kSecond);
  EXPECT_EQ(Runs(), 5);
  EXPECT_EQ(db_->GetStatistics().pending_compaction, "");
}

TEST_F(IdleMergesTest, WaitForTheEndOfAPause) {
  Open(SmallOptions(100));
  FillRuns(5);
  ASSERT_OK(db_->PauseBackgroundWork());
  Pass(100 * kSecond);
  EXPECT_EQ(Runs(), 5);
  ASSERT_OK(db_->ContinueBackgroundWork());
  Pass(10 * kSecond);
  EXPECT_LE(Runs(), 1);
}

TEST_F(IdleMergesTest, EndWithTheDatabase) {
  Open(SmallOptions(100));
  FillRuns(5);
  ASSERT_OK(db_->Close());
  EXPECT_EQ(simulation_.executor().timers(), 0u);
  Pass(100 * kSecond);
}

// The oldest run is moved first. Then the rate holds the merge back for long, and meanwhile level 0
// gets as many runs as make its merge due.
TEST_F(IdleMergesTest, GiveWayToACompactionThatIsDue) {
  Options options = SmallOptions(100);
  options.background_bytes_per_second = 1;
  options.target_segment_bytes = 4096;  // each output waits for its turn
  Open(options);
  FillRuns(5);
  simulation_.executor().ScheduleAfter(5 * kSecond, [this] {
    EXPECT_EQ(ends_->statuses.size(), 1u);
    for (int run = 0; run < 4; ++run) {
      Put(0);
      Put(99);
      ASSERT_OK(db_->Flush());
    }
  });
  Pass(1000 * kSecond);
  ASSERT_GE(ends_->statuses.size(), 2u);
  EXPECT_TRUE(absl::IsAborted(ends_->statuses[1])) << ends_->statuses[1];
  EXPECT_LE(Runs(), 1);
  EXPECT_EQ(db_->GetStatistics().background_error, "");
}

TEST_F(IdleMergesTest, ThatFailAreNoBackgroundErrorAndWaitForTheNextFlush) {
  Options options = SmallOptions(100);
  options.min_free_bytes = uint64_t{1} << 20;
  Open(options);
  FillRuns(5);
  const uint64_t used = SimulatedFileSystem::kDefaultCapacityBytes -
                        *simulation_.disk().FreeBytes(Simulation::kDirectory);
  simulation_.disk().SetCapacity(used + 4096);  // less than half of the reserve
  Pass(1000 * kSecond);
  EXPECT_EQ(Written(), 0u);
  EXPECT_EQ(db_->GetStatistics().background_error, "");
  EXPECT_OK(db_->WaitForBackgroundWork());
  ASSERT_EQ(ends_->statuses.size(), 2u);  // a move needs no room
  EXPECT_TRUE(absl::IsResourceExhausted(ends_->statuses[1])) << ends_->statuses[1];
  simulation_.disk().SetCapacity(SimulatedFileSystem::kDefaultCapacityBytes);
  Pass(1000 * kSecond);
  EXPECT_EQ(ends_->statuses.size(), 2u);
  FillRuns(2);
  Pass(10 * kSecond);
  EXPECT_GT(Written(), 0u);
}

}  // namespace
}  // namespace veralith
