// SPDX-License-Identifier: Apache-2.0

// Whatever is flushed, whichever jobs run at the same time, and in whatever order they end or fail:
// every pick is legal, data higher in the tree stays newer, and picking comes to an end.
#include <memory>
#include <set>
#include <vector>

#include "core/compaction/testing/test_options.h"
#include "core/compaction/testing/tree_simulation.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace veralith {
namespace {

constexpr int kKeys = 400;
constexpr uint64_t kBytesPerKey = 2;
constexpr size_t kTargetKeys = 8;

CompactionOptions TinyOptions(bool dynamic) {
  CompactionOptions options = TestCompactionOptions();
  options.target_file_bytes = kTargetKeys * kBytesPerKey;
  options.max_grandparent_overlap_bytes = 10 * options.target_file_bytes;
  options.level0_trigger_runs = 2;
  options.tier_trigger_runs = 2;
  options.tier_max_width = 4;
  options.level_base_bytes = 60;
  options.level_multiplier = 3;
  options.max_job_bytes = 300;
  options.dynamic_level_targets = dynamic;
  return options;
}

CompactionPolicyKind AnyPolicyKind() { return kCompactionPolicyKinds[*rc::gen::inRange(0, 3)]; }

std::unique_ptr<CompactionPolicy> PolicyOf(CompactionPolicyKind kind) {
  return NewCompactionPolicy(kind, TinyOptions(*rc::gen::arbitrary<bool>()));
}

std::set<int> AnyKeys() {
  const int width = *rc::gen::inRange(1, kKeys);
  const int first = *rc::gen::inRange(0, kKeys - width + 1);
  const auto picked =
      *rc::gen::container<std::vector<int>>(30, rc::gen::inRange(first, first + width));
  return {picked.begin(), picked.end()};
}

void Step(TreeSimulation& tree) {
  switch (*rc::gen::weightedElement<int>({{4, 0}, {4, 1}, {3, 2}, {1, 3}})) {
    case 0:
      tree.Flush(AnyKeys());
      break;
    case 1:
      tree.StartAutomatic();
      break;
    case 2:
      tree.Finish(*rc::gen::inRange<size_t>(0, 4));
      break;
    default:
      tree.Fail(*rc::gen::inRange<size_t>(0, 4));
      break;
  }
  RC_ASSERT(tree.Problem() == "");
}

void Settle(TreeSimulation& tree) {
  for (int rounds = 0; tree.running() > 0 || tree.StartAutomatic(); ++rounds) {
    RC_ASSERT(rounds < 10'000);
    tree.Finish(0);
    RC_ASSERT(tree.Problem() == "");
  }
}

RC_GTEST_PROP(Picker, KeepsEveryTreeInOrderAndSettles, ()) {
  const auto policy = PolicyOf(AnyPolicyKind());
  TreeSimulation tree(policy.get(), kBytesPerKey, kTargetKeys);
  const int steps = *rc::gen::inRange(1, 80);
  for (int i = 0; i < steps; ++i) {
    Step(tree);
  }
  Settle(tree);
  const std::vector<double> scores = policy->Scores(tree.version());
  for (int level = 0; level + 1 < kLevels; ++level) {
    const bool due = level < policy->TieredLevels() ? scores[level] >= 1 : scores[level] > 1;
    RC_ASSERT(!due);
  }
}

// A database opened with another policy than before: its tree keeps its order, and takes the new
// policy's shape.
RC_GTEST_PROP(Picker, BringsTheTreeOfAnotherPolicyIntoItsShape, ()) {
  const auto before = PolicyOf(AnyPolicyKind());
  const CompactionPolicyKind kind = AnyPolicyKind();
  const auto after = PolicyOf(kind);
  TreeSimulation tree(before.get(), kBytesPerKey, kTargetKeys);
  const int steps = *rc::gen::inRange(1, 60);
  for (int i = 0; i < steps; ++i) {
    if (i == steps / 2) {
      while (tree.running() > 0) {
        tree.Finish(0);
      }
      tree.ChangePolicy(after.get());
    }
    Step(tree);
  }
  Settle(tree);
  if (kind == CompactionPolicyKind::kTiered) {
    RC_ASSERT(after->Scores(tree.version())[0] < 1);  // counts all runs, wherever they are
  } else {
    RC_ASSERT(tree.version().CheckInvariants(after->TieredLevels()).ok());
  }
}

// Hazard C11, while automatic jobs run: when it reports that it is done, nothing written before
// lies above the last level.
RC_GTEST_PROP(Picker, ManualCompactionReachesTheLastLevelBesideOtherJobs, ()) {
  const auto policy = PolicyOf(AnyPolicyKind());
  TreeSimulation tree(policy.get(), kBytesPerKey, kTargetKeys);
  const int steps = *rc::gen::inRange(1, 60);
  for (int i = 0; i < steps; ++i) {
    Step(tree);
  }
  ManualCompaction manual{AllKeys(), tree.next_file_number()};
  ManualDecision::Kind kind = ManualDecision::Kind::kPick;
  for (int rounds = 0; kind != ManualDecision::Kind::kDone; ++rounds) {
    RC_ASSERT(rounds < 10'000);
    kind = tree.StartManual(&manual);
    RC_ASSERT(kind != ManualDecision::Kind::kWait || tree.running() > 0);
    if (kind == ManualDecision::Kind::kWait || *rc::gen::arbitrary<bool>()) {
      tree.Finish(0);
    }
    RC_ASSERT(tree.Problem() == "");
  }
  const int last = tree.version().DeepestLevel();
  for (int level = 0; level < last; ++level) {
    RC_ASSERT(tree.version().FileCount(level) == 0u);
  }
  RC_ASSERT(last < 0 || tree.version().runs(last).size() == 1u);
  RC_ASSERT(tree.running() == 0u);
}

}  // namespace
}  // namespace veralith
