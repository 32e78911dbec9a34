// SPDX-License-Identifier: Apache-2.0

// Flush, Compact, waiting, Resume, Check, statistics, Close.
#include <algorithm>
#include <stop_token>
#include <string>
#include <utility>

#include "core/base/epoch.h"
#include "core/base/status.h"
#include "core/db/db_impl.h"
#include "core/format/key_range.h"
#include "core/segment/check/segment_check.h"
#include "core/segment/read/segment_reader.h"
#include "core/version_set/check_ages.h"

namespace veralith {
namespace {

// Returns the range of user keys that a Compact call names; nothing if it is empty.
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

// Clears an earlier flush error: the caller asks for a new attempt.
absl::Status DbImpl::FlushLocked() {
  const RateLimiter::Urgent urgent(state_.limiter, TaskPriority::kHigh);
  VERALITH_ASSIGN_OR_RETURN(const uint64_t last_id, pipeline_.Freeze());
  return AwaitFlushed(last_id);
}

absl::Status DbImpl::AwaitFlushed(uint64_t last_id) {
  const RateLimiter::Urgent urgent(state_.limiter, TaskPriority::kHigh);
  jobs_.Retry(JobKind::kFlush);
  return jobs_.Await({JobKind::kFlush}, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return state_.frozen.empty() || state_.frozen.front().memtable->id() > last_id;
  });
}

// Flushes memtables that wait; the active one, if it is small, stays in its log.
absl::Status DbImpl::FlushForClose() {
  return state_.active->MemoryBytes() > KeptInLogBytes() ? FlushLocked()
         : state_.frozen.empty()                         ? absl::OkStatus()
                                 : AwaitFlushed(state_.frozen.back().memtable->id());
}

absl::Status DbImpl::Flush() {
  VERALITH_RETURN_IF_ERROR(RefuseInListener("Flush"));
  MutexLock lock(state_.mutex());
  VERALITH_RETURN_IF_ERROR(state_.CheckWritable());
  return FlushLocked();
}

absl::Status DbImpl::Compact(const CompactOptions& options, std::optional<NamespaceId> ns,
                             const Bound& lower, const Bound& upper) {
  if (ns.has_value() && *ns > kMaxNamespace) {
    return InvalidArgument("namespace " + std::to_string(*ns) + " is over the limit of 2^63-1");
  }
  VERALITH_RETURN_IF_ERROR(RefuseInListener("Compact"));
  const std::optional<KeyRange> range = ToKeyRange(ns, lower, upper);
  MutexLock lock(state_.mutex());
  VERALITH_RETURN_IF_ERROR(state_.CheckWritable());
  if (!range.has_value()) {
    return absl::OkStatus();
  }
  // Jobs look at flags: a request to stop sets this one.
  Atomic<bool> cancelled{false};
  const std::stop_callback on_stop(options.cancel, [&cancelled] { cancelled.Store(true); });
  if (!cancelled.Load()) {
    VERALITH_RETURN_IF_ERROR(FlushLocked());
  }
  return jobs_.Compact(*range, options.cancel.stop_possible() ? &cancelled : nullptr);
}

absl::Status DbImpl::WaitForBackgroundWork() {
  VERALITH_RETURN_IF_ERROR(RefuseInListener("WaitForBackgroundWork"));
  MutexLock lock(state_.mutex());
  VERALITH_RETURN_IF_ERROR(state_.CheckWritable());
  return jobs_.Await({JobKind::kFlush, JobKind::kCompaction},
                     [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
                       return !jobs_.is_busy() && !jobs_.AnyIsDue() && !garbage_.IsDue();
                     });
}

absl::Status DbImpl::Resume() {
  VERALITH_RETURN_IF_ERROR(RefuseInChild());
  MutexLock lock(state_.mutex());
  VERALITH_RETURN_IF_ERROR(state_.CheckWritable());
  jobs_.Retry(JobKind::kFlush);
  jobs_.Retry(JobKind::kCompaction);
  return absl::OkStatus();
}

absl::Status DbImpl::PauseBackgroundWork() {
  VERALITH_RETURN_IF_ERROR(RefuseInListener("PauseBackgroundWork"));
  MutexLock lock(state_.mutex());
  VERALITH_RETURN_IF_ERROR(state_.CheckWritable());
  jobs_.Pause();
  return state_.CheckWritable();
}

absl::Status DbImpl::ContinueBackgroundWork() {
  VERALITH_RETURN_IF_ERROR(RefuseInChild());
  MutexLock lock(state_.mutex());
  VERALITH_RETURN_IF_ERROR(state_.CheckWritable());
  return jobs_.Continue();
}

absl::Status DbImpl::Check() {
  VERALITH_RETURN_IF_ERROR(RefuseInChild());
  std::shared_ptr<const SegmentSet> segments;
  {
    MutexLock lock(state_.mutex());
    if (state_.closing) {
      return state_.Closed();
    }
    segments = state_.versions->current();
  }
  VERALITH_RETURN_IF_ERROR(segments->version().CheckInvariants());
  std::vector<std::vector<const SegmentReader*>> runs;
  for (int level = 0; level < kLevels; ++level) {
    for (const SegmentRun& run : segments->runs(level)) {
      std::vector<const SegmentReader*>& readers = runs.emplace_back();
      for (const std::shared_ptr<const Segment>& segment : run.segments) {
        const absl::Status status = CheckSegment(*segment->reader);
        if (state_.closed.Load()) {  // its files may be gone, too
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
  if (state_.is_inherited()) {
    result.background_error = ToString(state_.Closed());
    return result;
  }
  MutexLock lock(state_.mutex());
  const Version& version = state_.versions->version();
  const std::vector<double> scores = jobs_.policy().Scores(version);
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
  if (const std::optional<Pick> pick = jobs_.NextAutomaticPick(); pick.has_value()) {
    result.pending_compaction = Describe(*pick);
  }
  for (const FrozenMemtable& frozen : state_.frozen) {
    result.memtable_bytes += frozen.memtable->MemoryBytes();
  }
  result.memtable_bytes += state_.active->MemoryBytes();
  result.memtable_charged_bytes = state_.memory == nullptr ? 0 : state_.memory->bytes();
  const WrittenBytes written = state_.WrittenNow();
  result.lifetime = {written.user, written.logs, written.flushes, written.compactions};
  result.user_bytes_written = state_.counters.user_bytes;
  result.log_bytes_written = state_.counters.log_bytes;
  result.flush_bytes_written = state_.counters.flush_bytes;
  result.compaction_bytes_read = state_.counters.compaction_read_bytes;
  result.compaction_bytes_written = state_.counters.compaction_written_bytes;
  result.idle_merge_bytes_written = state_.counters.idle_merge_bytes;
  result.flushes = state_.counters.flushes;
  result.hidden_keys = hidden_keys_.LoadRelaxed();
  result.compactions = state_.counters.compactions;
  result.subcompactions = state_.counters.subcompactions;
  result.compaction_bytes_copied = state_.counters.compaction_copied_bytes;
  result.background_wait_nanos = state_.limiter.waited_nanos();
  result.log_syncs = state_.counters.log_syncs;
  result.commits = state_.counters.commits;
  result.cache_bytes = account_->charged.LoadRelaxed();
  result.cache_misses = account_->misses.LoadRelaxed();
  result.open_segments = files_->open_files();
  result.segments_opened = files_->files_opened();
  result.live_snapshots = state_.snapshots.size();
  result.last_timestamp = state_.visible.Load();
  result.history_floor = state_.versions->state().history_floor;
  const absl::Status& error = jobs_.error(JobKind::kFlush).ok() ? jobs_.error(JobKind::kCompaction)
                                                                : jobs_.error(JobKind::kFlush);
  result.background_error = error.ok() ? std::string() : ToString(error);
  result.stall_reason = stalls_.reason();
  result.recovery_report = recovery_report_;
  return result;
}

// Flushes the memtable so that the next opening has little to replay. If that fails, nothing is
// lost: the logs are synced once no writer is left.
absl::Status DbImpl::Close() {
  VERALITH_RETURN_IF_ERROR(RefuseInListener("Close"));
  MutexLock lock(state_.mutex());
  state_.close_requested = true;  // otherwise the flush would wait for a writer that waits for room
  const RateLimiter::Urgent urgent_compactions(state_.limiter, TaskPriority::kLow);
  jobs_.CancelCompactions();
  if (!state_.closing && !state_.options.read_only && state_.fatal.ok()) {
    CatchNoMemory("Close", [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return FlushForClose();
    }).IgnoreError();
  }
  if (state_.closing) {  // another Close was faster
    while (!closed_with_.has_value()) {
      state_.executor->Await(state_.mutex(), state_.changed);
    }
    return *closed_with_;
  }
  state_.closing = true;
  state_.cancel_jobs.Store(true);
  pipeline_.LeaveBudget();
  releases_->Detach();
  state_.closed.Store(true);
  state_.changed.NotifyAll();
  state_.CancelTimers({jobs_.timer(JobKind::kFlush), jobs_.timer(JobKind::kCompaction),
                       jobs_.idle_timer(), jobs_.kept_blocks().timer(), garbage_.timer(),
                       pipeline_.timer(), pipeline_.freeze_timer()});
  jobs_.kept_blocks().End();
  while (jobs_.is_busy() || garbage_.is_busy() || pipeline_.is_busy()) {
    state_.executor->Await(state_.mutex(), state_.changed);
  }
  stalls_.End();
  state_.DeliverEvents();
  while (!state_.events.idle()) {
    state_.executor->Await(state_.mutex(), state_.changed);
  }
  absl::Status status;
  if (!state_.options.read_only) {
    status = CatchNoMemory("Close",
                           [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return pipeline_.EndLogs(); });
    files_->Close();  // first: a read that needs a file then says why it has none
    if (status.ok() && state_.fatal.ok()) {
      // Iterators are closed with the database, so they need no file.
      state_.versions->RemoveObsoleteFiles(state_.mutex(), /*pinned_too=*/true).IgnoreError();
    }
    const absl::Status ended = state_.versions->Close(state_.mutex());
    if (status.ok() && state_.fatal.ok()) {
      status = ended;
    }
    MutexUnlock unlock(state_.mutex());
    // Otherwise another process's opening may have dropped our logs.
    const absl::Status owner = CatchNoMemory("Close", [this] { return owner_->Check(); });
    status = status.ok() ? owner : status;
  }
  pipeline_.CloseLogs();
  files_->Close();
  owner_.reset();  // last: the next owner may change all of them
  closed_with_ = status;
  state_.changed.NotifyAll();
  return status;
}

void DbImpl::SetBackgroundRate(uint64_t bytes_per_second) {
  if (!state_.is_inherited()) {
    state_.limiter.SetRate(bytes_per_second);
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
  if (!state_.closed.Load()) {
    Close().IgnoreError();
  }
  state_.current.Publish(nullptr);
  ReclaimRetired();
}

}  // namespace veralith
