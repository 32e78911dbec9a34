// SPDX-License-Identifier: Apache-2.0

// Builds the best database that a damaged directory allows, in another directory.
//
// How it works
//   1. It decides which files count. A whole manifest says so: segments and logs that it does not
//      name are left out. CURRENT's manifest is taken, or the newest whole one if CURRENT is
//      unreadable or leads to damage. Without a whole manifest, all segments and logs count, except
//      those that a readable edit removed: see "Risks".
//   2. It checks each segment. From a damaged one it takes every row whose pages pass their
//      checksums and lists the others. A segment that is not the one that the manifest records
//      (another database's under its name) is lost, whole or damaged. The block's counts show that,
//      or the rows if the block is damaged.
//   3. It reads each log up to the first damage, lists the rest and leaves it. So the result is a
//      state that the database was in. RepairOptions::behind_damage also takes sound records after
//      the damage: more is kept, but writes in between are missing. A torn end that was never known
//      to be synced is no damage.
//   4. It merges everything taken into one new run of the last level: every version and every range
//      delete, so that reads in the past work as before. Numbers, timestamps and the ceiling of the
//      result are above all seen.
//
// Invariants
//   1. The source is only read, and only while no writer has it open; writers are kept out until
//      the end. The target must be missing or empty, and is locked. Nothing is written elsewhere. A
//      failed repair removes what it wrote.
//   2. Nothing is lost silently. Every file of the source is kept, partly or wholly lost, or left
//      out; the report says which, where and why.
//   3. Nothing is made up. Every version in the result was written at some time, with its
//      timestamp.
//   4. From an undamaged source the result has the same contents, at every timestamp that the
//      source can be read at.
//
// Risks, each named in the report if it arises
//   1. Without a whole manifest, segments that compaction had replaced but not yet removed are
//      read. A key comes back if its tombstone has been dropped since.
//   2. If rows or range tombstones of a segment are lost, what they deleted or replaced comes back.
//   3. With behind_damage, so does what lost log records deleted or replaced.
//
// Memory: two write buffers, all range tombstones, and some pages for each run that overlaps a key.
// Disk: the result; and, while it works, a copy of the damaged segments and of the logs.
// Thread rule: one thread.
#ifndef VERALITH_REPAIR_H_
#define VERALITH_REPAIR_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "veralith/export.h"
#include "veralith/options.h"
#include "veralith/types.h"

namespace veralith {

// How a repair is made.
struct RepairOptions {
  bool behind_damage = false;  // take sound log records after damage, too
  bool dry_run = false;        // report only: the target is neither looked at nor written
  // Called with how far a phase ("reading", "writing") has come, in bytes; may be empty.
  std::function<void(std::string_view phase, uint64_t done, uint64_t total)> progress;
};

// What a repair kept and what it lost.
struct RepairReport {
  // A file of the source of which something is in the result.
  struct Kept {
    std::string file;               // its name
    uint64_t entries = 0;           // for a log: operations
    uint64_t range_tombstones = 0;  // range deletes
    Timestamp min_ts = 0;           // oldest of both; 0: there are none
    Timestamp max_ts = 0;           // newest of both
  };
  // A part of the source that is not in the result.
  struct Lost {
    std::string file;                // its name
    std::optional<uint64_t> offset;  // where in the file; nullopt: no single place
    std::string what;                // what is lost, and why
  };
  std::vector<Kept> kept;             // by file
  std::vector<Lost> lost;             // each loss; empty: nothing was lost
  std::vector<std::string> left_out;  // files that do not count, and why
  std::vector<std::string> risks;     // what may be wrong in the result; see above
  std::vector<std::string> notes;     // decisions made, and damage that cost nothing

  // The result. A dry run sets the timestamps only.

  uint64_t entries = 0;           // versions of keys
  uint64_t range_tombstones = 0;  // range deletes
  uint64_t duplicates = 0;        // versions found in several files, written once
  uint64_t files_written = 0;     // segments
  uint64_t bytes_written = 0;     // in them
  Timestamp min_ts = 0;           // oldest of all; 0: there is none
  Timestamp max_ts = 0;           // newest of all
};

// Repairs `source` into `target`. `options` are those of Db::Open: the doors, and how segments are
// written. Fills in `*report` as far as it came, even if it fails.
// Errors:
//   NotFound            No database in `source`.
//   DataLoss            Nothing could be recovered.
//   FailedPrecondition  A writer has the source open.
//   AlreadyExists       The target is not empty.
//   InvalidArgument     An option, or a target inside the source, whatever the paths look like
//                       (links, "..").
//   Others              The target's disk, or a source that changes while it is read.
VERALITH_EXPORT absl::Status RepairDatabase(const Options& options, const std::string& source,
                                            const std::string& target, const RepairOptions& repair,
                                            RepairReport* report);

}  // namespace veralith

#endif  // VERALITH_REPAIR_H_
