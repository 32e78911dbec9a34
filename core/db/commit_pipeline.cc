// SPDX-License-Identifier: Apache-2.0

#include "core/db/commit_pipeline.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/base/finally.h"
#include "core/base/no_memory.h"
#include "core/base/status.h"
#include "core/format/version_edit.h"
#include "core/memtable/apply_to_memtable.h"

namespace veralith {
namespace {

// How long until a freeze is tried again that was asked for and could not be.
constexpr int64_t kFreezeLaterNanos = 100'000'000;

size_t OperationBytes(std::span<const LogOperation> operations) {
  size_t bytes = 0;
  for (const LogOperation& operation : operations) {
    bytes += operation.key.size() + operation.value.size();
  }
  return bytes;
}

bool OnlyDelete(std::span<const LogOperation> operations) {
  const auto puts = [](const LogOperation& operation) {
    return operation.kind == LogOperation::Kind::kPut;
  };
  return !operations.empty() && std::none_of(operations.begin(), operations.end(), puts);
}

}  // namespace

// --- Beginning and end ---------------------------------------------------------------------------

CommitPipeline::CommitPipeline(DbState& state, JobScheduler& jobs, WriteStalls& stalls)
    : state_(state), jobs_(jobs), stalls_(stalls), queue_(state.mutex(), *state.executor) {}

void CommitPipeline::Start(const HybridLogicalClock& clock, std::unique_ptr<LogSet> logs,
                           MemtableRef active) {
  clock_.emplace(clock);
  logs_ = std::move(logs);
  state_.active = std::move(active);
  state_.active_log = logs_->active_number();
}

absl::Status CommitPipeline::EndLogs() {
  absl::Status status;
  {
    MutexUnlock unlock(state_.mutex());
    status = logs_->Sync();  // no leader is left, and none can come
  }
  const LogPosition durable = logs_->DurableEnd();
  if (!status.ok() || !state_.fatal.ok() || durable.offset == 0) {
    return status;
  }
  VersionEdit edit;
  edit.logs_synced_through = durable;
  return state_.Install(std::move(edit));
}

// --- Writing -------------------------------------------------------------------------------------

absl::StatusOr<Timestamp> CommitPipeline::Commit(SyncMode sync,
                                                 std::span<const LogOperation> operations) {
  WriteQueue::Writer writer;
  writer.operations = operations;
  writer.bytes = OperationBytes(operations);
  writer.sync = sync == SyncMode::kCommit;
  bool first;
  {
    MutexLock lock(state_.mutex());
    first = queue_.Enter(writer);
    if (first) {
      Lead(writer);
    }
  }
  if (!first && queue_.AwaitTurn(writer)) {
    MutexLock lock(state_.mutex());
    Lead(writer);
  }
  VERALITH_RETURN_IF_ERROR(writer.status);
  if (sync == SyncMode::kInterval) {
    MutexLock lock(state_.mutex());
    EnsureIntervalSync();
  }
  return writer.timestamp;
}

// Enters a barrier that asks for a sync: it shares its sync with every writer in its group.
absl::Status CommitPipeline::Sync() {
  WriteQueue::Writer writer;
  writer.sync = true;
  MutexLock lock(state_.mutex());
  if (queue_.Join(writer)) {
    Lead(writer);
  }
  return writer.status;
}

// As the leader of a group of one.
absl::StatusOr<uint64_t> CommitPipeline::Freeze() {
  WriteQueue::Writer writer;
  writer.exclusive = true;
  VERALITH_CHECK(queue_.Join(writer));  // no other leader's group has it
  const uint64_t id = state_.active->id();
  const absl::Status status = CatchNoMemory(
      "a memtable switch", [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return RotateIfUsed(); });
  FinishLeading(status);
  VERALITH_RETURN_IF_ERROR(status);
  return id;
}

// --- Leading -------------------------------------------------------------------------------------

// Whatever happens, the queue gets its next leader (hazard E9).
void CommitPipeline::Lead(WriteQueue::Writer& leader) {
  const absl::Status status =
      CatchNoMemory("a write", [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return LeadGroup(leader); });
  if (status.ok() && OnlyDelete(leader.operations)) {
    TryWithMemory([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { FlushDeletions(); });
  }
  FinishLeading(status);
}

absl::Status CommitPipeline::LeadGroup(const WriteQueue::Writer& leader) {
  VERALITH_RETURN_IF_ERROR(state_.CheckWritable());
  if (!leader.operations.empty()) {  // a barrier needs neither room nor time
    VERALITH_RETURN_IF_ERROR(MakeRoom(OnlyDelete(leader.operations)));
    VERALITH_RETURN_IF_ERROR(EnsureCeiling());
  }
  return CommitGroup();
}

void CommitPipeline::FinishLeading(const absl::Status& status) {
  queue_.Finish(status);
  if (state_.closing && queue_.empty()) {
    state_.changed.NotifyAll();
  }
  state_.DeliverEvents();
}

// On return the active memtable can take the group. An entry of any size goes into a memtable that
// is not full yet, so no entry is too large (hazard W3). If the disk has no room for a flush,
// deletions go into a full memtable, up to twice its size: they are what makes room.
absl::Status CommitPipeline::MakeRoom(bool deletes) {
  if (state_.publish_due) {
    state_.PublishSuperVersion();  // else readers would not see what goes into the memtable
  }
  if (state_.publish_due) {
    return NoMemory("a write");
  }
  if (state_.logs_needed_from != 0) {
    logs_->DropBefore(std::exchange(state_.logs_needed_from, 0));
  }
  stalls_.SlowDown();
  if (!IsFull()) {
    return absl::OkStatus();
  }
  const absl::Status status = stalls_.AwaitRoom();
  if (deletes && absl::IsResourceExhausted(status) &&
      state_.active->MemoryBytes() / 2 < state_.options.write_buffer_bytes) {
    return absl::OkStatus();
  }
  return status.ok() ? RotateMemtable() : status;
}

bool CommitPipeline::IsFull() const {
  return state_.active->MemoryBytes() >= state_.options.write_buffer_bytes ||
         (IsAsked() && !state_.active->empty() && !jobs_.is_paused());
}

// Allows one memtable more than there are write buffers, and one more when the active one takes no
// more. All of them become one run, without what the deletions hide.
void CommitPipeline::FlushDeletions() {
  const bool is_short = absl::IsResourceExhausted(jobs_.error(JobScheduler::Kind::kFlush)) ||
                        absl::IsResourceExhausted(jobs_.error(JobScheduler::Kind::kCompaction));
  const bool takes_no_more = state_.active->MemoryBytes() / 2 >= state_.options.write_buffer_bytes;
  const auto most =
      static_cast<size_t>(std::max(2, state_.options.max_write_buffers)) + (takes_no_more ? 1 : 0);
  if (is_short && IsFull() && state_.frozen.size() < most && RotateMemtable().ok()) {
    jobs_.Retry(JobScheduler::Kind::kFlush);
  }
}

absl::Status CommitPipeline::EnsureCeiling() {
  clock_->Observe();
  for (;;) {
    Timestamp needed = 0;
    VERALITH_RETURN_IF_ERROR(clock_->CeilingFor(WriteQueue::kMaxGroupWriters, &needed));
    if (needed <= clock_->ceiling()) {
      return absl::OkStatus();
    }
    VersionEdit edit;
    edit.timestamp_ceiling = needed;
    VERALITH_RETURN_IF_ERROR(state_.InstallOrFail(std::move(edit)));
    clock_->RaiseCeiling(needed);
    // Meanwhile AdvanceClock may have moved the clock past it.
  }
}

absl::Status CommitPipeline::RotateIfUsed() {
  VERALITH_RETURN_IF_ERROR(state_.CheckWritable());
  return state_.active->empty() ? absl::OkStatus() : RotateMemtable();
}

// Allocates all the memory that it needs before the new log is in the manifest.
absl::Status CommitPipeline::RotateMemtable() {
  VersionEdit edit;
  const uint32_t continues = logs_->checksum();
  absl::StatusOr<std::unique_ptr<LogWriter>> log;
  const uint64_t number = state_.versions->NewPendingFile();
  const Finally released([this, number] { state_.versions->ReleasePending(number); });
  MemtableRef fresh = MemtableRef::Make(state_.active->id() + 1, state_.memory);
  logs_->PrepareToRotate();
  state_.frozen.reserve(state_.frozen.size() + 1);
  const uint64_t id = state_.random.Next();
  {
    MutexUnlock unlock(state_.mutex());
    log = CreateLog(
        *state_.fs, state_.directory,
        {.number = number, .id = id, .continues = continues, .mapped = state_.options.map_log});
  }
  VERALITH_RETURN_IF_ERROR(log.status());  // the old log is as good as before
  edit.added_logs.push_back({number, id});
  if (const LogPosition durable = logs_->DurableEnd(); durable.offset > 0) {
    edit.logs_synced_through = durable;  // the new log may stay empty and never say so
  }
  VERALITH_RETURN_IF_ERROR(state_.InstallOrFail(std::move(edit)));
  logs_->Rotate(*std::move(log));
  state_.frozen.push_back({std::exchange(state_.active, std::move(fresh)), state_.active_log});
  state_.active_log = number;
  if (state_.memory != nullptr) {
    state_.memory->Froze();
  }
  state_.PublishSuperVersion();
  jobs_.Schedule();
  return absl::OkStatus();
}

// --- A group -------------------------------------------------------------------------------------

// Takes the timestamps under the mutex, then writes log and memtable without it: only the leader
// touches them. If memory runs out before the log is written, that is an error of this group alone.
// After that it is like a failed write, because the log says what no memtable has.
absl::Status CommitPipeline::CommitGroup() {
  const std::vector<WriteQueue::Writer*>& group = queue_.Group();
  bool sync = std::exchange(sync_due_, false);
  const bool sync_was_due = sync;
  Timestamp last = 0;  // in this group; none for barriers, which commit nothing
  uint64_t user_bytes = 0;
  size_t entries = 0;
  uint64_t commits = 0;
  for (WriteQueue::Writer* writer : group) {
    sync = sync || writer->sync;
    user_bytes += writer->bytes;
    entries += writer->operations.size();
    if (!writer->operations.empty()) {
      last = writer->timestamp = clock_->Next();
      ++commits;
    }
  }
  newest_begun_ = std::max(newest_begun_, last);
  state_.groups_begun += last != 0 ? 1 : 0;
  const bool notes_puts = notes_puts_;
  bool notes_on = notes_puts;
  const uint64_t log_bytes_before = logs_->active_bytes();
  absl::Status staged;
  absl::Status status;
  {
    MutexUnlock unlock(state_.mutex());
    staged = CatchNoMemory("a write", [&] { return StageGroup(group, entries, user_bytes); });
    if (staged.ok()) {
      status = LogGroup(sync);
    }
    if (staged.ok() && status.ok()) {
      status = CatchNoMemory("a logged write", [&] { return ApplyGroup(group, last, &notes_on); });
    }
  }
  if (!staged.ok()) {
    logs_->DropStaged();
    sync_due_ = sync_due_ || sync_was_due;
    return staged;
  }
  if (!status.ok()) {
    return state_.Fatal(status);
  }
  if (notes_puts && !notes_on) {
    notes_puts_ = false;
  }
  state_.counters.log_bytes += logs_->active_bytes() - log_bytes_before;
  state_.counters.log_syncs += sync ? 1 : 0;
  state_.counters.user_bytes += user_bytes;
  state_.counters.commits += commits;
  return status;
}

absl::Status CommitPipeline::StageGroup(const std::vector<WriteQueue::Writer*>& group,
                                        size_t entries, uint64_t user_bytes) {
  state_.active->Prepare(entries, user_bytes);
  for (const WriteQueue::Writer* writer : group) {
    for (const LogOperation& operation : writer->operations) {
      if (operation.key.size() + operation.value.size() >= Memtable::kLargeBytes) {
        state_.active->PrepareLarge(operation.key.size(), operation.value.size(), entries,
                                    user_bytes);
      }
    }
    if (!writer->operations.empty()) {
      logs_->Stage(writer->timestamp, writer->operations);
    }
  }
  return absl::OkStatus();
}

absl::Status CommitPipeline::LogGroup(bool sync) {
  VERALITH_RETURN_IF_ERROR(logs_->Commit());
  return sync ? logs_->Sync() : absl::OkStatus();
}

absl::Status CommitPipeline::ApplyGroup(const std::vector<WriteQueue::Writer*>& group,
                                        Timestamp last, bool* notes_puts) {
  Memtable* const memtable = state_.active.get();
  for (const WriteQueue::Writer* writer : group) {
    for (const LogOperation& operation : writer->operations) {
      ApplyToMemtable(operation, writer->timestamp, memtable);
      if (*notes_puts && operation.kind == LogOperation::Kind::kPut) {
        *notes_puts = gaps_.NotePut(operation.ns, operation.key, writer->timestamp);
      }
    }
  }
  if (last != 0) {
    state_.visible.Store(last);
  }
  return absl::OkStatus();
}

std::optional<Timestamp> CommitPipeline::StartNotingPuts() {
  MutexLock lock(state_.mutex());
  return std::exchange(notes_puts_, true) ? std::nullopt : std::optional(newest_begun_);
}

// --- What the memory budget asks for -------------------------------------------------------------

void CommitPipeline::JoinBudget() {
  if (state_.memory != nullptr) {
    state_.memory->Join(state_.active->ChargedBytes(), [this] { Asked(); });
  }
}

void CommitPipeline::LeaveBudget() {
  if (state_.memory != nullptr) {
    state_.memory->Leave();
  }
}

void CommitPipeline::Asked() {
  asks_.FetchAdd(1);
  const bool scheduled = TryWithMemory([this] {
    state_.executor->Schedule(TaskPriority::kHigh, [this] {
      MutexLock lock(state_.mutex());
      FreezeIfAsked();
      asks_.FetchSub(1);
      state_.changed.NotifyAll();
    });
  });
  if (!scheduled) {
    asks_.FetchSub(1);
  }
}

// Like a timer's sync it must not wait for a leader that may itself wait for background work. A
// leader sees the flag, if it is not too late for it.
void CommitPipeline::FreezeIfAsked() {
  if (queue_.empty() && IsAsked() && !state_.close_requested && !jobs_.is_paused() &&
      stalls_.HasFreeWriteBuffer()) {
    // After an error it is tried again, unless that is kept in state_.fatal.
    TryWithMemory([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { Freeze().IgnoreError(); });
  }
  if (!IsAsked() || freeze_timer_.has_value() || state_.close_requested ||
      !state_.CheckWritable().ok()) {
    return;
  }
  TryWithMemory([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    freeze_timer_ = state_.executor->ScheduleAfter(kFreezeLaterNanos, [this] {
      MutexLock lock(state_.mutex());
      freeze_timer_.reset();
      ++timers_running_;
      FreezeIfAsked();
      --timers_running_;
      state_.changed.NotifyAll();
    });
  });
}

// --- Syncs at intervals --------------------------------------------------------------------------

// The write is committed: if there is no memory for a timer, the next write syncs.
void CommitPipeline::EnsureIntervalSync() {
  if (!TryWithMemory([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
        ScheduleIntervalSync(state_.options.sync_interval_nanos);
      })) {
    sync_due_ = true;
  }
}

void CommitPipeline::ScheduleIntervalSync(int64_t delay_nanos) {
  if (sync_timer_.has_value() || state_.closing) {
    return;
  }
  sync_timer_ = state_.executor->ScheduleAfter(delay_nanos, [this] {
    MutexLock lock(state_.mutex());
    sync_timer_.reset();
    ++timers_running_;
    if (!TryWithMemory([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { IntervalSync(); })) {
      sync_due_ = true;
    }
    --timers_running_;
    state_.changed.NotifyAll();
  });
}

// A timer must not wait for a leader that may itself wait for background work. If there is a
// leader, its group is asked to sync, and this looks again soon.
void CommitPipeline::IntervalSync() {
  if (state_.closing) {
    return;
  }
  if (!queue_.empty()) {
    sync_due_ = true;
    ScheduleIntervalSync(state_.options.sync_interval_nanos / 8 + 1);
    return;
  }
  WriteQueue::Writer writer;
  writer.sync = true;
  VERALITH_CHECK(queue_.Enter(writer));  // the queue is empty: it leads
  Lead(writer);                          // a failure is kept in state_.fatal
}

}  // namespace veralith
