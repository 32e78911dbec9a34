// SPDX-License-Identifier: Apache-2.0

// The tiered policy: level 0 holds all runs, in order of age. Neighbours of similar size are merged
// in the place of the newest of them.
//
// A tree that another policy left behind may hold older data in deeper levels: these runs count as
// the oldest ones, and a merge that reaches them writes into the deepest level it takes from.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/compaction/picker.h"
#include "core/compaction/picker_support.h"
#include "core/compaction/reclaim.h"
#include "core/compaction/small_files.h"

namespace veralith {
namespace {

struct PlacedRun {
  int level;
  const Run* run;
  uint64_t bytes;
};

// Newest first.
std::vector<PlacedRun> AllRuns(const Version& version) {
  std::vector<PlacedRun> runs;
  for (int level = 0; level < kLevels; ++level) {
    for (const Run& run : version.runs(level)) {
      runs.push_back({level, &run, BytesOf(run.files)});
    }
  }
  return runs;
}

// Runs [begin, end) of AllRuns.
struct Stretch {
  size_t begin;
  size_t end;
  Pick::Reason reason;
};

class TieredPolicy final : public CompactionPolicy {
 public:
  explicit TieredPolicy(const CompactionOptions& options) : options_(options) {}

  std::optional<Pick> PickCompaction(const PickerState& state) const override;
  ManualDecision PickManual(const PickerState& state, ManualCompaction* manual) const override;
  std::vector<double> Scores(const Version& version) const override;
  int TieredLevels() const override { return 1; }

 private:
  size_t Trigger() const { return static_cast<size_t>(std::max(2, options_.level0_trigger_runs)); }
  std::vector<Stretch> Candidates(const std::vector<PlacedRun>& runs) const;
  std::optional<Pick> PickGarbage(const PickerState& state,
                                  const std::vector<PlacedRun>& runs) const;
  std::optional<Stretch> BySpace(const std::vector<PlacedRun>& runs) const;
  std::optional<Stretch> BySizes(const std::vector<PlacedRun>& runs) const;
  Stretch ByLikeness(const std::vector<PlacedRun>& runs) const;
  Pick PickOf(const std::vector<PlacedRun>& runs, const Stretch& stretch) const;
  ManualDecision OldestInFewerFiles(const PickerState& state, const std::vector<PlacedRun>& runs,
                                    const ManualCompaction& manual) const;

  const CompactionOptions options_;
};

std::vector<double> TieredPolicy::Scores(const Version& version) const {
  std::vector<double> scores(kLevels, 0.0);
  scores[0] = static_cast<double>(AllRuns(version).size()) / static_cast<double>(Trigger());
  return scores;
}

std::optional<Pick> TieredPolicy::PickCompaction(const PickerState& state) const {
  if (std::optional<Pick> covered = PickCovered(state); covered.has_value()) {
    return covered;
  }
  const std::vector<PlacedRun> runs = AllRuns(*state.version);
  const bool runs_are_few = runs.size() < Trigger();
  if (state.reclaim_first) {
    if (std::optional<Pick> garbage = PickGarbage(state, runs); garbage.has_value()) {
      return garbage;
    }
  }
  // Merges that are always due must not hold up those of small files for ever.
  if (std::optional<Pick> small = PickSmallFiles(options_, state, runs_are_few ? 1 : 2);
      small.has_value()) {
    return small;
  }
  if (runs_are_few) {
    return PickGarbage(state, runs);
  }
  for (const Stretch& stretch : Candidates(runs)) {
    Pick pick = PickOf(runs, stretch);
    if (!ConflictsWithRunning(state, pick)) {
      pick.reason = stretch.reason;
      pick.score = Scores(*state.version)[0];
      return pick;
    }
  }
  return std::nullopt;
}

// Takes the newest run with a file of mostly garbage, together with the next older run, which its
// tombstones may hide; or the oldest run alone.
std::optional<Pick> TieredPolicy::PickGarbage(const PickerState& state,
                                              const std::vector<PlacedRun>& runs) const {
  for (size_t i = 0; i < runs.size(); ++i) {
    const std::vector<FileRef>& files = runs[i].run->files;
    const bool worthwhile = std::any_of(files.begin(), files.end(), [&](const FileRef& file) {
      return i + 1 < runs.size() ? IsWorthMerging(options_, state.points, *file)
                                 : IsWorthRewriting(options_, state.points, *file);
    });
    if (worthwhile) {
      Pick pick = PickOf(runs, {i, std::min(i + 2, runs.size()), Pick::Reason::kGarbage});
      pick.reason = Pick::Reason::kGarbage;
      return ConflictsWithRunning(state, pick) ? std::nullopt
                                               : std::optional<Pick>(std::move(pick));
    }
  }
  return std::nullopt;
}

// The most urgent comes first. The last one always gets below the trigger in time.
std::vector<Stretch> TieredPolicy::Candidates(const std::vector<PlacedRun>& runs) const {
  std::vector<Stretch> candidates;
  if (const std::optional<Stretch> space = BySpace(runs); space.has_value()) {
    candidates.push_back(*space);
  }
  if (const std::optional<Stretch> sizes = BySizes(runs); sizes.has_value()) {
    candidates.push_back(*sizes);
  }
  candidates.push_back(ByLikeness(runs));
  // In case a running job holds those: enough of the newest runs.
  candidates.push_back({0, runs.size() - Trigger() + 2, Pick::Reason::kTierRuns});
  return candidates;
}

// Returns the two neighbours that are most alike in size. (Merging the newest ones instead would
// add every memtable to one run until that is as large as the next: a byte would be written as
// often as the run has memtables.)
Stretch TieredPolicy::ByLikeness(const std::vector<PlacedRun>& runs) const {
  size_t best = 0;
  double best_ratio = 0;
  for (size_t i = 0; i + 1 < runs.size(); ++i) {
    const auto newer = static_cast<double>(std::max<uint64_t>(1, runs[i].bytes));
    const auto older = static_cast<double>(std::max<uint64_t>(1, runs[i + 1].bytes));
    const double ratio = std::max(older / newer, newer / older);
    if (i == 0 || ratio < best_ratio) {
      best = i;
      best_ratio = ratio;
    }
  }
  return {best, best + 2, Pick::Reason::kTierRuns};
}

// Takes everything if the runs before the oldest could all be newer versions of what it holds.
std::optional<Stretch> TieredPolicy::BySpace(const std::vector<PlacedRun>& runs) const {
  double newer = 0;
  for (size_t i = 0; i + 1 < runs.size(); ++i) {
    newer += static_cast<double>(runs[i].bytes);
  }
  const double allowed =
      static_cast<double>(runs.back().bytes) * options_.tier_max_space_percent / 100.0;
  return newer >= allowed ? std::optional<Stretch>({0, runs.size(), Pick::Reason::kTierSpace})
                          : std::nullopt;
}

// Returns the newest neighbours in which each run is no larger than the runs before it together,
// within the ratio.
std::optional<Stretch> TieredPolicy::BySizes(const std::vector<PlacedRun>& runs) const {
  const auto min_width = static_cast<size_t>(std::max(2, options_.tier_min_width));
  const size_t max_width = std::max(min_width, static_cast<size_t>(options_.tier_max_width));
  for (size_t begin = 0; begin + min_width <= runs.size(); ++begin) {
    auto sum = static_cast<double>(runs[begin].bytes);
    size_t end = begin + 1;
    while (end < runs.size() && end - begin < max_width &&
           static_cast<double>(runs[end].bytes) <=
               sum * (100 + options_.tier_size_ratio_percent) / 100.0) {
      sum += static_cast<double>(runs[end++].bytes);
    }
    if (end - begin >= min_width) {
      return Stretch{begin, end, Pick::Reason::kTierSizes};
    }
  }
  return std::nullopt;
}

Pick TieredPolicy::PickOf(const std::vector<PlacedRun>& runs, const Stretch& stretch) const {
  Pick pick;
  pick.output_level = runs[stretch.end - 1].level;
  pick.output_run_id = 0;
  bool may_move = stretch.end - stretch.begin > 1;
  for (size_t i = stretch.begin; i < stretch.end; ++i) {
    const auto& [level, run, bytes] = runs[i];
    pick.inputs.push_back({level, run->id, run->files});
    if (level == pick.output_level) {
      pick.output_run_id = std::max(pick.output_run_id, run->id);
    }
    may_move = may_move && level == pick.output_level &&
               std::none_of(run->files.begin(), run->files.end(),
                            [](const FileRef& file) { return HasGarbage(*file); });
  }
  pick.trivial_move = may_move && AreDisjoint(SortedFiles(pick));
  return pick;
}

// Done once no small neighbours of the oldest run fit into one file.
ManualDecision TieredPolicy::OldestInFewerFiles(const PickerState& state,
                                                const std::vector<PlacedRun>& runs,
                                                const ManualCompaction& manual) const {
  std::optional<Pick> pick;
  if (!runs.empty()) {
    pick = PickSmallFilesOf(options_, state, runs.back().level, *runs.back().run, manual.range);
  }
  if (!pick.has_value()) {
    return {ManualDecision::Kind::kDone, std::nullopt};
  }
  pick->reason = Pick::Reason::kManual;
  return {ManualDecision::Kind::kPick, std::move(pick)};
}

// Makes one merge of everything from the newest run that the request concerns to the oldest one.
// The first call waits for running jobs: the files they write have numbers above the request's.
ManualDecision TieredPolicy::PickManual(const PickerState& state, ManualCompaction* manual) const {
  if (!state.running.empty()) {
    return {ManualDecision::Kind::kWait, std::nullopt};
  }
  const std::vector<uint64_t> numbers = state.version->FileNumbers();
  if (manual->level == 0 && !numbers.empty()) {
    manual->before_file_number = std::max(manual->before_file_number, numbers.back() + 1);
    manual->level = 1;
  }
  const std::vector<PlacedRun> runs = AllRuns(*state.version);
  const auto concerns = [&](const FileRef& file) {
    return file->number < manual->before_file_number && Overlaps(*file, manual->range);
  };
  const auto newest = std::find_if(runs.begin(), runs.end(), [&](const PlacedRun& placed) {
    return std::any_of(placed.run->files.begin(), placed.run->files.end(), concerns);
  });
  const auto left = static_cast<size_t>(runs.end() - newest);
  const bool shrinks =
      left == 1 &&
      std::any_of(newest->run->files.begin(), newest->run->files.end(), [&](const FileRef& file) {
        return concerns(file) && HasGarbageAt(*state.version, *file, newest->level);
      });
  if (left == 0 || (left == 1 && !shrinks)) {
    return OldestInFewerFiles(state, runs, *manual);
  }
  Pick pick = PickOf(
      runs, {static_cast<size_t>(newest - runs.begin()), runs.size(), Pick::Reason::kManual});
  pick.reason = Pick::Reason::kManual;
  return {ManualDecision::Kind::kPick, std::move(pick)};
}

}  // namespace

std::unique_ptr<CompactionPolicy> NewTieredPolicy(const CompactionOptions& options) {
  return std::make_unique<TieredPolicy>(options);
}

}  // namespace veralith
