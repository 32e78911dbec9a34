// SPDX-License-Identifier: Apache-2.0

// The path of a write: room, timestamps under the ceiling, log, sync if asked, memtable, visible.
#include <algorithm>
#include <string>
#include <utility>

#include "core/base/check.h"
#include "core/base/finally.h"
#include "core/base/no_memory.h"
#include "core/base/status.h"
#include "core/db/batch_reducer.h"
#include "core/db/db_impl.h"
#include "core/log/record_writer.h"
#include "core/memtable/apply_to_memtable.h"

namespace veralith {
namespace {

// How long a commit waits for each run of level 0 from the slowdown trigger on. One is not noticed;
// the many before the stop trigger leave most of the time to compaction.
constexpr int64_t kSlowdownNanos = 1'000'000;

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

absl::Status DbImpl::Put(const WriteOptions& options, NamespaceId ns, std::string_view key,
                         std::string_view value) {
  LogOperation operation;
  operation.kind = LogOperation::Kind::kPut;
  operation.ns = ns;
  operation.key = key;
  operation.value = value;
  return CommitOne(options, operation);
}

absl::Status DbImpl::Delete(const WriteOptions& options, NamespaceId ns, std::string_view key) {
  LogOperation operation;
  operation.kind = LogOperation::Kind::kDelete;
  operation.ns = ns;
  operation.key = key;
  return CommitOne(options, operation);
}

absl::Status DbImpl::DeleteRange(const WriteOptions& options, NamespaceId ns,
                                 std::string_view begin, std::optional<std::string_view> end) {
  WriteBatch batch;
  batch.DeleteRange(ns, begin, end);
  return Write(options, batch).status();
}

absl::Status DbImpl::CommitOne(const WriteOptions& options, const LogOperation& operation) {
  VERALITH_RETURN_IF_ERROR(RefuseInListener("a write"));
  VERALITH_RETURN_IF_ERROR(CheckOperationLimits(operation));
  return Commit(options, {&operation, 1}).status();
}

absl::StatusOr<Timestamp> DbImpl::Write(const WriteOptions& options, const WriteBatch& batch) {
  VERALITH_RETURN_IF_ERROR(RefuseInListener("Write"));
  std::vector<LogOperation> reduced;
  VERALITH_RETURN_IF_ERROR(ReduceBatch(batch, &reduced));
  if (MaxLogRecordBytes(reduced) > kMaxRecordPayloadBytes) {
    return InvalidArgument("a batch of " + std::to_string(reduced.size()) +
                           " operations does not fit in one log record of " +
                           std::to_string(kMaxRecordPayloadBytes) + " bytes; split it");
  }
  if (reduced.empty()) {
    MutexLock lock(state_.mutex());
    VERALITH_RETURN_IF_ERROR(state_.CheckWritable());
    return state_.visible.Load();
  }
  return Commit(options, reduced);
}

absl::StatusOr<Timestamp> DbImpl::Commit(const WriteOptions& options,
                                         std::span<const LogOperation> operations) {
  const SyncMode mode =
      options.sync == SyncMode::kDefault ? state_.options.sync_mode : options.sync;
  WriteQueue::Writer writer;
  writer.operations = operations;
  writer.bytes = OperationBytes(operations);
  writer.sync = mode == SyncMode::kCommit;
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
  if (mode == SyncMode::kInterval) {
    MutexLock lock(state_.mutex());
    EnsureIntervalSync();
  }
  return writer.timestamp;
}

// Whatever happens, the queue gets its next leader (hazard E9).
void DbImpl::Lead(WriteQueue::Writer& leader) {
  const absl::Status status =
      CatchNoMemory("a write", [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return LeadGroup(leader); });
  if (status.ok() && OnlyDelete(leader.operations)) {
    TryWithMemory([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { FlushDeletions(); });
  }
  FinishLeading(status);
}

absl::Status DbImpl::LeadGroup(const WriteQueue::Writer& leader) {
  VERALITH_RETURN_IF_ERROR(state_.CheckWritable());
  if (!leader.operations.empty()) {  // a barrier needs neither room nor time
    VERALITH_RETURN_IF_ERROR(MakeRoom(OnlyDelete(leader.operations)));
    VERALITH_RETURN_IF_ERROR(EnsureCeiling());
  }
  return CommitGroup();
}

void DbImpl::FinishLeading(const absl::Status& status) {
  queue_.Finish(status);
  if (state_.closing && queue_.empty()) {
    state_.changed.NotifyAll();
  }
  state_.DeliverEvents();
}

// Takes the timestamps under the mutex, then writes log and memtable without it: only the leader
// touches them. If memory runs out before the log is written, that is an error of this group alone.
// After that it is like a failed write, because the log says what no memtable has.
absl::Status DbImpl::CommitGroup() {
  const std::vector<WriteQueue::Writer*>& group = queue_.Group();
  bool sync = std::exchange(sync_due_, false);
  const bool sync_was_due = sync;
  Timestamp last = 0;  // in this group; none for barriers, which commit nothing
  uint64_t user_bytes = 0;
  size_t entries = 0;
  for (WriteQueue::Writer* writer : group) {
    sync = sync || writer->sync;
    user_bytes += writer->bytes;
    entries += writer->operations.size();
    if (!writer->operations.empty()) {
      last = writer->timestamp = clock_->Next();
    }
  }
  newest_begun_ = std::max(newest_begun_, last);
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
  state_.counters.commits += group.size();
  return status;
}

absl::Status DbImpl::StageGroup(const std::vector<WriteQueue::Writer*>& group, size_t entries,
                                uint64_t user_bytes) {
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

absl::Status DbImpl::LogGroup(bool sync) {
  VERALITH_RETURN_IF_ERROR(logs_->Commit());
  return sync ? logs_->Sync() : absl::OkStatus();
}

absl::Status DbImpl::ApplyGroup(const std::vector<WriteQueue::Writer*>& group, Timestamp last,
                                bool* notes_puts) {
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

absl::Status DbImpl::RefuseInChild() const {
  return state_.is_inherited() ? state_.Closed() : absl::OkStatus();
}

absl::Status DbImpl::RefuseInListener(const char* call) const {
  VERALITH_RETURN_IF_ERROR(RefuseInChild());
  if (!state_.events.OnThisThread()) [[likely]] {
    return absl::OkStatus();
  }
  return FailedPrecondition(
      std::string(call) + " inside a listener of the same database could wait for itself; make it "
                          "on a thread of your own");
}

absl::Status DbImpl::EnsureCeiling() {
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

bool DbImpl::HasFreeWriteBuffer() const {
  return state_.frozen.size() + 1 <
         static_cast<size_t>(std::max(2, state_.options.max_write_buffers));
}

bool DbImpl::BelowLevel0Stop() const {
  return state_.options.disable_automatic_compaction ||
         state_.versions->version().runs(0).size() <
             static_cast<size_t>(state_.options.level0_stop_trigger);
}

// Called by the leader: on return the active memtable can take the group. An entry of any size goes
// into a memtable that is not full yet, so no entry is too large (hazard W3). If the disk has no
// room for a flush, deletions go into a full memtable, up to twice its size: they are what makes
// room.
absl::Status DbImpl::MakeRoom(bool deletes) {
  if (state_.publish_due) {
    state_.PublishSuperVersion();  // else readers would not see what goes into the memtable
  }
  if (state_.publish_due) {
    return NoMemory("a write");
  }
  if (state_.logs_needed_from != 0) {
    logs_->DropBefore(std::exchange(state_.logs_needed_from, 0));
  }
  SlowDown();
  if (state_.active->MemoryBytes() < state_.options.write_buffer_bytes) {
    return absl::OkStatus();
  }
  absl::Status status = WaitForRoom("all write buffers wait to be flushed", JobKind::kFlush,
                                    &DbImpl::HasFreeWriteBuffer);
  if (status.ok()) {
    status =
        WaitForRoom("level 0 has too many runs", JobKind::kCompaction, &DbImpl::BelowLevel0Stop);
  }
  if (deletes && absl::IsResourceExhausted(status) &&
      state_.active->MemoryBytes() / 2 < state_.options.write_buffer_bytes) {
    return absl::OkStatus();
  }
  return status.ok() ? RotateMemtable() : status;
}

// Allows one memtable more than there are write buffers, and one more when the active one takes no
// more. All of them become one run, without what the deletions hide.
void DbImpl::FlushDeletions() {
  const bool is_short = absl::IsResourceExhausted(jobs_.error(JobKind::kFlush)) ||
                        absl::IsResourceExhausted(jobs_.error(JobKind::kCompaction));
  const bool is_full = state_.active->MemoryBytes() >= state_.options.write_buffer_bytes;
  const bool takes_no_more = state_.active->MemoryBytes() / 2 >= state_.options.write_buffer_bytes;
  const auto most =
      static_cast<size_t>(std::max(2, state_.options.max_write_buffers)) + (takes_no_more ? 1 : 0);
  if (is_short && is_full && state_.frozen.size() < most && RotateMemtable().ok()) {
    jobs_.Retry(JobKind::kFlush);
  }
}

size_t DbImpl::RunsBeyondSlowdown() const {
  const size_t runs = state_.versions->version().runs(0).size();
  const auto trigger = static_cast<size_t>(state_.options.level0_slowdown_trigger);
  return state_.options.disable_automatic_compaction || runs < trigger ? 0 : runs - trigger + 1;
}

void DbImpl::SlowDown() {
  const size_t runs = RunsBeyondSlowdown();
  if (runs > 0) {
    const RateLimiter::Urgent urgent(state_.limiter, TaskPriority::kLow);
    BeginStall(StallEvent::Kind::kSlowdown, "level 0 has many runs");
    state_.executor->AwaitFor(state_.mutex(), state_.changed,
                              static_cast<int64_t>(runs) * kSlowdownNanos);
  } else if (stall_.has_value()) {
    EndStall();
  }
}

// Called by the leader. EndStall is too, except when a compaction or Close ends a slowdown whose
// end no writer has noticed.
void DbImpl::BeginStall(StallEvent::Kind kind, std::string reason) {
  if (stall_.has_value() && stall_->kind == kind && stall_->reason == reason) {
    return;
  }
  EndStall();
  stall_ = StallEvent{kind, std::move(reason)};
  state_.Tell(&Listener::OnStallBegin, *stall_);
  state_.DeliverEvents();
}

void DbImpl::EndStall() {
  if (stall_.has_value()) {
    state_.Tell(&Listener::OnStallEnd, *stall_);
    stall_.reset();
  }
}

void DbImpl::CompactionEnded() {
  if (stall_.has_value() && stall_->kind == StallEvent::Kind::kSlowdown &&
      RunsBeyondSlowdown() == 0) {
    EndStall();
  }
}

absl::Status DbImpl::WaitForRoom(std::string reason, JobKind kind, bool (DbImpl::*enough)() const) {
  if ((this->*enough)()) {
    return absl::OkStatus();
  }
  const int64_t start = state_.physical_clock->MonotonicNanos();
  const RateLimiter::Urgent urgent(
      state_.limiter, kind == JobKind::kFlush ? TaskPriority::kHigh : TaskPriority::kLow);
  absl::Status status;
  reason += jobs_.is_paused() ? "; background work is paused" : "";
  BeginStall(StallEvent::Kind::kStop, reason);
  while (status.ok() && !(this->*enough)()) {
    status = state_.close_requested ? FailedPrecondition("the database is closed")
                                    : state_.CheckWritable();
    if (status.ok()) {
      jobs_.Schedule();
      status =
          Annotate(jobs_.error(kind), "a write must wait (" + reason + ") for work that failed");
    }
    const int64_t waited = state_.physical_clock->MonotonicNanos() - start;
    if (status.ok() && waited >= state_.options.stall_timeout_nanos) {
      status =
          Unavailable("a write waited " + std::to_string(waited / 1'000'000) + " ms: " + reason);
    }
    if (status.ok()) {
      state_.executor->AwaitFor(state_.mutex(), state_.changed,
                                state_.options.stall_timeout_nanos - waited);
    }
  }
  if (stall_.has_value() && stall_->kind == StallEvent::Kind::kStop) {
    EndStall();
  }
  return status;
}

// Allocates all the memory that it needs before the new log is in the manifest.
absl::Status DbImpl::RotateMemtable() {
  VersionEdit edit;
  const uint32_t continues = logs_->checksum();
  absl::StatusOr<std::unique_ptr<LogWriter>> log;
  const uint64_t number = state_.versions->NewPendingFile();
  const Finally released([this, number] { state_.versions->ReleasePending(number); });
  MemtableRef fresh = MemtableRef::Make(next_memtable_id_);
  logs_->PrepareToRotate();
  state_.frozen.reserve(state_.frozen.size() + 1);
  const uint64_t id = random_.Next();
  {
    MutexUnlock unlock(state_.mutex());
    log = NewLog(number, id, continues);
  }
  VERALITH_RETURN_IF_ERROR(log.status());  // the old log is as good as before
  edit.added_logs.push_back({number, id});
  if (const LogPosition durable = logs_->DurableEnd(); durable.offset > 0) {
    edit.logs_synced_through = durable;  // the new log may stay empty and never say so
  }
  VERALITH_RETURN_IF_ERROR(state_.InstallOrFail(std::move(edit)));
  logs_->Rotate(*std::move(log));
  ++next_memtable_id_;
  state_.frozen.push_back({std::exchange(state_.active, std::move(fresh)), state_.active_log});
  state_.active_log = number;
  state_.PublishSuperVersion();
  jobs_.Schedule();
  return absl::OkStatus();
}

absl::Status DbImpl::AsLeader(const std::function<absl::Status()>& action) {
  WriteQueue::Writer writer;
  writer.exclusive = true;
  if (!queue_.Join(writer)) {
    return writer.status;
  }
  absl::Status status = state_.CheckWritable();
  if (status.ok()) {
    status = CatchNoMemory("an operation that excludes writes", action);
  }
  FinishLeading(status);
  return status;
}

// Enters a barrier that asks for a sync: it shares its sync with every writer in its group.
absl::Status DbImpl::Sync() {
  VERALITH_RETURN_IF_ERROR(RefuseInListener("Sync"));
  WriteQueue::Writer writer;
  writer.sync = true;
  MutexLock lock(state_.mutex());
  if (queue_.Join(writer)) {
    Lead(writer);
  }
  return writer.status;
}

void DbImpl::ScheduleIntervalSync(int64_t delay_nanos) {
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

// The write is committed: if there is no memory for a timer, the next write syncs.
void DbImpl::EnsureIntervalSync() {
  if (!TryWithMemory([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
        ScheduleIntervalSync(state_.options.sync_interval_nanos);
      })) {
    sync_due_ = true;
  }
}

// A timer must not wait for a leader that may itself wait for background work. If there is a
// leader, its group is asked to sync, and this looks again soon.
void DbImpl::IntervalSync() {
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

absl::Status DbImpl::AdvanceClock(Timestamp remote) {
  VERALITH_RETURN_IF_ERROR(RefuseInChild());
  MutexLock lock(state_.mutex());
  VERALITH_RETURN_IF_ERROR(state_.CheckWritable());
  return clock_->Advance(remote);
}

}  // namespace veralith
