// SPDX-License-Identifier: Apache-2.0

// CommitPipeline alone, with no database around it: all schedules of threads that write, sync,
// freeze and read. No job runs, so that every write stays in the memtables, where the checks look.
#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/epoch.h"
#include "core/base/sync.h"
#include "core/base/testing/explorer.h"
#include "core/db/commit_pipeline.h"
#include "core/db/db_state.h"
#include "core/db/garbage_remover.h"
#include "core/db/hybrid_logical_clock.h"
#include "core/db/job_scheduler.h"
#include "core/db/log_recovery.h"
#include "core/db/log_set.h"
#include "core/db/super_version.h"
#include "core/db/testing/bare_state.h"
#include "core/db/write_stalls.h"
#include "core/format/log_record.h"
#include "core/memtable/memtable.h"
#include "gtest/gtest.h"
#include "veralith/testing/fault_plan.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {
namespace {

// Each write puts its name into both halves of a pair.
constexpr std::array<NamespaceId, 2> kHalves = {1, 2};

struct Setup {
  size_t write_buffer_bytes = size_t{1} << 20;
  const char* faults = "";  // from the first write on
};

class Committing {
 public:
  explicit Committing(Explored& run, const Setup& setup = {})
      : run_(run),
        fails_(*setup.faults != '\0'),
        bare_(run, WithBuffers(setup.write_buffer_bytes)),
        garbage_(state_),
        jobs_(state_, garbage_, [] {}),
        stalls_(state_, jobs_),
        pipeline_(state_, jobs_, stalls_) {
    {
      MutexLock lock(state_.mutex());
      jobs_.Pause();
      Start();
    }
    bare_.disk().SetFaults(*ParseFaultPlan(setup.faults));
  }

  ~Committing() {
    MutexLock lock(state_.mutex());
    state_.CancelTimers({pipeline_.timer()});
  }

  void Write(const std::string& name, SyncMode sync) {
    std::array<LogOperation, 2> operations;
    for (size_t i = 0; i < operations.size(); ++i) {
      operations[i].ns = kHalves[i];
      operations[i].key = operations[i].value = name;
    }
    const bool failed = failed_.Load();
    const Timestamp before = newest_.Load();
    const absl::StatusOr<Timestamp> ts = pipeline_.Commit(sync, operations);
    if (!ts.ok()) {
      run_.Check(fails_, "a write failed");
      failed_.Store(true);
      return;
    }
    run_.Check(!failed, "a write was acknowledged after one had failed");
    run_.Check(*ts > before, "a timestamp does not follow one that was acknowledged before");
    run_.Check(state_.visible.Load() >= *ts, "a write was acknowledged before it was visible");
    run_.Check(View(name, *ts) == std::array<Timestamp, 2>{*ts, *ts},
               "an acknowledged write is not in the memtable at its timestamp");
    if (sync == SyncMode::kCommit) {
      KeepWhatIsDurable(*ts);
    }
    Acknowledge(name, *ts);
  }

  // What was acknowledged before is durable afterwards.
  void Sync() {
    const bool failed = failed_.Load();
    const Timestamp before = newest_.Load();
    const absl::Status status = pipeline_.Sync();
    run_.Check(status.ok() || fails_, "a sync failed");
    run_.Check(!status.ok() || !failed, "a sync was acknowledged after a write had failed");
    if (status.ok()) {
      KeepWhatIsDurable(before);
    } else {
      failed_.Store(true);
    }
  }

  void Freeze() {
    MutexLock lock(state_.mutex());
    const absl::StatusOr<uint64_t> id = pipeline_.Freeze();
    run_.Check(id.ok() || fails_, "a freeze failed");
    run_.Check(!id.ok() || *id < state_.active->id() || state_.active->empty(),
               "what was active has not been frozen");
  }

  // What a reader sees at its timestamp does not change, and no batch is half there.
  void Read(const std::vector<std::string>& names) {
    const Timestamp at = state_.visible.Load();
    std::vector<std::array<Timestamp, 2>> first;
    for (const std::string& name : names) {
      first.push_back(View(name, at));
      run_.Check(first.back()[0] == first.back()[1], "half a batch is visible");
    }
    for (size_t i = 0; i < names.size(); ++i) {
      run_.Check(View(names[i], at) == first[i], "visible was ahead of what was applied");
    }
  }

  void WaitLongerThanTheInterval() {
    MutexLock lock(state_.mutex());
    CondVar never;
    run_.executor().AwaitFor(state_.mutex(), never, 2 * state_.options.sync_interval_nanos);
  }

  // After Join: the rest of the promises, in what was kept meanwhile.
  void CheckEnd() {
    bare_.disk().SetFaults({});
    MutexLock lock(state_.mutex());
    run_.Check(!pipeline_.is_busy(), "a writer or a timer was left");
    run_.Check(failed_.Load() == fails_, "a fault was not met");
    run_.Check(state_.visible.Load() == newest_.Load(), "visible is not the newest write");
    run_.Check(state_.versions->state().timestamp_ceiling >= newest_.Load(), "above the ceiling");
    run_.Check(stalls_.reason().empty(), "a stall was left");
    for (const Durable& durable : durable_) {
      CheckHolds(*durable.disk, durable.logs, durable.newest);
    }
    if (!fails_) {
      CheckHolds(*bare_.disk().CloneWithEverything(), state_.versions->state().logs,
                 newest_.Load());
      CheckLogsHoldWhatMemtablesHold();
    }
  }

  // After Join: so much was durable without anybody asking for it just then.
  void CheckAllIsDurable() {
    MutexLock lock(state_.mutex());
    CheckHolds(*bare_.disk().CloneWithNothingUnsynced(), state_.versions->state().logs,
               newest_.Load());
  }

 private:
  using Logs = std::map<uint64_t, uint64_t>;  // number -> id
  // What would be there after a power cut, and the newest write that must be.
  struct Durable {
    std::unique_ptr<SimulatedFileSystem> disk;
    Logs logs;
    Timestamp newest = 0;
  };

  static Options WithBuffers(size_t bytes) {
    Options options;
    options.write_buffer_bytes = bytes;
    options.max_write_buffers = 8;  // nothing flushes them
    return options;
  }

  void Start() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) {
    HybridLogicalClock clock(state_.physical_clock, state_.options.max_clock_skew_nanos, 0);
    const uint64_t number = bare_.NameLog();
    absl::StatusOr<std::unique_ptr<LogWriter>> log;
    {
      MutexUnlock unlock(state_.mutex());
      log = CreateLog(bare_.disk(), "db", {.number = number, .id = number});
    }
    run_.Check(log.ok(), "set-up");
    pipeline_.Start(clock, std::make_unique<LogSet>(*std::move(log)), MemtableRef::Make(1));
    state_.PublishSuperVersion();
  }

  // The timestamps under which a reader at `at` finds the halves; 0: not there.
  std::array<Timestamp, 2> View(const std::string& name, Timestamp at) {
    EpochGuard guard;
    const SuperVersion* const pinned = state_.current.Peek();
    std::array<Timestamp, 2> found = {};
    for (size_t i = 0; i < kHalves.size(); ++i) {
      for (const Memtable* memtable : pinned->memtables()) {
        EntryView entry;
        if (found[i] == 0 && memtable->Get(kHalves[i], name, at, &entry)) {
          found[i] = entry.ts;
        }
      }
    }
    return found;
  }

  void Acknowledge(const std::string& name, Timestamp ts) {
    MutexLock lock(state_.mutex());
    acknowledged_.emplace_back(name, ts);
    newest_.Store(std::max(newest_.Load(), ts));
  }

  void KeepWhatIsDurable(Timestamp newest) {
    MutexLock lock(state_.mutex());
    Logs logs = state_.versions->state().logs;
    durable_.push_back({bare_.disk().CloneWithNothingUnsynced(), std::move(logs), newest});
  }

  // Recovery from these logs; their timestamps rise, or it is an error.
  std::unique_ptr<LogRecovery> Replay(FileSystem& disk, const Logs& logs) {
    auto recovery =
        std::make_unique<LogRecovery>(LogRecovery::Options{.fs = &disk,
                                                           .directory = "db",
                                                           .logs = logs,
                                                           .synced_through = {},
                                                           .recover_up_to_damage = false,
                                                           .flush = nullptr});
    const absl::Status status = recovery->Run();
    run_.Check(status.ok(), "a log cannot be recovered: " + std::string(status.message()));
    return recovery;
  }

  // Recovery finds every acknowledged write up to `newest` on this disk.
  void CheckHolds(FileSystem& disk, const Logs& logs, Timestamp newest)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) {
    const std::unique_ptr<LogRecovery> recovery = Replay(disk, logs);
    for (const auto& [name, ts] : acknowledged_) {
      for (const NamespaceId half : kHalves) {
        EntryView entry;
        run_.Check(ts > newest || (recovery->memtable()->Get(half, name, ts, &entry) &&
                                   entry.ts == ts && entry.value == name),
                   "a log lacks an acknowledged write");
      }
    }
  }

  // Log k holds what memtable k holds.
  void CheckLogsHoldWhatMemtablesHold() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) {
    std::vector<FrozenMemtable> memtables = state_.frozen;
    memtables.push_back({state_.active, state_.active_log});
    uint64_t entries = 0;
    for (const FrozenMemtable& memtable : memtables) {
      const uint64_t id = state_.versions->state().logs.at(memtable.log_number);
      const std::unique_ptr<LogRecovery> recovery =
          Replay(bare_.disk(), {{memtable.log_number, id}});
      run_.Check(recovery->memtable()->entries() == memtable.memtable->entries() &&
                     recovery->memtable()->max_ts() == memtable.memtable->max_ts(),
                 "a log does not hold what its memtable holds");
      entries += memtable.memtable->entries();
    }
    run_.Check(entries == kHalves.size() * acknowledged_.size(), "a write is there twice, or not");
  }

  Explored& run_;
  const bool fails_;
  BareState bare_;
  DbState& state_ = bare_.state();
  GarbageRemover garbage_;
  JobScheduler jobs_;
  WriteStalls stalls_;
  CommitPipeline pipeline_;
  Atomic<bool> failed_{false};
  Atomic<Timestamp> newest_{0};  // acknowledged
  std::vector<std::pair<std::string, Timestamp>> acknowledged_ ABSL_GUARDED_BY(database_mutex);
  std::vector<Durable> durable_ ABSL_GUARDED_BY(database_mutex);
};

TEST(CommitPipelineSchedules, ABatchIsVisibleAsAWholeAndThenAcknowledged) {
  ExpectSound("commit pipeline: two writers and a reader", 2, [](Explored& run) {
    Committing committing(run);
    run.Spawn("a", [&] { committing.Write("a", SyncMode::kManual); });
    run.Spawn("b", [&] { committing.Write("b", SyncMode::kManual); });
    run.Spawn("reader", [&] { committing.Read({"a", "b"}); });
    run.Join();
    committing.CheckEnd();
  });
}

TEST(CommitPipelineSchedules, AWriterThatSyncsIsAcknowledgedOnceItsLogIsDurable) {
  ExpectSound("commit pipeline: writers with and without sync", 1, [](Explored& run) {
    Committing committing(run);
    run.Spawn("a", [&] { committing.Write("a", SyncMode::kManual); });
    run.Spawn("b", [&] { committing.Write("b", SyncMode::kCommit); });
    run.Spawn("c", [&] {
      committing.Write("c", SyncMode::kManual);
      committing.Sync();
    });
    run.Join();
    committing.CheckEnd();
  });
}

TEST(CommitPipelineSchedules, AMemtableIsFrozenBetweenGroups) {
  ExpectSound("commit pipeline: writers vs freeze", 1, [](Explored& run) {
    Committing committing(run);
    run.Spawn("a", [&] { committing.Write("a", SyncMode::kManual); });
    run.Spawn("b", [&] { committing.Write("b", SyncMode::kCommit); });
    run.Spawn("freezer", [&] { committing.Freeze(); });
    run.Join();
    committing.CheckEnd();
  });
}

TEST(CommitPipelineSchedules, AFullMemtableIsRotatedByTheNextLeader) {
  ExpectSound("commit pipeline: two writers and a reader, memtables of one write", 1,
              [](Explored& run) {
                Committing committing(run, {.write_buffer_bytes = 1});
                run.Spawn("a", [&] { committing.Write("a", SyncMode::kManual); });
                run.Spawn("b", [&] { committing.Write("b", SyncMode::kCommit); });
                run.Spawn("reader", [&] { committing.Read({"a", "b"}); });
                run.Join();
                committing.CheckEnd();
              });
}

TEST(CommitPipelineSchedules, AfterAFailedSyncNothingIsAcknowledged) {
  ExpectSound("commit pipeline: a sync fails", 1, [](Explored& run) {
    Committing committing(run, {.faults = "sync@.log#1=eio"});
    run.Spawn("a", [&] { committing.Write("a", SyncMode::kCommit); });
    run.Spawn("b", [&] { committing.Write("b", SyncMode::kManual); });
    run.Spawn("c", [&] {
      committing.Write("c", SyncMode::kManual);
      committing.Sync();
    });
    run.Join();
    committing.CheckEnd();
  });
}

TEST(CommitPipelineSchedules, AWriteThatMaySyncLaterIsDurableAfterTheInterval) {
  ExpectSound("commit pipeline: a sync after an interval", 1, [](Explored& run) {
    Committing committing(run);
    run.Spawn("a", [&] { committing.Write("a", SyncMode::kInterval); });
    run.Spawn("b", [&] { committing.Write("b", SyncMode::kInterval); });
    run.Spawn("clock", [&] { committing.WaitLongerThanTheInterval(); });
    run.Join();
    committing.CheckEnd();
    committing.CheckAllIsDurable();
  });
}

}  // namespace
}  // namespace veralith
