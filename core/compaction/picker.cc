#include "core/compaction/picker.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/format/entry.h"
#include "core/format/key_bound.h"

namespace veralith {
namespace {

// --- Looking at versions and picks ---------------------------------------------------------------

bool IsBusy(const PickerState& state, uint64_t file_number) {
  return std::any_of(state.running.begin(), state.running.end(),
                     [&](const Pick* job) { return job->Has(file_number); });
}

bool AnyBusy(const PickerState& state, std::span<const FileRef> files) {
  return std::any_of(files.begin(), files.end(),
                     [&](const FileRef& file) { return IsBusy(state, file->number); });
}

uint64_t BytesOf(std::span<const FileRef> files) {
  uint64_t bytes = 0;
  for (const FileRef& file : files) {
    bytes += file->bytes;
  }
  return bytes;
}

// The files of a leveled level.
std::span<const FileRef> FilesOf(const Version& version, int level) {
  const std::vector<Run>& runs = version.runs(level);
  return runs.empty() ? std::span<const FileRef>() : std::span<const FileRef>(runs.front().files);
}

bool AnyOverlap(const Version& version, int level, const KeyRange& range) {
  const std::vector<Run>& runs = version.runs(level);
  return std::any_of(runs.begin(), runs.end(), [&](const Run& run) {
    return !OverlappingFiles(run.files, range).empty();
  });
}

bool AnythingBeneath(const Version& version, int level, const KeyRange& range) {
  for (int below = level + 1; below < kLevels; ++below) {
    if (AnyOverlap(version, below, range)) {
      return true;
    }
  }
  return false;
}

bool ConflictsWithRunning(const PickerState& state, const Pick& pick) {
  for (const Pick::Input& input : pick.inputs) {
    if (AnyBusy(state, input.files)) {
      return true;
    }
  }
  const KeyRange hull = pick.Hull();
  return std::any_of(state.running.begin(), state.running.end(), [&](const Pick* job) {
    return job->output_level == pick.output_level && Overlaps(job->Hull(), hull);
  });
}

// Whether rewriting the file as an output of `level` could make it smaller.
bool HasGarbageAt(const Version& version, const FileMeta& file, int level) {
  return file.superseded > 0 || ((file.tombstones > 0 || file.range_tombstones > 0) &&
                                 !AnythingBeneath(version, level, RangeOf(file)));
}

// --- Checking picks ------------------------------------------------------------------------------

absl::Status Illegal(std::string_view why) {
  return FailedPrecondition(std::string("not a legal compaction: ").append(why));
}

// The inputs are in the version, where they say, in order.
absl::Status CheckInputsExist(const Version& version, const Pick& pick) {
  if (pick.inputs.empty()) {
    return Illegal("it has no inputs");
  }
  for (const Pick::Input& input : pick.inputs) {
    if (input.files.empty()) {
      return Illegal("an input run has no files");
    }
    for (const FileRef& file : input.files) {
      const Version::Place* place = version.Find(file->number);
      if (place == nullptr || place->level != input.level || place->run_id != input.run_id) {
        return Illegal("file " + std::to_string(file->number) + " is no longer where it was");
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CheckLevels(const Pick& pick) {
  for (size_t i = 0; i < pick.inputs.size(); ++i) {
    const Pick::Input& input = pick.inputs[i];
    if (input.level > pick.output_level) {
      return Illegal("data would move upwards");
    }
    if (i > 0 && (input.level < pick.inputs[i - 1].level ||
                  (input.level == pick.inputs[i - 1].level &&
                   input.run_id >= pick.inputs[i - 1].run_id))) {
      return Illegal("inputs are not newest first");
    }
  }
  return pick.output_level < kLevels ? absl::OkStatus()
                                     : Illegal("it goes beyond the last level");
}

// Rule 2, for one level of several runs.
absl::Status CheckWholeOldestRuns(const Version& version, int level, const Pick& pick) {
  std::vector<const Pick::Input*> inputs;
  for (const Pick::Input& input : pick.inputs) {
    if (input.level == level) {
      inputs.push_back(&input);
    }
  }
  const std::vector<Run>& runs = version.runs(level);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Run& run = runs[runs.size() - inputs.size() + i];
    if (run.id != inputs[i]->run_id || run.files.size() != inputs[i]->files.size()) {
      return Illegal("it does not take the oldest whole runs of level " + std::to_string(level));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckClosed(const Version& version, const Pick& pick, const KeyRange& range) {
  const int first =
      pick.input_level() == pick.output_level ? pick.output_level : pick.input_level() + 1;
  for (int level = first; level <= pick.output_level; ++level) {
    for (const FileRef& file : version.Overlapping(level, range)) {
      if (!pick.Has(file->number)) {
        return Illegal("file " + std::to_string(file->number) + " of level " +
                       std::to_string(level) + " overlaps it and is left out");
      }
    }
  }
  return absl::OkStatus();
}

std::vector<FileRef> SortedFiles(const Pick& pick) {
  std::vector<FileRef> files;
  for (const Pick::Input& input : pick.inputs) {
    files.insert(files.end(), input.files.begin(), input.files.end());
  }
  std::sort(files.begin(), files.end(), [](const FileRef& a, const FileRef& b) {
    return CompareUserKeys(a->smallest_ns, a->smallest_key, b->smallest_ns, b->smallest_key) < 0;
  });
  return files;
}

bool AreDisjoint(std::span<const FileRef> sorted) {
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (IsWithin(sorted[i]->smallest_ns, sorted[i]->smallest_key, sorted[i - 1]->largest)) {
      return false;
    }
  }
  return true;
}

absl::Status CheckTrivialMove(const Version& version, const Pick& pick) {
  if (pick.inputs.back().level != pick.input_level() ||
      pick.output_level == pick.input_level()) {
    return Illegal("a trivial move is from one level to another");
  }
  const std::vector<FileRef> files = SortedFiles(pick);
  if (!AreDisjoint(files)) {
    return Illegal("a trivial move of files that overlap");
  }
  for (const FileRef& file : files) {
    VERALITH_RETURN_IF_ERROR(CheckClosed(version, pick, RangeOf(*file)));
  }
  return absl::OkStatus();
}

// --- The leveled policy --------------------------------------------------------------------------

class LeveledPolicy final : public CompactionPolicy {
 public:
  explicit LeveledPolicy(const CompactionOptions& options) : options_(options) {}

  std::optional<Pick> PickCompaction(const PickerState& state) const override;
  ManualDecision PickManual(const PickerState& state, ManualCompaction* manual) const override;
  std::vector<double> Scores(const Version& version) const override {
    return Scores({&version, {}, {}});
  }

 private:
  std::vector<double> Scores(const PickerState& state) const;
  uint64_t TargetBytes(const Version& version, int level) const;

  std::optional<Pick> PickLevel0(const PickerState& state, size_t runs) const;
  std::optional<Pick> MoveLevel0(const PickerState& state, size_t runs) const;
  std::optional<Pick> PickLevel(const PickerState& state, int level) const;
  Pick PickDown(const PickerState& state, int level, std::span<const FileRef> files) const;
  bool MayMove(const Version& version, const FileMeta& file, int from, int to) const;

  std::optional<Pick> ManualLevel0(const PickerState& state, const ManualCompaction& manual,
                                   bool* wait) const;
  std::optional<Pick> ManualLevel(const PickerState& state, const ManualCompaction& manual) const;
  std::optional<Pick> ManualLast(const PickerState& state, const ManualCompaction& manual) const;
  std::span<const FileRef> FirstFilesWithinBudget(std::span<const FileRef> files) const;

  const CompactionOptions options_;
};

uint64_t Multiply(uint64_t a, uint64_t b) {
  uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? ~uint64_t{0} : product;
}

uint64_t LeveledPolicy::TargetBytes(const Version& version, int level) const {
  uint64_t target = options_.level_base_bytes;
  for (int i = 1; i < level; ++i) {
    target = Multiply(target, static_cast<uint64_t>(options_.level_multiplier));
  }
  const int last = version.DeepestLevel();
  if (options_.dynamic_level_targets && level < last) {
    uint64_t share = version.Bytes(last);
    for (int i = level; i < last; ++i) {
      share /= static_cast<uint64_t>(options_.level_multiplier);
    }
    target = std::max(options_.level_base_bytes, std::min(target, share));
  }
  return std::max<uint64_t>(target, 1);
}

// Leveled levels count without what running jobs are already taking away. The last level has nowhere to go.
std::vector<double> LeveledPolicy::Scores(const PickerState& state) const {
  std::vector<double> scores(kLevels, 0.0);
  scores[0] = static_cast<double>(state.version->runs(0).size()) /
              std::max(1, options_.level0_trigger_runs);
  for (int level = 1; level + 1 < kLevels; ++level) {
    uint64_t bytes = 0;
    for (const FileRef& file : FilesOf(*state.version, level)) {
      bytes += IsBusy(state, file->number) ? 0 : file->bytes;
    }
    scores[level] = static_cast<double>(bytes) /
                    static_cast<double>(TargetBytes(*state.version, level));
  }
  return scores;
}

std::optional<Pick> LeveledPolicy::PickCompaction(const PickerState& state) const {
  const std::vector<double> scores = Scores(state);
  std::vector<int> levels;
  for (int level = 0; level + 1 < kLevels; ++level) {
    const bool due = level == 0 ? scores[0] >= 1 && !state.version->runs(0).empty()
                                : scores[level] > 1;
    if (due) {
      levels.push_back(level);
    }
  }
  std::sort(levels.begin(), levels.end(), [&](int a, int b) {
    const bool level0_first = a == 0 && b != 0;
    return level0_first || (b != 0 && (scores[a] > scores[b] || (scores[a] == scores[b] && a < b)));
  });
  for (const int level : levels) {
    std::optional<Pick> pick = level == 0 ? PickLevel0(state, state.version->runs(0).size())
                                          : PickLevel(state, level);
    if (pick.has_value()) {
      pick->reason = level == 0 ? Pick::Reason::kLevel0Runs : Pick::Reason::kLevelBytes;
      pick->score = scores[level];
      return pick;
    }
  }
  return std::nullopt;
}

// The oldest runs, at most `runs` of them. So there is one job of level 0 at a time: a second one
// would need the oldest run too.
std::optional<Pick> LeveledPolicy::PickLevel0(const PickerState& state, size_t runs) const {
  const std::vector<Run>& all = state.version->runs(0);
  VERALITH_CHECK(runs > 0 && runs <= all.size());
  if (std::optional<Pick> move = MoveLevel0(state, runs); move.has_value()) {
    return move;
  }
  Pick pick;
  uint64_t bytes = 0;
  for (size_t i = 0; i < runs && (i == 0 || bytes < options_.max_job_bytes); ++i) {
    const Run& run = all[all.size() - 1 - i];
    bytes += BytesOf(run.files);
    pick.inputs.insert(pick.inputs.begin(), {0, run.id, run.files});
  }
  pick.output_level = 1;
  const std::span<const FileRef> overlapping =
      OverlappingFiles(FilesOf(*state.version, 1), pick.Hull());
  if (!overlapping.empty()) {
    pick.inputs.push_back({1, state.version->runs(1).front().id,
                           {overlapping.begin(), overlapping.end()}});
  }
  if (ConflictsWithRunning(state, pick)) {
    return std::nullopt;
  }
  return pick;
}

// As many of the oldest runs as can go to level 1 as they are.
std::optional<Pick> LeveledPolicy::MoveLevel0(const PickerState& state, size_t runs) const {
  const std::vector<Run>& all = state.version->runs(0);
  Pick best;
  Pick next;
  next.output_level = 1;
  next.trivial_move = true;
  for (size_t i = 0; i < runs; ++i) {
    const Run& run = all[all.size() - 1 - i];
    next.inputs.insert(next.inputs.begin(), {0, run.id, run.files});
    const bool may_move = std::all_of(run.files.begin(), run.files.end(), [&](const FileRef& file) {
      return MayMove(*state.version, *file, 0, 1);
    });
    if (!may_move || !AreDisjoint(SortedFiles(next)) || ConflictsWithRunning(state, next)) {
      break;
    }
    best = next;
  }
  if (best.inputs.empty()) {
    return std::nullopt;
  }
  return best;
}

bool LeveledPolicy::MayMove(const Version& version, const FileMeta& file, int from,
                            int to) const {
  return options_.format_of_level[from] == options_.format_of_level[to] &&
         !AnyOverlap(version, to, RangeOf(file)) && !HasGarbageAt(version, file, to);
}

// The next file in round-robin order that no running job stands in the way of.
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
      pick.cursor = {level, files[at]->smallest_ns, files[at]->smallest_key};
      return pick;
    }
  }
  return std::nullopt;
}

// Neighbouring files of a leveled level into the level below.
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
  const std::span<const FileRef> overlapping =
      OverlappingFiles(FilesOf(*state.version, level + 1), pick.Hull());
  if (!overlapping.empty()) {
    pick.inputs.push_back({level + 1, state.version->runs(level + 1).front().id,
                           {overlapping.begin(), overlapping.end()}});
  }
  return pick;
}

// --- Manual compaction ---------------------------------------------------------------------------

ManualDecision LeveledPolicy::PickManual(const PickerState& state,
                                         ManualCompaction* manual) const {
  const int last = std::max(1, state.version->DeepestLevel());
  std::optional<Pick> pick;
  bool wait = false;
  while (!pick.has_value() && !wait && manual->level < last) {
    pick = manual->level == 0 ? ManualLevel0(state, *manual, &wait) : ManualLevel(state, *manual);
    manual->level += pick.has_value() || wait ? 0 : 1;
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

// All runs from the oldest to the newest one that the request concerns.
std::optional<Pick> LeveledPolicy::ManualLevel0(const PickerState& state,
                                                const ManualCompaction& manual,
                                                bool* wait) const {
  const std::vector<Run>& runs = state.version->runs(0);
  const auto newest = std::find_if(runs.begin(), runs.end(), [&](const Run& run) {
    const std::span<const FileRef> files = OverlappingFiles(run.files, manual.range);
    return std::any_of(files.begin(), files.end(), [&](const FileRef& file) {
      return file->number < manual.before_file_number;
    });
  });
  if (newest == runs.end()) {
    return std::nullopt;
  }
  std::optional<Pick> pick = PickLevel0(state, static_cast<size_t>(runs.end() - newest));
  *wait = !pick.has_value();
  return pick;
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

// The first stretch of neighbouring files of the last level that could shrink, into the same level.
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
    return std::nullopt;
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

// --- Public --------------------------------------------------------------------------------------

KeyRange Pick::Hull() const {
  VERALITH_CHECK(!inputs.empty());
  KeyRange hull = HullOf(inputs.front().files);
  for (size_t i = 1; i < inputs.size(); ++i) {
    hull = UnionOf(hull, HullOf(inputs[i].files));
  }
  return hull;
}

uint64_t Pick::InputBytes() const {
  uint64_t bytes = 0;
  for (const Input& input : inputs) {
    bytes += BytesOf(input.files);
  }
  return bytes;
}

bool Pick::Has(uint64_t file_number) const {
  return std::any_of(inputs.begin(), inputs.end(), [&](const Input& input) {
    return std::any_of(input.files.begin(), input.files.end(),
                       [&](const FileRef& file) { return file->number == file_number; });
  });
}

std::string_view ReasonName(Pick::Reason reason) {
  switch (reason) {
    case Pick::Reason::kLevel0Runs:
      return "level 0 runs";
    case Pick::Reason::kLevelBytes:
      return "level bytes";
    case Pick::Reason::kManual:
      return "manual";
  }
  return "unknown";
}

std::unique_ptr<CompactionPolicy> NewLeveledPolicy(const CompactionOptions& options) {
  return std::make_unique<LeveledPolicy>(options);
}

absl::Status CheckPick(const PickerState& state, const Pick& pick) {
  const Version& version = *state.version;
  VERALITH_RETURN_IF_ERROR(CheckInputsExist(version, pick));
  VERALITH_RETURN_IF_ERROR(CheckLevels(pick));
  for (int level = pick.input_level(); level <= pick.output_level; ++level) {
    if (level == 0 || version.runs(level).size() > 1) {
      VERALITH_RETURN_IF_ERROR(CheckWholeOldestRuns(version, level, pick));
    }
  }
  VERALITH_RETURN_IF_ERROR(pick.trivial_move ? CheckTrivialMove(version, pick)
                                             : CheckClosed(version, pick, pick.Hull()));
  return ConflictsWithRunning(state, pick) ? Illegal("a running job is in the way")
                                           : absl::OkStatus();
}

VersionEdit TrivialMoveEdit(const Pick& pick) {
  VERALITH_CHECK(pick.trivial_move);
  VersionEdit edit;
  for (const Pick::Input& input : pick.inputs) {
    for (const FileRef& file : input.files) {
      edit.removed_files.push_back({input.level, file->number});
      edit.added_files.push_back({pick.output_level, pick.output_run_id, *file});
    }
  }
  if (pick.cursor.has_value()) {
    edit.cursors.push_back(*pick.cursor);
  }
  return edit;
}

}  // namespace veralith
