// SPDX-License-Identifier: Apache-2.0

// CheckPick: the rules of picker.h, shared by no policy.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/compaction/picker.h"
#include "core/compaction/picker_support.h"

namespace veralith {
namespace {

absl::Status Illegal(std::string_view why) {
  return FailedPrecondition(std::string("not a legal compaction: ").append(why));
}

// The place of a run: everything in a newer place is newer, for every key that both hold.
struct RunPlace {
  int level;
  uint64_t run_id;

  bool IsNewerThan(const RunPlace& other) const {
    return level < other.level || (level == other.level && run_id > other.run_id);
  }
};

RunPlace PlaceOf(const Pick::Input& input) { return {input.level, input.run_id}; }
RunPlace OutputOf(const Pick& pick) { return {pick.output_level, pick.output_run_id}; }

// Checks that the inputs are in the version, where they claim to be, in order.
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
  if (pick.output_level >= kLevels) {
    return Illegal("it goes beyond the last level");
  }
  for (size_t i = 0; i < pick.inputs.size(); ++i) {
    if (pick.inputs[i].level > pick.output_level) {
      return Illegal("data would move upwards");
    }
    if (i > 0 && !PlaceOf(pick.inputs[i - 1]).IsNewerThan(PlaceOf(pick.inputs[i]))) {
      return Illegal("inputs are not newest first");
    }
  }
  return OutputOf(pick).IsNewerThan(PlaceOf(pick.inputs.front()))
             ? Illegal("the output would be newer than its inputs")
             : absl::OkStatus();
}

// True for files of one run that go into that run: they pass no other run.
bool StaysInItsRun(const Pick& pick) {
  return pick.inputs.size() == 1 && pick.inputs.front().level == pick.output_level &&
         pick.inputs.front().run_id == pick.output_run_id;
}

// Checks the shape of the output level: tiers have ids of their own, the other levels have one run.
absl::Status CheckOutputRun(const Version& version, const Pick& pick) {
  if (pick.output_level >= kMaxTieredLevels && pick.output_run_id != kLeveledRunId) {
    return Illegal("level " + std::to_string(pick.output_level) + " holds no tiers");
  }
  if (pick.output_level == 0 && pick.output_run_id != pick.inputs.front().run_id) {
    return Illegal("a merge within level 0 does not take its newest run's place");
  }
  const bool tier_joins_a_run =
      pick.output_run_id != kLeveledRunId &&
      std::any_of(version.runs(pick.output_level).begin(), version.runs(pick.output_level).end(),
                  [&](const Run& run) { return run.id == pick.output_run_id; }) &&
      std::none_of(pick.inputs.begin(), pick.inputs.end(), [&](const Pick::Input& input) {
        return input.level == pick.output_level && input.run_id == pick.output_run_id;
      });
  return tier_joins_a_run ? Illegal("its output would join a run that is not an input")
                          : absl::OkStatus();
}

// Rule 2, for one level of several runs: inputs are whole runs that are neighbours in age, and the
// oldest ones if they leave the level.
absl::Status CheckWholeNeighbours(const Version& version, int level, const Pick& pick) {
  std::vector<const Pick::Input*> inputs;
  for (const Pick::Input& input : pick.inputs) {
    if (input.level == level) {
      inputs.push_back(&input);
    }
  }
  if (inputs.empty()) {
    return absl::OkStatus();
  }
  const std::vector<Run>& runs = version.runs(level);
  const auto first = std::find_if(runs.begin(), runs.end(),
                                  [&](const Run& run) { return run.id == inputs.front()->run_id; });
  const auto start = static_cast<size_t>(first - runs.begin());
  if (pick.output_level > level && start + inputs.size() != runs.size()) {
    return Illegal("it does not take the oldest whole runs of level " + std::to_string(level));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (start + i >= runs.size() || runs[start + i].id != inputs[i]->run_id ||
        runs[start + i].files.size() != inputs[i]->files.size()) {
      return Illegal("it does not take whole neighbouring runs of level " + std::to_string(level));
    }
  }
  return absl::OkStatus();
}

// Rule 1: every file that overlaps, from the newest input to the older of (oldest input, output),
// is an input. If the output goes deeper, what stays of the newest input's own run shares no key
// with the inputs of that run and stays newer than the others.
absl::Status CheckClosed(const Version& version, const Pick& pick, const KeyRange& range) {
  const RunPlace newest = PlaceOf(pick.inputs.front());
  const RunPlace oldest = PlaceOf(pick.inputs.back());
  const RunPlace last = oldest.IsNewerThan(OutputOf(pick)) ? OutputOf(pick) : oldest;
  const bool same_place = !newest.IsNewerThan(OutputOf(pick));
  for (int level = newest.level; level <= last.level; ++level) {
    for (const Run& run : version.runs(level)) {
      const RunPlace place{level, run.id};
      const bool inside = newest.IsNewerThan(place) || (same_place && run.id == newest.run_id);
      if (!inside || last.IsNewerThan(place)) {
        continue;
      }
      for (const FileRef& file : OverlappingFiles(run.files, range)) {
        if (!pick.Has(file->number)) {
          return Illegal("file " + std::to_string(file->number) + " of level " +
                         std::to_string(level) + " overlaps it and is left out");
        }
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CheckTrivialMove(const Version& version, const Pick& pick) {
  if (pick.inputs.back().level != pick.input_level()) {
    return Illegal("a trivial move is from one level");
  }
  if (pick.output_level == pick.input_level() && pick.inputs.size() < 2) {
    return Illegal("a trivial move that moves nothing");
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

}  // namespace

absl::Status CheckPick(const PickerState& state, const Pick& pick) {
  const Version& version = *state.version;
  VERALITH_RETURN_IF_ERROR(CheckInputsExist(version, pick));
  if (pick.drop) {
    return ConflictsWithRunning(state, pick) ? Illegal("a running job is in the way")
                                             : absl::OkStatus();
  }
  VERALITH_RETURN_IF_ERROR(CheckLevels(pick));
  VERALITH_RETURN_IF_ERROR(CheckOutputRun(version, pick));
  for (int level = pick.input_level(); level <= pick.output_level; ++level) {
    if ((level == 0 || version.runs(level).size() > 1) && !StaysInItsRun(pick)) {
      VERALITH_RETURN_IF_ERROR(CheckWholeNeighbours(version, level, pick));
    }
  }
  VERALITH_RETURN_IF_ERROR(pick.trivial_move ? CheckTrivialMove(version, pick)
                                             : CheckClosed(version, pick, pick.Hull()));
  return ConflictsWithRunning(state, pick) ? Illegal("a running job is in the way")
                                           : absl::OkStatus();
}

}  // namespace veralith
