// SPDX-License-Identifier: Apache-2.0

// DbImpl: implements the Db interface. It owns the parts of an open database, and passes each call
// on to those that do the work:
//   db_state.h          what all parts share
//   commit_pipeline.h   every write, from its queue to where readers see it
//   write_stalls.h      what holds writers back
//   job_scheduler.h     flushes and compactions
//   garbage_remover.h   files that nobody needs any more
// Opening, reading and closing are its own. Its methods live in one file per concern:
//   open.cc          opening, creating, recovery of the logs, the first manifest edit
//   write_path.cc    Put, Delete, Write, Sync: checks before the pipeline
//   read_path.cc     Get, MultiGet, iterators, snapshots
//   maintenance.cc   Flush, Compact, Check, statistics, Close
//   checkpoint.cc    Checkpoint
//   publish.cc       PublishIceberg
//
// The way of a read: pin the super-version, load the visible timestamp, memtables newest first,
// then segments newest first.
//
// Invariant, besides those of its parts: memory that cannot be had (core/base/no_memory.h) leaves
// everything as it was, or makes a fatal error. No exception leaves a call of the interface
// (guarded_db.h), or a background task.
#ifndef VERALITH_CORE_DB_DB_IMPL_H_
#define VERALITH_CORE_DB_DB_IMPL_H_

#include <algorithm>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/fork.h"
#include "core/base/no_memory.h"
#include "core/base/sync.h"
#include "core/db/commit_pipeline.h"
#include "core/db/db_state.h"
#include "core/db/garbage_remover.h"
#include "core/db/job_scheduler.h"
#include "core/db/log_recovery.h"
#include "core/db/owner_lock.h"
#include "core/db/reader_watch.h"
#include "core/db/running_job.h"
#include "core/db/snapshot_list.h"
#include "core/db/super_version.h"
#include "core/db/write_stalls.h"
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
  absl::StatusOr<std::vector<NamespaceId>> ListNamespaces(const ReadOptions& options) override;
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
  absl::StatusOr<PublishReport> PublishIceberg(const std::string& table,
                                               const PublishOptions& options) override;
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
  absl::Status StartReading(const LogRecovery& recovery)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  absl::Status StartWriting(const LogRecovery& recovery, VersionEdit* edit, PendingNumbers* numbers)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);

  // --- write_path.cc ---------------------------------------------------------------------------
  absl::Status CommitOne(const WriteOptions& options, const LogOperation& operation);
  absl::StatusOr<Timestamp> Commit(const WriteOptions& options,
                                   std::span<const LogOperation> operations);
  // FailedPrecondition inside a listener, and in a child of fork: `call` writes or waits
  // (listener.h).
  absl::Status RefuseInListener(const char* call) const;
  absl::Status RefuseInChild() const;

  // --- read_path.cc ----------------------------------------------------------------------------
  std::unique_ptr<DbIterator> TryNewIterator(const ScanOptions& options);
  // The iterator over what `pinned` has at `snapshot`.
  std::unique_ptr<DbIterator> IteratorAt(std::shared_ptr<const SuperVersionRef> pinned,
                                         Timestamp snapshot, const ScanOptions& options);
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
  const std::shared_ptr<CacheAccount> account_;      // likewise

  // --- The parts: in the order in which they know each other -------------------------------------
  DbState state_;
  GarbageRemover garbage_;
  JobScheduler jobs_;
  WriteStalls stalls_;
  CommitPipeline pipeline_;

  // --- Any thread --------------------------------------------------------------------------------
  alignas(kCacheLineBytes) Atomic<uint64_t> hidden_keys_{0};  // added to by iterators when they end

  // --- Guarded by the mutex ----------------------------------------------------------------------
  std::optional<HeldSnapshot> inherited_snapshot_;  // what a child of fork is given
  // What the first Close returned.
  std::optional<absl::Status> closed_with_ ABSL_GUARDED_BY(database_mutex);
  std::string recovery_report_ ABSL_GUARDED_BY(database_mutex);
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_DB_IMPL_H_
