// SPDX-License-Identifier: Apache-2.0

// A tree of any size without its data: a file is an interval of the key space and a number of
// entries, spread evenly over it. So a policy can be driven through terabytes in seconds, and its
// costs measured: bytes written, bytes kept, runs that a lookup must ask.
//
// What it is
//   1. The policy, Version and its edits are the engine's own; flushes and jobs are arithmetic. A
//      merge leaves the expected number of distinct keys, per stretch between file bounds: keys *
//      (1 - product of (1 - share of the keys that an input holds)).
//   2. Outputs are cut as core/compaction/outputs.h says: at the target size, and where they
//      overlap too much of the level below.
//   3. Nothing is random: same settings, same tree.
// What it leaves out: deletes, snapshots, jobs at the same time (TreeSimulation has those), and
// codecs: every entry costs the same bytes wherever it lies.
//
// Thread rule: one thread.
#ifndef VERALITH_CORE_COMPACTION_TESTING_LARGE_TREE_H_
#define VERALITH_CORE_COMPACTION_TESTING_LARGE_TREE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/compaction/picker.h"
#include "core/compaction/testing/test_options.h"
#include "core/manifest/version.h"

namespace veralith {

enum class LargeLoad : uint8_t {
  kUniform,     // overwrites of keys drawn evenly
  kSkewed,      // nine writes of ten go to a tenth of the keys, which lie scattered
  kSequential,  // overwrites in key order, over and over
};

struct LargeTreeSettings {
  CompactionPolicyKind policy = CompactionPolicyKind::kLeveled;
  CompactionOptions options = TestCompactionOptions();
  LargeLoad load = LargeLoad::kUniform;
  uint64_t data_bytes = uint64_t{1} << 30;  // all live entries, counted once each
  uint64_t memtable_bytes = uint64_t{64} << 20;
  uint64_t entry_bytes = 128;
};

class LargeTree {
 public:
  explicit LargeTree(const LargeTreeSettings& settings);

  // Puts all data into one run, in the first level with room for it (tiered: level 0). Only on an
  // empty tree.
  void Prefill();
  // Turns one memtable's worth of writes into a run of level 0.
  void Flush();
  // Runs the most urgent job. Returns the bytes that it wrote, or nullopt if none is due.
  std::optional<uint64_t> RunJob();
  void Settle() {
    while (RunJob().has_value()) {
    }
  }

  const Version& version() const { return version_; }
  const CompactionPolicy& policy() const { return *policy_; }
  // Returns how many files a lookup of a key, drawn evenly, must ask if no filter helps.
  double LookupFiles() const;
  // The first problem found (an illegal pick, an edit that does not fit), or "".
  const std::string& problem() const { return problem_; }

  struct Totals {
    uint64_t user_bytes = 0;
    uint64_t flushed_bytes = 0;
    uint64_t compacted_bytes = 0;
    uint64_t jobs = 0;  // including moves
    uint64_t largest_job_bytes = 0;
    uint64_t merges_of_everything = 0;
  };
  const Totals& totals() const { return totals_; }

 private:
  // Hot and cold keys.
  static constexpr size_t kClasses = 2;
  using Counts = std::array<double, kClasses>;
  struct Interval {
    uint64_t begin = 0;
    uint64_t end = 0;
  };
  struct Piece {
    Interval interval;
    Counts entries = {};
    uint64_t passed_bytes = 0;  // in the level below: files that end where the piece does
  };
  class OutputCutter;

  double Bytes(const Counts& entries) const;
  Interval IntervalOf(const FileMeta& file) const;
  std::vector<Piece> MergedPieces(const Pick& pick) const;
  // Exact, as the engine's estimates are not.
  std::vector<RunRepeats> Repeats() const;
  uint64_t Distinct(const Pick& inputs) const;
  Counts MergedEntries(const Interval& interval, std::span<const FileRef> covering) const;
  VersionEdit EditOf(const Pick& pick, uint64_t* bytes);
  // `one`: into one file.
  void AddFiles(const std::vector<Piece>& pieces, int level, uint64_t run_id, bool one,
                Timestamp min_ts, Timestamp max_ts, VersionEdit* edit);
  FileMeta NewFile(const Interval& interval, const Counts& entries);
  int LevelWithRoom() const;
  void Apply(const VersionEdit& edit);

  const LargeTreeSettings settings_;
  const std::unique_ptr<CompactionPolicy> policy_;
  Counts keys_ = {};          // in each class
  Counts write_shares_ = {};  // as shares of all writes
  Version version_;
  std::unordered_map<uint64_t, Counts> entries_;  // by file number; looked up, never iterated
  uint64_t next_number_ = 1;
  uint64_t next_run_ = 1;
  Timestamp now_ = 0;
  uint64_t sequential_at_ = 0;  // where the next memtable of a sequential load begins
  Totals totals_;
  std::string problem_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_COMPACTION_TESTING_LARGE_TREE_H_
