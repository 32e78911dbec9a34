// SPDX-License-Identifier: Apache-2.0

#include "core/db/log_recovery.h"

#include <algorithm>
#include <utility>

#include "core/base/status.h"
#include "core/fs/file_helpers.h"
#include "core/manifest/file_names.h"
#include "core/memtable/apply_to_memtable.h"

namespace veralith {

absl::Status LogRecovery::Run() {
  last_timestamp_ = options_.after;
  for (auto log = options_.logs.begin(); log != options_.logs.end(); ++log) {
    VERALITH_ASSIGN_OR_RETURN(const bool sound, ReplayLog(log->first, log->second));
    if (!sound || EndsTooEarly()) {
      return JudgeEnd(log);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<LogReader>> LogRecovery::OpenLog(uint64_t number,
                                                                uint64_t id) const {
  VERALITH_ASSIGN_OR_RETURN(
      std::unique_ptr<File> file,
      options_.fs->Open(JoinPath(options_.directory, LogFileName(number)), OpenMode::kRead));
  return LogReader::Open(std::move(file), number, id);
}

// Returns true if the log is sound to the end of its file, so the next log may continue it.
absl::StatusOr<bool> LogRecovery::ReplayLog(uint64_t number, uint64_t id) {
  VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<LogReader> reader, OpenLog(number, id));
  if (checksum_.has_value()) {
    reader->ExpectContinues(*checksum_);
  }
  LogRecordView record;
  while (true) {
    VERALITH_ASSIGN_OR_RETURN(const bool more, reader->Next(&record));
    if (!more) {
      break;
    }
    VERALITH_RETURN_IF_ERROR(Replay(record, reader->record_position()));
  }
  previous_end_ = std::exchange(end_, reader->end());
  end_detail_ = reader->end_detail();
  if (reader->end_reason() == LogReader::EndReason::kBrokenChain) {
    end_ = previous_end_;  // what is missing is the tail of the previous log
    end_detail_ = "offset " + std::to_string(end_.offset) +
                  ": the records that followed here are lost: the next log does not continue it";
  }
  // A log that lost even its header had records (logs rotate only after some). No log continues the
  // checksum 0: the next log's records come after a hole.
  checksum_ = reader->checksum().value_or(checksum_.value_or(0));
  return reader->end_reason() == LogReader::EndReason::kEndOfFile ||
         reader->end_reason() == LogReader::EndReason::kZeros;
}

absl::Status LogRecovery::Replay(const LogRecordView& record, LogPosition position) {
  if (record.ts() <= last_timestamp_) {
    return DataLoss(JoinPath(options_.directory, LogFileName(position.log_number)) + " offset " +
                    std::to_string(position.offset) + ": timestamp " + std::to_string(record.ts()) +
                    " does not follow " + std::to_string(last_timestamp_));
  }
  last_timestamp_ = record.ts();
  ++records_;
  if (options_.judge_only) {
    return absl::OkStatus();
  }
  LogOperation operation;
  for (auto cursor = record.operations(); cursor.Next(&operation);) {
    ApplyToMemtable(operation, record.ts(), memtable_.get());
  }
  Keep(record);
  if (options_.flush != nullptr && memtable_->MemoryBytes() >= options_.memtable_bytes) {
    const uint64_t next_id = memtable_->id() + 1;
    return options_.flush(std::exchange(memtable_, MemtableRef::Make(next_id, options_.memory)));
  }
  return absl::OkStatus();
}

void LogRecovery::Keep(const LogRecordView& record) {
  keeps_ = keeps_ && memtable_->MemoryBytes() <= options_.kept_memtable_bytes;
  if (!keeps_) {
    kept_.clear();
    return;
  }
  ReplayedRecord& copy = kept_.emplace_back();
  copy.ts = record.ts();
  LogOperation operation;
  size_t bytes = 0;
  for (auto cursor = record.operations(); cursor.Next(&operation);) {
    copy.operations.push_back(operation);
    bytes += operation.key.size() + operation.value.size();
  }
  copy.bytes.reserve(bytes);  // so the bytes do not move while views are taken
  const auto copied = [&copy](std::string_view part) {
    copy.bytes.append(part);
    return std::string_view(copy.bytes).substr(copy.bytes.size() - part.size());
  };
  for (LogOperation& kept : copy.operations) {
    kept.key = copied(kept.key);
    kept.value = copied(kept.value);
  }
}

bool LogRecovery::EndsTooEarly() const {
  return end_.log_number == options_.synced_through.log_number && end_ < options_.synced_through;
}

absl::Status LogRecovery::JudgeEnd(std::map<uint64_t, uint64_t>::const_iterator log) {
  VERALITH_ASSIGN_OR_RETURN(std::optional<LogPosition> synced, FurthestSyncedFrom(log));
  const bool manifest_knows = options_.synced_through > synced.value_or(LogPosition{});
  if (manifest_knows) {
    synced = options_.synced_through;
  }
  const std::string place =
      JoinPath(options_.directory, LogFileName(end_.log_number)) + ": " + end_detail_;
  discarded_ = place;
  const bool damaged =
      synced.has_value() && (*synced > end_ || (synced->log_number == previous_end_.log_number &&
                                                *synced > previous_end_));
  if (!damaged) {
    report_ = "dropped what follows " + place +
              "; it was never acknowledged as synced: the torn end of the log";
    return absl::OkStatus();
  }
  if (!options_.recover_up_to_damage) {
    return DataLoss(place + (manifest_knows ? "; the manifest" : "; a later record") +
                    " says that this place had been synced, so it was damaged afterwards. Restore "
                    "the file, or open with recover_up_to_damage to drop what follows");
  }
  report_ = "recovered up to damage; dropped what follows " + place;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<LogPosition>> LogRecovery::FurthestSyncedFrom(
    std::map<uint64_t, uint64_t>::const_iterator log) {
  std::optional<LogPosition> furthest;
  for (; log != options_.logs.end(); ++log) {
    VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<LogReader> reader,
                              OpenLog(log->first, log->second));
    VERALITH_ASSIGN_OR_RETURN(const std::optional<LogPosition> synced,
                              reader->FurthestSyncedBehindDamage());
    if (synced.has_value()) {
      furthest = furthest.has_value() ? std::max(*furthest, *synced) : *synced;
    }
  }
  return furthest;
}

}  // namespace veralith
