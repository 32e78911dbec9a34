// DbImpl: the database behind the Db interface. Its methods live in one file per concern:
//   open.cc          opening, creating, recovery of the logs, the first manifest edit
//   write_path.cc    group commit, room in memory, timestamps, sync
//   read_path.cc     Get, MultiGet, iterators, snapshots
//   background.cc    flushes, compactions, back-off, garbage
//   maintenance.cc   Flush, Compact, Checkpoint, Check, statistics, Close
//
// The way of a write: log, sync if asked, memtable, visible, acknowledged. The way of a read: pin
// the super-version, load the visible timestamp, memtables newest first, then segments newest
// first.
//
// Invariants
//   1. visible_ only rises, after everything up to it is in the memtables of the current
//      super-version; it is never ahead of the clock, the clock never ahead of the durable ceiling.
//   2. A memtable is frozen only by the leader of the write queue, between groups: all of it is
//      visible (hazards W1, C9). Memtable and log rotate together: log k holds what memtable k
//      holds.
//   3. After a failed write or sync of log or manifest, fatal_ is set and no write is acknowledged
//      until the database is opened again; reads go on.
//   4. Memory that cannot be had (core/base/no_memory.h) leaves everything as it was, or sets
//      fatal_. No exception leaves a call of the interface (guarded_db.h), a background task, or
//      the leader.
//   5. At most one flush runs; it takes the oldest frozen memtables. Compactions never share a
//      file.
//
// Lock order: mutex_ only. It is never held during I/O.
#ifndef VERALITH_CORE_DB_DB_IMPL_H_
#define VERALITH_CORE_DB_DB_IMPL_H_

#include <algorithm>
#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/executor.h"
#include "core/base/fork.h"
#include "core/base/no_memory.h"
#include "core/base/random.h"
#include "core/base/rate_limiter.h"
#include "core/base/sync.h"
#include "core/compaction/job.h"
#include "core/compaction/merge.h"
#include "core/compaction/options.h"
#include "core/compaction/picker.h"
#include "core/db/db.h"
#include "core/db/event_queue.h"
#include "core/db/gap_cache.h"
#include "core/db/hybrid_logical_clock.h"
#include "core/db/log_recovery.h"
#include "core/db/log_set.h"
#include "core/db/owner_lock.h"
#include "core/db/reader_watch.h"
#include "core/db/seek_debt.h"
#include "core/db/snapshot_list.h"
#include "core/db/super_version.h"
#include "core/db/write_queue.h"
#include "core/fs/file_system.h"
#include "core/fs/file_table.h"
#include "core/memtable/memtable.h"
#include "core/segment/page_cache.h"
#include "core/version_set/segment_releases.h"
#include "core/version_set/version_set.h"

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
  Timestamp LastTimestamp() const override { return visible_.Load(); }
  absl::Status AdvanceClock(Timestamp remote) override;
  Statistics GetStatistics() override;
  absl::Status Close() override;

  // An iterator ends that has looked so many times into runs of level 0 beyond the first: begins a
  // merge if seeks have paid for it. Locks only when it is time to see.
  void ChargeSeeks(uint64_t visits) ABSL_LOCKS_EXCLUDED(mutex_);
  // In a child of fork: the database is the parent's, and every call is refused before it locks.
  bool is_inherited() const { return inherited_.LoadRelaxed(); }  // relaxed: set on the only thread
  // Why calls are refused once closed_ is set.
  absl::Status Closed() const;
  // Counts the keys that an iterator passed which were not there.
  void CountHiddenKeys(uint64_t keys) {
    if (keys > 0) {
      hidden_keys_.FetchAddRelaxed(keys);
    }
  }

 private:
  // A memtable that waits for its flush, and the log that holds the same writes.
  struct Frozen {
    MemtableRef memtable;
    uint64_t log_number;
  };
  // A Compact call being served.
  struct ManualRequest {
    ManualCompaction manual;
    const Atomic<bool>* cancel = nullptr;
    bool done = false;

    bool IsCancelled() const { return cancel != nullptr && cancel->Load(); }
  };
  // One kind of background work: at most one task of it is scheduled or running.
  struct BackgroundWork {
    const char* name;
    bool scheduled = false;
    bool not_begun = false;    // for lack of memory, which is its error
    bool lacks_timer = false;  // to wait for after a failure, for lack of memory
    bool error_told = false;   // to the listeners, and nothing since that took it back
    absl::Status error = {};   // of the last job; OK once one succeeded, or Resume was called
    int failures_in_a_row = 0;
    std::optional<Executor::TimerId> retry = std::nullopt;  // until it fires, nothing is scheduled
  };
  // Whether garbage is being removed: kWanted from when it may be there, kLooks from when somebody
  // looks for it, so that what comes up after that look is not forgotten.
  enum class Removal : uint8_t { kNone, kLooks, kWanted };
  // What the counters of Statistics are made of.
  struct Counters {
    uint64_t user_bytes = 0;
    uint64_t log_bytes = 0;
    uint64_t flush_bytes = 0;
    uint64_t compaction_read_bytes = 0;
    uint64_t compaction_written_bytes = 0;
    uint64_t flushes = 0;
    uint64_t compactions = 0;
    uint64_t subcompactions = 0;
    uint64_t compaction_copied_bytes = 0;
    uint64_t log_syncs = 0;
    uint64_t commits = 0;
  };

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
  absl::Status FlushReplayed(const Memtable& full, VersionEdit* edit,
                             std::vector<uint64_t>* numbers) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  size_t RecoveryBufferBytes() const;
  // A memtable of at most this many bytes is left to the log when the database is closed, and the
  // next opening logs it again instead of flushing it: short lives write no segments.
  size_t KeptInLogBytes() const {
    return std::min(size_t{256} << 10, options_.write_buffer_bytes / 4);
  }
  absl::Status LogAgain(const LogRecovery& recovery) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status StartReading(const LogRecovery& recovery) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status StartWriting(const LogRecovery& recovery, VersionEdit* edit,
                            std::vector<uint64_t>* numbers) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Makes the log's file, durably in its directory.
  absl::StatusOr<std::unique_ptr<LogWriter>> NewLog(uint64_t number, uint64_t id,
                                                    uint32_t continues) ABSL_LOCKS_EXCLUDED(mutex_);

  // --- maintenance.cc --------------------------------------------------------------------------
  // Syncs the logs that no flush emptied, and makes the manifest say how far they go.
  absl::Status EndLogs() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // --- write_path.cc ---------------------------------------------------------------------------
  absl::Status CommitOne(const WriteOptions& options, const LogOperation& operation);
  absl::StatusOr<Timestamp> Commit(const WriteOptions& options,
                                   std::span<const LogOperation> operations);
  void Lead(WriteQueue::Writer& leader) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // A leader is done: the next one goes on, or Close learns that none is left.
  void FinishLeading(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status LeadGroup(const WriteQueue::Writer& leader) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CommitGroup() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What may lack memory, before anything of the group is written.
  absl::Status StageGroup(const std::vector<WriteQueue::Writer*>& group, size_t entries,
                          uint64_t user_bytes) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status LogGroup(bool sync) ABSL_LOCKS_EXCLUDED(mutex_);
  // Notes the group's puts for gaps_ while `*notes_puts`; false then: the next group's need not be.
  absl::Status ApplyGroup(const std::vector<WriteQueue::Writer*>& group, Timestamp last,
                          bool* notes_puts) ABSL_LOCKS_EXCLUDED(mutex_);
  // `deletes`: the group is there to give room back.
  absl::Status MakeRoom(bool deletes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Lets a flush see deletions that were taken into a full memtable.
  void FlushDeletions() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Makes each commit wait a little while level 0 is between its slowdown and its stop trigger.
  void SlowDown() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  size_t RunsBeyondSlowdown() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void BeginStall(StallEvent::Kind kind, std::string reason) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndStall() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status WaitForRoom(std::string reason, const BackgroundWork& work,
                           bool (DbImpl::*enough)() const) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasFreeWriteBuffer() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool BelowLevel0Stop() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status EnsureCeiling() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Freezes the active memtable and starts a new one with a new log. By the leader.
  absl::Status RotateMemtable() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Runs `action` as the leader of a group of one.
  absl::Status AsLeader(const std::function<absl::Status()>& action)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ScheduleIntervalSync(int64_t delay_nanos) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EnsureIntervalSync() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void IntervalSync() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckWritable() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // FailedPrecondition inside a listener, and in a child of fork: `call` writes or waits
  // (listener.h).
  absl::Status RefuseInListener(const char* call) const;
  absl::Status RefuseInChild() const;
  absl::Status Fatal(const absl::Status& cause) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // --- read_path.cc ----------------------------------------------------------------------------
  std::unique_ptr<DbIterator> TryNewIterator(const ScanOptions& options);
  // Begins to note puts, for gaps_ (gap_cache.h).
  std::optional<Timestamp> StartNotingPuts() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<Timestamp> ReadTimestamp(const ReadOptions& options,
                                          const SuperVersion& pinned) const;

  // --- background.cc ---------------------------------------------------------------------------
  // Makes the edit durable and installs it, together with what has been written so far.
  absl::Status Install(VersionEdit edit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The same; an error that leaves open what is on the disk is fatal.
  absl::Status InstallOrFail(VersionEdit edit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Over the life of the database.
  WrittenBytes WrittenNow() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Without memory it is still due, and readers go on with the one before, which holds the same.
  void PublishSuperVersion() noexcept ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  SuperVersion* NewSuperVersion() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Notes the event that make() makes, for the listeners. Without memory it is lost.
  template <typename Make>
  void Tell(Make make) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (events_.has_listeners()) {
      TryWithMemory([&] { events_.Add(make()); });
    }
  }
  std::vector<Timestamp> Points() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What cannot be begun for lack of memory is an error of that work, until the next call can.
  void ScheduleBackgroundWork() noexcept ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Schedules the work unless it is, or waits to be tried again. Without `is_due` the task looks.
  void Begin(BackgroundWork* work, TaskPriority priority, bool (DbImpl::*is_due)() const,
             std::function<void()> run) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndTask(BackgroundWork* work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void BackgroundFlush();
  absl::Status FlushFrozen() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void BackgroundCompaction();
  // The next compaction to run now: for a Compact call first.
  std::optional<Pick> NextPick() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status RunPick(const Pick& pick) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The same, and another pick, which gives room back, when the disk has none for this one.
  absl::Status RunPickOrReclaim(const Pick& pick) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // OK when the disk has room for what a job may write, and for what must stay free; or when the
  // job gives room back, and may use that. `measure` says what it would write, as far as this many
  // bytes. `reclaims`: the job has no other purpose.
  using Measure = std::function<absl::StatusOr<OutputMeasure>(uint64_t most_bytes)>;
  absl::Status CheckRoom(uint64_t needed_bytes, bool reclaims, const Measure& measure) const
      ABSL_LOCKS_EXCLUDED(mutex_);
  bool MayUseReserve(const OutputMeasure& measure, bool reclaims, uint64_t free_bytes) const;
  // Remembers how a job ended, and when to try again.
  void NoteResult(const absl::Status& status, BackgroundWork* work)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Tells the listeners what happened, releasing the mutex meanwhile if there is anything to tell.
  void DeliverEvents() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Forgets an error and tries again now.
  void Retry(BackgroundWork* work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Numbers that a job takes are pending until `numbers` is released.
  JobEnvironment NewJobEnvironment(std::vector<uint64_t>* numbers)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The job keeps to the rate limit. Call it once environment->cancel is complete.
  void MakeBackground(TaskPriority priority, JobEnvironment* environment);
  void ReleasePending(const std::vector<uint64_t>& numbers) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Has garbage removed soon, by a task or by whoever is at it. Any thread, any lock.
  void ScheduleRemoval() noexcept;
  void BackgroundRemoval();
  // True: the caller must call RemoveGarbage(true). Else somebody removes what is garbage now.
  bool ClaimRemoval() { return removal_.Exchange(Removal::kWanted) == Removal::kNone; }
  void RemoveGarbage(bool claimed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Looks again later at what could not be removed or may be in a lookup's hands still.
  void RemoveGarbageLater(const absl::Status& status, bool lookups)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool RemovalIsDue() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool FlushIsDue() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool CompactionIsDue() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  PickerState PickerStateNow() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Lets a task see what is due: the caller has no time to look.
  void LookForCompaction() noexcept ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Whether any garbage in segments ends in (after, through]: then a point at `after`, the next of
  // which is at `through`, was in its way.
  bool AnyGarbageEndsIn(Timestamp after, Timestamp through) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // --- maintenance.cc --------------------------------------------------------------------------
  absl::Status FlushLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status FlushForClose() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Until every memtable up to `last_id` is in segments.
  absl::Status AwaitFlushed(uint64_t last_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CancelTimers() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Waits until done() holds; an error of one of `works` ends the wait. `polls`: done() may come to
  // hold without a notification.
  absl::Status AwaitBackground(std::initializer_list<const BackgroundWork*> works,
                               const std::function<bool()>& done, bool polls = false)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // --- Immutable after Open ----------------------------------------------------------------------
  const std::string directory_;
  const Options options_;
  // In which directory_ and the paths below it stay those of the directory that was opened.
  std::shared_ptr<FileSystem> pinned_;
  std::shared_ptr<FileTable> files_;  // of segments, opened in pinned_
  // `pinned_`, closing some of them for whatever else needs one.
  std::unique_ptr<FileSystem> yielding_;
  FileSystem* fs_;  // yielding_, once LockDirectory has made it
  Clock* const physical_clock_;
  Executor* const executor_;
  const CompactionOptions compaction_options_;
  const std::unique_ptr<CompactionPolicy> policy_;
  RateLimiter limiter_;                              // of background jobs; thread-safe
  const std::shared_ptr<SegmentReleases> releases_;  // attached while the database is open
  std::unique_ptr<OwnerLock> owner_;                 // null when read-only
  std::optional<ReaderWatch> watch_;                 // when read-only
  std::shared_ptr<PageCache> cache_;                 // outlived by no reader
  std::unique_ptr<VersionSet> versions_;             // its calls: under mutex_

  // --- Read without a lock -----------------------------------------------------------------------
  // On lines of their own: every read loads the first two, which seldom change; every commit stores
  // the third; what follows is the writers' alone.
  alignas(kCacheLineBytes) CurrentSuperVersion current_;
  Atomic<bool> closed_{false};
  Atomic<bool> inherited_{false};  // set in a child of fork only, and closed_ with it
  alignas(kCacheLineBytes) Atomic<Timestamp> visible_{0};
  SeekDebt seek_debt_;               // added to by iterators when they end
  Atomic<uint64_t> hidden_keys_{0};  // likewise
  GapCache gaps_{[this] { return StartNotingPuts(); }};

  // --- Guarded by mutex_ -------------------------------------------------------------------------
  alignas(kCacheLineBytes) mutable Mutex mutex_;
  Counters counters_ ABSL_GUARDED_BY(mutex_);
  WrittenBytes written_before_ ABSL_GUARDED_BY(mutex_);  // in earlier lives, as the manifest says
  CondVar background_done_;  // a job ended, or the state it waits for changed
  WriteQueue queue_;         // under mutex_, but for AwaitTurn
  std::optional<HybridLogicalClock> clock_ ABSL_GUARDED_BY(mutex_);
  MemtableRef active_;  // changed by the leader under mutex_; filled by the leader without it
  uint64_t active_log_ ABSL_GUARDED_BY(mutex_) = 0;
  // A super-version for which there was no memory.
  bool publish_due_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Frozen> frozen_ ABSL_GUARDED_BY(mutex_);  // oldest first
  uint64_t next_memtable_id_ ABSL_GUARDED_BY(mutex_) = 1;
  uint64_t logs_needed_from_ ABSL_GUARDED_BY(mutex_) = 0;  // older logs can be forgotten
  SnapshotList snapshots_ ABSL_GUARDED_BY(mutex_);
  std::optional<HeldSnapshot> inherited_snapshot_;  // what a child of fork is given
  Random random_ ABSL_GUARDED_BY(mutex_);

  bool notes_puts_ ABSL_GUARDED_BY(mutex_) = false;     // groups tell gaps_ of their puts
  Timestamp newest_begun_ ABSL_GUARDED_BY(mutex_) = 0;  // of groups, whether visible or not yet

  BackgroundWork flush_ ABSL_GUARDED_BY(mutex_) = {.name = "flush"};
  BackgroundWork compaction_ ABSL_GUARDED_BY(mutex_) = {.name = "compaction"};
  int pauses_ ABSL_GUARDED_BY(mutex_) = 0;  // calls of PauseBackgroundWork not yet taken back
  EventQueue events_;                       // under mutex_, but for OnThisThread
  std::vector<const Pick*> running_ ABSL_GUARDED_BY(mutex_);
  // What PickerStateNow points to: valid until its next call.
  mutable std::vector<Timestamp> picker_points_ ABSL_GUARDED_BY(mutex_);
  mutable RangeTombstoneLists picker_ranges_ ABSL_GUARDED_BY(mutex_);
  mutable std::weak_ptr<const SegmentSet> picker_ranges_of_ ABSL_GUARDED_BY(mutex_);
  std::deque<ManualRequest*> manual_ ABSL_GUARDED_BY(mutex_);
  const ManualRequest* manual_job_ ABSL_GUARDED_BY(mutex_) = nullptr;  // whose job runs
  // The timestamps at which garbage in segments ends, ascending, and the segments they are from.
  mutable std::vector<Timestamp> garbage_ends_ ABSL_GUARDED_BY(mutex_);
  mutable std::weak_ptr<const SegmentSet> garbage_ends_of_ ABSL_GUARDED_BY(mutex_);
  uint64_t next_job_id_ ABSL_GUARDED_BY(mutex_) = 1;
  // Visible timestamps at the start of running jobs: history below the largest may be dropped.
  std::multiset<Timestamp> job_starts_ ABSL_GUARDED_BY(mutex_);
  int timers_running_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<Executor::TimerId> sync_timer_ ABSL_GUARDED_BY(mutex_);
  bool sync_due_ ABSL_GUARDED_BY(mutex_) = false;  // the next group syncs
  absl::Status fatal_ ABSL_GUARDED_BY(mutex_);
  bool ends_stalls_ ABSL_GUARDED_BY(mutex_) = false;  // Close was called: no write waits for room
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  // What the first Close returned.
  std::optional<absl::Status> closed_with_ ABSL_GUARDED_BY(mutex_);
  Atomic<bool> cancel_jobs_{false};
  Atomic<bool> cancel_compactions_{false};
  Atomic<Removal> removal_{Removal::kNone};
  std::optional<Executor::TimerId> removal_timer_ ABSL_GUARDED_BY(mutex_);
  int failed_removals_ ABSL_GUARDED_BY(mutex_) = 0;          // in a row
  std::optional<StallEvent> stall_ ABSL_GUARDED_BY(mutex_);  // what holds writers back now
  std::string recovery_report_ ABSL_GUARDED_BY(mutex_);

  // --- The leader's own --------------------------------------------------------------------------
  std::unique_ptr<LogSet> logs_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_DB_IMPL_H_
