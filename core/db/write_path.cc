// The way of a write: room, timestamps under the ceiling, log, sync if asked, memtable, visible.
#include <algorithm>
#include <string>
#include <utility>

#include "core/base/broken.h"
#include "core/base/check.h"
#include "core/base/status.h"
#include "core/db/batch_reducer.h"
#include "core/db/db_impl.h"
#include "core/log/record_writer.h"

namespace veralith {
namespace {

// How long a write waits when level 0 is between its slowdown and its stop trigger: long enough
// for compaction to catch up, short enough not to be noticed alone.
constexpr int64_t kSlowdownNanos = 1'000'000;

size_t OperationBytes(std::span<const LogOperation> operations) {
  size_t bytes = 0;
  for (const LogOperation& operation : operations) {
    bytes += operation.key.size() + operation.value.size();
  }
  return bytes;
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
  VERALITH_RETURN_IF_ERROR(CheckOperationLimits(operation));
  return Commit(options, {&operation, 1}).status();
}

absl::StatusOr<Timestamp> DbImpl::Write(const WriteOptions& options, const WriteBatch& batch) {
  std::vector<LogOperation> reduced;
  VERALITH_RETURN_IF_ERROR(ReduceBatch(batch, &reduced));
  if (LogRecordBytes(reduced) > kMaxRecordPayloadBytes) {
    return InvalidArgument("a batch of " + std::to_string(reduced.size()) +
                           " operations does not fit in one log record of " +
                           std::to_string(kMaxRecordPayloadBytes) + " bytes; split it");
  }
  if (reduced.empty()) {
    MutexLock lock(mutex_);
    VERALITH_RETURN_IF_ERROR(CheckWritable());
    return visible_.Load();
  }
  return Commit(options, reduced);
}

absl::StatusOr<Timestamp> DbImpl::Commit(const WriteOptions& options,
                                         std::span<const LogOperation> operations) {
  const SyncMode mode = options.sync == SyncMode::kDefault ? options_.sync_mode : options.sync;
  WriteQueue::Writer writer;
  writer.operations = operations;
  writer.bytes = OperationBytes(operations);
  writer.sync = mode == SyncMode::kCommit;
  MutexLock lock(mutex_);
  if (queue_.Join(writer)) {
    Lead(writer);
  }
  if (mode == SyncMode::kInterval && writer.status.ok()) {
    ScheduleIntervalSync(options_.sync_interval_nanos);
  }
  VERALITH_RETURN_IF_ERROR(writer.status);
  return writer.timestamp;
}

void DbImpl::Lead(WriteQueue::Writer& leader) {
  absl::Status status = CheckWritable();
  if (!leader.operations.empty()) {  // a barrier needs neither room nor time
    if (status.ok()) {
      status = MakeRoom();
    }
    if (status.ok()) {
      status = EnsureCeiling();
    }
  }
  if (status.ok()) {
    status = CommitGroup();
  }
  FinishLeading(status);
}

void DbImpl::FinishLeading(const absl::Status& status) {
  queue_.Finish(status);
  if (closing_ && queue_.empty()) {
    background_done_.NotifyAll();
  }
}

// Takes the timestamps under the mutex, then writes log and memtable without it: the leader is the
// only one to touch them.
absl::Status DbImpl::CommitGroup() {
  const std::vector<WriteQueue::Writer*>& group = queue_.Group();
  bool sync = std::exchange(sync_due_, false);
  Timestamp last = 0;  // of this group; none for barriers, which commit nothing
  for (WriteQueue::Writer* writer : group) {
    sync = sync || writer->sync;
    if (!writer->operations.empty()) {
      last = writer->timestamp = clock_->Next();
    }
  }
  absl::Status status;
  {
    MutexUnlock unlock(mutex_);
    status = LogGroup(group, sync);
    if (status.ok()) {
      Memtable* target = active_.get();
#ifdef VERALITH_BROKEN_ENGINES
      if (VERALITH_BROKEN(W1)) {  // looked up once too early: flush may have passed it since
        broken_previous_target_ = std::exchange(broken_target_, active_);
        target = broken_previous_target_ ? broken_previous_target_.get() : target;
      }
#endif
      for (const WriteQueue::Writer* writer : group) {
        for (const LogOperation& operation : writer->operations) {
          ApplyToMemtable(operation, writer->timestamp, target);
        }
      }
      if (last != 0) {
        visible_.Store(last);
      }
    }
  }
  return status.ok() ? status : Fatal(status);
}

absl::Status DbImpl::LogGroup(const std::vector<WriteQueue::Writer*>& group, bool sync) {
  const uint64_t before = logs_->active_bytes();
  uint64_t user_bytes = 0;
  for (const WriteQueue::Writer* writer : group) {
    if (!writer->operations.empty()) {
      logs_->Stage(writer->timestamp, writer->operations);
    }
    user_bytes += writer->bytes;
  }
  VERALITH_RETURN_IF_ERROR(logs_->Commit());
  if (sync) {
    VERALITH_RETURN_IF_ERROR(logs_->Sync());
    counters_.log_syncs.FetchAddRelaxed(1);
  }
  counters_.log_bytes.FetchAddRelaxed(logs_->active_bytes() - before);
  counters_.user_bytes.FetchAddRelaxed(user_bytes);
  counters_.commits.FetchAddRelaxed(group.size());
  return absl::OkStatus();
}

absl::Status DbImpl::CheckWritable() const {
  if (closing_) {
    return FailedPrecondition("the database is closed");
  }
  if (options_.read_only) {
    return FailedPrecondition("the database is open for reading only");
  }
  return fatal_;
}

// After a failed write or sync of log or manifest what is on disk is not known: nothing more may be
// acknowledged (hazards W4, W5).
absl::Status DbImpl::Fatal(const absl::Status& cause) {
  if (fatal_.ok() && !VERALITH_BROKEN(W5)) {
    fatal_ = FailedPrecondition(
        "no write is possible until the database is opened again, because an earlier write "
        "failed: " +
        ToString(cause));
    background_done_.NotifyAll();
  }
  return cause;
}

absl::Status DbImpl::EnsureCeiling() {
  clock_->Observe();
  Timestamp needed = 0;
  VERALITH_RETURN_IF_ERROR(clock_->CeilingFor(WriteQueue::kMaxGroupWriters, &needed));
  if (needed <= clock_->ceiling()) {
    return absl::OkStatus();
  }
  VersionEdit edit;
  edit.timestamp_ceiling = needed;
  if (absl::Status status = versions_->LogAndApply(std::move(edit), mutex_); !status.ok()) {
    return Fatal(status);
  }
  clock_->RaiseCeiling(needed);
  return absl::OkStatus();
}

bool DbImpl::HasFreeWriteBuffer() const {
  return frozen_.size() + 1 < static_cast<size_t>(std::max(2, options_.max_write_buffers));
}

bool DbImpl::BelowLevel0Stop() const {
  return options_.disable_automatic_compaction ||
         versions_->version().runs(0).size() < static_cast<size_t>(options_.level0_stop_trigger);
}

// Called by the leader: on return the active memtable can take the group. An entry of any size goes
// into a memtable that is not full yet, so no entry is too large to be taken (hazard W3).
absl::Status DbImpl::MakeRoom() {
  if (logs_needed_from_ != 0) {
    logs_->DropBefore(std::exchange(logs_needed_from_, 0));
  }
  if (!options_.disable_automatic_compaction &&
      versions_->version().runs(0).size() >=
          static_cast<size_t>(options_.level0_slowdown_trigger)) {
    executor_->AwaitFor(mutex_, background_done_, kSlowdownNanos);
  }
  if (active_->MemoryBytes() < options_.write_buffer_bytes) {
    return absl::OkStatus();
  }
  VERALITH_RETURN_IF_ERROR(
      WaitForRoom("all write buffers wait to be flushed", flush_, &DbImpl::HasFreeWriteBuffer));
  VERALITH_RETURN_IF_ERROR(
      WaitForRoom("level 0 has too many runs", compaction_, &DbImpl::BelowLevel0Stop));
  return RotateMemtable();
}

absl::Status DbImpl::WaitForRoom(std::string reason, const BackgroundWork& work,
                                 bool (DbImpl::*enough)() const) {
  const int64_t start = physical_clock_->MonotonicNanos();
  absl::Status status;
  while (status.ok() && !(this->*enough)()) {
    stall_reason_ = reason;
    status = ends_stalls_ ? FailedPrecondition("the database is closed") : CheckWritable();
    if (status.ok()) {
      status = Annotate(work.error, "a write must wait (" + reason + ") for work that failed");
    }
    const int64_t waited = physical_clock_->MonotonicNanos() - start;
    if (status.ok() && waited >= options_.stall_timeout_nanos) {
      status = Unavailable("a write waited " + std::to_string(waited / 1'000'000) + " ms: " + reason);
    }
    if (status.ok()) {
      ScheduleBackgroundWork();
      executor_->AwaitFor(mutex_, background_done_, options_.stall_timeout_nanos - waited);
    }
  }
  stall_reason_.clear();
  return status;
}

absl::Status DbImpl::RotateMemtable() {
  VersionEdit edit;
  const uint32_t continues = logs_->checksum();
  absl::StatusOr<std::unique_ptr<LogWriter>> log;
  const uint64_t number = versions_->NewPendingFile();
  const uint64_t id = random_.Next();
  {
    MutexUnlock unlock(mutex_);
    log = NewLog(number, id, continues);
  }
  if (!log.ok()) {
    versions_->ReleasePending(number);
    return log.status();  // the old log is as good as before
  }
  edit.added_logs.push_back({number, id});
  absl::Status status = versions_->LogAndApply(std::move(edit), mutex_);
  versions_->ReleasePending(number);
  if (!status.ok()) {
    return Fatal(status);
  }
  logs_->Rotate(*std::move(log));
  frozen_.push_back({std::exchange(active_, MemtableRef::Make(next_memtable_id_++)), active_log_});
  active_log_ = number;
  PublishSuperVersion();
  ScheduleBackgroundWork();
  return absl::OkStatus();
}

absl::Status DbImpl::AsLeader(const std::function<absl::Status()>& action) {
  WriteQueue::Writer writer;
  writer.exclusive = true;
  if (!queue_.Join(writer)) {
    return writer.status;
  }
  absl::Status status = CheckWritable();
  if (status.ok()) {
    status = action();
  }
  FinishLeading(status);
  return status;
}

// A barrier that asks for a sync: it shares its sync with every writer in its group.
absl::Status DbImpl::Sync() {
  WriteQueue::Writer writer;
  writer.sync = true;
  MutexLock lock(mutex_);
  if (queue_.Join(writer)) {
    Lead(writer);
  }
  return writer.status;
}

void DbImpl::ScheduleIntervalSync(int64_t delay_nanos) {
  if (sync_timer_.has_value() || closing_) {
    return;
  }
  sync_timer_ = executor_->ScheduleAfter(delay_nanos, [this] {
    MutexLock lock(mutex_);
    sync_timer_.reset();
    ++timers_running_;
    IntervalSync();
    --timers_running_;
    background_done_.NotifyAll();
  });
}

// A timer must not wait behind a leader that may itself wait for background work: when there is a
// leader, its group is asked to sync, and this looks again soon.
void DbImpl::IntervalSync() {
  if (closing_) {
    return;
  }
  if (!queue_.empty()) {
    sync_due_ = true;
    ScheduleIntervalSync(options_.sync_interval_nanos / 8 + 1);
    return;
  }
  WriteQueue::Writer writer;
  writer.sync = true;
  VERALITH_CHECK(queue_.Join(writer));  // the queue is empty: no wait
  Lead(writer);                         // a failure is kept in fatal_
}

absl::Status DbImpl::AdvanceClock(Timestamp remote) {
  MutexLock lock(mutex_);
  VERALITH_RETURN_IF_ERROR(CheckWritable());
  return clock_->Advance(remote);
}

}  // namespace veralith
