// SPDX-License-Identifier: Apache-2.0

#include "core/base/status.h"
#include "model/conformance/session.h"
#include "model/limits.h"
#include "model/operation_text.h"

namespace veralith::model {
namespace {

// Failed writes that no crash has decided yet: each doubles the number of legal states.
constexpr size_t kMaxOpenFailures = 4;

WriteOptions OptionsOf(const Operation& operation) {
  WriteOptions options;
  options.sync = static_cast<SyncMode>(operation.durability);
  return options;
}

Write WriteOf(const BatchPart& part, size_t position, size_t index) {
  Write write;
  write.kind = static_cast<Write::Kind>(part.kind);
  write.ns = part.ns;
  write.key = KeyBytes(part.key);
  if (part.kind == BatchPart::Kind::kPut) {
    write.value = ValueBytes(position, index, part.length);
  } else if (part.end.has_value()) {
    write.end = KeyBytes(*part.end);
  }
  return write;
}

std::optional<std::string_view> ViewOf(const std::optional<std::string>& bytes) {
  return bytes.has_value() ? std::optional<std::string_view>(*bytes) : std::nullopt;
}

WriteBatch BatchOf(const std::vector<Write>& writes) {
  WriteBatch batch;
  for (const Write& write : writes) {
    switch (write.kind) {
      case Write::Kind::kPut:
        batch.Put(write.ns, write.key, write.value);
        break;
      case Write::Kind::kDelete:
        batch.Delete(write.ns, write.key);
        break;
      case Write::Kind::kDeleteRange:
        batch.DeleteRange(write.ns, write.key, ViewOf(write.end));
        break;
    }
  }
  return batch;
}

}  // namespace

std::vector<Write> WritesOf(const Operation& operation, size_t position) {
  std::vector<Write> writes;
  if (operation.kind == OperationKind::kBatch) {
    for (size_t i = 0; i < operation.parts.size(); ++i) {
      writes.push_back(WriteOf(operation.parts[i], position, i));
    }
    return writes;
  }
  BatchPart part;
  part.kind = operation.kind == OperationKind::kPut      ? BatchPart::Kind::kPut
              : operation.kind == OperationKind::kDelete ? BatchPart::Kind::kDelete
                                                         : BatchPart::Kind::kDeleteRange;
  part.ns = operation.ns;
  part.key = operation.key;
  part.length = operation.length;
  part.end = operation.end;
  writes.push_back(WriteOf(part, position, 0));
  return writes;
}

absl::StatusOr<Timestamp> Session::Issue(const Operation& operation,
                                         const std::vector<Write>& batch) {
  const WriteOptions options = OptionsOf(operation);
  absl::Status status;
  switch (operation.kind) {
    case OperationKind::kPut:
      status = db_->Put(options, batch[0].ns, batch[0].key, batch[0].value);
      break;
    case OperationKind::kDelete:
      status = db_->Delete(options, batch[0].ns, batch[0].key);
      break;
    case OperationKind::kDeleteRange:
      status = db_->DeleteRange(options, batch[0].ns, batch[0].key, ViewOf(batch[0].end));
      break;
    default:
      return db_->Write(options, BatchOf(batch));
  }
  VERALITH_RETURN_IF_ERROR(status);
  return db_->LastTimestamp();
}

Difference Session::ApplyWrite(const Operation& operation, const std::vector<Write>& batch) {
  if (model_.open_failures() >= kMaxOpenFailures) {
    return Agree();
  }
  const Timestamp before = model_.current().last_timestamp();
  const Timestamp wall = environment_->clock()->WallNanos();
  const bool log_has_failed = environment_->log_faults_met() > 0;
  const absl::StatusOr<Timestamp> answer = Issue(operation, batch);
  Note(answer.ok() ? std::to_string(*answer) : ToString(answer.status()));
  VERALITH_RETURN_IF_DIFFERENT(CheckAnswer(answer, batch, wall, log_has_failed));
  if (answer.ok()) {
    return Acknowledge(operation, batch, *answer);
  }
  if (BatchIsLegal(batch)) {
    model_.Failed(batch);
  }
  if (db_->LastTimestamp() != before) {
    return "a failed write has moved the last timestamp from " + std::to_string(before) + " to " +
           std::to_string(db_->LastTimestamp());
  }
  return CompareWritten(batch);
}

Difference Session::CheckAnswer(const absl::StatusOr<Timestamp>& answer,
                                const std::vector<Write>& batch, Timestamp wall,
                                bool log_has_failed) {
  if (!BatchIsLegal(batch)) {
    Mark("write beyond a limit");
    return ExpectCode(answer.status(), absl::StatusCode::kInvalidArgument, "the write");
  }
  if (!answer.ok()) {
    return Expect(answer.status(), "the write");
  }
  if (log_has_failed && !batch.empty()) {
    return "a write is acknowledged after a write or sync of a log or manifest failed";
  }
  if (*answer != model_.current().last_timestamp()) {
    return CheckTimestamp(*answer, wall);
  }
  return Reduce(batch).empty()
             ? Agree()
             : "the write has the timestamp of the commit before it, " + std::to_string(*answer);
}

Difference Session::CheckTimestamp(Timestamp timestamp, Timestamp wall) const {
  const std::string name = "the commit's timestamp " + std::to_string(timestamp);
  if (timestamp <= model_.used_timestamp()) {
    return name + " is not above " + std::to_string(model_.used_timestamp()) + ", used before";
  }
  if (timestamp <= must_exceed_) {
    return name + " is not above " + std::to_string(must_exceed_) +
           ", which the clock was advanced to or a snapshot has";
  }
  const bool wall_is_known = wall <= kMaxTimestamp;
  if ((wall_is_known && timestamp < wall) || timestamp > kMaxTimestamp) {
    return name + " is below the wall clock, " + std::to_string(wall) + ", or too large";
  }
  return Agree();
}

Difference Session::Acknowledge(const Operation& operation, const std::vector<Write>& batch,
                                Timestamp timestamp) {
  if (db_->LastTimestamp() != timestamp) {
    return "the write committed at " + std::to_string(timestamp) + ", but the last timestamp is " +
           std::to_string(db_->LastTimestamp());
  }
  const SyncMode mode = operation.durability == Durability::kDefault
                            ? options_.sync_mode
                            : static_cast<SyncMode>(operation.durability);
  if (timestamp != model_.current().last_timestamp()) {
    model_.Acknowledged(timestamp, batch, mode == SyncMode::kCommit);
    if (mode == SyncMode::kInterval) {
      interval_through_ = model_.size();
    }
  }
  return CompareWritten(batch);
}

Difference Session::CompareWritten(const std::vector<Write>& batch) {
  for (const Write& write : batch) {
    if (!NamespaceIsLegal(write.ns) || !KeyIsLegal(write.key)) {
      continue;
    }
    VERALITH_RETURN_IF_DIFFERENT(CompareGet(write.ns, write.key, Now()).In("after the write, "));
  }
  return Agree();
}

}  // namespace veralith::model
