// Opening: lock, manifest, logs into new synced segments, or, while they are short, into a new
// synced log; one edit that switches over.
#include <algorithm>
#include <string>
#include <utility>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/status.h"
#include "core/compaction/flush_job.h"
#include "core/db/db_impl.h"
#include "core/db/guarded_db.h"
#include "core/db/option_mapping.h"
#include "core/fs/posix_file_system.h"
#include "core/fs/yielding_file_system.h"
#include "core/manifest/file_names.h"
#include "core/version_set/segment_opener.h"

namespace veralith {

namespace {

// What helps wherever a database does not open for damage.
absl::Status WithAdvice(const absl::Status& damage, const std::string& directory) {
  return DataLoss(std::string(Message(damage)) + ". Without a backup: `veralith repair " +
                  directory + " --to TARGET` builds a database of what can be read");
}

FileSystem* FileSystemOf(const Options& options) {
  return options.file_system != nullptr ? options.file_system : PosixFileSystem();
}

Executor* ExecutorOf(const Options& options) {
  return options.executor != nullptr ? options.executor : DefaultExecutor();
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
  std::unique_ptr<DbImpl> db(new DbImpl(directory, options));
  absl::Status status = CatchNoMemory("Open", [&db] { return db->Recover(); });
  if (!status.ok()) {
    MutexLock lock(db->mutex_);
    db->closing_ = true;  // nothing to make durable: what was not recovered stays as it was
    db->closed_.Store(true);
    return absl::IsDataLoss(status) ? WithAdvice(status, db->directory_) : status;
  }
  return db;
}

DbImpl::DbImpl(std::string directory, const Options& options)
    : directory_(std::move(directory)),
      options_(options),
      fs_(FileSystemOf(options)),
      physical_clock_(options.clock != nullptr ? options.clock : SystemClock()),
      executor_(ExecutorOf(options)),
      compaction_options_(ToCompactionOptions(options, executor_->parallelism())),
      policy_(NewCompactionPolicy(options.compaction_policy, compaction_options_)),
      limiter_(physical_clock_, executor_, options.background_bytes_per_second),
      releases_(std::make_shared<SegmentReleases>()),
      cache_(std::make_shared<PageCache>(options.cache_bytes)),
      seek_debt_(options.seek_charge_bytes),
      queue_(mutex_, *executor_),
      random_(options.random_seed.has_value() ? *options.random_seed : EntropySeed()),
      events_(options.listeners) {
  AddForkObserver(this);
}

// On the child's only thread: nobody holds the mutex that could give it back.
void DbImpl::AfterForkInChild() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  inherited_.Store(true);
  inherited_snapshot_.emplace(&snapshots_, visible_.Load());
  mutex_.Abandon();
  cancel_jobs_.Store(true);
  closing_ = true;
  closed_.Store(true);
}

absl::Status DbImpl::Recover() {
  VERALITH_RETURN_IF_ERROR(LockDirectory());
  const absl::Status status = RecoverLocked();
  return watch_.has_value() ? watch_->JudgeOpening(status) : status;
}

absl::Status DbImpl::RecoverLocked() {
  VERALITH_RETURN_IF_ERROR(OpenVersionSet());
  MutexLock lock(mutex_);
  const ManifestState& state = versions_->state();
  written_before_ = state.written;
  // What is replayed is flushed as it fills memtables; one edit at the end installs all of it, so
  // an interrupted recovery changes nothing and can run again (hazard R7).
  VersionEdit edit;
  std::vector<uint64_t> numbers;
  LogRecovery::Options logs{.fs = fs_,
                            .directory = directory_,
                            .logs = state.logs,
                            .after = state.last_timestamp,
                            .synced_through = state.logs_synced_through,
                            .recover_up_to_damage = options_.recover_up_to_damage,
                            .memtable_bytes = RecoveryBufferBytes(),
                            .flush = nullptr,
                            // Twice: what a Close left is never too much for the next opening.
                            .kept_memtable_bytes = options_.read_only ? 0 : 2 * KeptInLogBytes()};
  if (!options_.read_only) {
    logs.flush = [this, &edit, &numbers](MemtableRef full) ABSL_NO_THREAD_SAFETY_ANALYSIS {
      MutexLock relock(mutex_);
      return FlushReplayed(*full, &edit, &numbers);
    };
  }
  LogRecovery recovery(std::move(logs));
  absl::Status status;
  {
    MutexUnlock unlock(mutex_);
    status = recovery.Run();
  }
  recovery_report_ = recovery.report();
  if (status.ok()) {
    status = options_.read_only ? StartReading(recovery) : StartWriting(recovery, &edit, &numbers);
  }
  ReleasePending(numbers);
  return status;
}

// A smaller write buffer than the one that filled the logs does not cut them into as many runs.
size_t DbImpl::RecoveryBufferBytes() const {
  return std::max(options_.write_buffer_bytes, options_.recovery_buffer_bytes);
}

absl::Status DbImpl::LockDirectory() {
  if (options_.read_only) {
    VERALITH_RETURN_IF_ERROR(PinDirectory());
    VERALITH_ASSIGN_OR_RETURN(watch_, ReaderWatch::Begin(fs_, directory_));
    files_->SetJudge([watch = *watch_](const absl::Status& error) { return watch.Judge(error); });
    return absl::OkStatus();
  }
  VERALITH_RETURN_IF_ERROR(MakeDirectory());
  VERALITH_RETURN_IF_ERROR(PinDirectory());
  VERALITH_ASSIGN_OR_RETURN(owner_, OwnerLock::Take(fs_, directory_));
  return absl::OkStatus();
}

absl::Status DbImpl::MakeDirectory() {
  VERALITH_ASSIGN_OR_RETURN(const bool exists, fs_->Exists(directory_));
  if (!exists && !options_.create_if_missing) {
    return NotFound(directory_ + ": no such directory, and create_if_missing is false");
  }
  if (!options_.create_if_missing) {
    VERALITH_ASSIGN_OR_RETURN(const bool any, HoldsFilesOfOurs());
    if (!any) {
      return NotFound(directory_ + ": no database here, and create_if_missing is false");
    }
  }
  VERALITH_RETURN_IF_ERROR(fs_->CreateDirectory(directory_));
  // A new database's own name must be durable, too. Until CURRENT is there it may not be: an
  // opening that crashed can have made the directory without getting further.
  VERALITH_ASSIGN_OR_RETURN(const bool created,
                            fs_->Exists(JoinPath(directory_, kCurrentFileName)));
  return created ? absl::OkStatus() : fs_->SyncDirectory(ParentPath(directory_));
}

absl::Status DbImpl::PinDirectory() {
  FileSystem* const whole = fs_;
  VERALITH_ASSIGN_OR_RETURN(pinned_, veralith::PinDirectory(fs_, directory_));
  fs_ = pinned_.get();
  files_ = std::make_shared<FileTable>(
      fs_, MaxOpenSegments(options_, fs_->MaxOpenFiles(), executor_->parallelism()), whole);
  yielding_ = std::make_unique<YieldingFileSystem>(fs_, files_);
  fs_ = yielding_.get();
  return absl::OkStatus();
}

absl::StatusOr<bool> DbImpl::HoldsFilesOfOurs() const {
  VERALITH_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs_->List(directory_));
  return std::any_of(names.begin(), names.end(),
                     [](const std::string& name) { return ParseFileName(name).has_value(); });
}

absl::Status DbImpl::OpenVersionSet() {
  VersionSetOptions options;
  options.fs = fs_;
  options.executor = executor_;
  options.directory = directory_;
  options.create_if_missing = options_.create_if_missing && !options_.read_only;
  options.error_if_exists = options_.error_if_exists;
  options.read_only = options_.read_only;
  {
    MutexLock lock(mutex_);
    options.new_database_id = std::max<uint64_t>(1, random_.Next());
  }
  options.edits_precede_data = true;
  options.check_owner = [this] { return owner_->Check(); };
  options.manifest_limits.roll_bytes = options_.manifest_roll_bytes;
  if (options_.manifest_roll_bytes == 0) {
    options.manifest_limits.roll_snapshots = 0;
  }
  // A log that recovery will refuse is refused before anything is written.
  options.before_first_write = [this](const ManifestState& state) {
    LogRecovery::Options logs{.fs = fs_,
                              .directory = directory_,
                              .logs = state.logs,
                              .after = state.last_timestamp,
                              .synced_through = state.logs_synced_through,
                              .recover_up_to_damage = options_.recover_up_to_damage,
                              .memtable_bytes = 0,
                              .flush = nullptr,
                              .judge_only = true};
    return LogRecovery(std::move(logs)).Run();
  };
  options.tiered_levels = policy_->TieredLevels();
  options.open_segment = NewSegmentOpener();
  options.releases = releases_;
  VERALITH_ASSIGN_OR_RETURN(versions_, VersionSet::Open(std::move(options)));
  return absl::OkStatus();
}

// Readers share the cache's ownership: one that a late reader of a super-version still holds must
// not outlive it. A segment that a read-only database finds missing may have been replaced by a
// writer that came since.
SegmentOpener DbImpl::NewSegmentOpener() const {
  SegmentReaderOptions reader_options;
  reader_options.cache = cache_.get();
  return [open = DefaultSegmentOpener(files_, directory_, reader_options), cache = cache_,
          watch = watch_](const FileMeta& file) -> absl::StatusOr<std::shared_ptr<SegmentReader>> {
    absl::StatusOr<std::shared_ptr<SegmentReader>> opened = open(file);
    if (!opened.ok()) {
      return watch.has_value() ? watch->Judge(opened.status()) : opened.status();
    }
    std::shared_ptr<SegmentReader> reader = *std::move(opened);
    SegmentReader* raw = reader.get();
    return std::shared_ptr<SegmentReader>(
        raw, [reader = std::move(reader), cache](SegmentReader*) mutable {
          reader.reset();
          cache.reset();
        });
  };
}

absl::Status DbImpl::FlushReplayed(const Memtable& full, VersionEdit* edit,
                                   std::vector<uint64_t>* numbers) {
  FlushRequest request;
  request.memtables = {&full};
  request.points = {full.max_ts()};  // no snapshot lives; all that was replayed is visible
  // With the runs that this recovery has flushed before, which are not installed yet: a tombstone
  // must not be dropped over them.
  VERALITH_ASSIGN_OR_RETURN(Version so_far, versions_->version().Apply(*edit));
  request.version = std::make_shared<const Version>(std::move(so_far));
  request.run_id = versions_->NewRunId();
  const JobEnvironment environment = NewJobEnvironment(numbers);
  absl::StatusOr<JobResult> result;
  {
    MutexUnlock unlock(mutex_);
    result = RunFlush(environment, compaction_options_, request);
  }
  VERALITH_RETURN_IF_ERROR(result.status());
  counters_.flush_bytes += result->statistics.bytes_written;
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
  active_ = recovery.memtable();
  const ManifestState& state = versions_->state();
  clock_.emplace(physical_clock_, options_.max_clock_skew_nanos, state.timestamp_ceiling);
  visible_.Store(std::max(state.last_timestamp, recovery.last_timestamp()));
  PublishSuperVersion();
  return publish_due_ ? NoMemory("Open") : absl::OkStatus();
}

// What was replayed, with its timestamps, into the new log; durable when it returns.
absl::Status DbImpl::LogAgain(const LogRecovery& recovery) {
  for (const ReplayedRecord& record : recovery.kept_records()) {
    logs_->Stage(record.ts, record.operations);
  }
  VERALITH_RETURN_IF_ERROR(logs_->Commit());
  return logs_->Sync();
}

// One edit: the replayed segments in, the old logs out, a new log, a ceiling above every timestamp
// that an earlier life can have used (hazard O6). The old logs are not trusted again, whoever
// synced them: what they held is in segments or in the new log, written and synced by this life.
absl::Status DbImpl::StartWriting(const LogRecovery& recovery, VersionEdit* edit,
                                  std::vector<uint64_t>* numbers) {
  const bool again = !recovery.kept_records().empty();
  if (!recovery.memtable()->empty() && !again) {
    VERALITH_RETURN_IF_ERROR(FlushReplayed(*recovery.memtable(), edit, numbers));
  }
  const ManifestState& state = versions_->state();
  for (const auto& [number, id] : state.logs) {
    edit->removed_logs.push_back(number);
  }
  const Timestamp used =
      std::max({state.timestamp_ceiling, state.last_timestamp, recovery.last_timestamp()});
  clock_.emplace(physical_clock_, options_.max_clock_skew_nanos, used);
  clock_->Observe();
  Timestamp ceiling = 0;
  if (clock_->CeilingFor(WriteQueue::kMaxGroupWriters, &ceiling).ok()) {
    edit->timestamp_ceiling = ceiling;
  }
  const uint64_t number = versions_->NewPendingFile();
  const uint64_t id = random_.Next();
  numbers->push_back(number);
  if (again) {
    // A log that has records before any edit gave its number out would say that an edit is lost.
    VERALITH_RETURN_IF_ERROR(Install(VersionEdit()));
  }
  absl::StatusOr<std::unique_ptr<LogWriter>> log;
  {
    MutexUnlock unlock(mutex_);
    log = NewLog(number, id, /*continues=*/0);
  }
  VERALITH_RETURN_IF_ERROR(log.status());
  edit->added_logs.push_back({number, id});
  logs_ = std::make_unique<LogSet>(*std::move(log));
  if (again) {
    absl::Status logged;
    {
      MutexUnlock unlock(mutex_);
      logged = LogAgain(recovery);
    }
    VERALITH_RETURN_IF_ERROR(logged);
    counters_.log_bytes += logs_->active_bytes();
    if (const LogPosition durable = logs_->DurableEnd(); durable.offset > 0) {
      edit->logs_synced_through = durable;
    }
  }
  VERALITH_RETURN_IF_ERROR(Install(*edit));
  if (edit->timestamp_ceiling.has_value()) {
    clock_->RaiseCeiling(*edit->timestamp_ceiling);
  }
  active_ = again ? recovery.memtable() : MemtableRef::Make(next_memtable_id_++);
  active_log_ = number;
  visible_.Store(std::max(versions_->state().last_timestamp, recovery.last_timestamp()));
  PublishSuperVersion();
  if (publish_due_) {
    return NoMemory("Open");
  }
  releases_->Attach([this] { ScheduleRemoval(); });
  RemoveGarbage(ClaimRemoval());
  ScheduleBackgroundWork();
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<LogWriter>> DbImpl::NewLog(uint64_t number, uint64_t id,
                                                          uint32_t continues) {
  VERALITH_ASSIGN_OR_RETURN(
      std::unique_ptr<File> file,
      fs_->Open(JoinPath(directory_, LogFileName(number)), OpenMode::kCreate));
  VERALITH_RETURN_IF_ERROR(fs_->SyncDirectory(directory_));
  return std::make_unique<LogWriter>(std::move(file), number, id, continues);
}

}  // namespace veralith
