// SPDX-License-Identifier: Apache-2.0

// JobScheduler alone, with no database around it: all schedules of threads that freeze memtables,
// pause and wait. The memtables are empty, so that a flush is nothing but its protocol.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/sync.h"
#include "core/base/testing/explorer.h"
#include "core/db/db_state.h"
#include "core/db/garbage_remover.h"
#include "core/db/job_scheduler.h"
#include "core/db/testing/bare_state.h"
#include "core/format/version_edit.h"
#include "core/memtable/memtable.h"
#include "core/segment/read/segment_reader.h"
#include "core/segment/testing/segment_model.h"
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

// When idle merges began, and how many ended.
class IdleTimes final : public Listener {
 public:
  explicit IdleTimes(Explored& run) : run_(run) {}

  void OnCompactionBegin(const CompactionEvent& event) override {
    run_.Check(event.reason == "idle", "something else was due");
    MutexLock lock(mutex_);
    begun_.push_back(run_.clock().MonotonicNanos());
  }
  void OnCompactionEnd(const CompactionEvent& event) override {
    run_.Check(event.status.ok() || absl::IsAborted(event.status), "an idle merge failed");
  }
  std::vector<int64_t> begun() {
    MutexLock lock(mutex_);
    return begun_;
  }

 private:
  Explored& run_;
  Mutex mutex_;
  std::vector<int64_t> begun_ ABSL_GUARDED_BY(mutex_);
};

// Two disjoint runs in level 0: idle time moves them to level 1, which reads nothing.
class Idling {
 public:
  static constexpr int64_t kDelay = 1000;

  explicit Idling(Explored& run)
      : run_(run),
        times_(std::make_shared<IdleTimes>(run)),
        bare_(run, ToldTo(times_), OpenerOfOne()),
        garbage_(state_),
        jobs_(state_, garbage_, [] {}) {
    MutexLock lock(state_.mutex());
    state_.active = MemtableRef::Make(1);
    VersionEdit edit;
    for (const char* key : {"a", "b"}) {
      FileMeta file;
      file.number = state_.versions->NewPendingFile();
      file.bytes = uint64_t{64} << 20;  // too much to be merged on the way
      file.entries = 1;
      file.smallest_key = key;
      file.largest = {0, key, KeyBound::Kind::kInclusive};
      file.min_ts = file.max_ts = edit.added_files.size() + 1;
      edit.added_files.push_back({0, state_.versions->NewRunId(), file});
    }
    edit.timestamp_ceiling = edit.last_timestamp = 2;
    run_.Check(state_.Install(edit).ok(), "set-up");
    for (const VersionEdit::AddedFile& added : edit.added_files) {
      state_.versions->ReleasePending(added.file.number);
    }
    jobs_.Schedule();
  }

  // As the leader of the write queue notes it.
  void Write() {
    MutexLock lock(state_.mutex());
    ++state_.groups_begun;
    writes_.push_back(run_.clock().MonotonicNanos());
    jobs_.Schedule();  // as when it fills the memtable
  }
  void PauseForAWhile() {
    MutexLock lock(state_.mutex());
    jobs_.Pause();
    run_.Check(!jobs_.is_busy(), "a job runs, though all are paused");
    Pass(kDelay * 2);
    run_.Check(!jobs_.is_busy() && !state_.versions->version().runs(0).empty() == had_runs_,
               "a job ran during a pause");
    run_.Check(jobs_.Continue().ok(), "the pause was gone");
  }
  Mutex& mutex() ABSL_LOCK_RETURNED(database_mutex) { return state_.mutex(); }
  void Pass(int64_t nanos) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) {
    had_runs_ = !state_.versions->version().runs(0).empty();
    CondVar never;
    run_.executor().AwaitFor(state_.mutex(), never, nanos);
  }
  void WriteAgainSoon() {
    Write();
    {
      MutexLock lock(state_.mutex());
      CondVar never;
      run_.executor().AwaitFor(state_.mutex(), never, kDelay / 2);
    }
    Write();
  }

  void CheckEnd() {
    MutexLock lock(state_.mutex());
    Pass(kDelay * 10);
    run_.Check(!jobs_.is_busy(), "a job never ended");
    run_.Check(state_.versions->version().runs(0).empty(), "idle time was not used");
    for (const int64_t begun : times_->begun()) {
      for (const int64_t write : writes_) {
        run_.Check(write >= begun || write <= begun - kDelay, "it was not idle");
      }
    }
  }
  void Close() {
    MutexLock lock(state_.mutex());
    state_.close_requested = true;
    jobs_.CancelCompactions();
    state_.closing = true;
    state_.CancelTimers({jobs_.idle_timer()});
    while (jobs_.is_busy()) {
      run_.executor().Await(state_.mutex(), state_.changed);
    }
    run_.Check(!jobs_.idle_timer()->has_value(), "a timer was left");
  }

 private:
  static Options ToldTo(std::shared_ptr<Listener> listener) {
    Options options;
    options.listeners = {std::move(listener)};
    options.level0_garbage_percent = 0;
    options.idle_merge_delay_nanos = kDelay;
    return options;
  }
  // All segments are one, which is not read.
  static SegmentOpener OpenerOfOne() {
    const auto written = WriteSegment({{0, "a", 1, EntryKind::kPut, "v"}}, {});
    std::shared_ptr<SegmentReader> reader =
        *SegmentReader::Open(OpenMemoryFile(written->bytes), {});
    return [reader](const FileMeta&) -> absl::StatusOr<std::shared_ptr<SegmentReader>> {
      return reader;
    };
  }

  Explored& run_;
  const std::shared_ptr<IdleTimes> times_;
  BareState bare_;
  DbState& state_ = bare_.state();
  GarbageRemover garbage_;
  JobScheduler jobs_;
  bool had_runs_ = false;
  std::vector<int64_t> writes_;
};

TEST(JobSchedulerSchedules, IdleMergesWaitForWritesAndPauses) {
  ExpectSound("job scheduler: idle merge vs three writes vs pause", 2, [](Explored& run) {
    Idling idling(run);
    run.Spawn("writer", [&] { idling.WriteAgainSoon(); });
    run.Spawn("another", [&] { idling.Write(); });
    run.Spawn("pauser", [&] { idling.PauseForAWhile(); });
    run.Join();
    idling.CheckEnd();
    idling.Close();
  });
}

TEST(JobSchedulerSchedules, IdleMergesWaitForTheLastOfManyWrites) {
  ExpectSound("job scheduler: idle merge vs five writes", 2, [](Explored& run) {
    Idling idling(run);
    run.Spawn("writer", [&] { idling.WriteAgainSoon(); });
    run.Spawn("second", [&] { idling.WriteAgainSoon(); });
    run.Spawn("another", [&] { idling.Write(); });
    run.Join();
    idling.CheckEnd();
    idling.Close();
  });
}

TEST(JobSchedulerSchedules, IdleMergesEndWithTheDatabase) {
  ExpectSound("job scheduler: idle merge vs three writes vs close", 2, [](Explored& run) {
    Idling idling(run);
    run.Spawn("writer", [&] { idling.WriteAgainSoon(); });
    run.Spawn("another", [&] { idling.Write(); });
    run.Spawn("closer", [&] {
      {
        MutexLock lock(idling.mutex());
        idling.Pass(Idling::kDelay);
      }
      idling.Close();
    });
    run.Join();
  });
}

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
