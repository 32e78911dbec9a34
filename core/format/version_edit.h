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
// Values only; a codec that is pure and total. Whether an edit fits a version is decided by
// core/manifest/version.h.
#ifndef VERALITH_CORE_FORMAT_VERSION_EDIT_H_
#define VERALITH_CORE_FORMAT_VERSION_EDIT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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

// Appends the encoding of `edit`.
void EncodeVersionEdit(const VersionEdit& edit, std::string* out);

// DataLoss, with the offset in `bytes`, for bytes that no encoder makes (levels outside
// 0..kLevels-1, numbers of 0, keys beyond the limits, empty ranges, trailing bytes). Unimplemented
// for a field or a compaction policy that this reader does not know.
absl::StatusOr<VersionEdit> DecodeVersionEdit(std::string_view bytes);

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_VERSION_EDIT_H_
