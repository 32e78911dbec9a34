// Background work: one flush and one compaction at a time, retried with back-off when they fail.
//
// A failed job changes nothing: its inputs stay, its outputs are garbage (hazard C2). The error is
// kept until a later job of its kind succeeds, Resume is called, or somebody asks for such a job.
#include <algorithm>
#include <string>
#include <utility>

#include "core/base/check.h"
#include "core/base/epoch.h"
#include "core/base/finally.h"
#include "core/base/status.h"
#include "core/compaction/compaction_job.h"
#include "core/compaction/flush_job.h"
#include "core/db/db_impl.h"
#include "core/db/option_mapping.h"
#include "core/manifest/file_names.h"

namespace veralith {
namespace {

constexpr int64_t kFirstRetryNanos = 50'000'000;
constexpr int kMostDoublings = 8;             // 50 ms to 13 s
constexpr int64_t kLookupNanos = 10'000'000;  // until a lookup that is under way has ended
constexpr uint64_t kSegmentBytes = 4096;      // what a segment has besides its entries, and more

// The open reader of a live file.
absl::StatusOr<std::shared_ptr<SegmentReader>> FindReader(const SegmentSet& set, uint64_t number) {
  const Version::Place* place = set.version().Find(number);
  VERALITH_CHECK(place != nullptr);
  return set.Find(*place)->reader;
}

RangeTombstoneLists RangeDeletesOf(const SegmentSet& set) {
  RangeTombstoneLists all;
  for (int level = 0; level < kLevels; ++level) {
    for (const SegmentRun& run : set.runs(level)) {
      for (const std::shared_ptr<const Segment>& segment : run.segments) {
        if (segment->reader->fragmented_range_tombstones() != nullptr) {
          all.push_back(segment->reader->fragmented_range_tombstones());
        }
      }
    }
  }
  return all;
}

std::vector<Timestamp> GarbageEndsOf(const SegmentSet& set) {
  std::vector<Timestamp> ends;
  for (const auto& list : RangeDeletesOf(set)) {
    for (const RangeTombstoneView& range : list->ToTombstones()) {
      ends.push_back(range.ts);
    }
  }
  for (int level = 0; level < kLevels; ++level) {
    for (const Run& run : set.version().runs(level)) {
      for (const FileRef& file : run.files) {
        if (file->superseded + file->tombstones + file->range_tombstones > 0) {
          ends.push_back(file->max_ts);
        }
      }
    }
  }
  std::sort(ends.begin(), ends.end());
  return ends;
}

CompactionEvent EventOf(const Pick& pick, uint64_t job_id) {
  CompactionEvent event;
  event.job_id = job_id;
  event.reason = ReasonName(pick.reason);
  event.input_level = pick.input_level();
  event.output_level = pick.output_level;
  event.input_bytes = pick.InputBytes();
  for (const Pick::Input& input : pick.inputs) {
    event.input_files += input.files.size();
  }
  return event;
}

}  // namespace

// --- The manifest --------------------------------------------------------------------------------

WrittenBytes DbImpl::WrittenNow() const {
  WrittenBytes written = written_before_;
  written.user += counters_.user_bytes;
  written.logs += counters_.log_bytes;
  written.flushes += counters_.flush_bytes;
  written.compactions += counters_.compaction_written_bytes;
  return written;
}

// Only with edits that are written anyway: what is counted since the last one is lost in a crash.
absl::Status DbImpl::Install(VersionEdit edit) {
  const ManifestState& state = versions_->state();
  if (const WrittenBytes written = WrittenNow(); written != state.written) {
    edit.written = written;
  }
  if (const WrittenPolicy policy = ToWrittenPolicy(options_.compaction_policy);
      policy != state.policy) {
    edit.policy = policy;
  }
  const uint64_t manifest = versions_->manifest_number();
  const absl::Status status = versions_->LogAndApply(std::move(edit), mutex_);
  if (versions_->manifest_number() != manifest && !closing_) {
    ScheduleRemoval();  // of the one before
  }
  return status;
}

void DbImpl::PublishSuperVersion() noexcept {
  publish_due_ = !TryWithMemory(
      [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { current_.Publish(NewSuperVersion()); });
}

SuperVersion* DbImpl::NewSuperVersion() {
  std::vector<Memtable*> memtables = {active_.get()};
  for (auto it = frozen_.rbegin(); it != frozen_.rend(); ++it) {
    memtables.push_back(it->memtable.get());
  }
  return new SuperVersion(std::move(memtables), versions_->current(),
                          versions_->state().history_floor);
}

std::vector<Timestamp> DbImpl::Points() const {
  std::vector<Timestamp> points = snapshots_.Timestamps();
  const Timestamp visible = visible_.Load();
  if (points.empty() || points.back() < visible) {
    points.push_back(visible);
  }
  return points;
}

PickerState DbImpl::PickerStateNow() const {
  PickerState state;
  state.version = &versions_->version();
  state.running = running_;
  picker_points_ = Points();
  state.points = picker_points_;
  if (picker_ranges_of_.lock() != versions_->current()) {
    picker_ranges_ = RangeDeletesOf(*versions_->current());
    picker_ranges_of_ = versions_->current();
  }
  state.range_deletes = &picker_ranges_;
  state.seek_bytes = seek_debt_.bytes();
  return state;
}

// A policy asks of a point only whether it lies below the newest entry of a file with garbage, or
// below a range delete (core/compaction/reclaim.h).
bool DbImpl::AnyGarbageEndsIn(Timestamp after, Timestamp through) const {
  const std::shared_ptr<const SegmentSet> current = versions_->current();
  if (garbage_ends_of_.lock() != current) {
    garbage_ends_ = GarbageEndsOf(*current);
    garbage_ends_of_ = current;
  }
  const auto end = std::upper_bound(garbage_ends_.begin(), garbage_ends_.end(), after);
  return end != garbage_ends_.end() && *end <= through;
}

bool DbImpl::FlushIsDue() const { return !frozen_.empty(); }

bool DbImpl::CompactionIsDue() const {
  if (!manual_.empty()) {
    return true;
  }
  return !options_.disable_automatic_compaction &&
         policy_->PickCompaction(PickerStateNow()).has_value();
}

void DbImpl::ChargeSeeks(uint64_t visits) {
  if (!is_inherited() && seek_debt_.Charge(visits)) {
    MutexLock lock(mutex_);
    seek_debt_.Look();
    ScheduleBackgroundWork();
  }
}

// A kind of work whose last job failed waits for its timer, which schedules what is due then.
void DbImpl::ScheduleBackgroundWork() noexcept {
  if (closing_ || options_.read_only || !fatal_.ok() || pauses_ > 0) {
    return;
  }
  Begin(&flush_, TaskPriority::kHigh, &DbImpl::FlushIsDue, [this] { BackgroundFlush(); });
  if (!ends_stalls_) {
    Begin(&compaction_, TaskPriority::kLow, &DbImpl::CompactionIsDue,
          [this] { BackgroundCompaction(); });
  }
}

void DbImpl::Begin(BackgroundWork* work, TaskPriority priority, bool (DbImpl::*is_due)() const,
                   std::function<void()> run) {
  if (work->scheduled || work->retry.has_value()) {
    return;
  }
  const absl::Status status = CatchNoMemory(work->name, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (is_due == nullptr || (this->*is_due)()) {
      executor_->Schedule(priority, std::move(run));
      work->scheduled = true;
    }
    return absl::OkStatus();
  });
  if (status.ok() && std::exchange(work->not_begun, false)) {
    work->error = absl::OkStatus();
  }
  if (!status.ok() && work->error.ok()) {
    work->error = status;
    work->not_begun = true;
  }
}

// Without a timer to wait for, a job that failed is not begun again before somebody asks: else lack
// of memory would keep it running for ever.
void DbImpl::EndTask(BackgroundWork* work) {
  work->scheduled = work->lacks_timer;
  ScheduleBackgroundWork();
  if (std::exchange(work->lacks_timer, false)) {
    work->scheduled = false;
  }
  background_done_.NotifyAll();
}

void DbImpl::LookForCompaction() noexcept {
  if (!ends_stalls_ && !closing_ && !options_.read_only && fatal_.ok() && pauses_ == 0 &&
      !options_.disable_automatic_compaction) {
    Begin(&compaction_, TaskPriority::kLow, nullptr, [this] { BackgroundCompaction(); });
  }
}

void DbImpl::BackgroundFlush() {
  MutexLock lock(mutex_);
  if (!closing_ && fatal_.ok() && pauses_ == 0 && FlushIsDue()) {
    NoteResult(
        CatchNoMemory("a flush", [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return FlushFrozen(); }),
        &flush_);
    RemoveGarbage(ClaimRemoval());
    if (flush_.error.ok() && absl::IsResourceExhausted(compaction_.error)) {
      Retry(&compaction_);  // there may be something that gives room back now
    }
  }
  DeliverEvents();
  EndTask(&flush_);
}

void DbImpl::BackgroundCompaction() {
  MutexLock lock(mutex_);
  if (!ends_stalls_ && fatal_.ok() && pauses_ == 0) {
    bool picked = true;
    std::shared_ptr<const SegmentSet> base = versions_->current();
    const absl::Status status =
        CatchNoMemory("a compaction", [this, &picked]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
          const std::optional<Pick> pick = NextPick();
          picked = pick.has_value();
          return picked ? RunPickOrReclaim(*pick) : absl::OkStatus();
        });
    // A job that its caller cancelled, or Close, is not a failure to back off from.
    const bool cancelled = ends_stalls_ || (manual_job_ != nullptr && manual_job_->IsCancelled());
    if (picked && !(cancelled && absl::IsAborted(status))) {
      NoteResult(status, &compaction_);
    }
    if (picked) {
      const bool claimed = ClaimRemoval();  // before the inputs' last pin goes, which asks for it
      base.reset();
      RemoveGarbage(claimed);
      if (status.ok() && absl::IsResourceExhausted(flush_.error)) {
        Retry(&flush_);
      }
    }
  }
  if (stall_.has_value() && stall_->kind == StallEvent::Kind::kSlowdown &&
      RunsBeyondSlowdown() == 0) {
    EndStall();
  }
  DeliverEvents();
  manual_job_ = nullptr;
  EndTask(&compaction_);
}

void DbImpl::NoteResult(const absl::Status& status, BackgroundWork* work) {
  if (status.ok()) {
    work->error = absl::OkStatus();
    work->failures_in_a_row = 0;
    if (std::exchange(work->error_told, false)) {
      Tell([work] {
        return [name = std::string(work->name)](Listener& listener) {
          listener.OnBackgroundErrorCleared(name);
        };
      });
    }
    return;
  }
  if (closing_ || !fatal_.ok()) {
    return;
  }
  work->error = Annotate(status, work->name);
  const int64_t delay = kFirstRetryNanos << std::min(work->failures_in_a_row++, kMostDoublings);
  work->error_told = true;
  Tell([work, delay] {
    return [event = BackgroundErrorEvent{work->error, /*fatal=*/false, delay}](Listener& listener) {
      listener.OnBackgroundError(event);
    };
  });
  // Without memory for a timer it waits for the next call.
  work->lacks_timer = !TryWithMemory([this, work, delay] {
    work->retry = executor_->ScheduleAfter(delay, [this, work] {
      MutexLock lock(mutex_);
      work->retry.reset();
      ScheduleBackgroundWork();
      background_done_.NotifyAll();
    });
  });
}

void DbImpl::DeliverEvents() {
  if (events_.idle()) {
    return;
  }
  events_.Deliver(mutex_);
  if (closing_) {
    background_done_.NotifyAll();
  }
}

void DbImpl::Retry(BackgroundWork* work) {
  work->error = absl::OkStatus();
  work->not_begun = false;
  work->failures_in_a_row = 0;
  if (work->retry.has_value() && executor_->Cancel(*work->retry)) {
    work->retry.reset();
  }
  ScheduleBackgroundWork();
}

JobEnvironment DbImpl::NewJobEnvironment(std::vector<uint64_t>* numbers) {
  JobEnvironment environment;
  environment.fs = fs_;
  environment.directory = directory_;
  environment.job_id = next_job_id_++;
  environment.new_file_number = [this, numbers] {
    MutexLock lock(mutex_);
    numbers->reserve(numbers->size() + 1);
    numbers->push_back(versions_->NewPendingFile());
    return numbers->back();
  };
  environment.segment_options = [this](int level, bool bottommost) {
    return ToSegmentOptions(options_, level, bottommost);
  };
  environment.executor = executor_;
  environment.cancel = {&cancel_jobs_};
  return environment;
}

void DbImpl::MakeBackground(TaskPriority priority, JobEnvironment* environment) {
  environment->progress = [this, priority, cancel = environment->cancel](uint64_t bytes) {
    limiter_.Request(bytes, priority, cancel);
  };
}

// Leaves half of what is left, so that logs can go on, and keeps it for what is worth it: jobs that
// only give room back, jobs that write mostly deletions, which let go of what lies beneath them,
// jobs that drop half of what they read, and, as far as half of the reserve, jobs of a few bytes.
bool DbImpl::MayUseReserve(const OutputMeasure& measure, bool reclaims, uint64_t free_bytes) const {
  const uint64_t segments = measure.bytes / options_.target_segment_bytes + 1;
  const uint64_t written = measure.bytes + segments * kSegmentBytes;
  if (written > free_bytes / 2) {
    return false;
  }
  const uint64_t few =
      std::min<uint64_t>(options_.min_free_bytes / 1024, options_.write_buffer_bytes / 4);
  return reclaims || measure.puts <= measure.deletions + measure.dropped ||
         (measure.bytes <= few && free_bytes - written >= options_.min_free_bytes / 2);
}

absl::Status DbImpl::CheckRoom(uint64_t needed_bytes, bool reclaims, const Measure& measure) const {
  if (options_.min_free_bytes == 0 || needed_bytes == 0) {
    return absl::OkStatus();
  }
  VERALITH_ASSIGN_OR_RETURN(const uint64_t free_bytes, fs_->FreeBytes(directory_));
  if (free_bytes >= options_.min_free_bytes &&
      free_bytes - options_.min_free_bytes >= needed_bytes) {
    return absl::OkStatus();
  }
  VERALITH_ASSIGN_OR_RETURN(const OutputMeasure measured, measure(free_bytes / 2));
  if (MayUseReserve(measured, reclaims, free_bytes)) {
    return absl::OkStatus();
  }
  return ResourceExhausted(directory_ + ": it needs up to " + std::to_string(needed_bytes) +
                           " bytes and must leave " + std::to_string(options_.min_free_bytes) +
                           " (Options::min_free_bytes), but only " + std::to_string(free_bytes) +
                           " are free on that disk: make room; it is then tried again");
}

void DbImpl::ReleasePending(const std::vector<uint64_t>& numbers) {
  for (const uint64_t number : numbers) {
    versions_->ReleasePending(number);
  }
}

// All frozen memtables become one run. The edit also drops their logs, so that recovery never
// replays what is flushed (hazard R5).
absl::Status DbImpl::FlushFrozen() {
  const std::vector<Frozen> taken = frozen_;
  FlushRequest request;
  FlushEvent event;
  std::vector<uint64_t> logs;
  for (const Frozen& frozen : taken) {
    request.memtables.push_back(frozen.memtable.get());
    logs.push_back(frozen.log_number);
    event.entries += frozen.memtable->entries();
  }
  request.points = Points();
  request.run_id = versions_->NewRunId();
  const std::shared_ptr<const SegmentSet> base = versions_->current();
  request.version = base->version_ref();
  std::vector<uint64_t> numbers;
  const auto start = job_starts_.insert(request.points.back());
  const Finally forgotten([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    job_starts_.erase(start);
    ReleasePending(numbers);
  });
  JobEnvironment environment = NewJobEnvironment(&numbers);
  MakeBackground(TaskPriority::kHigh, &environment);
  uint64_t memtable_bytes = 0;
  for (const Memtable* memtable : request.memtables) {
    memtable_bytes += memtable->MemoryBytes();
  }
  event.job_id = environment.job_id;
  event.memtables = taken.size();
  Tell([&event] { return [event](Listener& listener) { listener.OnFlushBegin(event); }; });
  DeliverEvents();
  absl::StatusOr<JobResult> result;
  {
    MutexUnlock unlock(mutex_);
    result = CatchNoMemory("a flush", [&]() -> absl::StatusOr<JobResult> {
      VERALITH_RETURN_IF_ERROR(CheckRoom(
          memtable_bytes, /*reclaims=*/false,
          [&](uint64_t most_bytes) { return MeasureFlush(environment, request, most_bytes); }));
      return RunFlush(environment, compaction_options_, request);
    });
  }
  absl::Status status = result.status();
  if (status.ok()) {
    counters_.flush_bytes += result->statistics.bytes_written;
  }
  if (status.ok()) {
    result->edit.removed_logs = std::move(logs);
    status = CatchNoMemory("a flush",
                           [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return Install(result->edit); });
    if (!versions_->error().ok()) {
      Fatal(status).IgnoreError();
    }
  }
  if (status.ok()) {
    frozen_.erase(frozen_.begin(), frozen_.begin() + static_cast<ptrdiff_t>(taken.size()));
    logs_needed_from_ = frozen_.empty() ? active_log_ : frozen_.front().log_number;
    event.bytes_written = result->statistics.bytes_written;
    ++counters_.flushes;
    PublishSuperVersion();
  }
  event.status = status;
  Tell([&event] { return [event](Listener& listener) { listener.OnFlushEnd(event); }; });
  return status;
}

std::optional<Pick> DbImpl::NextPick() {
  while (!manual_.empty()) {
    ManualRequest& request = *manual_.front();
    if (request.IsCancelled()) {
      manual_.pop_front();
      continue;
    }
    ManualDecision decision = policy_->PickManual(PickerStateNow(), &request.manual);
    if (decision.kind == ManualDecision::Kind::kPick) {
      manual_job_ = &request;
      return std::move(decision.pick);
    }
    if (decision.kind == ManualDecision::Kind::kWait) {
      return std::nullopt;
    }
    request.done = true;
    manual_.pop_front();
  }
  return options_.disable_automatic_compaction ? std::nullopt
                                               : policy_->PickCompaction(PickerStateNow());
}

absl::Status DbImpl::RunPickOrReclaim(const Pick& pick) {
  const absl::Status status = RunPick(pick);
  if (!absl::IsResourceExhausted(status) || manual_job_ != nullptr || ends_stalls_ ||
      pick.reason == Pick::Reason::kGarbage) {
    return status;
  }
  PickerState state = PickerStateNow();
  state.reclaim_first = true;
  const std::optional<Pick> other = policy_->PickCompaction(state);
  return other.has_value() && other->reason == Pick::Reason::kGarbage ? RunPick(*other) : status;
}

absl::Status DbImpl::RunPick(const Pick& pick) {
  const std::shared_ptr<const SegmentSet> base = versions_->current();
  CompactionRequest request;
  request.version = base->version_ref();
  request.pick = pick;
  request.points = Points();
  request.open_segment = [&base](const FileMeta& file) { return FindReader(*base, file.number); };
  std::vector<uint64_t> numbers;
  running_.reserve(running_.size() + 1);
  const auto start = job_starts_.insert(request.points.back());
  running_.push_back(&pick);
  const Finally forgotten([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    std::erase(running_, &pick);
    job_starts_.erase(start);
    ReleasePending(numbers);
  });
  JobEnvironment environment = NewJobEnvironment(&numbers);
  environment.cancel.push_back(&cancel_compactions_);
  if (manual_job_ != nullptr && manual_job_->cancel != nullptr) {
    environment.cancel.push_back(manual_job_->cancel);
  }
  MakeBackground(TaskPriority::kLow, &environment);
  CompactionEvent event = EventOf(pick, environment.job_id);
  Tell([&event] { return [event](Listener& listener) { listener.OnCompactionBegin(event); }; });
  DeliverEvents();
  absl::StatusOr<JobResult> result;
  {
    MutexUnlock unlock(mutex_);
    result = CatchNoMemory("a compaction", [&]() -> absl::StatusOr<JobResult> {
      VERALITH_RETURN_IF_ERROR(
          CheckRoom(pick.trivial_move || pick.drop ? 0 : pick.InputBytes(),
                    pick.reason == Pick::Reason::kGarbage, [&](uint64_t most_bytes) {
                      return MeasureCompaction(environment, request, most_bytes);
                    }));
      return RunCompaction(environment, compaction_options_, request);
    });
  }
  absl::Status status = result.status();
  if (status.ok()) {
    counters_.compaction_read_bytes += result->statistics.bytes_read;
    counters_.compaction_written_bytes += result->statistics.bytes_written;
  }
  if (status.ok()) {
    status = CatchNoMemory("a compaction",
                           [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return Install(result->edit); });
    if (!versions_->error().ok()) {
      Fatal(status).IgnoreError();
    }
  }
  if (status.ok()) {
    event.bytes_written = result->statistics.bytes_written;
    event.bytes_copied = result->statistics.value_bytes_copied;
    ++counters_.compactions;
    counters_.subcompactions += result->statistics.pieces;
    counters_.compaction_copied_bytes += event.bytes_copied;
    if (pick.input_level() == 0 && !pick.trivial_move && !pick.into_one_file) {
      seek_debt_.Clear();
    }
    PublishSuperVersion();
  }
  event.status = status;
  Tell([&event] { return [event](Listener& listener) { listener.OnCompactionEnd(event); }; });
  return status;
}

// --- Garbage -------------------------------------------------------------------------------------

// Without memory for a task the next job looks.
void DbImpl::ScheduleRemoval() noexcept {
  if (!is_inherited() && ClaimRemoval()) {
    const bool scheduled = TryWithMemory(
        [this] { executor_->Schedule(TaskPriority::kHigh, [this] { BackgroundRemoval(); }); });
    if (!scheduled) {
      removal_.Store(Removal::kNone);
    }
  }
}

void DbImpl::BackgroundRemoval() {
  MutexLock lock(mutex_);
  RemoveGarbage(/*claimed=*/true);
  background_done_.NotifyAll();
}

// What cannot be removed now is tried again later; it costs room, never an answer.
void DbImpl::RemoveGarbage(bool claimed) {
  if (publish_due_ && !closing_) {
    PublishSuperVersion();
  }
  Removal looks = Removal::kLooks;
  do {
    if (claimed) {
      removal_.Store(Removal::kLooks);
    }
    if (fatal_.ok() && !closing_ && !options_.read_only) {
      bool lookups = false;
      {
        MutexUnlock unlock(mutex_);
        lookups = !ReclaimRetired();
      }
      RemoveGarbageLater(versions_->RemoveObsoleteFiles(mutex_), lookups);
    }
    looks = Removal::kLooks;
  } while (claimed && !removal_.CompareExchange(looks, Removal::kNone));
}

void DbImpl::RemoveGarbageLater(const absl::Status& status, bool lookups) {
  failed_removals_ = status.ok() ? 0 : failed_removals_ + 1;
  const bool later = !status.ok() || (lookups && versions_->PinsGarbage());
  if (!later || closing_ || removal_timer_.has_value()) {
    return;
  }
  const int64_t delay = status.ok()
                            ? kLookupNanos
                            : kFirstRetryNanos << std::min(failed_removals_ - 1, kMostDoublings);
  TryWithMemory([this, delay]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    removal_timer_ = executor_->ScheduleAfter(delay, [this] {
      MutexLock lock(mutex_);
      removal_timer_.reset();
      if (!closing_) {
        ScheduleRemoval();
      }
      background_done_.NotifyAll();
    });
  });
}

// Nobody waits for files that the disk does not let go.
bool DbImpl::RemovalIsDue() const {
  return removal_.Load() != Removal::kNone || (removal_timer_.has_value() && failed_removals_ == 0);
}

}  // namespace veralith
