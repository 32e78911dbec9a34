// SPDX-License-Identifier: Apache-2.0

// What listeners are told, and what they may do (listener.h); pauses of background work.
#include "veralith/listener.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/db/testing/simulation.h"
#include "gtest/gtest.h"
#include "veralith/testing/fault_plan.h"

namespace veralith {
namespace {

#define ASSERT_OK(expression) ASSERT_EQ(ToString(expression), "OK")
#define EXPECT_OK(expression) EXPECT_EQ(ToString(expression), "OK")

// Keeps every event as a line, and in each event does what the test asks for.
class Recorder final : public Listener {
 public:
  void OnFlushBegin(const FlushEvent& event) override {
    flushes.push_back(event);
    Note("flush begin");
  }
  void OnFlushEnd(const FlushEvent& event) override {
    flushes.push_back(event);
    Note(event.status.ok() ? "flush end" : "flush failed");
  }
  void OnCompactionBegin(const CompactionEvent& event) override {
    compactions.push_back(event);
    Note("compaction begin");
  }
  void OnCompactionEnd(const CompactionEvent& event) override {
    compactions.push_back(event);
    Note(event.status.ok() ? "compaction end" : "compaction failed");
  }
  void OnStallBegin(const StallEvent& event) override { Note(Name(event) + " begin"); }
  void OnStallEnd(const StallEvent& event) override { Note(Name(event) + " end"); }
  void OnBackgroundError(const BackgroundErrorEvent& event) override {
    errors.push_back(event);
    Note(event.fatal ? "fatal" : "error");
  }
  void OnBackgroundErrorCleared(const std::string& what) override { Note(what + " cleared"); }

  size_t Count(const std::string& line) const {
    return static_cast<size_t>(std::count(lines.begin(), lines.end(), line));
  }
  // Returns the first index of `line` at or after `from`.
  size_t Find(const std::string& line, size_t from = 0) const {
    return static_cast<size_t>(
        std::find(lines.begin() + static_cast<ptrdiff_t>(from), lines.end(), line) - lines.begin());
  }

  std::vector<std::string> lines;
  std::vector<FlushEvent> flushes;
  std::vector<CompactionEvent> compactions;
  std::vector<BackgroundErrorEvent> errors;
  std::function<void()> inside;

 private:
  static std::string Name(const StallEvent& event) {
    return (event.kind == StallEvent::Kind::kStop ? "stop: " : "slowdown: ") + event.reason;
  }
  void Note(std::string line) {
    lines.push_back(std::move(line));
    if (inside != nullptr) {
      inside();
    }
  }
};

class ListenerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_ = simulation_.SmallOptions();
    options_.listeners = {recorder_};
    // Level 0 is compacted into level 1, all its runs at once.
    options_.dynamic_level_targets = false;
  }
  void Open() {
    absl::StatusOr<std::unique_ptr<Db>> db = simulation_.Open(options_);
    ASSERT_OK(db.status());
    db_ = *std::move(db);
  }
  absl::Status Put(int i) {
    return db_->Put({}, "key" + std::to_string(10'000 + i), std::string(100, 'v'));
  }
  void SetFaults(const std::string& plan) { simulation_.disk().SetFaults(*ParseFaultPlan(plan)); }
  // Flushes a segment that cannot be read from then on: flushes succeed, compactions do not.
  void MakeCompactionsFail() {
    ASSERT_OK(Put(0));
    ASSERT_OK(db_->Flush());
    const auto names = simulation_.disk().List(Simulation::kDirectory);
    ASSERT_OK(names.status());
    for (const std::string& name : *names) {
      if (name.ends_with(".parquet")) {
        SetFaults("read@" + name + "#1+=eio");
        return;
      }
    }
    FAIL() << "no segment";
  }

  Simulation simulation_;
  std::shared_ptr<Recorder> recorder_ = std::make_shared<Recorder>();
  Options options_;
  std::unique_ptr<Db> db_;
};

TEST_F(ListenerTest, IsToldOfFlushesAndCompactionsInPairsWithTheirFigures) {
  Open();
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 10; ++i) {
      ASSERT_OK(Put(i));
    }
    ASSERT_OK(db_->Flush());
  }
  ASSERT_OK(db_->CompactAll());
  ASSERT_OK(db_->Close());
  for (size_t i = 0; i < recorder_->lines.size(); ++i) {
    const std::string what = i < 4 ? "flush" : "compaction";
    EXPECT_EQ(recorder_->lines[i], what + (i % 2 == 0 ? " begin" : " end")) << i;
  }
  ASSERT_EQ(recorder_->flushes.size(), 4u);
  EXPECT_EQ(recorder_->flushes[0].job_id, recorder_->flushes[1].job_id);
  EXPECT_NE(recorder_->flushes[1].job_id, recorder_->flushes[2].job_id);
  EXPECT_EQ(recorder_->flushes[0].memtables, 1u);
  EXPECT_EQ(recorder_->flushes[0].entries, 10u);
  EXPECT_GT(recorder_->flushes[1].bytes_written, 0u);
  ASSERT_GE(recorder_->compactions.size(), 2u);
  EXPECT_EQ(recorder_->compactions[0].input_level, 0);
  EXPECT_GT(recorder_->compactions[0].input_files, 0u);
  EXPECT_GT(recorder_->compactions[0].output_level, 0);
  EXPECT_FALSE(recorder_->compactions[0].reason.empty());
  EXPECT_GT(recorder_->compactions[0].input_bytes, 0u);
}

TEST_F(ListenerTest, IsToldWhenWritersStopForAFlushAndGoOn) {
  Open();
  for (int i = 0; recorder_->Count("flush end") < 3; ++i) {
    ASSERT_LT(i, 1000);
    ASSERT_OK(Put(i));
  }
  ASSERT_OK(db_->Close());
  const std::string stop = "stop: all write buffers wait to be flushed";
  EXPECT_GT(recorder_->Count(stop + " begin"), 0u);
  EXPECT_EQ(recorder_->Count(stop + " begin"), recorder_->Count(stop + " end"));
  const size_t begin = recorder_->Find(stop + " begin");
  EXPECT_LT(recorder_->Find("flush end", begin), recorder_->Find(stop + " end", begin));
}

// Level 0 grows while compactions fail: slowdown, error, stop; then the cause is cured.
TEST_F(ListenerTest, IsToldOfSlowdownErrorStopAndRecovery) {
  options_.level0_compaction_trigger = 2;
  options_.level0_slowdown_trigger = 3;
  options_.level0_stop_trigger = 5;
  Open();
  MakeCompactionsFail();
  absl::Status status;
  int written = 0;
  while (status.ok() && written < 2000) {
    status = Put(written++);
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);  // waits for work that failed
  const std::string slowdown = "slowdown: level 0 has many runs";
  const std::string stop = "stop: level 0 has too many runs";
  EXPECT_LT(recorder_->Find(slowdown + " begin"), recorder_->Find(slowdown + " end"));
  EXPECT_LT(recorder_->Find(slowdown + " end"), recorder_->Find(stop + " begin"));
  EXPECT_EQ(recorder_->Count(stop + " begin"), recorder_->Count(stop + " end"));
  ASSERT_FALSE(recorder_->errors.empty());
  EXPECT_FALSE(recorder_->errors[0].fatal);
  EXPECT_GT(recorder_->errors[0].retry_nanos, 0);
  EXPECT_EQ(recorder_->Count("compaction cleared"), 0u);

  SetFaults("");
  recorder_->lines.clear();
  ASSERT_OK(db_->Resume());
  ASSERT_OK(db_->WaitForBackgroundWork());
  EXPECT_EQ(recorder_->Count("compaction cleared"), 1u);
  ASSERT_OK(Put(0));
  EXPECT_EQ(db_->GetStatistics().stall_reason, "");
  ASSERT_OK(db_->Close());
  EXPECT_EQ(recorder_->Count(slowdown + " begin"), recorder_->Count(slowdown + " end"));
}

// The further level 0 is above its trigger, the longer a commit waits. Every run holds key 0, and
// so does the segment that no compaction can read.
TEST_F(ListenerTest, SlowdownGrowsWithLevelZero) {
  options_.level0_compaction_trigger = 2;
  options_.level0_slowdown_trigger = 3;
  options_.level0_stop_trigger = 100;
  Open();
  MakeCompactionsFail();
  int most_beyond = 0;
  for (int round = 0; round < 20; ++round) {
    ASSERT_OK(Put(0));
    db_->Flush().IgnoreError();
    simulation_.executor().RunUntilIdle();
    const int beyond = std::max(0, db_->GetStatistics().levels[0].runs - 2);
    const size_t compactions = recorder_->compactions.size();
    const int64_t start = simulation_.clock().MonotonicNanos();
    ASSERT_OK(Put(0));
    const int64_t waited = simulation_.clock().MonotonicNanos() - start;
    EXPECT_LT(waited, (beyond + 1) * int64_t{1'000'000}) << round;
    if (recorder_->compactions.size() == compactions) {  // a job that ends may end the wait early
      EXPECT_GE(waited, beyond * int64_t{1'000'000}) << round;
      most_beyond = std::max(most_beyond, beyond);
    }
  }
  EXPECT_GT(most_beyond, 3);
}

TEST_F(ListenerTest, IsToldOfAFailureThatOnlyReopeningCures) {
  Open();
  SetFaults("sync@.log#1=eio");
  EXPECT_FALSE(db_->Put({.sync = SyncMode::kCommit}, "a", "1").ok());
  ASSERT_EQ(recorder_->errors.size(), 1u);
  EXPECT_TRUE(recorder_->errors[0].fatal);
  EXPECT_FALSE(Put(1).ok());
  EXPECT_EQ(recorder_->errors.size(), 1u);  // once
}

TEST_F(ListenerTest, MayReadAndIsRefusedWhatCouldWaitForItself) {
  Open();
  ASSERT_OK(db_->Put({}, "a", "1"));
  int told = 0;
  recorder_->inside = [&] {
    ++told;
    PinnedValue value;
    const absl::StatusOr<bool> found = db_->Get({}, "a", &value);
    EXPECT_TRUE(found.ok() && *found);
    const ScopedSnapshot snapshot(*db_);
    const std::unique_ptr<DbIterator> it = db_->NewIterator({});
    it->SeekToFirst();
    EXPECT_TRUE(it->Valid());
    EXPECT_GT(db_->GetStatistics().commits, 0u);
    EXPECT_OK(db_->Resume());
    WriteBatch batch;
    batch.Put("b", "2");
    for (const absl::Status& refused :
         {db_->Put({}, "b", "2"), db_->Delete({}, "b"), db_->Write({}, batch).status(), db_->Sync(),
          db_->Flush(), db_->CompactAll(), db_->WaitForBackgroundWork(), db_->PauseBackgroundWork(),
          db_->Checkpoint("copy"), db_->Close()}) {
      EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << ToString(refused);
    }
  };
  ASSERT_OK(db_->Flush());
  EXPECT_GT(told, 0);
  ASSERT_OK(db_->Put({}, "b", "2"));  // outside it is as ever
  recorder_->inside = nullptr;
  ASSERT_OK(db_->Close());
  EXPECT_EQ(recorder_->Count("flush begin"), recorder_->Count("flush end"));
}

// --- Pauses --------------------------------------------------------------------------------------

TEST_F(ListenerTest, PausedWritersWaitForRoomNoLongerThanTheStallTimeout) {
  options_.stall_timeout_nanos = 1'000'000'000;
  Open();
  ASSERT_OK(db_->PauseBackgroundWork());
  absl::Status status;
  int written = 0;
  while (status.ok() && written < 1000) {
    status = Put(written++);
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << ToString(status);
  EXPECT_EQ(recorder_->Count("flush begin"), 0u);
  ASSERT_OK(db_->ContinueBackgroundWork());
  EXPECT_OK(Put(written));
  EXPECT_GT(recorder_->Count("flush end"), 0u);
  EXPECT_TRUE(absl::IsFailedPrecondition(db_->ContinueBackgroundWork()));
}

// Two memtables of 2 MiB. The second one takes four steps of 16 KiB in its last 64.
TEST_F(ListenerTest, TheLastWriteBufferFillsSlowlyAtItsEnd) {
  constexpr char kSlowdown[] = "slowdown: the last write buffer is nearly full";
  options_.write_buffer_bytes = 2 << 20;
  options_.max_write_buffers = 2;
  options_.stall_timeout_nanos = 1'000'000'000;
  Open();
  ASSERT_OK(db_->PauseBackgroundWork());
  std::vector<int64_t> pauses;
  absl::Status status;
  int written = 0;
  while (status.ok()) {
    const int64_t begin = simulation_.clock().MonotonicNanos();
    status = Put(written++);
    const int64_t nanos = simulation_.clock().MonotonicNanos() - begin;
    if (nanos > 0) {
      pauses.push_back(nanos / 1'000'000);
    }
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << ToString(status);
  ASSERT_GE(pauses.size(), 4u);
  EXPECT_EQ(pauses.back(), 1000);  // the stop, as long as stall_timeout_nanos
  pauses.pop_back();
  EXPECT_EQ(pauses.front(), 1);
  EXPECT_LE(pauses.size(), 5u);
  EXPECT_TRUE(std::is_sorted(pauses.begin(), pauses.end()));
  EXPECT_GE(pauses.back(), 2);
  EXPECT_LE(pauses.back(), 8);
  EXPECT_EQ(recorder_->Count(std::string(kSlowdown) + " begin"), 1u);
  EXPECT_EQ(recorder_->Count(std::string(kSlowdown) + " end"), 1u);
}

TEST_F(ListenerTest, AFlushEndsTheSlowdownThatNoWriterMeets) {
  constexpr char kSlowdown[] = "slowdown: the last write buffer is nearly full";
  options_.write_buffer_bytes = 2 << 20;
  options_.max_write_buffers = 2;
  Open();
  ASSERT_OK(db_->PauseBackgroundWork());
  int written = 0;
  while (recorder_->Count(std::string(kSlowdown) + " begin") == 0) {
    ASSERT_OK(Put(written++));
  }
  EXPECT_EQ(db_->GetStatistics().stall_reason, "the last write buffer is nearly full");
  ASSERT_OK(db_->ContinueBackgroundWork());
  simulation_.executor().RunUntilIdle();
  EXPECT_EQ(recorder_->Count(std::string(kSlowdown) + " end"), 1u);
  EXPECT_EQ(db_->GetStatistics().stall_reason, "");
}

TEST_F(ListenerTest, APauseEndsAtItsLastContinueOrAtClose) {
  Open();
  ASSERT_OK(db_->PauseBackgroundWork());
  ASSERT_OK(db_->PauseBackgroundWork());
  ASSERT_OK(db_->ContinueBackgroundWork());
  for (int i = 0; i < 25; ++i) {  // more than one memtable, less than two
    ASSERT_OK(Put(i));
  }
  simulation_.executor().RunUntilIdle();
  EXPECT_EQ(recorder_->Count("flush begin"), 0u);
  ASSERT_OK(db_->Close());
  EXPECT_GT(recorder_->Count("flush end"), 0u);
}

}  // namespace
}  // namespace veralith
