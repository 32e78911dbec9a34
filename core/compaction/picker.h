// SPDX-License-Identifier: Apache-2.0

// What to compact next: policies that look at a version and name the inputs of one job.
//
// A policy is a pure function of the version with its cursors, the running jobs, the points, what
// seeks have paid, estimates of what level 0 repeats, and its options. It reads no file, keeps no
// state, and takes no decision from the order of a hash container.
//
// Rules that every pick keeps (CheckPick says which one is broken; tests and jobs ask it)
//   1. It is closed under overlap, by user keys (hazard O4). Every file between the newest input
//      and the older of (oldest input, output) that overlaps the inputs' key range is an input. If
//      the output stays in the newest input's run, that run counts, too. So the output is newer
//      than everything that stays older, and older than everything that stays newer.
//   2. From level 0, and from any level of several runs, it takes whole runs that are neighbours in
//      age. They are the oldest ones, unless the output stays in the level, in the place of the
//      newest of them. Neighbouring files of one run may be merged in their run's own place.
//   3. It shares no file with a running job, and its hull overlaps no running job's hull into the
//      same level (hazard C5).
//   4. Outputs never go beyond the last level, and never upwards (hazard C6).
//   5. A trivial move has inputs of one level only; its files are disjoint: the edit alone moves
//      them. (For it, rule 1 holds file by file.)
//      Policies do not use it where rewriting a file could drop something.
//
// Thread rule: const calls from any thread. Ownership: a Pick holds references to its files' metas.
#ifndef VERALITH_CORE_COMPACTION_PICKER_H_
#define VERALITH_CORE_COMPACTION_PICKER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/compaction/options.h"
#include "core/format/key_range.h"
#include "core/format/version_edit.h"
#include "core/iterator/range_tombstones.h"
#include "core/manifest/version.h"
#include "veralith/policy_kind.h"
#include "veralith/types.h"

namespace veralith {

struct Pick {
  enum class Reason : uint8_t {
    kLevel0Runs,     // level 0 has too many runs
    kLevelBytes,     // a level is larger than its target
    kTierRuns,       // a tier has too many runs
    kTierSizes,      // neighbouring runs of like size
    kTierSpace,      // the newer runs are large beside the oldest one
    kPolicyChanged,  // a level still has the shape that another policy gave it
    kSeeks,          // seeks have paid for a merge of level 0
    kOverwrites,     // much of level 0 and what lies under it is superseded (overwrites.h)
    kIdle,           // nothing else is to be done (PickIdle)
    kGarbage,        // a file of mostly tombstones and superseded versions
    kCovered,        // files that range deletes hide
    kSmallFiles,     // more small files than the data needs (small_files.h)
    kManual,         // asked for
  };
  // Files of one run.
  struct Input {
    int level = 0;
    uint64_t run_id = 0;
    std::vector<std::shared_ptr<const FileMeta>> files;  // as in the run; never empty
  };

  Reason reason = Reason::kLevelBytes;
  std::vector<Input> inputs;  // newest data first
  int output_level = 0;
  uint64_t output_run_id = kLeveledRunId;
  bool trivial_move = false;
  // The inputs are dropped as they are: range deletes hide them from every point. Rules 1, 2 and 5
  // do not concern it.
  bool drop = false;
  // The output is one file, whatever its size: the inputs are small.
  bool into_one_file = false;
  double score = 0;
  // Where the round robin of the input level goes on after this job.
  std::optional<VersionEdit::Cursor> cursor;

  // The lowest-numbered level of the inputs.
  int input_level() const { return inputs.front().level; }
  KeyRange Hull() const;
  uint64_t InputBytes() const;
  bool Has(uint64_t file_number) const;
};

std::string_view ReasonName(Pick::Reason reason);
// "level 0 runs: 5 files of 36000000 bytes, level 0 to 1"; for people.
std::string Describe(const Pick& pick);

// Estimates for one run of level 0: entries whose key is held by an older run of level 0, too, or
// by one of these or level 1. For each, a merge with all of them drops one older entry.
struct RunRepeats {
  uint64_t run_id = 0;
  uint64_t in_level0 = 0;
  uint64_t in_all = 0;

  friend bool operator==(const RunRepeats&, const RunRepeats&) = default;
};

struct PickerState {
  const Version* version = nullptr;
  std::span<const Pick* const> running;
  std::span<const Timestamp> points;
  // Range tombstones of all live segments, in any order. Null: no file is dropped unread.
  const RangeTombstoneLists* range_deletes = nullptr;
  // What reads have paid for the runs of level 0 since it was last merged (core/db/seek_debt.h).
  uint64_t seek_bytes = 0;
  // Of runs of level 0, in any order; others are not known to repeat anything. Those of runs that
  // are gone do not count.
  std::span<const RunRepeats> repeats = {};
  // The disk is short: what gives room back goes before everything else, and a move, which needs no
  // room, is not turned into a merge.
  bool reclaim_first = false;
};

// A request to move every key of a range down to the last level that holds data (hazard C11). The
// caller keeps it as it is between calls of PickManual.
struct ManualCompaction {
  KeyRange range;
  // The next file number when it was asked for: files of level 0 from here on hold only newer
  // writes, and files of the last level from here on have been written again already.
  uint64_t before_file_number = 0;
  // The level being emptied now; kept by PickManual, 0 at first.
  int level = 0;
};

struct ManualDecision {
  enum class Kind : uint8_t {
    kPick,  // run `pick`, install it, ask again
    kWait,  // running jobs are in the way: ask again when one ends
    kDone,
  };
  Kind kind = Kind::kDone;
  std::optional<Pick> pick;
};

class CompactionPolicy {
 public:
  virtual ~CompactionPolicy() = default;
  // Returns the most urgent job that can run beside the running ones; nullopt: none is due.
  virtual std::optional<Pick> PickCompaction(const PickerState& state) const = 0;
  // Returns a merge of level 0 for idle time, when none is due, that reads, and so writes, at most
  // `budget_bytes`. Each leaves fewer runs of level 0, so they come to an end. The default: never.
  virtual std::optional<Pick> PickIdle(const PickerState& state, uint64_t budget_bytes) const;
  // Returns the next job of a manual compaction, whatever the triggers. While one is under way the
  // caller asks here first, so that automatic jobs do not refill the level it is emptying.
  virtual ManualDecision PickManual(const PickerState& state, ManualCompaction* manual) const = 0;
  // Returns a score per level; at 1 and above a compaction is due.
  virtual std::vector<double> Scores(const Version& version) const = 0;
  // Levels 0 to this - 1 may hold several runs (more, until a change of policy is worked off).
  virtual int TieredLevels() const = 0;
};

// Level 0 holds runs, levels 1 to 7 one run each: a level beyond its target gives its next file in
// key order to the level below. It is the only policy that merges for the sake of seeks: the others
// are chosen to write less.
std::unique_ptr<CompactionPolicy> NewLeveledPolicy(const CompactionOptions& options);

// Levels 0 to 2 hold tiers, levels 3 to 7 one run each. A tier with enough runs merges them into
// one run of the next level. The last tier merges into level 3, which goes on as in the leveled
// policy.
std::unique_ptr<CompactionPolicy> NewHybridPolicy(const CompactionOptions& options);

// Level 0 holds every run, in order of age; neighbours of like size are merged, all runs when the
// newer ones are large beside the oldest.
std::unique_ptr<CompactionPolicy> NewTieredPolicy(const CompactionOptions& options);

// A database may be opened with another kind of policy than before: the new policy brings the tree
// into its shape.
std::unique_ptr<CompactionPolicy> NewCompactionPolicy(CompactionPolicyKind kind,
                                                      const CompactionOptions& options);

// FailedPrecondition, saying which of the rules 1 to 5 the pick breaks.
absl::Status CheckPick(const PickerState& state, const Pick& pick);

// The edits of a trivial move and of a drop: no I/O.
VersionEdit TrivialMoveEdit(const Pick& pick);
VersionEdit DropEdit(const Pick& pick, std::span<const Timestamp> points);

}  // namespace veralith

#endif  // VERALITH_CORE_COMPACTION_PICKER_H_
