// SPDX-License-Identifier: Apache-2.0

// VersionSet: the recovered and current state of a database's files: installs edits, pins versions,
// hands out numbers, finds garbage.
//
// Invariants
//   1. An edit is durable before it is installed; edits are installed one after the other, each on
//      the state its predecessor left (hazard R9). An edit that does not fit that state (a job
//      whose input is gone: hazard C5) is refused and changes nothing.
//   2. Every segment of the current version has its reader, with its metadata in memory. One that
//      is missing or cannot be read makes Open fail; it is never skipped (hazard R4). Its file need
//      not be open (file_table.h), but its name stays until the last set that holds it is gone.
//   3. A number is never used twice in the life of a database: also not after a crash, since
//      numbers found in the directory count as used (hazard R10).
//   4. A file is removed only when no set that anyone holds names it, no job has it pending, and
//      the edit that dropped it is durable. Only names we make are ever removed (hazard C7).
//   5. After an error of the manifest every LogAndApply fails with FailedPrecondition until the
//      database is opened again. Nothing that the failed edit touched is removed: only the next
//      recovery knows whether the edit survived.
//   6. Read-only: nothing is written or removed.
//
// Thread rule: all calls under the mutex given to Open's caller (the database's), which each call
// names, except those that say otherwise. LogAndApply, Close and RemoveObsoleteFiles release it
// while they do I/O; all others are short and do none.
#ifndef VERALITH_CORE_VERSION_SET_VERSION_SET_H_
#define VERALITH_CORE_VERSION_SET_VERSION_SET_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/sync.h"
#include "core/format/version_edit.h"
#include "core/manifest/file_names.h"
#include "core/manifest/manifest_log.h"
#include "core/manifest/manifest_state.h"
#include "core/manifest/version.h"
#include "core/segment/read/segment_opener.h"
#include "core/version_set/segment_releases.h"
#include "core/version_set/segment_set.h"
#include "veralith/executor.h"
#include "veralith/file_system.h"
#include "veralith/types.h"

namespace veralith {

struct VersionSetOptions {
  FileSystem* fs = nullptr;
  Executor* executor = nullptr;  // for waiting (LogAndApply, Close)
  std::string directory;
  bool create_if_missing = true;
  bool error_if_exists = false;
  bool read_only = false;
  // Id of a database that Open creates; not 0.
  uint64_t new_database_id = 1;
  ManifestLimits manifest_limits;
  // Called once what the manifest leads to is known, before anything is written: an error ends Open
  // with nothing changed. May be null.
  std::function<absl::Status(const ManifestState& state)> before_first_write;
  // Called before each edit is written and before files are removed, without a mutex: an error says
  // that the directory is not ours any more. Nothing is written or removed then, and an edit's
  // error is the manifest's. May be null.
  std::function<absl::Status()> check_owner;
  // The user's protocol: no record goes into a log, and no segment is written, before durable edits
  // that name the log and raise the ceiling above 0. Files that break it prove a lost edit.
  bool edits_precede_data = false;
  // Levels from this one on hold one run; an edit that breaks this is refused.
  int tiered_levels = 1;
  // DefaultSegmentOpener (segment_opener.h) but in tests.
  SegmentOpener open_segment;
  // Told when a segment's last pin is gone: then its file may be obsolete. May be null.
  std::shared_ptr<SegmentReleases> releases;
};

class VersionSet {
 public:
  // Recovers the database in options.directory, or creates it. The caller holds the lock file.
  // Needs no mutex; does I/O: reads the manifest, opens every segment, checks that every needed log
  // is there; then, unless read-only, writes a new manifest (a recovered one is never appended to).
  // What nothing refers to is noted as garbage: RemoveObsoleteFiles removes it.
  //
  // Errors: RecoverManifest's. NotFound: no database, and none is to be created. AlreadyExists.
  // DataLoss: a segment is missing or unreadable, a log is missing, or a file shows that the
  // manifest lost its end (edits_precede_data; hazard R1).
  static absl::StatusOr<std::unique_ptr<VersionSet>> Open(VersionSetOptions options);
  ~VersionSet();
  VersionSet(const VersionSet&) = delete;
  VersionSet& operator=(const VersionSet&) = delete;

  // --- State -----------------------------------------------------------------------------------
  // The current files, opened. Holding the pointer pins them.
  const std::shared_ptr<const SegmentSet>& current() const { return current_; }
  const Version& version() const { return *state_.version; }
  // Logs, ceiling, floor, last timestamp and counters as last made durable. The reference is good
  // until the mutex is released.
  const ManifestState& state() const { return state_; }
  bool created() const { return created_; }
  // How recovery went (Open only).
  const RecoveredManifest& recovered() const { return recovered_; }
  uint64_t manifest_number() const { return manifest_number_; }
  // The error that poisoned the manifest; OK if none did.
  const absl::Status& error() const { return error_; }

  // --- Numbers and pending outputs ---------------------------------------------------------------
  // Never handed out before, in any life of this database that wrote something under it.
  uint64_t NewRunId() { return next_run_id_++; }
  // The file of the number, a segment or a log, is the caller's: not garbage until ReleasePending.
  uint64_t NewPendingFile();
  // After the edit that names the file was installed, or when the job gave up (the file is garbage
  // then, if it exists). After LogAndApply failed with the manifest poisoned, the file is kept for
  // the next recovery to judge (invariant 5).
  // Without memory to note it the file is left for the next opening.
  void ReleasePending(uint64_t number) noexcept;

  // --- Change ------------------------------------------------------------------------------------
  // Makes `edit` durable and installs it. Files and logs that it adds must be pending (or, for a
  // move, current), and durable already with their directory entries. Waits for its turn. Releases
  // `mutex` while it waits, opens the new segments and writes. On return the new state is current
  // and `mutex` was held since. So the caller can switch its own state together with it (hazard
  // P5). FailedPrecondition for an edit that does not fit, or after an earlier error. DataLoss if a
  // new segment cannot be opened. Otherwise the manifest's error, after which error() is set.
  // next_file_number and next_run_id are filled in. Without memory: ResourceExhausted; nothing is
  // changed unless error() is set.
  absl::Status LogAndApply(VersionEdit edit, Mutex& mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // Waits for a running LogAndApply and ends the manifest. All later changes: FailedPrecondition.
  absl::Status Close(Mutex& mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // --- Garbage -----------------------------------------------------------------------------------
  // What may be removed now, sorted. Segments that a set still pins come later.
  std::vector<FileName> ObsoleteFiles() const { return Garbage(/*pinned_too=*/false); }
  // Whether a set still pins a segment that no version names any more.
  bool PinsGarbage() const;
  // Removes the obsolete files, in order, with `mutex` released; one caller works at a time, others
  // return OK at once. The first error is returned; what could not be removed is tried again by the
  // next call. `pinned_too`: nobody will open a file any more, so what sets pin goes as well.
  absl::Status RemoveObsoleteFiles(Mutex& mutex, bool pinned_too = false)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

 private:
  explicit VersionSet(VersionSetOptions options);

  // What a LogAndApply is about to install: once the edit is durable nothing more is asked of
  // memory.
  struct Prepared {
    ManifestState state = {};
    std::shared_ptr<const SegmentSet> set = nullptr;
    // To be joined to the members of these names.
    std::map<uint64_t, std::shared_ptr<const Segment>> open = {};
    std::set<FileName> garbage = {};
    std::map<uint64_t, std::weak_ptr<const Segment>> dropped = {};
  };
  // The turn, for a scope.
  class Turn;

  // Steps of Open.
  absl::Status Recover();
  absl::Status RecoverState(const std::vector<std::string>& names);
  absl::Status CheckLogsExist(const std::vector<FileName>& files) const;
  absl::Status CheckManifestIsWhole(const std::vector<FileName>& files) const;
  absl::Status StartManifest();
  void FindLeftovers(const std::vector<FileName>& files);
  bool IsReferenced(const FileName& file) const { return IsReferenced(file, state_); }
  bool IsReferenced(const FileName& file, const ManifestState& state) const;

  // Steps of LogAndApply. Those that are const, PrepareAndPersist and PersistInNew run with the
  // mutex released.
  absl::Status CheckUsable() const;
  absl::Status CheckAdditions(const VersionEdit& edit) const;
  absl::StatusOr<Prepared> Prepare(const VersionEdit& edit) const;
  absl::StatusOr<std::shared_ptr<const SegmentSet>> OpenSet(
      std::shared_ptr<const Version> version) const;
  absl::StatusOr<std::shared_ptr<const Segment>> OpenSegment(const FileRef& file) const;
  absl::Status CheckOwner() const;
  void PrepareLists(const VersionEdit& edit, bool rolls, Prepared* prepared) const;
  absl::Status PrepareAndPersist(const VersionEdit& edit, uint64_t roll_number, Prepared* prepared,
                                 std::unique_ptr<ManifestLog>* rolled, absl::Status* poison);
  absl::Status PersistInNew(const VersionEdit& edit, uint64_t roll_number,
                            std::unique_ptr<ManifestLog>* rolled);
  void Install(const VersionEdit& edit, Prepared prepared,
               std::unique_ptr<ManifestLog> rolled) noexcept;

  void WaitForTurn(Mutex& mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void EndTurn();
  absl::Status RemoveAll(const std::vector<FileName>& files, std::vector<FileName>* removed) const;
  absl::Status Remove(const FileName& file) const;
  bool MayRemove(const FileName& file, bool pinned_too) const;
  std::vector<FileName> Garbage(bool pinned_too) const;

  // Immutable after Open.
  const VersionSetOptions options_;
  bool created_ = false;
  RecoveredManifest recovered_;

  // Under the mutex; whoever has the turn reads them without it, since nobody else changes them.
  ManifestState state_;
  std::shared_ptr<const SegmentSet> current_;
  std::map<uint64_t, std::shared_ptr<const Segment>> open_;  // current_'s, by file number
  std::unique_ptr<ManifestLog> manifest_;                    // null: read-only or closed
  uint64_t manifest_number_ = 0;                             // the one that CURRENT names

  // Under the mutex.
  bool has_turn_ = false;  // a LogAndApply or Close is at work
  bool removing_ = false;  // a RemoveObsoleteFiles is at work
  bool closed_ = false;
  CondVar turn_;
  absl::Status error_;
  uint64_t next_file_number_ = 1;
  uint64_t next_run_id_ = 1;
  std::set<uint64_t> pending_;
  std::set<FileName> garbage_;  // perhaps on disk; not referenced by state_
  // Segments in garbage_ that a set may still pin.
  std::map<uint64_t, std::weak_ptr<const Segment>> dropped_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_VERSION_SET_VERSION_SET_H_
