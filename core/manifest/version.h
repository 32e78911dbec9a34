// SPDX-License-Identifier: Apache-2.0

// Version: which segments make up the database at one moment, and how old each is. An immutable
// value: Apply makes a new one.
//
// Shape: levels 0..kLevels-1. A level is a list of runs, newest first. A run is a sorted list of
// files, no two of which hold the same user key. Data in a shallower level is newer than data in a
// deeper one; within a level a larger run id is newer. So for one user key, every version in a
// newer place has a larger timestamp than every version in an older place.
//
// Invariants (CheckInvariants)
//   1. Run ids of a level strictly descend; no run is empty; a level that is not tiered has at most
//      one run.
//   2. Files of a run are sorted and disjoint at user-key granularity. Bounds include range
//      tombstones and carry no timestamp (hazard O4); exclusive ends are exact, so [a, c) and [c,
//      d] are neighbours, not an overlap.
//   3. A file number occurs once in the whole version.
//   4. A file's own numbers make sense: lower bound <= upper bound, min_ts <= max_ts, counts.
//   5. Runs of level 0 do not share timestamps: each run as a whole is newer than the runs after it
//      in the list (hazard C9: an older memtable installed as the newest run).
//   6. The sums of each level are those of its files.
// Apply keeps 1-4 and 6 by construction (except the number of runs in a leveled level, which
// depends on the policy) and says which edit would break them.
//
// Thread rule: const calls from any thread. Files are shared between versions. It does no I/O, does
// not know segments' contents, and decides nothing about compaction.
#ifndef VERALITH_CORE_MANIFEST_VERSION_H_
#define VERALITH_CORE_MANIFEST_VERSION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/format/key_range.h"
#include "core/format/version_edit.h"
#include "veralith/types.h"

namespace veralith {

// Levels 0..kMaxTieredLevels-1 may hold several runs, whatever the policy; the others hold one.
inline constexpr int kMaxTieredLevels = 3;

using FileRef = std::shared_ptr<const FileMeta>;

struct Run {
  uint64_t id = 0;
  std::vector<FileRef> files;
};

// --- Bounds ------------------------------------------------------------------------------------

KeyRange RangeOf(const FileMeta& file);
bool Contains(const FileMeta& file, NamespaceId ns, std::string_view key);
// True if some key is in both; never true for an empty range.
bool Overlaps(const FileMeta& file, const KeyRange& range);
// The smallest range that holds all of `files`; there is at least one.
KeyRange HullOf(std::span<const FileRef> files);
// The files of one run that overlap `range`: neighbours, hence a subspan. O(log files).
std::span<const FileRef> OverlappingFiles(std::span<const FileRef> run, const KeyRange& range);

// --- Version -----------------------------------------------------------------------------------

class Version {
 public:
  // Where a file is.
  struct Place {
    uint64_t number = 0;
    int level = 0;
    uint64_t run_id = 0;
    FileRef file;
  };
  struct Cursor {
    NamespaceId ns = 0;
    std::string key;
  };

  Version() = default;  // no files

  const std::vector<Run>& runs(int level) const { return levels_[level].runs; }
  const std::optional<Cursor>& cursor(int level) const { return levels_[level].cursor; }

  // Returns the version after `edit`: its removed and added files and its cursors (its other fields
  // belong to ManifestState). DataLoss that names the place if the edit does not fit: a removed
  // file that does not exist, a number twice, an overlap within a run, a file whose own numbers
  // make no sense. Cost: a copy of the lists (shared files). The && form copies nothing and must
  // not be used after an error.
  absl::StatusOr<Version> Apply(const VersionEdit& edit) const&;
  absl::StatusOr<Version> Apply(const VersionEdit& edit) &&;

  // Checks all invariants, slowly, sharing nothing with Apply. Levels from `tiered_levels` on hold
  // at most one run. DataLoss that names files and place.
  absl::Status CheckInvariants(int tiered_levels = kMaxTieredLevels) const;

  // --- Queries ---------------------------------------------------------------------------------
  // Returns where `number` is, or null. O(log files). Valid as long as the version.
  const Place* Find(uint64_t number) const;
  FileRef FindFile(uint64_t number) const;
  // Returns the files of a level that overlap `range`, newest run first, sorted within a run.
  std::vector<FileRef> Overlapping(int level, const KeyRange& range) const;
  // Returns the file of `run` that may hold the key, or null. O(log files).
  static const FileRef* FileFor(const Run& run, NamespaceId ns, std::string_view key);

  // Sums are kept, not counted anew: a picker reads them under the database's mutex, and a level
  // can have 100,000 files.
  size_t FileCount() const { return places_.size(); }
  size_t FileCount(int level) const { return levels_[level].sums.files; }
  uint64_t Bytes() const;
  uint64_t Bytes(int level) const { return levels_[level].sums.bytes; }
  // Files with tombstones, range tombstones or superseded versions.
  size_t FilesWithGarbage(int level) const { return levels_[level].sums.with_garbage; }
  // The deepest level with a file; -1 if there is none.
  int DeepestLevel() const;
  // Ascending.
  std::vector<uint64_t> FileNumbers() const;
  // The edit that makes this version from an empty one: files and cursors.
  VersionEdit Snapshot() const;

  // One line per run and file; for people.
  std::string DebugString() const;

 private:
  // Sums over the files of a level.
  struct Sums {
    size_t files = 0;
    uint64_t bytes = 0;
    size_t with_garbage = 0;

    void Add(const FileMeta& file);
    void Subtract(const FileMeta& file);
    friend bool operator==(const Sums&, const Sums&) = default;
  };
  struct Level {
    std::vector<Run> runs;  // newest first
    std::optional<Cursor> cursor;
    Sums sums;
  };

  absl::Status ApplyInPlace(const VersionEdit& edit);
  absl::Status RemoveFile(const VersionEdit::RemovedFile& removed);
  absl::Status AddFile(const VersionEdit::AddedFile& added);

  std::array<Level, kLevels> levels_;
  std::vector<Place> places_;  // by number, ascending
};

// "000007.parquet [0:"a", 0:"k") 12 entries, 340 bytes, ts 5..9"; for people.
std::string DebugString(const FileMeta& file);
std::string DebugString(const KeyBound& bound);

// --- What a job may drop -------------------------------------------------------------------------

// The files outside a job that may hold *older* versions of a key than the job's inputs. They
// decide whether tombstones may be dropped (hazard C1). A file counts as older unless it is an
// input or is in a place newer than all inputs; that errs on the side of keeping.
class OlderFiles {
 public:
  // For a compaction: `inputs` are numbers of files of `version`, in any order.
  OlderFiles(std::shared_ptr<const Version> version, std::vector<uint64_t> inputs);
  // For a flush: every file is older than a memtable.
  explicit OlderFiles(std::shared_ptr<const Version> version);

  // Exact at user-key granularity on the files' bounds. O(runs * log files).
  bool MayContain(NamespaceId ns, std::string_view key) const;
  bool MayOverlap(const KeyRange& range) const;

 private:
  struct OlderRun {
    std::vector<FileRef> files;  // sorted, disjoint
  };
  void Collect(const std::vector<uint64_t>& sorted_inputs);

  std::shared_ptr<const Version> version_;
  std::vector<OlderRun> runs_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_MANIFEST_VERSION_H_
