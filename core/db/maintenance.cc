// Flush, Compact, waiting, Resume, Check, statistics, Close.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "core/base/check.h"
#include "core/base/epoch.h"
#include "core/base/status.h"
#include "core/compaction/key_range.h"
#include "core/db/db_impl.h"
#include "core/segment/segment_reader.h"
#include "core/version_set/check_ages.h"

namespace veralith {
namespace {

constexpr int64_t kPollNanos = 20'000'000;

// The range of user keys that a Compact call names; nothing when it is empty.
std::optional<KeyRange> ToKeyRange(std::optional<NamespaceId> ns, const Bound& lower,
                                   const Bound& upper) {
  if (!ns.has_value()) {
    return AllKeys();
  }
  KeyRange range;
  range.smallest_ns = *ns;
  // An exclusive lower bound may be taken as inclusive: more is compacted, never less.
  range.smallest_key = lower.kind == Bound::Kind::kOpen ? std::string() : lower.key;
  switch (upper.kind) {
    case Bound::Kind::kOpen:
      range.largest = {*ns, {}, KeyBound::Kind::kNamespaceEnd};
      return range;
    case Bound::Kind::kInclusive:
      range.largest = {*ns, upper.key, KeyBound::Kind::kInclusive};
      break;
    case Bound::Kind::kExclusive:
      range.largest = {*ns, upper.key, KeyBound::Kind::kExclusive};
      break;
  }
  const int order = CompareBytes(range.smallest_key, upper.key);
  const bool empty = upper.kind == Bound::Kind::kInclusive ? order > 0 : order >= 0;
  return empty ? std::nullopt : std::optional<KeyRange>(std::move(range));
}

}  // namespace

absl::Status DbImpl::AwaitBackground(std::initializer_list<const BackgroundWork*> works,
                                     const std::function<bool()>& done, bool polls) {
  while (!done()) {
    VERALITH_RETURN_IF_ERROR(CheckWritable());
    ScheduleBackgroundWork();
    for (const BackgroundWork* work : works) {
      VERALITH_RETURN_IF_ERROR(work->error);
    }
    if (polls) {
      executor_->AwaitFor(mutex_, background_done_, kPollNanos);
    } else {
      executor_->Await(mutex_, background_done_);
    }
  }
  return absl::OkStatus();
}

// An error of an earlier flush does not count: this one is asked for now.
absl::Status DbImpl::FlushLocked() {
  uint64_t last_id = 0;
  const RateLimiter::Urgent urgent(limiter_, TaskPriority::kHigh);
  VERALITH_RETURN_IF_ERROR(AsLeader([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::Status {
    last_id = active_->id();
    return active_->empty() ? absl::OkStatus() : RotateMemtable();
  }));
  return AwaitFlushed(last_id);
}

absl::Status DbImpl::AwaitFlushed(uint64_t last_id) {
  const RateLimiter::Urgent urgent(limiter_, TaskPriority::kHigh);
  Retry(&flush_);
  return AwaitBackground({&flush_}, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return frozen_.empty() || frozen_.front().memtable->id() > last_id;
  });
}

// Memtables that wait are flushed; the active one, if it is small, stays in its log.
absl::Status DbImpl::FlushForClose() {
  return active_->MemoryBytes() > KeptInLogBytes() ? FlushLocked()
         : frozen_.empty()                         ? absl::OkStatus()
                                                   : AwaitFlushed(frozen_.back().memtable->id());
}

absl::Status DbImpl::Flush() {
  VERALITH_RETURN_IF_ERROR(RefuseInListener("Flush"));
  MutexLock lock(mutex_);
  VERALITH_RETURN_IF_ERROR(CheckWritable());
  return FlushLocked();
}

absl::Status DbImpl::Compact(const CompactOptions& options, std::optional<NamespaceId> ns,
                             const Bound& lower, const Bound& upper) {
  if (ns.has_value() && *ns > kMaxNamespace) {
    return InvalidArgument("namespace " + std::to_string(*ns) + " is over the limit of 2^63-1");
  }
  VERALITH_RETURN_IF_ERROR(RefuseInListener("Compact"));
  const std::optional<KeyRange> range = ToKeyRange(ns, lower, upper);
  MutexLock lock(mutex_);
  VERALITH_RETURN_IF_ERROR(CheckWritable());
  if (!range.has_value()) {
    return absl::OkStatus();
  }
  ManualRequest request;
  request.cancel = options.cancel;
  if (!request.IsCancelled()) {
    VERALITH_RETURN_IF_ERROR(FlushLocked());
  }
  request.manual.range = *range;
  request.manual.before_file_number = versions_->state().next_file_number;
  manual_.push_back(&request);
  Retry(&compaction_);
  absl::Status status = CatchNoMemory("Compact", [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return AwaitBackground(
        {&compaction_}, [&request] { return request.done || request.IsCancelled(); },
        /*polls=*/options.cancel != nullptr);
  });
  std::erase(manual_, &request);
  while (manual_job_ == &request) {  // it looks at the caller's flag until it ends
    executor_->Await(mutex_, background_done_);
  }
  if (status.ok() && !request.done) {
    status = Aborted("the compaction was cancelled; what it had finished stays");
  }
  return status;
}

absl::Status DbImpl::WaitForBackgroundWork() {
  VERALITH_RETURN_IF_ERROR(RefuseInListener("WaitForBackgroundWork"));
  MutexLock lock(mutex_);
  VERALITH_RETURN_IF_ERROR(CheckWritable());
  return AwaitBackground({&flush_, &compaction_}, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return !flush_.scheduled && !compaction_.scheduled && !FlushIsDue() && !CompactionIsDue() &&
           !RemovalIsDue();
  });
}

absl::Status DbImpl::Resume() {
  VERALITH_RETURN_IF_ERROR(RefuseInChild());
  MutexLock lock(mutex_);
  VERALITH_RETURN_IF_ERROR(CheckWritable());
  Retry(&flush_);
  Retry(&compaction_);
  return absl::OkStatus();
}

absl::Status DbImpl::PauseBackgroundWork() {
  VERALITH_RETURN_IF_ERROR(RefuseInListener("PauseBackgroundWork"));
  MutexLock lock(mutex_);
  VERALITH_RETURN_IF_ERROR(CheckWritable());
  ++pauses_;
  while (!closing_ && (flush_.scheduled || compaction_.scheduled)) {
    executor_->Await(mutex_, background_done_);
  }
  return CheckWritable();
}

absl::Status DbImpl::ContinueBackgroundWork() {
  VERALITH_RETURN_IF_ERROR(RefuseInChild());
  MutexLock lock(mutex_);
  VERALITH_RETURN_IF_ERROR(CheckWritable());
  if (pauses_ == 0) {
    return FailedPrecondition("background work is not paused");
  }
  --pauses_;
  ScheduleBackgroundWork();
  return absl::OkStatus();
}

absl::Status DbImpl::Check() {
  VERALITH_RETURN_IF_ERROR(RefuseInChild());
  std::shared_ptr<const SegmentSet> segments;
  {
    MutexLock lock(mutex_);
    if (closing_) {
      return Closed();
    }
    segments = versions_->current();
  }
  VERALITH_RETURN_IF_ERROR(segments->version().CheckInvariants());
  std::vector<std::vector<const SegmentReader*>> runs;
  for (int level = 0; level < kLevels; ++level) {
    for (const SegmentRun& run : segments->runs(level)) {
      std::vector<const SegmentReader*>& readers = runs.emplace_back();
      for (const std::shared_ptr<const Segment>& segment : run.segments) {
        const absl::Status status = segment->reader->Check();
        if (closed_.Load()) {  // and with it files may have gone
          return FailedPrecondition("the database is closed");
        }
        VERALITH_RETURN_IF_ERROR(status);
        readers.push_back(segment->reader.get());
      }
    }
  }
  return CheckAges(runs);
}

Statistics DbImpl::GetStatistics() {
  Statistics result;
  if (is_inherited()) {
    result.background_error = ToString(Closed());
    return result;
  }
  MutexLock lock(mutex_);
  const Version& version = versions_->version();
  const std::vector<double> scores = policy_->Scores(version);
  for (int level = 0; level < kLevels; ++level) {
    LevelStatistics row;
    row.level = level;
    row.score = scores[static_cast<size_t>(level)];
    for (const Run& run : version.runs(level)) {
      const uint64_t before_run = row.bytes;
      ++row.runs;
      for (const FileRef& file : run.files) {
        ++row.files;
        row.bytes += file->bytes;
        row.entries += file->entries;
        row.tombstones += file->tombstones;
        row.superseded += file->superseded;
        row.range_tombstones += file->range_tombstones;
      }
      result.oldest_run_bytes = row.bytes - before_run;
    }
    result.levels.push_back(row);
  }
  if (const std::optional<Pick> pick = policy_->PickCompaction(PickerStateNow());
      pick.has_value()) {
    result.pending_compaction = Describe(*pick);
  }
  for (const Frozen& frozen : frozen_) {
    result.memtable_bytes += frozen.memtable->MemoryBytes();
  }
  result.memtable_bytes += active_->MemoryBytes();
  const WrittenBytes written = WrittenNow();
  result.lifetime = {written.user, written.logs, written.flushes, written.compactions};
  result.user_bytes_written = counters_.user_bytes;
  result.log_bytes_written = counters_.log_bytes;
  result.flush_bytes_written = counters_.flush_bytes;
  result.compaction_bytes_read = counters_.compaction_read_bytes;
  result.compaction_bytes_written = counters_.compaction_written_bytes;
  result.flushes = counters_.flushes;
  result.hidden_keys = hidden_keys_.LoadRelaxed();
  result.compactions = counters_.compactions;
  result.subcompactions = counters_.subcompactions;
  result.compaction_bytes_copied = counters_.compaction_copied_bytes;
  result.background_wait_nanos = limiter_.waited_nanos();
  result.log_syncs = counters_.log_syncs;
  result.commits = counters_.commits;
  result.cache_bytes = cache_->charged_bytes();
  result.cache_misses = cache_->misses();
  result.open_segments = files_->open_files();
  result.segments_opened = files_->files_opened();
  result.live_snapshots = snapshots_.size();
  result.last_timestamp = visible_.Load();
  result.history_floor = versions_->state().history_floor;
  const absl::Status& error = flush_.error.ok() ? compaction_.error : flush_.error;
  result.background_error = error.ok() ? std::string() : ToString(error);
  result.stall_reason = stall_.has_value() ? stall_->reason : std::string();
  result.recovery_report = recovery_report_;
  return result;
}

// The memtable is flushed so that the next opening has little to replay; should that fail, nothing
// is lost, since the logs are synced once no writer is left.
absl::Status DbImpl::Close() {
  VERALITH_RETURN_IF_ERROR(RefuseInListener("Close"));
  MutexLock lock(mutex_);
  ends_stalls_ = true;  // else the flush would queue up behind a writer that waits for room
  cancel_compactions_.Store(true);
  const RateLimiter::Urgent urgent_compactions(limiter_, TaskPriority::kLow);
  background_done_.NotifyAll();
  if (std::exchange(pauses_, 0) > 0) {
    ScheduleBackgroundWork();
  }
  if (!closing_ && !options_.read_only && fatal_.ok()) {
    CatchNoMemory("Close", [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return FlushForClose();
    }).IgnoreError();
  }
  if (closing_) {  // another Close was faster
    while (!closed_with_.has_value()) {
      executor_->Await(mutex_, background_done_);
    }
    return *closed_with_;
  }
  closing_ = true;
  cancel_jobs_.Store(true);
  releases_->Detach();
  closed_.Store(true);
  background_done_.NotifyAll();
  CancelTimers();
  while (flush_.scheduled || compaction_.scheduled || removal_.Load() != Removal::kNone ||
         timers_running_ > 0 || !queue_.empty()) {
    executor_->Await(mutex_, background_done_);
  }
  EndStall();
  DeliverEvents();
  while (!events_.idle()) {
    executor_->Await(mutex_, background_done_);
  }
  absl::Status status;
  if (!options_.read_only) {
    status = CatchNoMemory("Close", [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return EndLogs(); });
    files_->Close();  // first: a read that needs a file says why there is none
    if (status.ok() && fatal_.ok()) {
      // Iterators are closed with the database, so they need no file.
      versions_->RemoveObsoleteFiles(mutex_, /*pinned_too=*/true).IgnoreError();
    }
    const absl::Status ended = versions_->Close(mutex_);
    if (status.ok() && fatal_.ok()) {
      status = ended;
    }
    MutexUnlock unlock(mutex_);
    // Else another's opening may have dropped our logs.
    const absl::Status owner = CatchNoMemory("Close", [this] { return owner_->Check(); });
    status = status.ok() ? owner : status;
  }
  logs_ = nullptr;
  files_->Close();
  owner_.reset();  // last: whoever comes next may change all of them
  closed_with_ = status;
  background_done_.NotifyAll();
  return status;
}

absl::Status DbImpl::EndLogs() {
  absl::Status status;
  {
    MutexUnlock unlock(mutex_);
    status = logs_->Sync();  // no leader is left, and none can come
  }
  const LogPosition durable = logs_->DurableEnd();
  if (!status.ok() || !fatal_.ok() || durable.offset == 0) {
    return status;
  }
  VersionEdit edit;
  edit.logs_synced_through = durable;
  return Install(std::move(edit));
}

void DbImpl::CancelTimers() {
  const std::array timers = {&flush_.retry, &compaction_.retry, &removal_timer_, &sync_timer_};
  for (std::optional<Executor::TimerId>* timer : timers) {
    if (timer->has_value() && executor_->Cancel(**timer)) {
      timer->reset();
    }
  }
  // A timer that could not be cancelled has started: it resets itself under the mutex.
  while (std::ranges::any_of(timers, [](const auto* timer) { return timer->has_value(); })) {
    executor_->Await(mutex_, background_done_);
  }
}

void DbImpl::SetBackgroundRate(uint64_t bytes_per_second) {
  if (!is_inherited()) {
    limiter_.SetRate(bytes_per_second);
  }
}

void DbImpl::operator delete(DbImpl* db, std::destroying_delete_t) {
  if (db->is_inherited()) {
    return;  // the list of observers still knows it, for leak checkers
  }
  db->~DbImpl();
  ::operator delete(db, std::align_val_t{alignof(DbImpl)});
}

DbImpl::~DbImpl() {
  RemoveForkObserver(this);
  if (!closed_.Load()) {
    Close().IgnoreError();
  }
  current_.Publish(nullptr);
  ReclaimRetired();
}

}  // namespace veralith
