// SPDX-License-Identifier: Apache-2.0

// JobScheduler: which flush or compaction runs, when, and what became of it.
//
// Invariants
//   1. At most one flush and one compaction are scheduled or running. A flush takes all frozen
//      memtables, the oldest first. Compactions never share a file.
//   2. What is due is scheduled as soon as nothing stands in its way: a pause, a failure that waits
//      for its timer, a fatal error, or the end of the database.
//   3. A failed job changes nothing (running_job.h). Its error is kept until a later job of its
//      kind succeeds, Resume is called, or a caller asks for such a job; it is tried again with
//      back-off.
//   4. In idle time (Options::idle_merge_percent) level 0 is merged though nothing is due: after no
//      group of writes has begun for the whole delay, within the budget (idle_budget.h). Such a
//      merge takes the place of a compaction, and gives it up once one is due. Its failure is no
//      background error, since nobody waits for it; it is tried again after the next flush.
//   5. No exception leaves a task: lack of memory is an error of the work that it hit.
//
// Thread rule: every call under the database's mutex, except the ones that say otherwise. Jobs run
// without it. Borrows the state and the remover, which outlive it.
#ifndef VERALITH_CORE_DB_JOB_SCHEDULER_H_
#define VERALITH_CORE_DB_JOB_SCHEDULER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/base/sync.h"
#include "core/compaction/picker.h"
#include "core/db/db_state.h"
#include "core/db/garbage_remover.h"
#include "core/db/idle_budget.h"
#include "core/db/kept_blocks.h"
#include "core/db/live_tombstones.h"
#include "core/format/key_range.h"
#include "veralith/executor.h"
#include "veralith/types.h"

namespace veralith {

class JobScheduler {
 public:
  enum class Kind : uint8_t { kFlush, kCompaction };

  // `job_ended`: called under the mutex when a flush or compaction has ended, before its end is
  // told. Throws nothing.
  JobScheduler(DbState& state, GarbageRemover& garbage, std::function<void()> job_ended);
  JobScheduler(const JobScheduler&) = delete;
  JobScheduler& operator=(const JobScheduler&) = delete;

  // --- What is due -------------------------------------------------------------------------------
  // Schedules what is due. What cannot be scheduled for lack of memory is an error of that work,
  // until the next call can.
  void Schedule() noexcept ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // The same once the database is open: what level 0 repeats is not known yet.
  void Start() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Forgets an error and tries again now.
  void Retry(Kind kind) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Lets a task look for a compaction if any garbage in segments ends in (after, through]: a point
  // at `after`, the next of which is at `through`, is gone.
  void PointIsGone(Timestamp after, Timestamp through)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Scheduled or running.
  bool is_busy() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) {
    return flush_.scheduled || compaction_.scheduled;
  }
  bool AnyIsDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) {
    return FlushIsDue() || CompactionIsDue();
  }
  // The error of the last job; OK once one succeeded, or Retry was called.
  const absl::Status& error(Kind kind) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) {
    return kind == Kind::kFlush ? flush_.error : compaction_.error;
  }
  // Any thread.
  const CompactionPolicy& policy() const { return *policy_; }
  // The most urgent compaction that could run now; nothing when none is due.
  std::optional<Pick> NextAutomaticPick() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) {
    return policy_->PickCompaction(PickerStateNow());
  }

  // --- Waiting -----------------------------------------------------------------------------------
  // Waits until done() holds; an error of one of `kinds` ends the wait. `polls`: done() may come to
  // hold without a notification.
  absl::Status Await(std::initializer_list<Kind> kinds, const std::function<bool()>& done,
                     bool polls = false) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Moves every key of `range` down to the last level that holds data. Aborted once `cancel`, which
  // may be null, is true.
  absl::Status Compact(const KeyRange& range, const Atomic<bool>* cancel)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);

  // --- Pause and end -----------------------------------------------------------------------------
  // Begins no job until Continue was called as often; waits for those that run.
  void Pause() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  absl::Status Continue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  bool is_paused() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) { return pauses_ > 0; }
  // Once close_requested is set: cancels the compaction that runs, and ends all pauses.
  void CancelCompactions() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // For DbState::CancelTimers, like the next one.
  std::optional<Executor::TimerId>* idle_timer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) {
    return &idle_timer_;
  }
  std::optional<Executor::TimerId>* timer(Kind kind) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) {
    return kind == Kind::kFlush ? &flush_.retry : &compaction_.retry;
  }
  // Memory of memtables that were flushed.
  KeptBlocks& kept_blocks() { return kept_blocks_; }

 private:
  // A Compact call being served.
  struct ManualRequest {
    ManualCompaction manual;
    const Atomic<bool>* cancel = nullptr;
    bool done = false;

    bool IsCancelled() const { return cancel != nullptr && cancel->Load(); }
  };
  // One kind of work: at most one task of it is scheduled or running.
  struct Work {
    const char* name;
    bool scheduled = false;
    bool not_begun = false;    // for lack of memory, which is its error
    bool lacks_timer = false;  // to wait for after a failure, for lack of memory
    bool error_told = false;   // to the listeners, and nothing since that took it back
    absl::Status error = {};   // of the last job; OK once one succeeded, or Retry was called
    int failures_in_a_row = 0;
    std::optional<Executor::TimerId> retry = std::nullopt;  // until it fires, nothing is scheduled
  };

  Work& WorkOf(Kind kind) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) {
    return kind == Kind::kFlush ? flush_ : compaction_;
  }
  bool FlushIsDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  bool CompactionIsDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  bool MayBegin() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Estimates anew what level 0 repeats, with the mutex released.
  void EstimateLevel0() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  PickerState PickerStateNow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);

  // Schedules the work unless it is, or waits to be tried again. Without `is_due` the task looks.
  void Begin(Work* work, TaskPriority priority, bool (JobScheduler::*is_due)(),
             std::function<void()> run) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  void EndTask(Work* work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Remembers how a job ended, and when to try again.
  void NoteResult(const absl::Status& status, Work* work)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  void NoteSuccess(Work* work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);

  void BackgroundFlush();
  absl::Status FlushFrozen() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  void BackgroundCompaction();
  void PickAndRun() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // The next compaction to run now: for a Compact call first.
  std::optional<Pick> NextPick() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Looks again after the delay whether it was idle, if there is something to merge then.
  void AwaitIdleTime() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  void IdleTimePassed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  std::optional<Pick> NextIdlePick() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  void BackgroundIdleMerge();
  void MergeInIdleTime() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Ends the idle merge that runs if a compaction would be due without it.
  void YieldIdleMerge() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  absl::Status RunPick(const Pick& pick) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // The same, and another pick, which gives room back, when the disk has none for this one.
  absl::Status RunPickOrReclaim(const Pick& pick) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  std::optional<Pick> PickThatReclaims() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);

  DbState& state_;
  GarbageRemover& garbage_;
  const std::function<void()> job_ended_;
  const std::unique_ptr<CompactionPolicy> policy_;

  Work flush_ ABSL_GUARDED_BY(database_mutex) = {.name = "flush"};
  Work compaction_ ABSL_GUARDED_BY(database_mutex) = {.name = "compaction"};
  int pauses_ ABSL_GUARDED_BY(database_mutex) = 0;  // not yet taken back
  std::vector<const Pick*> running_ ABSL_GUARDED_BY(database_mutex);
  std::deque<ManualRequest*> manual_ ABSL_GUARDED_BY(database_mutex);
  ManualRequest* manual_job_ ABSL_GUARDED_BY(database_mutex) = nullptr;  // whose job runs
  // What PickerStateNow points to: good until its next call.
  std::vector<Timestamp> picker_points_ ABSL_GUARDED_BY(database_mutex);
  std::vector<RunRepeats> repeats_ ABSL_GUARDED_BY(database_mutex);
  LiveTombstones tombstones_ ABSL_GUARDED_BY(database_mutex);
  KeptBlocks kept_blocks_{state_};
  Atomic<bool> cancel_compactions_{false};

  IdleBudget idle_budget_ ABSL_GUARDED_BY(database_mutex);
  std::optional<Executor::TimerId> idle_timer_ ABSL_GUARDED_BY(database_mutex);
  uint64_t groups_at_timer_ ABSL_GUARDED_BY(database_mutex) = 0;  // DbState::groups_begun then
  // Flushes so far when one failed: it is not tried again before the next.
  std::optional<uint64_t> idle_failed_after_ ABSL_GUARDED_BY(database_mutex);
  bool idle_merge_runs_ ABSL_GUARDED_BY(database_mutex) = false;
  Atomic<bool> cancel_idle_merge_{false};
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_JOB_SCHEDULER_H_
