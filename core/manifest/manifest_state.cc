// SPDX-License-Identifier: Apache-2.0

#include "core/manifest/manifest_state.h"

#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/log_record.h"
#include "core/manifest/file_names.h"

namespace veralith {
namespace {

template <typename Visit>
void ForEachRecord(Visit visit) {
  std::apply([&visit](const auto&... records) { (visit(records), ...); }, kRecords);
}

void Raise(uint64_t to, uint64_t* value) { *value = std::max(*value, to); }
void Raise(const LogPosition& to, LogPosition* value) { *value = std::max(*value, to); }
void Raise(const WrittenBytes& to, WrittenBytes* value) {
  Raise(to.user, &value->user);
  Raise(to.logs, &value->logs);
  Raise(to.flushes, &value->flushes);
  Raise(to.compactions, &value->compactions);
}

// Returns what of a value has a limit.
uint64_t LimitedPart(uint64_t number) { return number; }
uint64_t LimitedPart(const LogPosition& position) { return position.log_number; }
template <typename Value>
uint64_t LimitedPart(const Value&) {
  return 0;
}

template <typename Value>
std::string_view NameOf(std::optional<Value> VersionEdit::* member) {
  using Wanted = std::optional<Value> VersionEdit::*;  // (g++ adds const to a captured one's type)
  std::string_view name;
  ForEachEditField([&](const auto& field) {
    if constexpr (std::is_same_v<decltype(field.member), Wanted>) {
      if (field.member == member) {
        name = field.name;
      }
    }
  });
  return name;
}

absl::Status CheckLimit(uint64_t value, uint64_t limit, std::string_view what) {
  if (value <= limit) {
    return absl::OkStatus();
  }
  return DataLoss(StrCat("has the ", what, " ", value, ", beyond its limit"));
}

template <typename Value, typename Member>
absl::Status FoldRecord(const Record<Value, Member>& record, const VersionEdit& edit,
                        ManifestState* state) {
  if (!(edit.*record.field).has_value()) {
    return absl::OkStatus();
  }
  const Value& value = *(edit.*record.field);
  Member& member = state->*record.member;
  VERALITH_RETURN_IF_ERROR(CheckLimit(LimitedPart(value), record.most, NameOf(record.field)));
  if constexpr (std::is_same_v<Value, Member>) {
    if (record.fold == Fold::kRaise) {
      Raise(value, &member);
      return absl::OkStatus();
    }
    const bool is_other = value != member && (value == Value() || member != Value());
    if (record.fold == Fold::kOnce && is_other) {
      return DataLoss(StrCat("changes the ", NameOf(record.field), " from ", ValueText(member),
                             " to ", ValueText(value)));
    }
  }
  member = value;
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

absl::Status CheckLimits(const VersionEdit& edit) {
  for (const VersionEdit::AddedFile& added : edit.added_files) {
    VERALITH_RETURN_IF_ERROR(CheckLimit(added.file.number, kMaxFileNumber - 1, "file number"));
    VERALITH_RETURN_IF_ERROR(CheckLimit(added.run_id, kMaxRunId - 1, "run id"));
  }
  for (const VersionEdit::AddedLog& log : edit.added_logs) {
    VERALITH_RETURN_IF_ERROR(CheckLimit(log.number, kMaxFileNumber - 1, "log number"));
  }
  return absl::OkStatus();
}

// Everything but the version.
absl::Status ApplyRest(const VersionEdit& edit, ManifestState& state) {
  VERALITH_RETURN_IF_ERROR(CheckLimits(edit));
  absl::Status status;
  ForEachRecord([&](const auto& record) {
    if (status.ok()) {
      status = FoldRecord(record, edit, &state);
    }
  });
  VERALITH_RETURN_IF_ERROR(status);
  VERALITH_RETURN_IF_ERROR(ApplyLogs(edit, state));
  for (const VersionEdit::AddedFile& added : edit.added_files) {
    state.next_file_number = std::max(state.next_file_number, added.file.number + 1);
    state.next_run_id = std::max(state.next_run_id, added.run_id + 1);
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
  ForEachRecord([&]<typename Value, typename Member>(const Record<Value, Member>& record) {
    if (record.is_always_said || this->*record.member != Member()) {
      edit.*record.field = this->*record.member;
    }
  });
  return edit;
}

std::string ManifestState::DebugString() const {
  std::string text;
  const VersionEdit snapshot = Snapshot();
  ForEachRecord([&](const auto& record) {
    if (const auto& value = snapshot.*record.field; value.has_value()) {
      StrAppend(&text, text.empty() ? "" : ", ", record.label, " ", ValueText(*value));
    }
  });
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
