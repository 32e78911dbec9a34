// SPDX-License-Identifier: Apache-2.0

// What a write is before the commit pipeline takes it: checked and reduced.
#include <string>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/db/batch_reducer.h"
#include "core/db/db_impl.h"
#include "core/log/record_writer.h"

namespace veralith {

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
  return pipeline_.Commit(
      options.sync == SyncMode::kDefault ? state_.options.sync_mode : options.sync, operations);
}

absl::Status DbImpl::Sync() {
  VERALITH_RETURN_IF_ERROR(RefuseInListener("Sync"));
  return pipeline_.Sync();
}

absl::Status DbImpl::AdvanceClock(Timestamp remote) {
  VERALITH_RETURN_IF_ERROR(RefuseInChild());
  MutexLock lock(state_.mutex());
  VERALITH_RETURN_IF_ERROR(state_.CheckWritable());
  return pipeline_.AdvanceClock(remote);
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

}  // namespace veralith
