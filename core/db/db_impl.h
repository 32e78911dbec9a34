// SPDX-License-Identifier: Apache-2.0

// DbImpl: implements the Db interface over one shared state (db_state.h). JobScheduler and
// GarbageRemover do the background work. DbImpl's methods live in one file per concern:
//   open.cc          opening, creating, recovery of the logs, the first manifest edit
//   write_path.cc    group commit, room in memory, timestamps, sync
//   read_path.cc     Get, MultiGet, iterators, snapshots
//   maintenance.cc   Flush, Compact, Check, statistics, Close
//   checkpoint.cc    Checkpoint
//
// The way of a write: log, sync if asked, memtable, visible, acknowledged. The way of a read: pin
// the super-version, load the visible timestamp, memtables newest first, then segments newest
// first.
//
// Invariants, besides those of the state
//   1. A memtable is frozen only by the leader of the write queue, between groups: all of it is
//      visible (hazards W1, C9). Memtable and log rotate together: log k holds what memtable k
//      holds.
//   2. Memory that cannot be had (core/base/no_memory.h) leaves everything as it was, or makes a
//      fatal error. No exception leaves a call of the interface (guarded_db.h), a background task,
//      or the leader.
#ifndef VERALITH_CORE_DB_DB_IMPL_H_
#define VERALITH_CORE_DB_DB_IMPL_H_

#include <algorithm>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/fork.h"
#include "core/base/no_memory.h"
#include "core/base/random.h"
#include "core/base/sync.h"
#include "core/db/db_state.h"
#include "core/db/gap_cache.h"
#include "core/db/garbage_remover.h"
#include "core/db/hybrid_logical_clock.h"
#include "core/db/job_scheduler.h"
#include "core/db/log_recovery.h"
#include "core/db/log_set.h"
#include "core/db/owner_lock.h"
#include "core/db/reader_watch.h"
#include "core/db/running_job.h"
#include "core/db/snapshot_list.h"
#include "core/db/super_version.h"
#include "core/db/write_queue.h"
#include "core/fs/file_helpers.h"
#include "core/fs/file_table.h"
#include "core/memtable/memtable.h"
#include "core/segment/page/page_cache.h"
#include "core/version_set/segment_releases.h"
#include "core/version_set/version_set.h"
#include "veralith/db.h"
#include "veralith/executor.h"
#include "veralith/file_system.h"

namespace veralith {

class DbImpl final : public Db, private ForkObserver {
 public:
  static absl::StatusOr<std::unique_ptr<DbImpl>> Open(const std::string& directory,
                                                      const Options& options);
  ~DbImpl() override;
  // In a child of fork the parent's database is left as it is: what another thread was changing
  // when it was copied cannot be destroyed.
  static void operator delete(DbImpl* db, std::destroying_delete_t);

  absl::Status Put(const WriteOptions& options, NamespaceId ns, std::string_view key,
                   std::string_view value) override;
  absl::Status Delete(const WriteOptions& options, NamespaceId ns, std::string_view key) override;
  absl::Status DeleteRange(const WriteOptions& options, NamespaceId ns, std::string_view begin,
                           std::optional<std::string_view> end) override;
  absl::StatusOr<Timestamp> Write(const WriteOptions& options, const WriteBatch& batch) override;
  absl::Status Sync() override;

  absl::StatusOr<bool> Get(const ReadOptions& options, NamespaceId ns, std::string_view key,
                           PinnedValue* value, Timestamp* entry_timestamp) override;
  absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(
      const ReadOptions& options, NamespaceId ns, std::span<const std::string_view> keys) override;
  std::unique_ptr<DbIterator> NewIterator(const ScanOptions& options) override;
  const Snapshot* GetSnapshot() override;
  absl::StatusOr<const Snapshot*> GetSnapshotAt(Timestamp timestamp) override;
  void ReleaseSnapshot(const Snapshot* snapshot) override;

  absl::Status Flush() override;
  using Db::Compact;
  absl::Status Compact(const CompactOptions& options, std::optional<NamespaceId> ns,
                       const Bound& lower, const Bound& upper) override;
  absl::Status WaitForBackgroundWork() override;
  absl::Status Resume() override;
  void SetBackgroundRate(uint64_t bytes_per_second) override;
  absl::Status PauseBackgroundWork() override;
  absl::Status ContinueBackgroundWork() override;
  absl::Status Checkpoint(const std::string& directory) override;
  absl::Status Check() override;
  Timestamp LastTimestamp() const override { return state_.visible.Load(); }
  absl::Status AdvanceClock(Timestamp remote) override;
  Statistics GetStatistics() override;
  absl::Status Close() override;

  // Called when an iterator is destroyed. `visits`: runs of level 0 after the first that its seeks
  // read. Schedules a merge of level 0 once enough have accrued; locks only then.
  void RecordSeekVisits(uint64_t visits);
  bool is_inherited() const { return state_.is_inherited(); }
  absl::Status Closed() const { return state_.Closed(); }
  // Counts the keys that an iterator passed which were not there.
  void CountHiddenKeys(uint64_t keys) {
    if (keys > 0) {
      hidden_keys_.FetchAddRelaxed(keys);
    }
  }

 private:
  using JobKind = JobScheduler::Kind;

  DbImpl(std::string directory, const Options& options);
  void AfterForkInChild() override;

  // --- open.cc ---------------------------------------------------------------------------------
  absl::Status Recover();
  absl::Status RecoverLocked();
  absl::Status LockDirectory();
  absl::Status MakeDirectory();
  absl::Status PinDirectory();
  absl::StatusOr<bool> HoldsFilesOfOurs() const;
  absl::Status OpenVersionSet();
  SegmentOpener NewSegmentOpener() const;
  absl::Status FlushReplayed(const Memtable& full, VersionEdit* edit, PendingNumbers* numbers)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  size_t RecoveryBufferBytes() const;
  // A memtable of at most this many bytes is left to the log when the database is closed, and the
  // next opening logs it again instead of flushing it: short lives write no segments.
  size_t KeptInLogBytes() const {
    return std::min(size_t{256} << 10, state_.options.write_buffer_bytes / 4);
  }
  absl::Status LogAgain(const LogRecovery& recovery) ABSL_LOCKS_EXCLUDED(database_mutex);
  absl::Status StartReading(const LogRecovery& recovery)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  absl::Status StartWriting(const LogRecovery& recovery, VersionEdit* edit, PendingNumbers* numbers)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Makes the log's file, durably in its directory.
  absl::StatusOr<std::unique_ptr<LogWriter>> NewLog(uint64_t number, uint64_t id,
                                                    uint32_t continues)
      ABSL_LOCKS_EXCLUDED(database_mutex);

  // --- maintenance.cc --------------------------------------------------------------------------
  // Syncs the logs that no flush emptied, and makes the manifest say how far they go.
  absl::Status EndLogs() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);

  // --- write_path.cc ---------------------------------------------------------------------------
  absl::Status CommitOne(const WriteOptions& options, const LogOperation& operation);
  absl::StatusOr<Timestamp> Commit(const WriteOptions& options,
                                   std::span<const LogOperation> operations);
  void Lead(WriteQueue::Writer& leader) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // A leader is done: the next one goes on, or Close learns that none is left.
  void FinishLeading(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  absl::Status LeadGroup(const WriteQueue::Writer& leader)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  absl::Status CommitGroup() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // What may lack memory, before anything of the group is written.
  absl::Status StageGroup(const std::vector<WriteQueue::Writer*>& group, size_t entries,
                          uint64_t user_bytes) ABSL_LOCKS_EXCLUDED(database_mutex);
  absl::Status LogGroup(bool sync) ABSL_LOCKS_EXCLUDED(database_mutex);
  // Notes the group's puts for gaps_ while `*notes_puts`; false then: the next group's need not be.
  absl::Status ApplyGroup(const std::vector<WriteQueue::Writer*>& group, Timestamp last,
                          bool* notes_puts) ABSL_LOCKS_EXCLUDED(database_mutex);
  // `deletes`: the group is there to give room back.
  absl::Status MakeRoom(bool deletes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Lets a flush see deletions that were taken into a full memtable.
  void FlushDeletions() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Makes each commit wait a little while level 0 is between its slowdown and its stop trigger.
  void SlowDown() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  size_t RunsBeyondSlowdown() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  void BeginStall(StallEvent::Kind kind, std::string reason)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  void EndStall() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Ends a slowdown that no writer has met the end of.
  void CompactionEnded() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  absl::Status WaitForRoom(std::string reason, JobKind kind, bool (DbImpl::*enough)() const)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  bool HasFreeWriteBuffer() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  bool BelowLevel0Stop() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  absl::Status EnsureCeiling() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Freezes the active memtable and starts a new one with a new log. By the leader.
  absl::Status RotateMemtable() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Runs `action` as the leader of a group of one.
  absl::Status AsLeader(const std::function<absl::Status()>& action)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  void ScheduleIntervalSync(int64_t delay_nanos) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  void EnsureIntervalSync() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  void IntervalSync() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // FailedPrecondition inside a listener, and in a child of fork: `call` writes or waits
  // (listener.h).
  absl::Status RefuseInListener(const char* call) const;
  absl::Status RefuseInChild() const;

  // --- read_path.cc ----------------------------------------------------------------------------
  std::unique_ptr<DbIterator> TryNewIterator(const ScanOptions& options);
  // Begins to note puts, for gaps_ (gap_cache.h).
  std::optional<Timestamp> StartNotingPuts() ABSL_LOCKS_EXCLUDED(database_mutex);
  absl::StatusOr<Timestamp> ReadTimestamp(const ReadOptions& options,
                                          const SuperVersion& pinned) const;

  // --- maintenance.cc --------------------------------------------------------------------------
  absl::Status FlushLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  absl::Status FlushForClose() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Until every memtable up to `last_id` is in segments.
  absl::Status AwaitFlushed(uint64_t last_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);

  // --- Immutable after Open ----------------------------------------------------------------------
  // In which the paths below the directory stay those of the directory that was opened.
  std::shared_ptr<FileSystem> pinned_;
  std::shared_ptr<FileTable> files_;  // of segments, opened in pinned_
  // `pinned_`, closing some of them for whatever else needs one. state_.fs, once it is there.
  std::unique_ptr<FileSystem> yielding_;
  const std::shared_ptr<SegmentReleases> releases_;  // attached while the database is open
  std::unique_ptr<OwnerLock> owner_;                 // null when read-only
  std::optional<ReaderWatch> watch_;                 // when read-only
  std::shared_ptr<PageCache> cache_;                 // outlived by no reader

  // --- The parts: in the order in which they know each other -------------------------------------
  DbState state_;
  GarbageRemover garbage_;
  JobScheduler jobs_;

  // --- Any thread --------------------------------------------------------------------------------
  alignas(kCacheLineBytes) Atomic<uint64_t> hidden_keys_{0};  // added to by iterators when they end
  GapCache gaps_{[this] { return StartNotingPuts(); }};

  // --- Guarded by the mutex ----------------------------------------------------------------------
  alignas(kCacheLineBytes) WriteQueue queue_;  // except AwaitTurn
  std::optional<HybridLogicalClock> clock_ ABSL_GUARDED_BY(database_mutex);
  uint64_t next_memtable_id_ ABSL_GUARDED_BY(database_mutex) = 1;
  std::optional<HeldSnapshot> inherited_snapshot_;  // what a child of fork is given
  Random random_ ABSL_GUARDED_BY(database_mutex);

  bool notes_puts_ ABSL_GUARDED_BY(database_mutex) = false;     // groups tell gaps_ of their puts
  Timestamp newest_begun_ ABSL_GUARDED_BY(database_mutex) = 0;  // of groups, visible or not yet

  int timers_running_ ABSL_GUARDED_BY(database_mutex) = 0;
  std::optional<Executor::TimerId> sync_timer_ ABSL_GUARDED_BY(database_mutex);
  bool sync_due_ ABSL_GUARDED_BY(database_mutex) = false;  // the next group syncs
  // What the first Close returned.
  std::optional<absl::Status> closed_with_ ABSL_GUARDED_BY(database_mutex);
  std::optional<StallEvent> stall_ ABSL_GUARDED_BY(database_mutex);  // what holds writers back now
  std::string recovery_report_ ABSL_GUARDED_BY(database_mutex);

  // --- The leader's own --------------------------------------------------------------------------
  std::unique_ptr<LogSet> logs_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_DB_IMPL_H_
