// SPDX-License-Identifier: Apache-2.0

// ManifestState: the sum of everything that a manifest says: the version, the logs that recovery
// must read, and the counters that must never go back.
//
// A value; no I/O. Apply is the only way to change it, at recovery as in a running database, so
// that both agree on what an edit means. What a field of an edit that is no list does to it stands
// in kRecords: a field that has no row there is forgotten.
#ifndef VERALITH_CORE_MANIFEST_MANIFEST_STATE_H_
#define VERALITH_CORE_MANIFEST_MANIFEST_STATE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/format/log_record.h"
#include "core/format/version_edit.h"
#include "core/manifest/file_names.h"
#include "core/manifest/version.h"
#include "veralith/types.h"

namespace veralith {

struct ManifestState {
  std::shared_ptr<const Version> version = std::make_shared<const Version>();
  // Logs that hold writes not yet in any segment, by number (oldest first) -> id.
  std::map<uint64_t, uint64_t> logs;
  uint64_t database_id = 0;       // 0: not set yet
  uint64_t next_file_number = 1;  // above every number of `version` and `logs`
  uint64_t next_run_id = 1;       // above every run id
  Timestamp timestamp_ceiling = 0;
  Timestamp history_floor = 0;
  Timestamp last_timestamp = 0;
  LogPosition logs_synced_through;  // {0, 0}: nothing known
  WrittenBytes written;
  std::optional<CompactionPolicyKind> policy;  // of the newest edit that says; none: no edit does

  // Returns the state after `edit`; this state is unchanged. DataLoss, saying what, if the edit
  // does not fit: see Version::Apply; a removed log that does not exist; a log added twice; another
  // database id; a number beyond its limit. What kRecords says to be raised never goes back: the
  // larger of old and new stays. next_file_number and next_run_id rise above what the edit adds
  // even if it does not say so.
  absl::StatusOr<ManifestState> Apply(const VersionEdit& edit) const;

  // The edit that makes this state from an empty one.
  VersionEdit Snapshot() const;
  std::string DebugString() const;

  // Compares by value, files by their metadata.
  friend bool operator==(const ManifestState& a, const ManifestState& b) {
    return a.Snapshot() == b.Snapshot();
  }
};

// --- What is recorded ----------------------------------------------------------------------------

// Numbers of files and runs stay far below 2^64, so that adding to one never wraps.
inline constexpr uint64_t kMaxRunId = (uint64_t{1} << 62) - 1;

// What an edit's value does to the member that records it.
enum class Fold : uint8_t {
  kOnce,     // sets it; another value later is DataLoss
  kRaise,    // raises it, each of its numbers by itself; a smaller one changes nothing
  kReplace,  // replaces it
};

// A field of an edit and the member that records it.
template <typename Value, typename Member>
struct Record {
  std::optional<Value> VersionEdit::* field;
  Member ManifestState::* member;
  std::string_view label;  // in DebugString
  Fold fold = Fold::kRaise;
  uint64_t most = UINT64_MAX;  // of a number, or of a position's log
  // Whether a snapshot says the value even if it is that of an empty state.
  bool is_always_said = false;
};

inline constexpr std::tuple kRecords = {
    Record{&VersionEdit::database_id, &ManifestState::database_id, "database", Fold::kOnce},
    Record{&VersionEdit::next_file_number, &ManifestState::next_file_number, "next file",
           Fold::kRaise, kMaxFileNumber, true},
    Record{&VersionEdit::next_run_id, &ManifestState::next_run_id, "next run", Fold::kRaise,
           kMaxRunId, true},
    Record{&VersionEdit::timestamp_ceiling, &ManifestState::timestamp_ceiling, "ceiling",
           Fold::kRaise, kMaxTimestamp, true},
    Record{&VersionEdit::history_floor, &ManifestState::history_floor, "floor", Fold::kRaise,
           kMaxTimestamp, true},
    Record{&VersionEdit::last_timestamp, &ManifestState::last_timestamp, "last timestamp",
           Fold::kRaise, kMaxTimestamp, true},
    Record{&VersionEdit::logs_synced_through, &ManifestState::logs_synced_through,
           "logs synced through", Fold::kRaise, kMaxFileNumber},
    Record{&VersionEdit::written, &ManifestState::written, "written"},
    Record{&VersionEdit::policy, &ManifestState::policy, "policy", Fold::kReplace},
};

// Folds many edits without copying the version each time (recovery).
class ManifestStateBuilder {
 public:
  explicit ManifestStateBuilder(ManifestState initial = {});
  // After an error only the destructor may be called.
  absl::Status Apply(const VersionEdit& edit);
  ManifestState Build() &&;

 private:
  ManifestState state_;  // except for its version:
  Version version_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_MANIFEST_MANIFEST_STATE_H_
