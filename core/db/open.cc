// SPDX-License-Identifier: Apache-2.0

// Opening: takes the lock, reads the manifest, and makes new synced segments of the logs, or a new
// synced log while they are short. One edit switches over.
#include <algorithm>
#include <string>
#include <utility>

#include "core/base/fork.h"
#include "core/base/status.h"
#include "core/compaction/flush_job.h"
#include "core/db/db_impl.h"
#include "core/db/guarded_db.h"
#include "core/db/hybrid_logical_clock.h"
#include "core/db/log_set.h"
#include "core/db/option_mapping.h"
#include "core/db/running_job.h"
#include "core/db/write_queue.h"
#include "core/fs/file_helpers.h"
#include "core/fs/yielding_file_system.h"
#include "core/manifest/file_names.h"
#include "core/memtable/block_pool.h"
#include "core/segment/page/page_cache.h"
#include "core/version_set/segment_opener.h"
#include "veralith/cache.h"
#include "veralith/clock.h"
#include "veralith/posix_file_system.h"

namespace veralith {

namespace {

// Adds advice to every error of a database that does not open because of damage.
absl::Status WithAdvice(const absl::Status& damage, const std::string& directory) {
  return DataLoss(std::string(Message(damage)) + ". Without a backup: `veralith repair " +
                  directory + " --to TARGET` builds a database of what can be read");
}

// Writes what was replayed, with its timestamps, into the new log; durable when it returns.
absl::Status LogAgain(const LogRecovery& recovery, LogSet& logs) {
  for (const ReplayedRecord& record : recovery.kept_records()) {
    logs.Stage(record.ts, record.operations);
  }
  VERALITH_RETURN_IF_ERROR(logs.Commit());
  return logs.Sync();
}

// Every Cache is a PageCache (cache.h).
std::shared_ptr<PageCache> CacheOf(const Options& options) {
  return options.cache != nullptr ? std::static_pointer_cast<PageCache>(options.cache)
                                  : std::make_shared<PageCache>(options.cache_bytes);
}

// Another thread of the parent may have held the cache's mutex when this process was forked.
absl::Status CheckCache(const Options& options) {
  const auto* const cache = static_cast<const PageCache*>(options.cache.get());
  return cache == nullptr || cache->fork_generation() == ForkGeneration()
             ? absl::OkStatus()
             : FailedPrecondition(
                   "Options: cache belongs to the process that this one was forked from; make "
                   "another one here");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Db>> Db::Open(const std::string& directory, const Options& options) {
  return CatchNoMemory("Open", [&]() -> absl::StatusOr<std::unique_ptr<Db>> {
    VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<DbImpl> db, DbImpl::Open(directory, options));
    return NewGuardedDb(std::move(db));
  });
}

absl::StatusOr<std::unique_ptr<DbImpl>> DbImpl::Open(const std::string& directory,
                                                     const Options& options) {
  VERALITH_RETURN_IF_ERROR(CheckOptions(options));
  VERALITH_RETURN_IF_ERROR(CheckCache(options));
  std::unique_ptr<DbImpl> db(new DbImpl(directory, options));
  absl::Status status = CatchNoMemory("Open", [&db] { return db->Recover(); });
  if (!status.ok()) {
    MutexLock lock(db->state_.mutex());
    db->state_.closing = true;  // nothing to make durable: what was not recovered stays as it was
    db->state_.closed.Store(true);
    return absl::IsDataLoss(status) ? WithAdvice(status, db->state_.directory) : status;
  }
  return db;
}

DbImpl::DbImpl(std::string directory, const Options& options)
    : releases_(std::make_shared<SegmentReleases>()),
      cache_(CacheOf(options)),
      account_(std::make_shared<CacheAccount>()),
      state_(std::move(directory), options, [this] { garbage_.Schedule(); }),
      garbage_(state_),
      jobs_(state_, garbage_,
            [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { stalls_.JobEnded(); }),
      stalls_(state_, jobs_),
      pipeline_(state_, jobs_, stalls_) {
  state_.memory = PageCache::NewMemoryAccount(cache_);
  AddForkObserver(this);
}

// Runs on the child's only thread: nobody holds the mutex that could release it.
void DbImpl::AfterForkInChild() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  state_.inherited.Store(true);
  inherited_snapshot_.emplace(&state_.snapshots, state_.visible.Load());
  state_.mutex().Abandon();
  state_.cancel_jobs.Store(true);
  state_.closing = true;
  state_.closed.Store(true);
}

absl::Status DbImpl::Recover() {
  VERALITH_RETURN_IF_ERROR(LockDirectory());
  const absl::Status status = RecoverLocked();
  return watch_.has_value() ? watch_->JudgeOpening(status) : status;
}

absl::Status DbImpl::RecoverLocked() {
  const BlockHold kept;  // one memtable follows the other
  VERALITH_RETURN_IF_ERROR(OpenVersionSet());
  MutexLock lock(state_.mutex());
  const ManifestState& state = state_.versions->state();
  state_.written_before = state.written;
  // What is replayed is flushed as it fills memtables. One edit at the end installs all of it, so
  // an interrupted recovery changes nothing and can run again (hazard R7).
  VersionEdit edit;
  PendingNumbers numbers(state_);
  LogRecovery::Options logs{
      .fs = state_.fs,
      .directory = state_.directory,
      .logs = state.logs,
      .after = state.last_timestamp,
      .synced_through = state.logs_synced_through,
      .recover_up_to_damage = state_.options.recover_up_to_damage,
      .memtable_bytes = RecoveryBufferBytes(),
      .flush = nullptr,
      // Twice the size: what Close left is never too much for the next opening.
      .kept_memtable_bytes = state_.options.read_only ? 0 : 2 * KeptInLogBytes(),
      .memory = state_.memory};
  if (!state_.options.read_only) {
    logs.flush = [this, &edit, &numbers](MemtableRef full) ABSL_NO_THREAD_SAFETY_ANALYSIS {
      MutexLock relock(state_.mutex());
      return FlushReplayed(*full, &edit, &numbers);
    };
  }
  LogRecovery recovery(std::move(logs));
  absl::Status status;
  {
    MutexUnlock unlock(state_.mutex());
    status = recovery.Run();
  }
  recovery_report_ = recovery.report();
  if (status.ok()) {
    status =
        state_.options.read_only ? StartReading(recovery) : StartWriting(recovery, &edit, &numbers);
  }
  return status;
}

// A write buffer smaller than the one that filled the logs does not cut them into as many runs; a
// budget for memtables does.
size_t DbImpl::RecoveryBufferBytes() const {
  constexpr size_t kLeast = size_t{16} << 10;  // a memtable takes as much anyway
  const size_t most =
      std::max(state_.options.write_buffer_bytes, state_.options.recovery_buffer_bytes);
  return state_.memory == nullptr
             ? most
             : std::min(most, std::max(kLeast, state_.memory->budget_bytes() / 2));
}

absl::Status DbImpl::LockDirectory() {
  if (state_.options.read_only) {
    VERALITH_RETURN_IF_ERROR(PinDirectory());
    VERALITH_ASSIGN_OR_RETURN(watch_, ReaderWatch::Begin(state_.fs, state_.directory));
    files_->SetJudge([watch = *watch_](const absl::Status& error) { return watch.Judge(error); });
    return absl::OkStatus();
  }
  VERALITH_RETURN_IF_ERROR(MakeDirectory());
  VERALITH_RETURN_IF_ERROR(PinDirectory());
  VERALITH_ASSIGN_OR_RETURN(owner_, OwnerLock::Take(state_.fs, state_.directory));
  return absl::OkStatus();
}

absl::Status DbImpl::MakeDirectory() {
  VERALITH_ASSIGN_OR_RETURN(const bool exists, state_.fs->Exists(state_.directory));
  if (!exists && !state_.options.create_if_missing) {
    return NotFound(state_.directory + ": no such directory, and create_if_missing is false");
  }
  if (!state_.options.create_if_missing) {
    VERALITH_ASSIGN_OR_RETURN(const bool any, HoldsFilesOfOurs());
    if (!any) {
      return NotFound(state_.directory + ": no database here, and create_if_missing is false");
    }
  }
  VERALITH_RETURN_IF_ERROR(state_.fs->CreateDirectory(state_.directory));
  // A new database's own name must be durable, too. Before CURRENT exists it may not be: an opening
  // that crashed can have made the directory and nothing else.
  VERALITH_ASSIGN_OR_RETURN(const bool created,
                            state_.fs->Exists(JoinPath(state_.directory, kCurrentFileName)));
  return created ? absl::OkStatus() : state_.fs->SyncDirectory(ParentPath(state_.directory));
}

absl::Status DbImpl::PinDirectory() {
  FileSystem* const whole = state_.fs;
  VERALITH_ASSIGN_OR_RETURN(pinned_, veralith::PinDirectory(state_.fs, state_.directory));
  state_.fs = pinned_.get();
  files_ = std::make_shared<FileTable>(
      state_.fs,
      MaxOpenSegments(state_.options, state_.fs->MaxOpenFiles(), state_.executor->parallelism()),
      whole);
  yielding_ = std::make_unique<YieldingFileSystem>(state_.fs, files_);
  state_.fs = yielding_.get();
  return absl::OkStatus();
}

absl::StatusOr<bool> DbImpl::HoldsFilesOfOurs() const {
  VERALITH_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                            state_.fs->List(state_.directory));
  return std::any_of(names.begin(), names.end(),
                     [](const std::string& name) { return ParseFileName(name).has_value(); });
}

absl::Status DbImpl::OpenVersionSet() {
  VersionSetOptions options;
  options.fs = state_.fs;
  options.executor = state_.executor;
  options.directory = state_.directory;
  options.create_if_missing = state_.options.create_if_missing && !state_.options.read_only;
  options.error_if_exists = state_.options.error_if_exists;
  options.read_only = state_.options.read_only;
  {
    MutexLock lock(state_.mutex());
    options.new_database_id = std::max<uint64_t>(1, state_.random.Next());
  }
  options.edits_precede_data = true;
  options.check_owner = [this] { return owner_->Check(); };
  options.manifest_limits.roll_bytes = state_.options.manifest_roll_bytes;
  if (state_.options.manifest_roll_bytes == 0) {
    options.manifest_limits.roll_snapshots = 0;
  }
  // A log that recovery will refuse is refused before anything is written.
  options.before_first_write = [this](const ManifestState& state) {
    LogRecovery::Options logs{.fs = state_.fs,
                              .directory = state_.directory,
                              .logs = state.logs,
                              .after = state.last_timestamp,
                              .synced_through = state.logs_synced_through,
                              .recover_up_to_damage = state_.options.recover_up_to_damage,
                              .memtable_bytes = 0,
                              .flush = nullptr,
                              .judge_only = true};
    return LogRecovery(std::move(logs)).Run();
  };
  options.tiered_levels = jobs_.policy().TieredLevels();
  options.open_segment = NewSegmentOpener();
  options.releases = releases_;
  VERALITH_ASSIGN_OR_RETURN(state_.versions, VersionSet::Open(std::move(options)));
  return absl::OkStatus();
}

// Readers share ownership of the cache: a reader that a late user of a super-version still holds
// must not outlive it. If a read-only database finds a segment missing, a writer may have replaced
// it since.
SegmentOpener DbImpl::NewSegmentOpener() const {
  SegmentReaderOptions reader_options;
  reader_options.cache = cache_.get();
  reader_options.account = account_.get();
  return [open = DefaultSegmentOpener(files_, state_.directory, reader_options), cache = cache_,
          account = account_,
          watch = watch_](const FileMeta& file) -> absl::StatusOr<std::shared_ptr<SegmentReader>> {
    absl::StatusOr<std::shared_ptr<SegmentReader>> opened = open(file);
    if (!opened.ok()) {
      return watch.has_value() ? watch->Judge(opened.status()) : opened.status();
    }
    std::shared_ptr<SegmentReader> reader = *std::move(opened);
    SegmentReader* raw = reader.get();
    return std::shared_ptr<SegmentReader>(
        raw, [reader = std::move(reader), cache, account](SegmentReader*) mutable {
          reader.reset();
          cache.reset();
          account.reset();
        });
  };
}

absl::Status DbImpl::FlushReplayed(const Memtable& full, VersionEdit* edit,
                                   PendingNumbers* numbers) {
  // No snapshot lives, and all that was replayed is visible.
  RunningJob job(state_, "Open", {full.max_ts()}, *numbers);
  FlushRequest request;
  request.memtables = {&full};
  request.points = job.points();
  // Includes the runs that this recovery has flushed already, which are not installed yet: a
  // tombstone must not be dropped if they hold what it hides.
  VERALITH_ASSIGN_OR_RETURN(Version so_far, state_.versions->version().Apply(*edit));
  request.version = std::make_shared<const Version>(std::move(so_far));
  request.run_id = state_.versions->NewRunId();
  absl::StatusOr<JobResult> result = job.Run(RoomRequest(), [&] {
    return RunFlush(job.environment(), state_.compaction_options, request);
  });
  VERALITH_RETURN_IF_ERROR(result.status());
  state_.counters.flush_bytes += result->statistics.bytes_written;
  VersionEdit& more = result->edit;
  std::move(more.added_files.begin(), more.added_files.end(),
            std::back_inserter(edit->added_files));
  edit->last_timestamp = std::max(edit->last_timestamp.value_or(0), full.max_ts());
  if (more.history_floor.has_value()) {
    edit->history_floor = std::max(edit->history_floor.value_or(0), *more.history_floor);
  }
  return absl::OkStatus();
}

absl::Status DbImpl::StartReading(const LogRecovery& recovery) {
  state_.active = recovery.memtable();
  const ManifestState& state = state_.versions->state();
  state_.visible.Store(std::max(state.last_timestamp, recovery.last_timestamp()));
  state_.PublishSuperVersion();
  return state_.publish_due ? NoMemory("Open") : absl::OkStatus();
}

// Makes one edit: it adds the replayed segments, drops the old logs, and adds a new log and a
// ceiling above every timestamp that an earlier life can have used (hazard O6). The old logs are
// not trusted again, whoever synced them: this life writes and syncs what they held, in segments or
// in the new log.
absl::Status DbImpl::StartWriting(const LogRecovery& recovery, VersionEdit* edit,
                                  PendingNumbers* numbers) {
  const bool again = !recovery.kept_records().empty();
  if (!recovery.memtable()->empty() && !again) {
    VERALITH_RETURN_IF_ERROR(FlushReplayed(*recovery.memtable(), edit, numbers));
  }
  const ManifestState& state = state_.versions->state();
  for (const auto& [number, id] : state.logs) {
    edit->removed_logs.push_back(number);
  }
  const Timestamp used =
      std::max({state.timestamp_ceiling, state.last_timestamp, recovery.last_timestamp()});
  HybridLogicalClock clock(state_.physical_clock, state_.options.max_clock_skew_nanos, used);
  clock.Observe();
  Timestamp ceiling = 0;
  if (clock.CeilingFor(WriteQueue::kMaxGroupWriters, &ceiling).ok()) {
    edit->timestamp_ceiling = ceiling;
  }
  const uint64_t number = numbers->New();
  const uint64_t id = state_.random.Next();
  if (again) {
    // If the log had records before an edit gave its number out, that would say that an edit is
    // lost.
    VERALITH_RETURN_IF_ERROR(state_.Install(VersionEdit()));
  }
  absl::StatusOr<std::unique_ptr<LogWriter>> log;
  {
    MutexUnlock unlock(state_.mutex());
    log = CreateLog(*state_.fs, state_.directory,
                    {.number = number, .id = id, .mapped = state_.options.map_log});
  }
  VERALITH_RETURN_IF_ERROR(log.status());
  edit->added_logs.push_back({number, id});
  auto logs = std::make_unique<LogSet>(*std::move(log));
  if (again) {
    absl::Status logged;
    {
      MutexUnlock unlock(state_.mutex());
      logged = LogAgain(recovery, *logs);
    }
    VERALITH_RETURN_IF_ERROR(logged);
    state_.counters.log_bytes += logs->active_bytes();
    if (const LogPosition durable = logs->DurableEnd(); durable.offset > 0) {
      edit->logs_synced_through = durable;
    }
  }
  VERALITH_RETURN_IF_ERROR(state_.Install(*edit));
  if (edit->timestamp_ceiling.has_value()) {
    clock.RaiseCeiling(*edit->timestamp_ceiling);
  }
  pipeline_.Start(clock, std::move(logs),
                  again ? recovery.memtable() : MemtableRef::Make(1, state_.memory));
  state_.visible.Store(
      std::max(state_.versions->state().last_timestamp, recovery.last_timestamp()));
  state_.PublishSuperVersion();
  if (state_.publish_due) {
    return NoMemory("Open");
  }
  pipeline_.JoinBudget();
  garbage_.Start();
  releases_->Attach([this] { garbage_.Schedule(); });
  garbage_.Remove(garbage_.Claim());
  jobs_.Start();
  return absl::OkStatus();
}

}  // namespace veralith
