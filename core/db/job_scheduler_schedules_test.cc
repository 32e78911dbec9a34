// SPDX-License-Identifier: Apache-2.0

// JobScheduler alone, with no database around it: all schedules of threads that freeze memtables,
// pause and wait. The memtables are empty, so that a flush is nothing but its protocol.
#include <memory>
#include <utility>

#include "core/base/sync.h"
#include "core/base/testing/explorer.h"
#include "core/db/db_state.h"
#include "core/db/garbage_remover.h"
#include "core/db/job_scheduler.h"
#include "core/db/testing/bare_state.h"
#include "core/memtable/memtable.h"
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
        bare_(run, ToldTo(count_)),
        garbage_(state_),
        jobs_(state_, garbage_, [] {}) {
    MutexLock lock(state_.mutex());
    state_.active = MemtableRef::Make(kMemtables);
    for (uint64_t& log : logs_) {
      log = bare_.NameLog();
    }
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

  static Options ToldTo(std::shared_ptr<Listener> listener) {
    Options options;
    options.listeners = {std::move(listener)};
    return options;
  }

  Explored& run_;
  const std::shared_ptr<FlushCount> count_;
  BareState bare_;
  DbState& state_ = bare_.state();
  GarbageRemover garbage_;
  JobScheduler jobs_;
  size_t frozen_ = 0;
  uint64_t logs_[kMemtables] = {};
};

TEST(JobSchedulerSchedules, EveryFrozenMemtableIsFlushedOneFlushAtATime) {
  ExpectSound("job scheduler: three memtables frozen by two threads", 1, [](Explored& run) {
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
  ExpectSound("job scheduler: pause vs freeze", 1, [](Explored& run) {
    Scheduling scheduling(run);
    run.Spawn("freezer", [&] { scheduling.Freeze(); });
    run.Spawn("pauser", [&] { scheduling.PauseForAWhile(); });
    run.Join();
    scheduling.CheckEnd();
  });
}

}  // namespace
}  // namespace veralith
