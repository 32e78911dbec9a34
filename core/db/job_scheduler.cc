// SPDX-License-Identifier: Apache-2.0

#include "core/db/job_scheduler.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/base/finally.h"
#include "core/base/no_memory.h"
#include "core/base/status.h"
#include "core/compaction/compaction_job.h"
#include "core/compaction/flush_job.h"
#include "core/db/level0_repeats.h"
#include "core/db/retry_delay.h"
#include "core/db/running_job.h"

namespace veralith {
namespace {

constexpr int64_t kPollNanos = 20'000'000;

// Returns the open reader of a live file.
absl::StatusOr<std::shared_ptr<SegmentReader>> FindReader(const SegmentSet& set, uint64_t number) {
  const Version::Place* place = set.version().Find(number);
  VERALITH_CHECK(place != nullptr);
  return set.Find(*place)->reader;
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

JobScheduler::JobScheduler(DbState& state, GarbageRemover& garbage, std::function<void()> job_ended)
    : state_(state),
      garbage_(garbage),
      job_ended_(std::move(job_ended)),
      policy_(NewCompactionPolicy(state.options.compaction_policy, state.compaction_options)),
      idle_budget_(state.options.disable_automatic_compaction ? 0
                                                              : state.options.idle_merge_percent) {}

// --- What is due ---------------------------------------------------------------------------------

PickerState JobScheduler::PickerStateNow() {
  PickerState state;
  state.version = &state_.versions->version();
  state.running = running_;
  picker_points_ = state_.Points();
  state.points = picker_points_;
  state.range_deletes = &tombstones_.RangeDeletes(state_.versions->current());
  state.seek_bytes = state_.seek_debt.bytes();
  state.repeats = repeats_;
  return state;
}

bool JobScheduler::FlushIsDue() { return !state_.frozen.empty(); }

bool JobScheduler::CompactionIsDue() {
  if (!manual_.empty()) {
    return true;
  }
  return !state_.options.disable_automatic_compaction && NextAutomaticPick().has_value();
}

bool JobScheduler::MayBegin() const {
  return !state_.closing && !state_.options.read_only && state_.fatal.ok() && pauses_ == 0;
}

// If the last job of a kind failed, that kind waits for its timer, which schedules what is due
// then.
void JobScheduler::Schedule() noexcept {
  if (!MayBegin()) {
    return;
  }
  Begin(&flush_, TaskPriority::kHigh, &JobScheduler::FlushIsDue, [this] { BackgroundFlush(); });
  if (!state_.close_requested) {
    YieldIdleMerge();
    Begin(&compaction_, TaskPriority::kLow, &JobScheduler::CompactionIsDue,
          [this] { BackgroundCompaction(); });
    AwaitIdleTime();
  }
}

void JobScheduler::Start() {
  EstimateLevel0();
  Schedule();
}

// An estimate of files that are gone meanwhile says little of those that are there. Without memory
// the one before stays.
void JobScheduler::EstimateLevel0() {
  const Options& options = state_.options;
  if (options.level0_garbage_percent == 0 || options.disable_automatic_compaction ||
      options.read_only || options.compaction_policy != CompactionPolicyKind::kLeveled) {
    return;
  }
  state_.changed.NotifyAll();  // writers that waited for the job need not wait for this
  std::shared_ptr<const SegmentSet> set;
  while (set != state_.versions->current()) {
    set = state_.versions->current();
    std::vector<RunRepeats> repeats;
    bool is_known = false;
    {
      MutexUnlock unlock(state_.mutex());
      is_known = TryWithMemory([&] { repeats = EstimateRepeats(*set); });
    }
    if (is_known) {
      repeats_ = std::move(repeats);
    }
  }
}

void JobScheduler::Begin(Work* work, TaskPriority priority, bool (JobScheduler::*is_due)(),
                         std::function<void()> run) {
  if (work->scheduled || work->retry.has_value()) {
    return;
  }
  const absl::Status status = CatchNoMemory(work->name, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (is_due == nullptr || (this->*is_due)()) {
      state_.executor->Schedule(priority, std::move(run));
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

// A job that failed and has no timer does not begin again before somebody asks for it. Otherwise
// lack of memory would keep it running for ever.
void JobScheduler::EndTask(Work* work) {
  work->scheduled = work->lacks_timer;
  Schedule();
  if (std::exchange(work->lacks_timer, false)) {
    work->scheduled = false;
  }
  state_.changed.NotifyAll();
}

void JobScheduler::PointIsGone(Timestamp after, Timestamp through) {
  if (tombstones_.AnyGarbageEndsIn(state_.versions->current(), after, through) && MayBegin() &&
      !state_.close_requested && !state_.options.disable_automatic_compaction) {
    Begin(&compaction_, TaskPriority::kLow, nullptr, [this] { BackgroundCompaction(); });
  }
}

void JobScheduler::Retry(Kind kind) {
  Work& work = WorkOf(kind);
  work.error = absl::OkStatus();
  work.not_begun = false;
  work.failures_in_a_row = 0;
  if (work.retry.has_value() && state_.executor->Cancel(*work.retry)) {
    work.retry.reset();
  }
  Schedule();
}

// --- What became of it ---------------------------------------------------------------------------

void JobScheduler::NoteSuccess(Work* work) {
  work->error = absl::OkStatus();
  work->failures_in_a_row = 0;
  if (std::exchange(work->error_told, false)) {
    TryWithMemory([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      state_.Tell(&Listener::OnBackgroundErrorCleared, std::string(work->name));
    });
  }
}

void JobScheduler::NoteResult(const absl::Status& status, Work* work) {
  if (status.ok()) {
    NoteSuccess(work);
    return;
  }
  if (state_.closing || !state_.fatal.ok()) {
    return;
  }
  work->error = Annotate(status, work->name);
  const int64_t delay = RetryDelayNanos(work->failures_in_a_row++);
  work->error_told = true;
  state_.Tell(&Listener::OnBackgroundError,
              BackgroundErrorEvent{work->error, /*fatal=*/false, delay});
  // If there is no memory for a timer, it waits for the next call.
  work->lacks_timer = !TryWithMemory([this, work, delay] {
    work->retry = state_.executor->ScheduleAfter(delay, [this, work] {
      MutexLock lock(state_.mutex());
      work->retry.reset();
      Schedule();
      state_.changed.NotifyAll();
    });
  });
}

// --- Flushes -------------------------------------------------------------------------------------

void JobScheduler::BackgroundFlush() {
  MutexLock lock(state_.mutex());
  if (!state_.closing && state_.fatal.ok() && pauses_ == 0 && FlushIsDue()) {
    NoteResult(
        CatchNoMemory("a flush", [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return FlushFrozen(); }),
        &flush_);
    garbage_.Remove(garbage_.Claim());
    EstimateLevel0();
    if (flush_.error.ok() && absl::IsResourceExhausted(compaction_.error)) {
      Retry(Kind::kCompaction);  // there may be something that gives room back now
    }
  }
  job_ended_();
  state_.DeliverEvents();
  EndTask(&flush_);
}

// Makes one run of all frozen memtables. The edit also drops their logs, so recovery never replays
// what is flushed (hazard R5).
absl::Status JobScheduler::FlushFrozen() {
  const std::vector<FrozenMemtable> taken = state_.frozen;
  FlushRequest request;
  FlushEvent event;
  std::vector<uint64_t> logs;
  uint64_t memtable_bytes = 0;
  size_t reserved_bytes = 0;
  for (const FrozenMemtable& frozen : taken) {
    request.memtables.push_back(frozen.memtable.get());
    logs.push_back(frozen.log_number);
    event.entries += frozen.memtable->entries();
    memtable_bytes += frozen.memtable->MemoryBytes();
    reserved_bytes += frozen.memtable->ReservedBytes();
  }
  PendingNumbers numbers(state_);
  RunningJob job(state_, "a flush", state_.Points(), numbers);
  job.LimitRate(TaskPriority::kHigh);
  request.points = job.points();
  request.run_id = state_.versions->NewRunId();
  request.version = job.base()->version_ref();
  event.job_id = job.environment().job_id;
  event.memtables = taken.size();
  state_.Tell(&Listener::OnFlushBegin, event);
  const RoomRequest room{memtable_bytes, /*reclaims=*/false, [&](uint64_t most_bytes) {
                           return MeasureFlush(job.environment(), request, most_bytes);
                         }};
  absl::StatusOr<JobResult> result = job.Run(
      room, [&] { return RunFlush(job.environment(), state_.compaction_options, request); });
  absl::Status status = result.status();
  if (status.ok()) {
    state_.counters.flush_bytes += result->statistics.bytes_written;
    result->edit.removed_logs = std::move(logs);
    status = job.Install(result->edit);
  }
  if (status.ok()) {
    std::vector<FrozenMemtable>& frozen = state_.frozen;
    frozen.erase(frozen.begin(), frozen.begin() + static_cast<ptrdiff_t>(taken.size()));
    state_.logs_needed_from = frozen.empty() ? state_.active_log : frozen.front().log_number;
    event.bytes_written = result->statistics.bytes_written;
    ++state_.counters.flushes;
    kept_blocks_.Flushed(reserved_bytes);
    state_.PublishSuperVersion();
  }
  event.status = status;
  state_.Tell(&Listener::OnFlushEnd, event);
  return status;
}

// --- Compactions ---------------------------------------------------------------------------------

void JobScheduler::BackgroundCompaction() {
  MutexLock lock(state_.mutex());
  if (!state_.close_requested && state_.fatal.ok() && pauses_ == 0) {
    PickAndRun();
  }
  job_ended_();
  state_.DeliverEvents();
  manual_job_ = nullptr;
  EndTask(&compaction_);
}

void JobScheduler::PickAndRun() {
  bool picked = true;
  std::shared_ptr<const SegmentSet> base = state_.versions->current();
  const absl::Status status =
      CatchNoMemory("a compaction", [this, &picked]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
        const std::optional<Pick> pick = NextPick();
        picked = pick.has_value();
        return picked ? RunPickOrReclaim(*pick) : absl::OkStatus();
      });
  if (!picked) {
    return;
  }
  // A job cancelled by its caller or by Close is not a failure to back off from.
  const bool cancelled =
      state_.close_requested || (manual_job_ != nullptr && manual_job_->IsCancelled());
  if (!cancelled || !absl::IsAborted(status)) {
    NoteResult(status, &compaction_);
  }
  const bool claimed = garbage_.Claim();  // before the inputs' last pin goes, which asks for it
  base.reset();
  garbage_.Remove(claimed);
  EstimateLevel0();
  if (status.ok() && absl::IsResourceExhausted(flush_.error)) {
    Retry(Kind::kFlush);
  }
}

// --- Idle time -----------------------------------------------------------------------------------

std::optional<Pick> JobScheduler::NextIdlePick() {
  const uint64_t left = idle_budget_.Left(state_.counters.flush_bytes);
  return policy_->PickIdle(PickerStateNow(), left);
}

// Without memory for a timer, the next job asks for one.
void JobScheduler::AwaitIdleTime() {
  if (!idle_budget_.is_on() || idle_timer_.has_value() || is_busy() || FlushIsDue() ||
      compaction_.retry.has_value() || idle_failed_after_ == state_.counters.flushes) {
    return;
  }
  TryWithMemory([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (NextIdlePick().has_value()) {
      groups_at_timer_ = state_.groups_begun;
      idle_timer_ = state_.executor->ScheduleAfter(state_.options.idle_merge_delay_nanos, [this] {
        MutexLock lock(state_.mutex());
        idle_timer_.reset();
        IdleTimePassed();
        state_.changed.NotifyAll();
      });
    }
  });
}

// If a write has come meanwhile, the time begins anew.
void JobScheduler::IdleTimePassed() {
  if (!MayBegin() || state_.close_requested || is_busy() || FlushIsDue()) {
    return;  // Continue, or the end of the job, asks again
  }
  if (groups_at_timer_ != state_.groups_begun) {
    AwaitIdleTime();
    return;
  }
  TryWithMemory([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (NextIdlePick().has_value()) {
      state_.executor->Schedule(TaskPriority::kLow, [this] { BackgroundIdleMerge(); });
      compaction_.scheduled = true;
    }
  });
}

// Its turn may come late: it looks anew.
void JobScheduler::BackgroundIdleMerge() {
  MutexLock lock(state_.mutex());
  if (MayBegin() && !state_.close_requested) {
    bool is_due = false;
    TryWithMemory([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { is_due = CompactionIsDue(); });
    if (is_due) {
      PickAndRun();
    } else if (groups_at_timer_ == state_.groups_begun && !FlushIsDue()) {
      MergeInIdleTime();
    }
  }
  job_ended_();
  state_.DeliverEvents();
  manual_job_ = nullptr;
  EndTask(&compaction_);
}

void JobScheduler::MergeInIdleTime() {
  std::shared_ptr<const SegmentSet> base = state_.versions->current();
  const uint64_t written_before = state_.counters.compaction_written_bytes;
  cancel_idle_merge_.Store(false);
  idle_merge_runs_ = true;
  const absl::Status status = CatchNoMemory("an idle merge", [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    const std::optional<Pick> pick = NextIdlePick();
    if (!pick.has_value()) {
      return absl::OkStatus();
    }
    const uint64_t most = pick->trivial_move ? 0 : pick->InputBytes();
    idle_budget_.Charge(most);
    VERALITH_RETURN_IF_ERROR(RunPick(*pick));
    const uint64_t written = state_.counters.compaction_written_bytes - written_before;
    idle_budget_.GiveBack(most - std::min(most, written));
    return absl::OkStatus();
  });
  idle_merge_runs_ = false;
  if (!status.ok() && !absl::IsAborted(status)) {
    idle_failed_after_ = state_.counters.flushes;  // listeners know why; nobody waits for it
  }
  state_.counters.idle_merge_bytes += state_.counters.compaction_written_bytes - written_before;
  const bool claimed = garbage_.Claim();  // as for other compactions
  base.reset();
  garbage_.Remove(claimed);
  EstimateLevel0();
}

void JobScheduler::YieldIdleMerge() {
  if (!idle_merge_runs_ || cancel_idle_merge_.Load()) {
    return;
  }
  TryWithMemory([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    PickerState without = PickerStateNow();
    without.running = {};
    if (!manual_.empty() || policy_->PickCompaction(without).has_value()) {
      cancel_idle_merge_.Store(true);
    }
  });
}

// --- Picks ---------------------------------------------------------------------------------------

std::optional<Pick> JobScheduler::NextPick() {
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
  return state_.options.disable_automatic_compaction ? std::nullopt : NextAutomaticPick();
}

absl::Status JobScheduler::RunPickOrReclaim(const Pick& pick) {
  const absl::Status status = RunPick(pick);
  if (!absl::IsResourceExhausted(status) || state_.close_requested ||
      pick.reason == Pick::Reason::kGarbage) {
    return status;
  }
  const std::optional<Pick> other = PickThatReclaims();
  return other.has_value() ? RunPick(*other) : status;
}

// What may run in place of a job for which the disk has no room: of a Compact, another step of it.
std::optional<Pick> JobScheduler::PickThatReclaims() {
  PickerState state = PickerStateNow();
  state.reclaim_first = true;
  if (manual_job_ != nullptr) {
    return policy_->PickManual(state, &manual_job_->manual).pick;
  }
  std::optional<Pick> pick = policy_->PickCompaction(state);
  return pick.has_value() && pick->reason == Pick::Reason::kGarbage ? std::move(pick)
                                                                    : std::nullopt;
}

absl::Status JobScheduler::RunPick(const Pick& pick) {
  running_.reserve(running_.size() + 1);
  PendingNumbers numbers(state_);
  RunningJob job(state_, "a compaction", state_.Points(), numbers);
  job.AddCancel(&cancel_compactions_);
  if (manual_job_ != nullptr && manual_job_->cancel != nullptr) {
    job.AddCancel(manual_job_->cancel);
  }
  if (idle_merge_runs_) {
    job.AddCancel(&cancel_idle_merge_);
  }
  job.LimitRate(TaskPriority::kLow);
  running_.push_back(&pick);
  const Finally forgotten([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { std::erase(running_, &pick); });
  CompactionRequest request;
  request.version = job.base()->version_ref();
  request.pick = pick;
  request.points = job.points();
  request.open_segment = [&](const FileMeta& file) { return FindReader(*job.base(), file.number); };
  CompactionEvent event = EventOf(pick, job.environment().job_id);
  state_.Tell(&Listener::OnCompactionBegin, event);
  const RoomRequest room{pick.trivial_move || pick.drop ? 0 : pick.InputBytes(),
                         pick.reason == Pick::Reason::kGarbage, [&](uint64_t most_bytes) {
                           return MeasureCompaction(job.environment(), request, most_bytes);
                         }};
  absl::StatusOr<JobResult> result = job.Run(
      room, [&] { return RunCompaction(job.environment(), state_.compaction_options, request); });
  absl::Status status = result.status();
  DbCounters& counters = state_.counters;
  if (status.ok()) {
    counters.compaction_read_bytes += result->statistics.bytes_read;
    counters.compaction_written_bytes += result->statistics.bytes_written;
    status = job.Install(result->edit);
  }
  if (status.ok()) {
    event.bytes_written = result->statistics.bytes_written;
    event.bytes_copied = result->statistics.value_bytes_copied;
    ++counters.compactions;
    counters.subcompactions += result->statistics.pieces;
    counters.compaction_copied_bytes += event.bytes_copied;
    if (pick.input_level() == 0 && !pick.trivial_move && !pick.into_one_file) {
      state_.seek_debt.Clear();
    }
    state_.PublishSuperVersion();
  }
  event.status = status;
  state_.Tell(&Listener::OnCompactionEnd, event);
  return status;
}

// --- Waiting -------------------------------------------------------------------------------------

absl::Status JobScheduler::Await(std::initializer_list<Kind> kinds,
                                 const std::function<bool()>& done, bool polls) {
  while (!done()) {
    VERALITH_RETURN_IF_ERROR(state_.CheckWritable());
    Schedule();
    for (const Kind kind : kinds) {
      VERALITH_RETURN_IF_ERROR(error(kind));
    }
    if (polls) {
      state_.executor->AwaitFor(state_.mutex(), state_.changed, kPollNanos);
    } else {
      state_.executor->Await(state_.mutex(), state_.changed);
    }
  }
  return absl::OkStatus();
}

absl::Status JobScheduler::Compact(const KeyRange& range, const Atomic<bool>* cancel) {
  ManualRequest request;
  request.cancel = cancel;
  request.manual.range = range;
  request.manual.before_file_number = state_.versions->state().next_file_number;
  manual_.push_back(&request);
  Retry(Kind::kCompaction);
  absl::Status status = CatchNoMemory("Compact", [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return Await(
        {Kind::kCompaction}, [&request] { return request.done || request.IsCancelled(); },
        /*polls=*/cancel != nullptr);
  });
  std::erase(manual_, &request);
  while (manual_job_ == &request) {  // the job reads `cancel` until it ends
    state_.executor->Await(state_.mutex(), state_.changed);
  }
  if (status.ok() && !request.done) {
    status = Aborted("the compaction was cancelled; what it had finished stays");
  }
  return status;
}

// --- Pause and end -------------------------------------------------------------------------------

void JobScheduler::Pause() {
  ++pauses_;
  cancel_idle_merge_.Store(true);
  while (!state_.closing && is_busy()) {
    state_.executor->Await(state_.mutex(), state_.changed);
  }
}

absl::Status JobScheduler::Continue() {
  if (pauses_ == 0) {
    return FailedPrecondition("background work is not paused");
  }
  --pauses_;
  Schedule();
  return absl::OkStatus();
}

void JobScheduler::CancelCompactions() {
  cancel_compactions_.Store(true);
  state_.changed.NotifyAll();
  if (std::exchange(pauses_, 0) > 0) {
    Schedule();
  }
}

}  // namespace veralith
