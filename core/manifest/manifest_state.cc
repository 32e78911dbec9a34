// SPDX-License-Identifier: Apache-2.0

#include "core/manifest/manifest_state.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/status.h"
#include "core/format/log_record.h"
#include "core/manifest/file_names.h"

namespace veralith {
namespace {

void Raise(uint64_t& value, const std::optional<uint64_t>& to) {
  value = std::max(value, to.value_or(0));
}

void Raise(WrittenBytes& written, const WrittenBytes& to) {
  written.user = std::max(written.user, to.user);
  written.logs = std::max(written.logs, to.logs);
  written.flushes = std::max(written.flushes, to.flushes);
  written.compactions = std::max(written.compactions, to.compactions);
}

absl::Status ApplyDatabaseId(const std::optional<uint64_t>& id, ManifestState& state) {
  if (!id.has_value() || *id == state.database_id) {
    return absl::OkStatus();
  }
  if (*id == 0 || state.database_id != 0) {
    return DataLoss("changes the database's id from " + std::to_string(state.database_id) + " to " +
                    std::to_string(*id));
  }
  state.database_id = *id;
  return absl::OkStatus();
}

absl::Status ApplyLogs(const VersionEdit& edit, ManifestState& state) {
  for (const uint64_t number : edit.removed_logs) {
    if (state.logs.erase(number) == 0) {
      return DataLoss("removes " + LogFileName(number) + ", which does not exist");
    }
  }
  for (const VersionEdit::AddedLog& log : edit.added_logs) {
    if (log.number == 0 || !state.logs.emplace(log.number, log.id).second) {
      return DataLoss("adds " + LogFileName(log.number) + " twice");
    }
    state.next_file_number = std::max(state.next_file_number, log.number + 1);
  }
  return absl::OkStatus();
}

// Far below 2^64, so that adding to a number never wraps.
constexpr uint64_t kMaxRunId = (uint64_t{1} << 62) - 1;

absl::Status CheckLimit(const std::optional<uint64_t>& value, uint64_t limit, const char* what) {
  if (value.value_or(0) <= limit) {
    return absl::OkStatus();
  }
  return DataLoss("has the " + std::string(what) + " " + std::to_string(*value) +
                  ", beyond its limit");
}

absl::Status CheckLimits(const VersionEdit& edit) {
  for (const VersionEdit::AddedFile& added : edit.added_files) {
    VERALITH_RETURN_IF_ERROR(CheckLimit(added.file.number, kMaxFileNumber - 1, "file number"));
    VERALITH_RETURN_IF_ERROR(CheckLimit(added.run_id, kMaxRunId - 1, "run id"));
  }
  for (const VersionEdit::AddedLog& log : edit.added_logs) {
    VERALITH_RETURN_IF_ERROR(CheckLimit(log.number, kMaxFileNumber - 1, "log number"));
  }
  VERALITH_RETURN_IF_ERROR(CheckLimit(edit.next_file_number, kMaxFileNumber, "next file number"));
  VERALITH_RETURN_IF_ERROR(CheckLimit(edit.next_run_id, kMaxRunId, "next run id"));
  VERALITH_RETURN_IF_ERROR(CheckLimit(edit.timestamp_ceiling, kMaxTimestamp, "ceiling"));
  VERALITH_RETURN_IF_ERROR(CheckLimit(edit.history_floor, kMaxTimestamp, "history floor"));
  if (edit.logs_synced_through.has_value()) {
    VERALITH_RETURN_IF_ERROR(
        CheckLimit(edit.logs_synced_through->log_number, kMaxFileNumber, "synced log"));
  }
  return CheckLimit(edit.last_timestamp, kMaxTimestamp, "last timestamp");
}

// Everything but the version.
absl::Status ApplyRest(const VersionEdit& edit, ManifestState& state) {
  VERALITH_RETURN_IF_ERROR(CheckLimits(edit));
  VERALITH_RETURN_IF_ERROR(ApplyDatabaseId(edit.database_id, state));
  VERALITH_RETURN_IF_ERROR(ApplyLogs(edit, state));
  for (const VersionEdit::AddedFile& added : edit.added_files) {
    state.next_file_number = std::max(state.next_file_number, added.file.number + 1);
    state.next_run_id = std::max(state.next_run_id, added.run_id + 1);
  }
  Raise(state.next_file_number, edit.next_file_number);
  Raise(state.next_run_id, edit.next_run_id);
  Raise(state.timestamp_ceiling, edit.timestamp_ceiling);
  Raise(state.history_floor, edit.history_floor);
  Raise(state.last_timestamp, edit.last_timestamp);
  state.logs_synced_through =
      std::max(state.logs_synced_through, edit.logs_synced_through.value_or(LogPosition{}));
  Raise(state.written, edit.written.value_or(WrittenBytes{}));
  if (edit.policy.has_value()) {
    state.policy = edit.policy;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ManifestState> ManifestState::Apply(const VersionEdit& edit) const {
  ManifestState next = *this;
  VERALITH_RETURN_IF_ERROR(ApplyRest(edit, next));
  if (!edit.removed_files.empty() || !edit.added_files.empty() || !edit.cursors.empty()) {
    VERALITH_ASSIGN_OR_RETURN(Version applied, version->Apply(edit));
    next.version = std::make_shared<const Version>(std::move(applied));
  }
  return next;
}

VersionEdit ManifestState::Snapshot() const {
  VersionEdit edit = version->Snapshot();
  for (const auto& [number, id] : logs) {
    edit.added_logs.push_back({number, id});
  }
  if (database_id != 0) {
    edit.database_id = database_id;
  }
  edit.next_file_number = next_file_number;
  edit.next_run_id = next_run_id;
  edit.timestamp_ceiling = timestamp_ceiling;
  edit.history_floor = history_floor;
  edit.last_timestamp = last_timestamp;
  if (logs_synced_through.log_number != 0) {
    edit.logs_synced_through = logs_synced_through;
  }
  if (written != WrittenBytes{}) {
    edit.written = written;
  }
  edit.policy = policy;
  return edit;
}

std::string ManifestState::DebugString() const {
  std::string text =
      "database " + std::to_string(database_id) + ", next file " +
      std::to_string(next_file_number) + ", next run " + std::to_string(next_run_id) +
      ", ceiling " + std::to_string(timestamp_ceiling) + ", floor " +
      std::to_string(history_floor) + ", last timestamp " + std::to_string(last_timestamp);
  if (logs_synced_through.log_number != 0) {
    text += ", logs synced through " + std::to_string(logs_synced_through.log_number) + ":" +
            std::to_string(logs_synced_through.offset);
  }
  if (written != WrittenBytes{}) {
    text += ", written " + std::to_string(written.user) + " by users, " +
            std::to_string(written.logs) + " to logs, " + std::to_string(written.flushes) +
            " by flushes, " + std::to_string(written.compactions) + " by compactions";
  }
  if (policy.has_value()) {
    text += ", policy " + std::to_string(static_cast<int>(*policy));
  }
  text += "\nlogs:";
  for (const auto& [number, id] : logs) {
    text += " " + LogFileName(number);
  }
  return text + (logs.empty() ? " none\n" : "\n") + version->DebugString();
}

ManifestStateBuilder::ManifestStateBuilder(ManifestState initial)
    : state_(std::move(initial)), version_(*state_.version) {}

absl::Status ManifestStateBuilder::Apply(const VersionEdit& edit) {
  VERALITH_RETURN_IF_ERROR(ApplyRest(edit, state_));
  VERALITH_ASSIGN_OR_RETURN(version_, std::move(version_).Apply(edit));
  return absl::OkStatus();
}

ManifestState ManifestStateBuilder::Build() && {
  state_.version = std::make_shared<const Version>(std::move(version_));
  return std::move(state_);
}

}  // namespace veralith
