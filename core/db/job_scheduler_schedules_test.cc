// SPDX-License-Identifier: Apache-2.0

// JobScheduler alone, with no database around it: all schedules of threads that freeze memtables,
// pause and wait. The memtables are empty, so that a flush is nothing but its protocol.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "core/base/epoch.h"
#include "core/base/sync.h"
#include "core/base/testing/explorer.h"
#include "core/db/db_state.h"
#include "core/db/garbage_remover.h"
#include "core/db/job_scheduler.h"
#include "core/fs/testing/simulated_file_system.h"
#include "core/memtable/memtable.h"
#include "core/version_set/version_set.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

// Counts the flushes that run at once.
class FlushCount final : public Listener {
 public:
  explicit FlushCount(Explored& run) : run_(run) {}

  void OnFlushBegin(const FlushEvent&) override {
    run_.Check(running_.FetchAdd(1) == 0, "two flushes at a time");
  }
  void OnFlushEnd(const FlushEvent& event) override {
    run_.Check(event.status.ok(), "a flush failed");
    running_.FetchSub(1);
  }
  int running() const { return running_.Load(); }

 private:
  Explored& run_;
  Atomic<int> running_{0};
};

class Scheduling {
 public:
  explicit Scheduling(Explored& run)
      : run_(run),
        count_(std::make_shared<FlushCount>(run)),
        state_("db", OptionsIn(run), [] {}),
        garbage_(state_),
        jobs_(state_, garbage_, [] {}) {
    run_.Check(disk_.CreateDirectory("db").ok(), "set-up");
    VersionSetOptions options;
    options.fs = &disk_;
    options.executor = &run.executor();
    options.directory = "db";
    options.open_segment = [](const FileMeta&) -> absl::StatusOr<std::shared_ptr<SegmentReader>> {
      return std::shared_ptr<SegmentReader>();
    };
    absl::StatusOr<std::unique_ptr<VersionSet>> versions = VersionSet::Open(std::move(options));
    run_.Check(versions.ok(), "set-up");
    MutexLock lock(state_.mutex());
    state_.versions = *std::move(versions);
    state_.active = MemtableRef::Make(kMemtables);
    for (uint64_t& log : logs_) {
      log = state_.versions->NewPendingFile();
      VersionEdit edit;
      edit.added_logs.push_back({log, log});
      run_.Check(state_.Install(std::move(edit)).ok(), "set-up");
      state_.versions->ReleasePending(log);
    }
  }

  ~Scheduling() {
    MutexLock lock(state_.mutex());
    run_.Check(state_.versions->Close(state_.mutex()).ok(), "close");
    state_.current.Publish(nullptr);
    ReclaimRetired();
  }

  // As the leader of the write queue does it.
  void Freeze() {
    MutexLock lock(state_.mutex());
    state_.frozen.push_back({MemtableRef::Make(frozen_), logs_[frozen_]});
    ++frozen_;
    state_.PublishSuperVersion();
    jobs_.Schedule();
  }

  // Nothing runs, and nothing begins, between Pause and Continue.
  void PauseForAWhile() {
    MutexLock lock(state_.mutex());
    jobs_.Pause();
    run_.Check(!jobs_.is_busy() && count_->running() == 0, "a job runs, though all are paused");
    {
      MutexUnlock unlock(state_.mutex());
      run_.Check(count_->running() == 0, "a job has begun during a pause");
    }
    run_.Check(!jobs_.is_busy(), "a job was scheduled during a pause");
    run_.Check(jobs_.Continue().ok(), "the pause was gone");
  }

  void CheckEnd() {
    MutexLock lock(state_.mutex());
    run_.Check(state_.frozen.empty(), "a frozen memtable was never flushed");
    run_.Check(!jobs_.is_busy() && count_->running() == 0, "a job never ended");
    run_.Check(state_.job_starts.empty(), "a job has left its start");
    run_.Check(state_.versions->state().logs.size() == kMemtables - frozen_, "a log was left");
    run_.Check(jobs_.error(JobScheduler::Kind::kFlush).ok(), "a flush failed");
  }

 private:
  static constexpr size_t kMemtables = 3;

  Options OptionsIn(Explored& run) {
    Options options;
    options.file_system = &disk_;
    options.clock = &run.clock();
    options.executor = &run.executor();
    options.disable_automatic_compaction = true;
    options.listeners = {count_};
    return options;
  }

  Explored& run_;
  const std::shared_ptr<FlushCount> count_;
  SimulatedFileSystem disk_;
  DbState state_;
  GarbageRemover garbage_;
  JobScheduler jobs_;
  size_t frozen_ = 0;
  uint64_t logs_[kMemtables] = {};
};

void ExpectSound(const char* name, const ExploredProgram& program) {
  ExploreOptions options;
  options.preemptions = 1;
  options.reduce = true;
  const ExploreResult result = Explore(options, program);
  std::puts(result.Summary(name).c_str());
  EXPECT_FALSE(result.failure.has_value())
      << result.failure->message << "\nreplay: " << result.failure->schedule;
  EXPECT_TRUE(result.complete);
  EXPECT_GT(result.schedules, 10u);
}

TEST(JobSchedulerSchedules, EveryFrozenMemtableIsFlushedOneFlushAtATime) {
  ExpectSound("job scheduler: three memtables frozen by two threads", [](Explored& run) {
    Scheduling scheduling(run);
    run.Spawn("a", [&] {
      scheduling.Freeze();
      scheduling.Freeze();
    });
    run.Spawn("b", [&] { scheduling.Freeze(); });
    run.Join();
    scheduling.CheckEnd();
  });
}

TEST(JobSchedulerSchedules, NothingRunsDuringAPauseAndAllOfItAfterwards) {
  ExpectSound("job scheduler: pause vs freeze", [](Explored& run) {
    Scheduling scheduling(run);
    run.Spawn("freezer", [&] { scheduling.Freeze(); });
    run.Spawn("pauser", [&] { scheduling.PauseForAWhile(); });
    run.Join();
    scheduling.CheckEnd();
  });
}

}  // namespace
}  // namespace veralith
