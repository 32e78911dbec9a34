// SPDX-License-Identifier: Apache-2.0

// The manifest on disk: MANIFEST-nnnnnn, a log of version edits, and CURRENT, which names it.
//
// Invariants
//   1. The first record of a manifest is a snapshot of the whole state. It is synced, and so is the
//      manifest's name, before CURRENT names it.
//   2. CURRENT changes only by a synced rename: write CURRENT.tmp, sync, rename, sync directory.
//      It carries the manifest's name, the database's id and a checksum of both.
//   3. An edit is one record; Append returns OK only after it is synced. So only the last record of
//      a manifest can be torn. Each record says up to where the file was synced when it was
//      written. If a later record says that a bad record was synced, that is damage (DataLoss). Any
//      other bad record is the torn tail of an edit that was never acknowledged, and is cut.
//   4. Nothing is ever appended to a recovered manifest (hazard R2; also, bytes that a failed sync
//      left only in the page cache are read back but may not be on disk). Opening for writing makes
//      a new manifest under a number never used before.
//   5. After any error of Append the log is poisoned: every later call fails with
//      FailedPrecondition that quotes the first error. Whether that edit survives is not known.
//   6. Append throws std::bad_alloc if there is no memory for the edit, and has then written
//      nothing. If Create throws, it leaves what an error would leave.
//   7. A database is never taken for empty while it has files (hazard R1).
//
// Thread rule: one thread at a time per ManifestLog; RecoverManifest writes nothing.
#ifndef VERALITH_CORE_MANIFEST_MANIFEST_LOG_H_
#define VERALITH_CORE_MANIFEST_MANIFEST_LOG_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/format/record_frame.h"
#include "core/format/version_edit.h"
#include "core/manifest/file_names.h"
#include "core/manifest/manifest_state.h"
#include "veralith/file_system.h"

namespace veralith {

// A manifest is rolled when it is longer than both of these: bytes, and times its snapshot.
struct ManifestLimits {
  uint64_t roll_bytes = uint64_t{4} << 20;
  uint64_t roll_snapshots = 10;
};

class ManifestLog {
 public:
  // Writes MANIFEST-<number> with `state` as its first record, and makes CURRENT name it, durably
  // (invariants 1 and 2). state.database_id must be set, and state.next_file_number > number. After
  // an error the next recovery may read either manifest; both say the same as long as nothing has
  // been appended to either since.
  static absl::StatusOr<std::unique_ptr<ManifestLog>> Create(FileSystem* fs,
                                                             const std::string& directory,
                                                             uint64_t number,
                                                             const ManifestState& state,
                                                             ManifestLimits limits = {});
  ~ManifestLog();
  ManifestLog(const ManifestLog&) = delete;
  ManifestLog& operator=(const ManifestLog&) = delete;

  // Appends and syncs one edit (invariants 3 and 5).
  absl::Status Append(const VersionEdit& edit);
  // Appends a record that says that everything before it is synced. So damage to the last edit of a
  // closed database is recognised as damage. The record is not synced: losing it loses nothing. The
  // log takes no more edits.
  absl::Status Close();

  bool ShouldRoll() const;
  uint64_t number() const { return number_; }
  uint64_t bytes() const;

 private:
  class Impl;
  ManifestLog(uint64_t number, std::unique_ptr<Impl> impl);

  const uint64_t number_;
  const std::unique_ptr<Impl> impl_;
};

struct RecoveredManifest {
  ManifestState state;
  uint64_t manifest_number = 0;
  uint64_t records = 0;          // replayed, including the snapshot
  uint64_t manifest_bytes = 0;   // size of the file
  uint64_t discarded_bytes = 0;  // how many of them were a torn tail
  std::string end_detail;        // why the tail was cut; for people
};

// Recovers the state that CURRENT leads to; returns nothing if `directory` holds no database. Then
// it holds no file of ours except LOCK and what a crash leaves of a creation that never completed
// (manifests without a CURRENT that record no data). `names` are all names in `directory`
// (FileSystem::List). Writes nothing. Memory: the state, and the largest record.
//
// DataLoss, naming file, offset and what to do:
//   - CURRENT is missing while there are data files;
//   - CURRENT is unreadable or names a missing manifest;
//   - the manifest is damaged, or edits do not fit;
//   - the manifest belongs to another database.
// Unimplemented: a manifest of a newer version. Other errors come from the disk.
absl::StatusOr<std::optional<RecoveredManifest>> RecoverManifest(
    FileSystem* fs, const std::string& directory, const std::vector<std::string>& names);

// Reads one manifest, without CURRENT (for `inspect` and `check`). Calls `visit` with the offset
// and the edit of each record in order, except for the closing record. DataLoss for damage; a torn
// tail, even of the first record, ends it with OK.
struct ManifestScan {
  uint64_t records = 0;
  uint64_t bytes = 0;            // size of the file
  uint64_t discarded_bytes = 0;  // how many of them were a torn tail
  bool closed = false;           // ends with a closing record
  std::string end_detail;        // why the tail was cut; for people
};
absl::StatusOr<ManifestScan> ScanManifest(
    FileSystem* fs, const std::string& path, uint64_t number,
    const std::function<absl::Status(uint64_t offset, const VersionEdit& edit)>& visit);
// Does the same for a file that is already open.
absl::StatusOr<ManifestScan> ScanManifest(
    std::unique_ptr<File> file, uint64_t number,
    const std::function<absl::Status(uint64_t offset, const VersionEdit& edit)>& visit);

// Makes the text of CURRENT, and parses it (DataLoss for anything that CurrentText does not make).
struct CurrentPointer {
  uint64_t manifest_number = 0;
  uint64_t database_id = 0;
  friend bool operator==(const CurrentPointer&, const CurrentPointer&) = default;
};
std::string CurrentText(const CurrentPointer& pointer);
absl::StatusOr<CurrentPointer> ParseCurrentText(std::string_view text);

// Recovers the state that one manifest leads to, without CURRENT (for repair). `pointer` is what
// CURRENT would say about it. Errors: those of RecoverManifest for a damaged manifest.
absl::StatusOr<RecoveredManifest> RecoverManifestFile(FileSystem* fs, const std::string& directory,
                                                      const CurrentPointer& pointer);

// Seeds the checksums of a manifest's records: it differs between databases and between numbers.
RecordFileId ManifestFileId(const CurrentPointer& pointer);

}  // namespace veralith

#endif  // VERALITH_CORE_MANIFEST_MANIFEST_LOG_H_
