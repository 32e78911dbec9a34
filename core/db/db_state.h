// SPDX-License-Identifier: Apache-2.0

// DbState: what all parts of an open database share. Each part has besides it a state of its own,
// which nobody else changes:
//   JobScheduler      which flush or compaction runs, when, and what became of it
//   GarbageRemover    files that nobody needs any more
//   WriteStalls       what holds writers back
//   CommitPipeline    write queue, clock and logs
//   DbImpl            reads, opening and closing
//
// Invariants
//   1. `visible` only rises, after everything up to it is in the memtables of the current
//      super-version; it is never ahead of the clock, the clock never ahead of the durable ceiling.
//   2. `active` and `frozen`, the version and the history floor change together with a publication
//      of the super-version, under one hold of the mutex.
//   3. After a failed write or sync of log or manifest `fatal` is set and no write is acknowledged
//      until the database is opened again; reads go on.
//
// Thread rule: as the fields say. The mutex is never held during I/O, and no other lock is taken
// before it. Its parts live as long as it, in one DbImpl.
#ifndef VERALITH_CORE_DB_DB_STATE_H_
#define VERALITH_CORE_DB_DB_STATE_H_

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/base/memory_budget.h"
#include "core/base/no_memory.h"
#include "core/base/random.h"
#include "core/base/rate_limiter.h"
#include "core/base/sync.h"
#include "core/compaction/options.h"
#include "core/db/event_queue.h"
#include "core/db/seek_debt.h"
#include "core/db/snapshot_list.h"
#include "core/db/super_version.h"
#include "core/format/version_edit.h"
#include "core/memtable/memtable.h"
#include "core/version_set/version_set.h"
#include "veralith/clock.h"
#include "veralith/executor.h"
#include "veralith/file_system.h"
#include "veralith/options.h"
#include "veralith/types.h"

namespace veralith {

// The database's mutex as the thread-safety analysis knows it: one name, whichever part it is
// reached through. Declared for the analysis alone, and never defined.
extern Mutex database_mutex;

// A memtable that waits for its flush, and the log that holds the same writes.
struct FrozenMemtable {
  MemtableRef memtable;
  uint64_t log_number;
};

// What the counters of Statistics are made of.
struct DbCounters {
  uint64_t user_bytes = 0;
  uint64_t log_bytes = 0;
  uint64_t flush_bytes = 0;
  uint64_t compaction_read_bytes = 0;
  uint64_t compaction_written_bytes = 0;
  uint64_t flushes = 0;
  uint64_t compactions = 0;
  uint64_t subcompactions = 0;
  uint64_t compaction_copied_bytes = 0;
  uint64_t idle_merge_bytes = 0;
  uint64_t log_syncs = 0;
  uint64_t commits = 0;
};

struct DbState {
  // `manifest_replaced`: called under the mutex when an edit began a new manifest, so that the one
  // before is garbage; not once the database is closing. Throws nothing.
  DbState(std::string directory, const Options& options, std::function<void()> manifest_replaced);
  DbState(const DbState&) = delete;
  DbState& operator=(const DbState&) = delete;

  Mutex& mutex() const ABSL_LOCK_RETURNED(database_mutex) { return mutex_; }

  // Makes the edit durable and installs it, together with what has been written so far.
  absl::Status Install(VersionEdit edit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // The same; an error that leaves open what is on the disk is fatal.
  absl::Status InstallOrFail(VersionEdit edit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Adds up what was written over the life of the database.
  WrittenBytes WrittenNow() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Without memory it is still due, and readers go on with the one before, which holds the same.
  void PublishSuperVersion() noexcept ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // The timestamps at which a job that begins now must keep what is visible, ascending.
  std::vector<Timestamp> Points() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);

  // Refuses every write from now on; returns `cause`.
  absl::Status Fatal(const absl::Status& cause) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  absl::Status CheckWritable() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Says why calls are refused once `closed` is set.
  absl::Status Closed() const;
  // True in a child of fork: the database is the parent's, and every call is refused before it
  // locks.
  bool is_inherited() const { return inherited.LoadRelaxed(); }  // relaxed: set on the only thread

  // Notes that listeners are to be told of `event` by `call`. Without memory it is lost.
  template <typename Event>
  void Tell(void (Listener::*call)(const Event&), const Event& event)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) {
    if (events.has_listeners()) {
      TryWithMemory(
          [&] { events.Add([call, event](Listener& listener) { (listener.*call)(event); }); });
    }
  }
  // Tells the listeners what happened, releasing the mutex meanwhile if there is anything to tell.
  void DeliverEvents() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);

  // Cancels the timers that have not started, and waits for the others to reset themselves.
  void CancelTimers(std::initializer_list<std::optional<Executor::TimerId>*> timers)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);

  // --- Immutable after Open ----------------------------------------------------------------------
  const std::string directory;
  const Options options;
  FileSystem* fs;  // once the directory is locked: in which its path stays that directory's
  Clock* const physical_clock;
  Executor* const executor;
  const CompactionOptions compaction_options;
  RateLimiter limiter;                    // for background jobs; thread-safe
  std::shared_ptr<MemoryAccount> memory;  // of memtables; null: no budget
  std::unique_ptr<VersionSet> versions;   // its calls: under the mutex

  // --- Read without a lock -----------------------------------------------------------------------
  // On lines of their own: every read loads the first three, which seldom change; every commit
  // stores the fourth; what follows is for writers and ending iterators alone.
  alignas(kCacheLineBytes) CurrentSuperVersion current;
  Atomic<bool> closed{false};
  Atomic<bool> inherited{false};  // set in a child of fork only, and `closed` with it
  alignas(kCacheLineBytes) Atomic<Timestamp> visible{0};
  SeekDebt seek_debt;  // added to by iterators when they end, and by lookups

  // --- Guarded by the mutex ----------------------------------------------------------------------
 private:
  alignas(kCacheLineBytes) mutable Mutex mutex_;

 public:
  DbCounters counters ABSL_GUARDED_BY(database_mutex);
  // Groups of writes that have begun. While it stands still, no write comes.
  uint64_t groups_begun ABSL_GUARDED_BY(database_mutex) = 0;
  // In earlier lives, as the manifest says.
  WrittenBytes written_before ABSL_GUARDED_BY(database_mutex);
  CondVar changed;  // a job ended, or something else that is waited for
  // Changed by the leader of the write queue under the mutex; filled by it without.
  MemtableRef active;
  uint64_t active_log ABSL_GUARDED_BY(database_mutex) = 0;
  std::vector<FrozenMemtable> frozen ABSL_GUARDED_BY(database_mutex);  // oldest first
  uint64_t logs_needed_from ABSL_GUARDED_BY(database_mutex) = 0;  // older logs can be forgotten
  // A super-version for which there was no memory.
  bool publish_due ABSL_GUARDED_BY(database_mutex) = false;
  SnapshotList snapshots ABSL_GUARDED_BY(database_mutex);
  // Visible timestamps at the start of running jobs: history below the largest may be dropped.
  std::multiset<Timestamp> job_starts ABSL_GUARDED_BY(database_mutex);
  uint64_t next_job_id ABSL_GUARDED_BY(database_mutex) = 1;
  Random random ABSL_GUARDED_BY(database_mutex);  // for ids of databases and logs, and for names
  EventQueue events;                              // under the mutex, except OnThisThread
  absl::Status fatal ABSL_GUARDED_BY(database_mutex);
  // Close was called: no write waits for room, and no compaction begins.
  bool close_requested ABSL_GUARDED_BY(database_mutex) = false;
  bool closing ABSL_GUARDED_BY(database_mutex) = false;  // nothing but the end of what runs
  Atomic<bool> cancel_jobs{false};

 private:
  SuperVersion* NewSuperVersion() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);

  const std::function<void()> manifest_replaced_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_DB_STATE_H_
