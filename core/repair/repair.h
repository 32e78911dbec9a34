// Repair: rebuilds the best database from a damaged directory, in another directory.
//
// What it does
//   1. Which files count. A manifest that is whole says so; files that it does not name are left
//      out (segments that compaction has replaced, logs that were flushed). CURRENT's manifest is
//      taken, or the newest one when CURRENT cannot be read or leads to damage. Without a whole
//      manifest all segments and logs count, but for those that some readable edit removed: see
//      "Risks".
//   2. Segments. Each is checked; of a damaged one every row is taken whose pages pass their
//      checksums (core/segment/segment_salvage.h), and the others are listed. One that is not the
//      one that the manifest records (another database's under its name) is lost, whole or damaged:
//      then as far as its block's counts, or where that is damaged too, its rows tell.
//   3. Logs. Records are taken in order up to the first damage: what follows is listed and left, so
//      that the result is a state that the database was in. RepairOptions::behind_damage takes it,
//      where a record is sound in itself and its chain holds from there on: more is kept, but
//      writes in between are missing. A torn end that was never known to be synced is no damage.
//   4. Everything taken is merged into one new run of the last level: every version and every range
//      delete, so that reads in the past work as before. Numbers, timestamps and the ceiling of the
//      result are above all seen.
//
// Invariants
//   1. The source is only read, and only while no writer has it open; writers are kept out until
//      the end. The target must be missing or empty, and is locked; nothing is written elsewhere. A
//      failed repair removes what it wrote.
//   2. Nothing is lost silently: every file of the source is kept, lost in part or whole, or left
//      out, and the report says which, where and why.
//   3. Nothing is made up: every version in the result was written at some time, with its
//      timestamp.
//   4. From an undamaged source the result has the same contents, at every timestamp that the
//      source can be read at.
//
// Risks, named in the report where they arise: without a whole manifest, segments that compaction
// had replaced but not yet removed are read like others; a key whose tombstone had been dropped
// since then comes back. Where rows or range tombstones of a segment are lost, what they had
// deleted or replaced comes back. With behind_damage, so does what lost records had.
//
// Memory: two write buffers, all range tombstones, and for each run that overlaps a key some pages.
// Disk: the result, and besides a copy of the damaged segments and the logs while it works.
// Thread rule: one thread.
#ifndef VERALITH_CORE_REPAIR_REPAIR_H_
#define VERALITH_CORE_REPAIR_REPAIR_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/base/types.h"
#include "core/db/options.h"

namespace veralith {

struct RepairOptions {
  bool behind_damage = false;  // take log records behind damage, too
  bool dry_run = false;        // report only: the target is neither looked at nor written
  // Told how far a phase ("reading", "writing") has come, in bytes; may be null.
  std::function<void(std::string_view phase, uint64_t done, uint64_t total)> progress;
};

struct RepairReport {
  struct Kept {
    std::string file;
    uint64_t entries = 0;  // of a log: operations
    uint64_t range_tombstones = 0;
    Timestamp min_ts = 0;  // over both; 0 when there are none
    Timestamp max_ts = 0;
  };
  struct Lost {
    std::string file;
    std::optional<uint64_t> offset;
    std::string what;  // what is lost, and why
  };
  std::vector<Kept> kept;
  std::vector<Lost> lost;
  std::vector<std::string> left_out;  // files, and why they do not count
  std::vector<std::string> risks;
  std::vector<std::string> notes;  // what was decided, and damage that cost nothing

  // The result (not of a dry run, but for the timestamps).
  uint64_t entries = 0;
  uint64_t range_tombstones = 0;
  uint64_t duplicates = 0;  // versions found in several files, written once
  uint64_t files_written = 0;
  uint64_t bytes_written = 0;
  Timestamp min_ts = 0;
  Timestamp max_ts = 0;
};

// `options` is that of Db::Open: doors, and how segments are written. The report is filled in as
// far as the repair came, also when it fails. NotFound: no database in `source`. DataLoss: nothing
// could be recovered. FailedPrecondition: a writer has the source open. AlreadyExists: the target
// is not empty. InvalidArgument: options, or a target inside the source, whatever the paths look
// like (links, ".."). Others: the target's disk, or a source that changes while it is read.
absl::Status RepairDatabase(const Options& options, const std::string& source,
                            const std::string& target, const RepairOptions& repair,
                            RepairReport* report);

}  // namespace veralith

#endif  // VERALITH_CORE_REPAIR_REPAIR_H_
