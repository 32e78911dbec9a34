// SPDX-License-Identifier: Apache-2.0

// CommitPipeline: the way of every write, from its queue to where readers see it: room, a timestamp
// below the ceiling, log, sync if asked, memtable, visible, acknowledged.
//
// Invariants
//   1. Groups commit one after the other. Timestamps rise in the order of the queue, which is that
//      of the log, and none exceeds the durable ceiling.
//   2. A write is acknowledged once it is in the log, in a log that was synced if it asked, and in
//      the memtable at its timestamp, and `visible` has reached that.
//   3. A memtable is frozen only by the leader of the queue, between groups: all of it is visible
//      (hazards W1, C9). Memtable and log rotate together: log k holds what memtable k holds.
//      If the memory budget asks (memory_budget.h), the next leader freezes it early. Where none
//      comes, a task leads the empty queue for that; it waits for nobody, and looks again later.
//   4. After a failed write or sync of a log nothing more is acknowledged (hazards W4, W5).
//   5. The queue always gets its next leader, and the leader throws nothing (hazard E9). Lack of
//      memory before a group is logged is an error of that group; after that it is a failed write.
//
// Thread rule: as the calls say. The leader works on log and active memtable without the mutex.
// Owns queue, clock and logs; borrows the state, the scheduler and the stalls, which outlive it.
// It knows no interface: arguments are checked, and batches reduced, before they come here.
#ifndef VERALITH_CORE_DB_COMMIT_PIPELINE_H_
#define VERALITH_CORE_DB_COMMIT_PIPELINE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/memory_budget.h"
#include "core/base/sync.h"
#include "core/db/db_state.h"
#include "core/db/gap_cache.h"
#include "core/db/hybrid_logical_clock.h"
#include "core/db/job_scheduler.h"
#include "core/db/log_set.h"
#include "core/db/write_queue.h"
#include "core/db/write_stalls.h"
#include "core/format/log_record.h"
#include "core/memtable/memtable.h"
#include "veralith/executor.h"
#include "veralith/options.h"
#include "veralith/types.h"

namespace veralith {

class CommitPipeline {
 public:
  CommitPipeline(DbState& state, JobScheduler& jobs, WriteStalls& stalls);
  CommitPipeline(const CommitPipeline&) = delete;
  CommitPipeline& operator=(const CommitPipeline&) = delete;

  // --- Beginning and end -------------------------------------------------------------------------
  // Called once, before the first write. The clock's ceiling is durable. The manifest names the
  // log, which holds what `active` does: that becomes the active memtable.
  void Start(const HybridLogicalClock& clock, std::unique_ptr<LogSet> logs, MemtableRef active)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // From now on the memory budget, if there is one, may ask for a freeze. Called once the database
  // is open as far as it can fail. Throws std::bad_alloc.
  void JoinBudget() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // It asks no more. What it asked for is over once nothing is busy.
  void LeaveBudget() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // A writer, a timer or a task is at work.
  bool is_busy() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) {
    return timers_running_ > 0 || asks_.Load() > 0 || !queue_.empty();
  }
  // For DbState::CancelTimers, like the next one.
  std::optional<Executor::TimerId>* timer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) {
    return &sync_timer_;
  }
  std::optional<Executor::TimerId>* freeze_timer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) {
    return &freeze_timer_;
  }
  // Once the database is closing and nothing is busy: syncs the logs that no flush emptied, and
  // makes the manifest say how far they go.
  absl::Status EndLogs() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Closes the logs' files: the next owner of the directory may change them.
  void CloseLogs() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) { logs_ = nullptr; }

  // --- Writing -----------------------------------------------------------------------------------
  // Commits the operations, at least one, as a whole; returns their timestamp. They are reduced,
  // keep the limits, and fit in one log record. `sync` is not kDefault. Costs one append to the log
  // per group, and one sync if a writer of the group asks. Errors: why no write is possible; no
  // room in time (write_stalls.h); ResourceExhausted without memory or at the end of time.
  absl::StatusOr<Timestamp> Commit(SyncMode sync, std::span<const LogOperation> operations)
      ABSL_LOCKS_EXCLUDED(database_mutex);
  // Makes everything durable that was acknowledged before the call.
  absl::Status Sync() ABSL_LOCKS_EXCLUDED(database_mutex);
  // Freezes the active memtable, unless it is empty, and lets it be flushed. Returns the id of the
  // memtable that was active.
  absl::StatusOr<uint64_t> Freeze() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Later timestamps are above `remote`. Errors: HybridLogicalClock::Advance.
  absl::Status AdvanceClock(Timestamp remote) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) {
    return clock_->Advance(remote);
  }

  // What scans learn of deleted keys; puts are taken out before they are visible. Any thread.
  GapCache& gaps() { return gaps_; }

 private:
  // --- Leading -----------------------------------------------------------------------------------
  void Lead(WriteQueue::Writer& leader) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  absl::Status LeadGroup(const WriteQueue::Writer& leader)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // A leader is done: the next one goes on, or Close learns that none is left.
  void FinishLeading(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // `deletes`: the group is there to give room back.
  absl::Status MakeRoom(bool deletes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // The active memtable takes no more: it has its size, or the memory budget wants it flushed.
  bool IsFull() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Lets a flush see deletions that were taken into a full memtable.
  void FlushDeletions() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  absl::Status EnsureCeiling() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  absl::Status RotateIfUsed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Freezes the active memtable and starts a new one with a new log.
  absl::Status RotateMemtable() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);

  // --- A group -----------------------------------------------------------------------------------
  absl::Status CommitGroup() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // What may lack memory, before anything of the group is written.
  absl::Status StageGroup(const std::vector<WriteQueue::Writer*>& group, size_t entries,
                          uint64_t user_bytes) ABSL_LOCKS_EXCLUDED(database_mutex);
  absl::Status LogGroup(bool sync) ABSL_LOCKS_EXCLUDED(database_mutex);
  // Notes the group's puts for gaps_ while `*notes_puts`; false then: the next group's need not be.
  absl::Status ApplyGroup(const std::vector<WriteQueue::Writer*>& group, Timestamp last,
                          bool* notes_puts) ABSL_LOCKS_EXCLUDED(database_mutex);
  // Begins to note puts, for gaps_ (gap_cache.h).
  std::optional<Timestamp> StartNotingPuts() ABSL_LOCKS_EXCLUDED(database_mutex);

  // --- What the memory budget asks for -----------------------------------------------------------
  bool IsAsked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) {
    return state_.memory != nullptr && state_.memory->is_asked();
  }
  // Called by the budget, on a thread of any database: schedules the answer. Without memory for
  // that, the next write is it.
  void Asked();
  void FreezeIfAsked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);

  // --- Syncs at intervals ------------------------------------------------------------------------
  void EnsureIntervalSync() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  void ScheduleIntervalSync(int64_t delay_nanos) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  void IntervalSync() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);

  DbState& state_;
  JobScheduler& jobs_;
  WriteStalls& stalls_;

  // --- Any thread --------------------------------------------------------------------------------
  alignas(kCacheLineBytes) GapCache gaps_{[this] { return StartNotingPuts(); }};

  // --- Guarded by the mutex ----------------------------------------------------------------------
  alignas(kCacheLineBytes) WriteQueue queue_;  // except AwaitTurn
  std::optional<HybridLogicalClock> clock_ ABSL_GUARDED_BY(database_mutex);
  bool notes_puts_ ABSL_GUARDED_BY(database_mutex) = false;     // groups tell gaps_ of their puts
  Timestamp newest_begun_ ABSL_GUARDED_BY(database_mutex) = 0;  // of groups, visible or not yet
  int timers_running_ ABSL_GUARDED_BY(database_mutex) = 0;
  std::optional<Executor::TimerId> sync_timer_ ABSL_GUARDED_BY(database_mutex);
  bool sync_due_ ABSL_GUARDED_BY(database_mutex) = false;  // the next group syncs

  std::optional<Executor::TimerId> freeze_timer_ ABSL_GUARDED_BY(database_mutex);
  Atomic<int> asks_{0};  // tasks scheduled or running; reaches 0 under the mutex

  // --- The leader's own --------------------------------------------------------------------------
  std::unique_ptr<LogSet> logs_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_COMMIT_PIPELINE_H_
