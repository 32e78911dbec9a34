// SPDX-License-Identifier: Apache-2.0

// DESIGN promise 2: "Flush, compaction, caches, reopening and file moves never change any answer at
// any live snapshot." Here: compaction of whatever the policy picks, of any other legal pick, and
// of ranges by hand, over trees of many levels, under every policy and changes of policy: the same
// history gives the same answers, those of the model.
#include <algorithm>
#include <vector>

#include "core/format/key_range.h"
#include "gtest/gtest.h"
#include "property_tests/generators/tree_walk.h"
#include "rapidcheck/gtest.h"

namespace veralith {
namespace {

// Adds, level by level, what overlaps the hull, until nothing more does. The result is a legal
// pick, whatever was chosen first.
void CloseUnderOverlap(const Version& version, Pick* pick) {
  const int first =
      pick->input_level() == pick->output_level ? pick->output_level : pick->input_level() + 1;
  KeyRange hull = pick->Hull();
  while (true) {
    std::erase_if(pick->inputs, [&](const Pick::Input& input) { return input.level >= first; });
    for (int level = first; level <= pick->output_level; ++level) {
      const std::vector<FileRef> files = version.Overlapping(level, hull);
      if (!files.empty()) {
        pick->inputs.push_back({level, kLeveledRunId, files});
      }
    }
    if (pick->Hull() == hull) {
      return;
    }
    hull = pick->Hull();
  }
}

// Merges runs that are neighbours in age into one run: in the place of the newest of them, or, if
// they are the oldest ones, in a tier below.
std::optional<Pick> AnyTierMerge(const Version& version) {
  const int level = *rc::gen::inRange(0, kMaxTieredLevels);
  const std::vector<Run>& runs = version.runs(level);
  if (runs.empty() || runs.back().id == kLeveledRunId) {
    return std::nullopt;
  }
  const size_t begin = *rc::gen::inRange<size_t>(0, runs.size());
  const size_t end = *rc::gen::inRange<size_t>(begin + 1, runs.size() + 1);
  Pick pick;
  for (size_t i = begin; i < end; ++i) {
    pick.inputs.push_back({level, runs[i].id, runs[i].files});
  }
  const bool deeper =
      end == runs.size() && level + 1 < kMaxTieredLevels && *rc::gen::arbitrary<bool>();
  pick.output_level = deeper ? level + 1 : level;
  pick.output_run_id = runs[begin].id;
  pick.trivial_move = true;
  if (*rc::gen::arbitrary<bool>() && CheckPick({&version, {}, {}}, pick).ok()) {
    return pick;
  }
  pick.trivial_move = false;
  return pick;
}

bool HasTiersBelowLevel0(const Version& version) {
  return std::any_of(version.runs(1).begin(), version.runs(1).end(),
                     [](const Run& run) { return run.id != kLeveledRunId; }) ||
         std::any_of(version.runs(2).begin(), version.runs(2).end(),
                     [](const Run& run) { return run.id != kLeveledRunId; });
}

std::optional<Pick> AnyLegalPick(const Version& version) {
  if (HasTiersBelowLevel0(version) || *rc::gen::inRange(0, 3) == 0) {
    return AnyTierMerge(version);
  }
  std::vector<int> levels;
  for (int level = 0; level < kLevels; ++level) {
    if (version.FileCount(level) > 0) {
      levels.push_back(level);
    }
  }
  if (levels.empty()) {
    return std::nullopt;
  }
  Pick pick;
  const int level = *rc::gen::elementOf(levels);
  const std::vector<Run>& runs = version.runs(level);
  if (level == 0) {
    const size_t count = *rc::gen::inRange<size_t>(1, runs.size() + 1);
    for (size_t i = runs.size() - count; i < runs.size(); ++i) {
      pick.inputs.push_back({0, runs[i].id, runs[i].files});
    }
  } else {
    const size_t files = runs[0].files.size();
    const size_t begin = *rc::gen::inRange<size_t>(0, files);
    const size_t end = *rc::gen::inRange<size_t>(begin + 1, files + 1);
    pick.inputs.push_back({level,
                           runs[0].id,
                           {runs[0].files.begin() + static_cast<std::ptrdiff_t>(begin),
                            runs[0].files.begin() + static_cast<std::ptrdiff_t>(end)}});
  }
  pick.output_level = std::min(
      kLevels - 1,
      level + *rc::gen::weightedElement<int>({{level == 0 ? 0u : 2u, 0}, {6, 1}, {1, 2}, {1, 4}}));
  pick.trivial_move = *rc::gen::arbitrary<bool>();
  if (pick.trivial_move && CheckPick({&version, {}, {}}, pick).ok()) {
    return pick;
  }
  pick.trivial_move = false;
  CloseUnderOverlap(version, &pick);
  return pick;
}

KeyRange AnyRange() {
  if (*rc::gen::arbitrary<bool>()) {
    return AllKeys();
  }
  const NamespaceId ns = *rc::gen::inRange<NamespaceId>(0, 2);
  const std::string a = AnyKey();
  const std::string b = AnyKey();
  return {ns, std::min(a, b), {ns, std::max(a, b), KeyBound::Kind::kInclusive}};
}

void Step(TreeWalk& walk) {
  JobHarness& harness = walk.harness();
  switch (
      *rc::gen::weightedElement<int>({{4, 0}, {2, 1}, {2, 2}, {4, 3}, {4, 4}, {1, 5}, {1, 6}})) {
    case 0:
      walk.Flush();
      break;
    case 1:
      walk.TakeSnapshot();
      return;
    case 2:
      walk.ReleaseSnapshot();
      return;
    case 3:
      if (walk.now() > 0) {
        walk.ExpectOk(harness.CompactOnce(walk.Points()).status());
      }
      break;
    case 4:
      if (const std::optional<Pick> pick = AnyLegalPick(walk.version()); pick.has_value()) {
        walk.ExpectOk(harness.Run(*pick, walk.Points()));
      }
      break;
    case 6:
      harness.ChangePolicy(TreeWalk::AnyPolicyKind());
      return;
    default:
      if (walk.now() > 0) {
        walk.ExpectOk(harness.CompactRange(AnyRange(), walk.Points()));
      }
      break;
  }
  walk.CheckEverything();
}

// Hazards C1, C4, C8 and O4: nothing resurrects, nothing is lost, at any snapshot, on any tree.
RC_GTEST_PROP(Compaction, EqualsTheModelAtEverySnapshot, ()) {
  TreeWalk walk;
  const int steps = *rc::gen::inRange(1, 25);
  for (int i = 0; i < steps; ++i) {
    Step(walk);
  }
}

// What is kept for snapshots is kept no longer than they live (hazard C8), and tombstones with
// nothing beneath are dropped (C1's other half): manual compaction leaves only the live keys.
RC_GTEST_PROP(Compaction, OfEverythingWithoutSnapshotsLeavesTheLiveKeysAlone, ()) {
  TreeWalk walk;
  walk.Flush();
  const int steps = *rc::gen::inRange(0, 12);
  for (int i = 0; i < steps; ++i) {
    Step(walk);
  }
  walk.ReleaseAllSnapshots();
  walk.ExpectOk(walk.harness().CompactRange(AllKeys(), walk.Points()));
  walk.CheckEverything();
  const absl::StatusOr<History> left = walk.harness().ReadAll();
  RC_ASSERT(left.ok());
  RC_ASSERT(left->ranges.empty());
  RC_ASSERT(left->entries.size() == StateAt(walk.written(), walk.now()).size());
}

}  // namespace
}  // namespace veralith
