// SPDX-License-Identifier: Apache-2.0

// One atomic change of the database's list of files, logs and counters: the payload of one manifest
// record (FORMAT.md, "Version edit"). Removals and additions of a job travel in the same edit, so
// that no crash falls between them (hazard C10).
//
// Bounds of files are user keys (namespace and key, never a timestamp: hazard O4) and include the
// file's range tombstones. The lower bound is always inclusive: "" is the first key of a namespace,
// so it can express every start. The upper bound has three kinds, because the end of a range
// tombstone is exclusive or open. Bounds are exact, never rounded.
//
// kEditFields lists the fields. Encoding, decoding, descriptions and generators go by it, so a
// field is its member and its row there.
//
// Values only; a codec that is pure and total. Whether an edit fits a version is decided by
// core/manifest/version.h; what a field does to the recorded state, by
// core/manifest/manifest_state.h.
#ifndef VERALITH_CORE_FORMAT_VERSION_EDIT_H_
#define VERALITH_CORE_FORMAT_VERSION_EDIT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/format/key_range.h"
#include "core/format/log_record.h"
#include "veralith/policy_kind.h"

namespace veralith {

// Levels 0..kLevels-1.
inline constexpr int kLevels = 8;

// One live segment, nnnnnn.parquet. Its name does not depend on its level (hazard R3).
struct FileMeta {
  uint64_t number = 0;            // number in the file name; never 0
  uint64_t bytes = 0;             // size of the file
  uint64_t entries = 0;           // rows, including point tombstones
  uint64_t tombstones = 0;        // how many entries are point tombstones
  uint64_t superseded = 0;        // entries that are not the newest version of their user key here
  uint64_t range_tombstones = 0;  // in the segment block
  NamespaceId smallest_ns = 0;    // lower bound, inclusive, range tombstones included
  std::string smallest_key;
  KeyBound largest;      // upper bound, range tombstones included
  Timestamp min_ts = 0;  // over entries and range tombstones
  Timestamp max_ts = 0;
  uint64_t created_by_job = 0;  // for people

  friend bool operator==(const FileMeta&, const FileMeta&) = default;
};

// Bytes written over the life of a database, as far as its manifest knows: after a crash, what was
// written since the last edit before it is not counted.
struct WrittenBytes {
  uint64_t user = 0;  // keys and values that were accepted
  uint64_t logs = 0;
  uint64_t flushes = 0;      // segments of flushes, including those of recoveries
  uint64_t compactions = 0;  // segments of compactions

  friend bool operator==(const WrittenBytes&, const WrittenBytes&) = default;
};

// Fields that are not set say nothing. A number or counter that is set replaces the earlier one.
struct VersionEdit {
  struct AddedFile {
    int level = 0;
    uint64_t run_id = 0;  // joins this run of the level, or makes it; larger is newer
    FileMeta file;
    friend bool operator==(const AddedFile&, const AddedFile&) = default;
  };
  struct RemovedFile {
    int level = 0;
    uint64_t number = 0;
    friend bool operator==(const RemovedFile&, const RemovedFile&) = default;
  };
  struct AddedLog {
    uint64_t number = 0;
    uint64_t id = 0;  // seeds the checksums of the log's records
    friend bool operator==(const AddedLog&, const AddedLog&) = default;
  };
  // Where the next compaction of a level starts.
  struct Cursor {
    int level = 0;
    NamespaceId ns = 0;
    std::string key;
    friend bool operator==(const Cursor&, const Cursor&) = default;
  };

  // Removals apply before additions: one edit with both moves a file to another level.
  std::vector<RemovedFile> removed_files;
  std::vector<AddedFile> added_files;
  std::vector<uint64_t> removed_logs;
  std::vector<AddedLog> added_logs;
  std::vector<Cursor> cursors;
  std::optional<uint64_t> database_id;
  std::optional<uint64_t> next_file_number;
  std::optional<uint64_t> next_run_id;
  std::optional<Timestamp> timestamp_ceiling;  // no entry's timestamp exceeds it, ever
  std::optional<Timestamp> history_floor;      // reads below it are OutOfRange
  std::optional<Timestamp> last_timestamp;     // timestamp of the newest entry in any segment
  // Everything in logs before this position was durable when the edit was written: a log that is
  // shorter, or bad before it, is damaged. The log number is not 0.
  std::optional<LogPosition> logs_synced_through;
  std::optional<WrittenBytes> written;
  std::optional<CompactionPolicyKind> policy;  // that kept the tree when the edit was written

  friend bool operator==(const VersionEdit&, const VersionEdit&) = default;
};

// --- The fields ---------------------------------------------------------------------------------

// How a number is written and what it may be. (Values of other types have one form each.)
enum class NumberForm : uint8_t {
  kVarint,
  kFixed,       // eight bytes: an id
  kTimestamp,   // a varint, at most kMaxTimestamp
  kFileNumber,  // a varint, not 0
};

// A field. Member: std::optional for one that an edit has at most once, std::vector for one that
// repeats.
template <typename Member>
struct EditField {
  uint64_t tag;  // stands on disk: never renumber
  std::string_view name;
  Member VersionEdit::* member;
  NumberForm form = NumberForm::kVarint;  // of a number

  static constexpr bool kRepeats = requires(Member values) { values.emplace_back(); };

  // Calls visit(value) for each value that the edit has.
  template <typename Visit>
  void ForEachValue(const VersionEdit& edit, Visit visit) const {
    if constexpr (kRepeats) {
      for (const auto& value : edit.*member) {
        visit(value);
      }
    } else if ((edit.*member).has_value()) {
      visit(*(edit.*member));
    }
  }
};

// In the order in which they are written. Tags up to 15 are of fields that do not repeat. Readers
// that do not know a tag refuse the edit.
inline constexpr std::tuple kEditFields = {
    EditField{1, "database id", &VersionEdit::database_id, NumberForm::kFixed},
    EditField{2, "next file number", &VersionEdit::next_file_number},
    EditField{3, "next run id", &VersionEdit::next_run_id},
    EditField{4, "timestamp ceiling", &VersionEdit::timestamp_ceiling, NumberForm::kTimestamp},
    EditField{5, "history floor", &VersionEdit::history_floor, NumberForm::kTimestamp},
    EditField{6, "last timestamp", &VersionEdit::last_timestamp, NumberForm::kTimestamp},
    EditField{7, "logs synced through", &VersionEdit::logs_synced_through},
    EditField{8, "bytes written", &VersionEdit::written},
    EditField{9, "compaction policy", &VersionEdit::policy},
    EditField{16, "removed file", &VersionEdit::removed_files},
    EditField{17, "added file", &VersionEdit::added_files},
    EditField{18, "removed log", &VersionEdit::removed_logs, NumberForm::kFileNumber},
    EditField{19, "added log", &VersionEdit::added_logs},
    EditField{20, "compaction cursor", &VersionEdit::cursors},
};
inline constexpr uint64_t kFirstRepeatedTag = 16;

// Calls visit(field) for each field, in their order.
template <typename Visit>
void ForEachEditField(Visit visit) {
  std::apply([&visit](const auto&... fields) { (visit(fields), ...); }, kEditFields);
}

// Value of a field that does not repeat, for people.
std::string ValueText(uint64_t number);
std::string ValueText(const LogPosition& position);
std::string ValueText(const WrittenBytes& written);
std::string ValueText(CompactionPolicyKind policy);

// --- The codec ----------------------------------------------------------------------------------

// Appends the encoding of `edit`.
void EncodeVersionEdit(const VersionEdit& edit, std::string* out);

// DataLoss, with the offset in `bytes`, for bytes that no encoder makes (levels outside
// 0..kLevels-1, numbers of 0, keys beyond the limits, empty ranges, trailing bytes). Unimplemented
// for a field or a compaction policy that this reader does not know.
absl::StatusOr<VersionEdit> DecodeVersionEdit(std::string_view bytes);

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_VERSION_EDIT_H_
