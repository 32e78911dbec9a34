// SPDX-License-Identifier: Apache-2.0

// The policies on trees of some gigabytes, in small: their costs agree with theory, every level
// stays within its trigger, and no job waits for ever.
#include "tools/compaction_simulation/measure.h"

#include <algorithm>
#include <string>

#include "core/db/option_mapping.h"
#include "gtest/gtest.h"
#include "veralith/options.h"

namespace veralith::simulation {
namespace {

constexpr uint64_t kGib = uint64_t{1} << 30;

Case CaseOf(CompactionPolicyKind policy, LargeLoad load, uint64_t gib) {
  Case subject;
  subject.policy = policy;
  subject.load = load;
  subject.data_bytes = gib * kGib;
  Options options;
  options.compaction_policy = policy;
  subject.options = ToCompactionOptions(options, 1);
  return subject;
}

class PolicyCosts : public ::testing::TestWithParam<CompactionPolicyKind> {};

TEST_P(PolicyCosts, OfUniformOverwritesAreBetweenTheBoundsOfTheory) {
  for (const uint64_t gib : {10, 30}) {
    for (const bool dynamic : {false, true}) {
      Case subject = CaseOf(GetParam(), LargeLoad::kUniform, gib);
      subject.options.dynamic_level_targets = dynamic;
      const Costs costs = Measure(subject);
      const Theory theory = Expected(subject);
      const std::string where = std::to_string(gib) + " GiB" + (dynamic ? ", dynamic" : "");
      ASSERT_EQ(costs.problem, "") << where;
      EXPECT_GE(costs.write, theory.least_write * 0.85) << where;
      EXPECT_LE(costs.write, theory.most_write) << where;
      EXPECT_LE(costs.most_lookup_files, theory.most_lookup_files + 1e-6) << where;
      EXPECT_LE(costs.most_space, theory.most_space) << where;
      EXPECT_GE(costs.space, 1) << where;
    }
  }
}

// Whatever the load, a lookup asks no more files, and no more space is taken.
TEST_P(PolicyCosts, OfSkewedAndSequentialOverwritesAreNoHigher) {
  for (const LargeLoad load : {LargeLoad::kSkewed, LargeLoad::kSequential}) {
    const Case subject = CaseOf(GetParam(), load, 10);
    const Costs costs = Measure(subject);
    const Theory theory = Expected(subject);
    ASSERT_EQ(costs.problem, "") << LoadName(load);
    EXPECT_LE(costs.write, theory.most_write) << LoadName(load);
    EXPECT_LE(costs.most_lookup_files, theory.most_lookup_files) << LoadName(load);
    EXPECT_LE(costs.most_space, theory.most_space) << LoadName(load);
  }
}

TEST_P(PolicyCosts, AreTheSameEveryTime) {
  const Case subject = CaseOf(GetParam(), LargeLoad::kSkewed, 3);
  const Costs first = Measure(subject);
  const Costs second = Measure(subject);
  EXPECT_EQ(first.write, second.write);
  EXPECT_EQ(first.lookup_files, second.lookup_files);
  EXPECT_EQ(first.space, second.space);
  EXPECT_EQ(first.jobs, second.jobs);
}

// Checks after every memtable, with time for all that is due.
TEST_P(PolicyCosts, LevelsKeepWithinTheirTriggers) {
  LargeTreeSettings settings;
  settings.policy = GetParam();
  settings.options = CaseOf(GetParam(), LargeLoad::kUniform, 10).options;
  settings.data_bytes = 10 * kGib;
  LargeTree tree(settings);
  tree.Prefill();
  for (int i = 0; i < 300; ++i) {
    tree.Flush();
    tree.Settle();
    ASSERT_EQ(tree.problem(), "");
    ASSERT_TRUE(tree.version().CheckInvariants(tree.policy().TieredLevels()).ok());
    const std::vector<double> scores = tree.policy().Scores(tree.version());
    for (int level = 0; level + 1 < kLevels; ++level) {
      const double most = level < tree.policy().TieredLevels() ? 0.999 : 1;
      ASSERT_LE(scores[static_cast<size_t>(level)], most) << "level " << level << " after " << i;
    }
  }
}

// With room for a quarter more writing than the load needs in the long run, jobs come late but all
// come: no level grows without bound, and level 0 stays far from where writers stop.
TEST_P(PolicyCosts, NoLevelStarvesWhenCompactionIsHardPressed) {
  const Case subject = CaseOf(GetParam(), LargeLoad::kUniform, 10);
  const double per_memtable =
      1.25 * Measure(subject).write * static_cast<double>(subject.memtable_bytes);
  LargeTreeSettings settings;
  settings.policy = subject.policy;
  settings.options = subject.options;
  settings.data_bytes = subject.data_bytes;
  LargeTree tree(settings);
  tree.Prefill();
  double room = 0;
  double most_score = 0;
  size_t most_runs = 0;
  for (int i = 0; i < 1500; ++i) {
    tree.Flush();
    most_runs = std::max(most_runs, tree.version().runs(0).size());
    room += per_memtable;
    while (room > 0) {
      const std::optional<uint64_t> bytes = tree.RunJob();
      if (!bytes.has_value()) {
        room = std::min(room, per_memtable);  // time that nobody uses is lost
        break;
      }
      room -= static_cast<double>(*bytes);
    }
    ASSERT_EQ(tree.problem(), "");
    const std::vector<double> scores = tree.policy().Scores(tree.version());
    most_score = std::max(most_score, *std::max_element(scores.begin(), scores.end()));
  }
  std::printf("%s: at most %zu runs in level 0, score %.2f\n",
              std::string(PolicyName(subject.policy)).c_str(), most_runs, most_score);
  // A tiered merge of everything delays only other merges: runs pile up meanwhile.
  const bool tiered = subject.policy == CompactionPolicyKind::kTiered;
  EXPECT_LE(most_runs, tiered ? 400u : 24u);
  EXPECT_LE(most_score, tiered ? 50 : 8);
}

INSTANTIATE_TEST_SUITE_P(Policies, PolicyCosts,
                         ::testing::Values(CompactionPolicyKind::kLeveled,
                                           CompactionPolicyKind::kHybrid,
                                           CompactionPolicyKind::kTiered),
                         [](const auto& info) { return std::string(PolicyName(info.param)); });

}  // namespace
}  // namespace veralith::simulation
