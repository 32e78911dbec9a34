// SPDX-License-Identifier: Apache-2.0

// The leveled and the hybrid policy: the first levels hold tiers, the others one run each.
//
// With one level of tiers this is the plain leveled policy. With more, a level of tiers that has
// enough runs merges its oldest ones into one run of the next level. The last level of tiers merges
// them into the first leveled level.
#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/compaction/overwrites.h"
#include "core/compaction/picker.h"
#include "core/compaction/picker_support.h"
#include "core/compaction/reclaim.h"
#include "core/compaction/small_files.h"
#include "core/format/entry.h"

namespace veralith {
namespace {

// The most files of one job; a directory of old small files may have many thousands.
constexpr size_t kMostMergedOnTheWay = 64;

class LeveledPolicy final : public CompactionPolicy {
 public:
  // Levels 0..tiers-1 hold tiers.
  LeveledPolicy(const CompactionOptions& options, int tiers) : options_(options), tiers_(tiers) {
    VERALITH_CHECK(tiers >= 1 && tiers <= kMaxTieredLevels);
  }

  std::optional<Pick> PickCompaction(const PickerState& state) const override;
  std::optional<Pick> PickIdle(const PickerState& state, uint64_t budget_bytes) const override;
  ManualDecision PickManual(const PickerState& state, ManualCompaction* manual) const override;
  std::vector<double> Scores(const Version& version) const override {
    return Scores({&version, {}, {}, {}});
  }
  int TieredLevels() const override { return tiers_; }

 private:
  std::vector<double> Scores(const PickerState& state) const;
  uint64_t TargetBytes(const Version& version, int level) const;

  int TriggerRuns(int level) const;
  uint64_t LastTierBytes() const;

  std::optional<Pick> PickTier(const PickerState& state, int level) const;
  std::optional<Pick> MergeTier(const PickerState& state, int level, size_t runs) const;
  std::optional<Pick> MoveTier(const PickerState& state, int level, size_t runs) const;
  Pick MergedOnTheWay(const PickerState& state, Pick move) const;
  std::optional<Pick> PickForeign(const PickerState& state, int first, int last) const;
  std::optional<Pick> PickGarbageAbove(const PickerState& state, int last_foreign) const;
  std::optional<Pick> PickForSeeks(const PickerState& state) const;
  std::optional<Pick> PickForOverwrites(const PickerState& state) const;
  std::optional<Pick> PickIdleDown(const PickerState& state, uint64_t budget_bytes) const;
  std::optional<Pick> PickIdleWithin(const PickerState& state, uint64_t budget_bytes) const;
  Pick AllOfLevel0Down(const Version& version) const;
  std::optional<Pick> PickGarbage(const PickerState& state) const;
  std::optional<Pick> PickGarbageFile(const PickerState& state, int level) const;
  void AddOverlapping(const Version& version, Pick* pick) const;
  std::optional<Pick> PickLevel(const PickerState& state, int level) const;
  Pick WithSmallNeighbours(const PickerState& state, int level, std::span<const FileRef> files,
                           Pick pick) const;
  Pick PickDown(const PickerState& state, int level, std::span<const FileRef> files) const;
  bool MayMove(const Version& version, const FileMeta& file, int from, int to) const;

  std::optional<Pick> ManualTiers(const PickerState& state, const ManualCompaction& manual,
                                  bool* wait) const;
  std::optional<Pick> ManualLevel(const PickerState& state, const ManualCompaction& manual) const;
  std::optional<Pick> ManualLast(const PickerState& state, const ManualCompaction& manual) const;
  std::span<const FileRef> FirstFilesWithinBudget(std::span<const FileRef> files) const;

  const CompactionOptions options_;
  const int tiers_;
};

uint64_t Multiply(uint64_t a, uint64_t b) {
  uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? ~uint64_t{0} : product;
}

// Target of the first leveled level: the size of a run that has grown on its way through the tiers.
uint64_t LeveledPolicy::LastTierBytes() const {
  uint64_t bytes = options_.level_base_bytes;
  for (int level = 1; level < tiers_; ++level) {
    bytes = Multiply(bytes, static_cast<uint64_t>(TriggerRuns(level)));
  }
  return bytes;
}

uint64_t LeveledPolicy::TargetBytes(const Version& version, int level) const {
  const uint64_t base = LastTierBytes();
  uint64_t target = base;
  for (int i = tiers_; i < level; ++i) {
    target = Multiply(target, static_cast<uint64_t>(options_.level_multiplier));
  }
  const int last = version.DeepestLevel();
  if (options_.dynamic_level_targets && level < last) {
    uint64_t share = version.Bytes(last);
    for (int i = level; i < last; ++i) {
      share /= static_cast<uint64_t>(options_.level_multiplier);
    }
    target = std::max(base, std::min(target, share));
  }
  return std::max<uint64_t>(target, 1);
}

// A merge of one run into the next tier would gain nothing.
int LeveledPolicy::TriggerRuns(int level) const {
  return level == 0 ? std::max(1, options_.level0_trigger_runs)
                    : std::max(2, options_.tier_trigger_runs);
}

// Leveled levels count without the bytes that running jobs are already taking away. The last level
// has nowhere to go.
std::vector<double> LeveledPolicy::Scores(const PickerState& state) const {
  std::vector<double> scores(kLevels, 0.0);
  for (int level = 0; level < tiers_; ++level) {
    scores[level] = static_cast<double>(state.version->runs(level).size()) / TriggerRuns(level);
  }
  for (int level = tiers_; level + 1 < kLevels; ++level) {
    const uint64_t all = state.version->Bytes(level);
    const uint64_t bytes = all - std::min(all, BusyBytes(state, level));
    scores[level] =
        static_cast<double>(bytes) / static_cast<double>(TargetBytes(*state.version, level));
  }
  return scores;
}

// Whether a level that should be one run holds tiers of another policy.
bool IsForeign(const Version& version, int level) {
  const std::vector<Run>& runs = version.runs(level);
  return runs.size() > 1 || (runs.size() == 1 && runs.front().id != kLeveledRunId);
}

// The first and the last level that another policy left as tiers.
std::optional<std::pair<int, int>> ForeignLevels(const Version& version, int tiers) {
  std::optional<std::pair<int, int>> found;
  for (int level = tiers; level < kMaxTieredLevels; ++level) {
    if (IsForeign(version, level)) {
      found = {found.has_value() ? found->first : level, level};
    }
  }
  return found;
}

// Returns the merge of these runs of level 0 in the place of the newest one.
Pick AllOfLevel0(std::span<const Run> runs) {
  Pick pick;
  for (const Run& run : runs) {
    pick.inputs.push_back({0, run.id, run.files});
  }
  pick.output_level = 0;
  pick.output_run_id = runs.front().id;
  return pick;
}

std::optional<Pick> LeveledPolicy::PickCompaction(const PickerState& state) const {
  if (std::optional<Pick> covered = PickCovered(state); covered.has_value()) {
    return covered;
  }
  if (const auto foreign = ForeignLevels(*state.version, tiers_); foreign.has_value()) {
    std::optional<Pick> garbage =
        state.reclaim_first ? PickGarbageAbove(state, foreign->second) : std::nullopt;
    return garbage.has_value() ? garbage : PickForeign(state, foreign->first, foreign->second);
  }
  const std::vector<double> scores = Scores(state);
  std::vector<int> levels;
  for (int level = 0; level + 1 < kLevels; ++level) {
    if (level < tiers_ ? scores[level] >= 1 : scores[level] > 1) {
      levels.push_back(level);
    }
  }
  std::sort(levels.begin(), levels.end(), [&](int a, int b) {
    const bool level0_first = a == 0 && b != 0;
    return level0_first || (b != 0 && (scores[a] > scores[b] || (scores[a] == scores[b] && a < b)));
  });
  if (std::optional<Pick> garbage = state.reclaim_first ? PickGarbage(state) : std::nullopt;
      garbage.has_value()) {
    return garbage;
  }
  if (std::optional<Pick> small = PickSmallFiles(options_, state, 2); small.has_value()) {
    return small;  // merges that are always due must not hold these up for ever
  }
  for (const int level : levels) {
    std::optional<Pick> pick = level < tiers_ ? PickTier(state, level) : PickLevel(state, level);
    if (pick.has_value()) {
      pick->reason = level == 0       ? Pick::Reason::kLevel0Runs
                     : level < tiers_ ? Pick::Reason::kTierRuns
                                      : Pick::Reason::kLevelBytes;
      pick->score = scores[level];
      return pick;
    }
  }
  if (std::optional<Pick> small = PickSmallFiles(options_, state); small.has_value()) {
    return small;
  }
  if (std::optional<Pick> overwritten = PickForOverwrites(state); overwritten.has_value()) {
    return overwritten;
  }
  std::optional<Pick> for_seeks = PickForSeeks(state);
  return for_seeks.has_value() ? for_seeks : PickGarbage(state);
}

// Merges level 0 with what lies under it in level 1 if that drops enough. Otherwise its runs with
// each other, if that does: keys that are overwritten all the time then never reach level 1.
std::optional<Pick> LeveledPolicy::PickForOverwrites(const PickerState& state) const {
  const std::vector<Run>& runs = state.version->runs(0);
  if (tiers_ > 1 || runs.empty() || !MayPayByOverwrites(options_, state)) {
    return std::nullopt;
  }
  Pick within = AllOfLevel0(runs);
  std::optional<Pick> pick;
  if (PaysByOverwrites(options_, state, AllOfLevel0Down(*state.version))) {
    pick = MergeTier(state, 0, runs.size());
  } else if (runs.size() > 1 && PaysByOverwrites(options_, state, within) &&
             !ConflictsWithRunning(state, within)) {
    pick = std::move(within);
  }
  if (pick.has_value()) {
    pick->reason = Pick::Reason::kOverwrites;
  }
  return pick;
}

// Merges the runs of level 0, below their trigger, once seeks have paid as many bytes as the job
// reads. A move reads nothing.
std::optional<Pick> LeveledPolicy::PickForSeeks(const PickerState& state) const {
  const size_t runs = state.version->runs(0).size();
  if (state.seek_bytes == 0 || tiers_ > 1 || runs < 2) {
    return std::nullopt;
  }
  std::optional<Pick> pick = MergeTier(state, 0, runs);
  if (!pick.has_value() || (!pick->trivial_move && pick->InputBytes() > state.seek_bytes)) {
    return std::nullopt;
  }
  pick->reason = Pick::Reason::kSeeks;
  return pick;
}

Pick LeveledPolicy::AllOfLevel0Down(const Version& version) const {
  Pick pick = AllOfLevel0(version.runs(0));
  pick.output_level = 1;
  pick.output_run_id = kLeveledRunId;
  AddOverlapping(version, &pick);
  return pick;
}

std::optional<Pick> LeveledPolicy::PickIdle(const PickerState& state, uint64_t budget_bytes) const {
  if (tiers_ > 1 || state.version->runs(0).empty() || !state.running.empty()) {
    return std::nullopt;
  }
  std::optional<Pick> pick = PickIdleDown(state, budget_bytes);
  if (!pick.has_value()) {
    pick = PickIdleWithin(state, budget_bytes);
  }
  if (pick.has_value()) {
    pick->reason = Pick::Reason::kIdle;
  }
  return pick;
}

// Into level 1, if as much as half of what makes such a merge due is dropped, or if several runs go
// there and it reads no more there than they hold.
std::optional<Pick> LeveledPolicy::PickIdleDown(const PickerState& state,
                                                uint64_t budget_bytes) const {
  const size_t runs = state.version->runs(0).size();
  const Pick all = AllOfLevel0Down(*state.version);
  CompactionOptions half = options_;
  half.level0_garbage_percent = (half.level0_garbage_percent + 1) / 2;
  if ((runs < 2 || all.InputBytes() / 2 > state.version->Bytes(0)) &&
      !PaysByOverwrites(half, state, all)) {
    return std::nullopt;
  }
  std::optional<Pick> pick = MergeTier(state, 0, runs);
  return pick.has_value() && (pick->trivial_move || pick->InputBytes() <= budget_bytes)
             ? pick
             : std::nullopt;
}

// The newest runs in the place of the newest one, as many as the budget allows. One that is more
// than twice as large as those before it together stays: rewriting it would cost much for one run.
std::optional<Pick> LeveledPolicy::PickIdleWithin(const PickerState& state,
                                                  uint64_t budget_bytes) const {
  const std::vector<Run>& runs = state.version->runs(0);
  const uint64_t most = std::min(budget_bytes, options_.max_job_bytes);
  uint64_t bytes = 0;
  size_t count = 0;
  for (; count < runs.size(); ++count) {
    const uint64_t next = BytesOf(runs[count].files);
    if (bytes + next > most || (count > 0 && next > 2 * bytes)) {
      break;
    }
    bytes += next;
  }
  return count < 2 ? std::nullopt : std::optional<Pick>(AllOfLevel0(std::span(runs).first(count)));
}

// Tombstones go down until nothing lies beneath them; there the file is rewritten in place. Every
// such job moves tombstones down or drops them, so they come to an end. If every key is deleted,
// the newest run has only tombstones, and nothing is left in the end.
std::optional<Pick> LeveledPolicy::PickGarbage(const PickerState& state) const {
  std::optional<Pick> pick;
  for (int level = 0; level < kLevels && !pick.has_value(); ++level) {
    const std::vector<Run>& runs = state.version->runs(level);
    if (level >= tiers_) {
      pick = PickGarbageFile(state, level);
    } else if (std::any_of(runs.begin(), runs.end(), [&](const Run& run) {
                 return AnyWorthMerging(options_, state.points, run);
               })) {
      pick = tiers_ == 1 ? MergeTier(state, level, runs.size())
                         : PickForeign(state, level, tiers_ - 1);
    }
  }
  if (pick.has_value()) {
    pick->reason = Pick::Reason::kGarbage;
  }
  return pick;
}

std::optional<Pick> LeveledPolicy::PickGarbageFile(const PickerState& state, int level) const {
  const std::span<const FileRef> files = FilesOf(*state.version, level);
  for (size_t i = 0; i < files.size() && state.version->FilesWithGarbage(level) > 0; ++i) {
    if (!IsHeavy(options_, *files[i]) && files[i]->range_tombstones == 0) {
      continue;  // the usual case, without a search beneath: a tree may have 100,000 files
    }
    Pick pick;
    if (AnythingBeneath(*state.version, level, RangeOf(*files[i]))) {
      if (IsWorthMerging(options_, state.points, *files[i])) {
        pick = PickDown(state, level, files.subspan(i, 1));
      }
    } else if (IsWorthRewriting(options_, state.points, *files[i])) {
      pick.output_level = level;
      pick.inputs.push_back({level, kLeveledRunId, {files[i]}});
    }
    if (!pick.inputs.empty() && !ConflictsWithRunning(state, pick)) {
      return pick;
    }
  }
  return std::nullopt;
}

// Merges all runs of the levels `first` to `last`, and what lies under them, into the next level.
// From then on these levels have this policy's shape.
std::optional<Pick> LeveledPolicy::PickForeign(const PickerState& state, int first,
                                               int last) const {
  Pick pick;
  pick.reason = Pick::Reason::kPolicyChanged;
  for (int level = first; level <= last; ++level) {
    for (const Run& run : state.version->runs(level)) {
      pick.inputs.push_back({level, run.id, run.files});
    }
  }
  pick.output_level = last + 1;
  AddOverlapping(*state.version, &pick);
  return ConflictsWithRunning(state, pick) ? std::nullopt : std::optional<Pick>(std::move(pick));
}

// Takes everything down to the last level of another shape, if a run of it is mostly garbage: in
// that shape no smaller merge is known to be legal, and tombstones above it must reach it.
std::optional<Pick> LeveledPolicy::PickGarbageAbove(const PickerState& state,
                                                    int last_foreign) const {
  for (int level = 0; level <= last_foreign; ++level) {
    for (const Run& run : state.version->runs(level)) {
      if (AnyWorthMerging(options_, state.points, run)) {
        std::optional<Pick> pick = PickForeign(state, 0, last_foreign);
        if (pick.has_value()) {
          pick->reason = Pick::Reason::kGarbage;
        }
        return pick;
      }
    }
  }
  return std::nullopt;
}

// Adds what the hull overlaps in the output level, which is leveled.
void LeveledPolicy::AddOverlapping(const Version& version, Pick* pick) const {
  const std::span<const FileRef> overlapping =
      OverlappingFiles(FilesOf(version, pick->output_level), pick->Hull());
  if (!overlapping.empty()) {
    pick->inputs.push_back(
        {pick->output_level, kLeveledRunId, {overlapping.begin(), overlapping.end()}});
  }
}

std::optional<Pick> LeveledPolicy::PickTier(const PickerState& state, int level) const {
  const size_t runs = state.version->runs(level).size();
  const auto widest = static_cast<size_t>(std::max(2, options_.tier_max_width));
  return MergeTier(state, level, tiers_ == 1 ? runs : std::min(runs, widest));
}

// Takes the oldest runs, at most `runs` of them. So a tier has one job at a time: a second one
// would need the oldest run too. Tiers beneath level 0 are cheap only if many runs merge at once,
// so no limit of bytes keeps a merge below the trigger.
std::optional<Pick> LeveledPolicy::MergeTier(const PickerState& state, int level,
                                             size_t runs) const {
  const std::vector<Run>& all = state.version->runs(level);
  VERALITH_CHECK(runs > 0 && runs <= all.size());
  if (std::optional<Pick> move = MoveTier(state, level, runs); move.has_value()) {
    return move;
  }
  const size_t least = tiers_ == 1 ? 1 : static_cast<size_t>(TriggerRuns(level));
  Pick pick;
  uint64_t bytes = 0;
  for (size_t i = 0; i < runs && (i < least || bytes < options_.max_job_bytes); ++i) {
    const Run& run = all[all.size() - 1 - i];
    bytes += BytesOf(run.files);
    pick.inputs.insert(pick.inputs.begin(), {level, run.id, run.files});
  }
  pick.output_level = level + 1;
  if (pick.output_level < tiers_) {
    pick.output_run_id = pick.inputs.front().run_id;
  } else {
    AddOverlapping(*state.version, &pick);
  }
  return ConflictsWithRunning(state, pick) ? std::nullopt : std::optional<Pick>(std::move(pick));
}

// Moves as many of the oldest runs as can go to the next level unchanged; into a tier only if they
// are enough for a merge into it. Small files are not moved but merged on the way, if that reads
// only them and a little of the next level.
std::optional<Pick> LeveledPolicy::MoveTier(const PickerState& state, int level,
                                            size_t runs) const {
  const std::vector<Run>& all = state.version->runs(level);
  const bool into_tier = level + 1 < tiers_;
  Pick best;
  Pick next;
  next.output_level = level + 1;
  next.trivial_move = true;
  for (size_t i = 0; i < runs; ++i) {
    const Run& run = all[all.size() - 1 - i];
    next.inputs.insert(next.inputs.begin(), {level, run.id, run.files});
    next.output_run_id = into_tier ? run.id : kLeveledRunId;
    const bool may_move = std::all_of(run.files.begin(), run.files.end(), [&](const FileRef& file) {
      return MayMove(*state.version, *file, level, level + 1);
    });
    if (!may_move || !AreDisjoint(SortedFiles(next)) || ConflictsWithRunning(state, next)) {
      break;
    }
    best = next;
  }
  const size_t least = into_tier ? std::min(runs, static_cast<size_t>(TriggerRuns(level))) : 1;
  if (best.inputs.size() < least) {
    return std::nullopt;
  }
  // A short disk has room for moves.
  return !state.reclaim_first && AreDust(options_, SortedFiles(best))
             ? MergedOnTheWay(state, std::move(best))
             : best;
}

// Returns the merge that replaces a move, if it is cheap.
Pick LeveledPolicy::MergedOnTheWay(const PickerState& state, Pick move) const {
  Pick merge = move;
  merge.trivial_move = false;
  if (merge.output_level >= tiers_) {
    AddOverlapping(*state.version, &merge);
  }
  return IsCheap(options_, merge) && !ConflictsWithRunning(state, merge) ? merge : move;
}

// Into a tier a file goes on top of what is there; whatever it could drop is still beneath it then.
bool LeveledPolicy::MayMove(const Version& version, const FileMeta& file, int from, int to) const {
  if (options_.format_of_level[from] != options_.format_of_level[to]) {
    return false;
  }
  return to < tiers_ ? !HasGarbage(file)
                     : !AnyOverlap(version, to, RangeOf(file)) && !HasGarbageAt(version, file, to);
}

// Takes the next file in round-robin order with which no running job conflicts. Small neighbours
// that follow it are merged with it.
std::optional<Pick> LeveledPolicy::PickLevel(const PickerState& state, int level) const {
  const std::span<const FileRef> files = FilesOf(*state.version, level);
  const std::optional<Version::Cursor>& cursor = state.version->cursor(level);
  size_t start = 0;
  if (cursor.has_value()) {
    start = static_cast<size_t>(
        std::partition_point(files.begin(), files.end(),
                             [&](const FileRef& file) {
                               return CompareUserKeys(file->smallest_ns, file->smallest_key,
                                                      cursor->ns, cursor->key) <= 0;
                             }) -
        files.begin());
  }
  for (size_t i = 0; i < files.size(); ++i) {
    const size_t at = (start + i) % files.size();
    Pick pick = PickDown(state, level, files.subspan(at, 1));
    if (!ConflictsWithRunning(state, pick)) {
      pick = WithSmallNeighbours(state, level, files.subspan(at), std::move(pick));
      const FileRef& last = pick.inputs.front().files.back();
      pick.cursor = {level, last->smallest_ns, last->smallest_key};
      return pick;
    }
  }
  return std::nullopt;
}

// `pick` takes the first of `files` down. Adds the files after it, if they are small together and
// overlap little.
Pick LeveledPolicy::WithSmallNeighbours(const PickerState& state, int level,
                                        std::span<const FileRef> files, Pick pick) const {
  size_t count = 1;
  while (count < files.size() && count < kMostMergedOnTheWay &&
         AreDust(options_, files.first(count + 1))) {
    ++count;
  }
  if (count == 1) {
    return pick;
  }
  Pick move = PickDown(state, level, files.first(count));
  Pick merge = move.trivial_move ? MergedOnTheWay(state, std::move(move)) : std::move(move);
  return !merge.trivial_move && IsCheap(options_, merge) && !ConflictsWithRunning(state, merge)
             ? merge
             : pick;
}

// Picks neighbouring files of a leveled level into the level below.
Pick LeveledPolicy::PickDown(const PickerState& state, int level,
                             std::span<const FileRef> files) const {
  Pick pick;
  pick.output_level = level + 1;
  pick.inputs.push_back(
      {level, state.version->runs(level).front().id, {files.begin(), files.end()}});
  pick.trivial_move = std::all_of(files.begin(), files.end(), [&](const FileRef& file) {
    return MayMove(*state.version, *file, level, level + 1);
  });
  if (pick.trivial_move) {
    return pick;
  }
  AddOverlapping(*state.version, &pick);
  return pick;
}

// --- Manual compaction ---------------------------------------------------------------------------

ManualDecision LeveledPolicy::PickManual(const PickerState& state, ManualCompaction* manual) const {
  const int last = std::max(tiers_, state.version->DeepestLevel());
  std::optional<Pick> pick;
  bool wait = false;
  if (const auto foreign = ForeignLevels(*state.version, tiers_); foreign.has_value()) {
    // A short disk gets room only where tombstones meet what they hide.
    pick = PickForeign(state, state.reclaim_first ? 0 : foreign->first, foreign->second);
    wait = !pick.has_value();
  }
  while (!pick.has_value() && !wait && manual->level < last) {
    pick =
        manual->level < tiers_ ? ManualTiers(state, *manual, &wait) : ManualLevel(state, *manual);
    if (!pick.has_value() && !wait) {
      manual->level = std::max(tiers_, manual->level + 1);
    }
  }
  if (!pick.has_value() && !wait) {
    pick = ManualLast(state, *manual);
  }
  if (!pick.has_value() && !wait) {
    return {ManualDecision::Kind::kDone, std::nullopt};
  }
  if (wait || ConflictsWithRunning(state, *pick)) {
    return {ManualDecision::Kind::kWait, std::nullopt};
  }
  pick->reason = Pick::Reason::kManual;
  return {ManualDecision::Kind::kPick, std::move(pick)};
}

// Takes all runs from the newest one that the request concerns to the oldest one of the last tier,
// into the first leveled level. Plain level 0 keeps within the budget of jobs.
std::optional<Pick> LeveledPolicy::ManualTiers(const PickerState& state,
                                               const ManualCompaction& manual, bool* wait) const {
  const auto concerns = [&](const Run& run, int level) {
    const std::span<const FileRef> files = OverlappingFiles(run.files, manual.range);
    return std::any_of(files.begin(), files.end(), [&](const FileRef& file) {
      return level > 0 || file->number < manual.before_file_number;
    });
  };
  Pick pick;
  for (int level = 0; level < tiers_; ++level) {
    for (const Run& run : state.version->runs(level)) {
      if (!pick.inputs.empty() || concerns(run, level)) {
        pick.inputs.push_back({level, run.id, run.files});
      }
    }
  }
  if (pick.inputs.empty()) {
    return std::nullopt;
  }
  std::optional<Pick> result;
  if (tiers_ == 1) {
    result = MergeTier(state, 0, pick.inputs.size());
  } else {
    pick.output_level = tiers_;
    AddOverlapping(*state.version, &pick);
    result = ConflictsWithRunning(state, pick) ? std::nullopt : std::optional<Pick>(pick);
  }
  *wait = !result.has_value();
  return result;
}

std::optional<Pick> LeveledPolicy::ManualLevel(const PickerState& state,
                                               const ManualCompaction& manual) const {
  const std::span<const FileRef> files =
      OverlappingFiles(FilesOf(*state.version, manual.level), manual.range);
  if (files.empty()) {
    return std::nullopt;
  }
  return PickDown(state, manual.level, FirstFilesWithinBudget(files));
}

// Rewrites the first stretch of neighbouring files of the last level that could shrink, in the same
// level. Once there is none, merges small neighbours that fit into one file.
std::optional<Pick> LeveledPolicy::ManualLast(const PickerState& state,
                                              const ManualCompaction& manual) const {
  const std::span<const FileRef> files =
      OverlappingFiles(FilesOf(*state.version, manual.level), manual.range);
  const auto is_due = [&](const FileRef& file) {
    return file->number < manual.before_file_number &&
           HasGarbageAt(*state.version, *file, manual.level);
  };
  const auto first = std::find_if(files.begin(), files.end(), is_due);
  if (first == files.end()) {
    return files.empty()
               ? std::nullopt
               : PickSmallFilesOf(options_, state, manual.level,
                                  state.version->runs(manual.level).front(), manual.range);
  }
  const auto end = std::find_if_not(first, files.end(), is_due);
  const std::span<const FileRef> taken = FirstFilesWithinBudget({first, end});
  Pick pick;
  pick.output_level = manual.level;
  pick.inputs.push_back(
      {manual.level, state.version->runs(manual.level).front().id, {taken.begin(), taken.end()}});
  return pick;
}

std::span<const FileRef> LeveledPolicy::FirstFilesWithinBudget(
    std::span<const FileRef> files) const {
  uint64_t bytes = 0;
  size_t count = 0;
  while (count < files.size() && (count == 0 || bytes < options_.max_job_bytes)) {
    bytes += files[count++]->bytes;
  }
  return files.first(count);
}

}  // namespace

std::unique_ptr<CompactionPolicy> NewLeveledPolicy(const CompactionOptions& options) {
  return std::make_unique<LeveledPolicy>(options, 1);
}

std::unique_ptr<CompactionPolicy> NewHybridPolicy(const CompactionOptions& options) {
  return std::make_unique<LeveledPolicy>(options, kMaxTieredLevels);
}

}  // namespace veralith
