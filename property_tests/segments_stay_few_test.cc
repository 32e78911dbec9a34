// SPDX-License-Identifier: Apache-2.0

// Options::target_segment_bytes: "Once no background work is due there are, however they came to
// be, at most 16 of them, and one more for each run of the tree, and two for each
// target_segment_bytes that they hold together" (hazards E1, E15).
#include <cstdio>
#include <memory>
#include <set>
#include <string>

#include "core/base/status.h"
#include "core/compaction/small_files.h"
#include "core/compaction/testing/large_tree.h"
#include "core/compaction/testing/test_options.h"
#include "core/compaction/testing/tree_simulation.h"
#include "core/db/testing/simulation.h"
#include "gtest/gtest.h"
#include "property_tests/exploration/long_histories.h"
#include "rapidcheck/gtest.h"

namespace veralith {
namespace {

CompactionOptions AnyOptions(size_t target_keys) {
  CompactionOptions options = TestCompactionOptions();
  options.target_file_bytes = 2 * target_keys;
  options.max_grandparent_overlap_bytes = *rc::gen::inRange(1, 11) * options.target_file_bytes;
  options.level0_trigger_runs = *rc::gen::inRange(1, 9);
  options.tier_trigger_runs = *rc::gen::inRange(2, 5);
  options.level_base_bytes = *rc::gen::inRange(1, 9) * options.target_file_bytes;
  options.level_multiplier = *rc::gen::inRange(2, 11);
  options.dynamic_level_targets = *rc::gen::arbitrary<bool>();
  return options;
}

// One key, or a stretch with holes; ascending, or anywhere.
std::set<int> NextKeys(int i, bool ascending) {
  if (ascending) {
    return {i};
  }
  const auto keys = *rc::gen::container<std::vector<int>>(*rc::gen::element<size_t>(1, 1, 3, 40),
                                                          rc::gen::inRange(0, 500));
  return {keys.begin(), keys.end()};
}

void Settle(TreeSimulation& tree) {
  for (int rounds = 0; tree.running() > 0 || tree.StartAutomatic(); ++rounds) {
    RC_ASSERT(rounds < 10'000);
    tree.Finish(0);
    RC_ASSERT(tree.Problem() == "");
  }
}

void CompactAll(TreeSimulation& tree) {
  ManualCompaction manual{AllKeys(), tree.next_file_number()};
  for (int rounds = 0; tree.StartManual(&manual) != ManualDecision::Kind::kDone; ++rounds) {
    RC_ASSERT(rounds < 10'000);
    tree.Finish(0);
    RC_ASSERT(tree.Problem() == "");
  }
}

RC_GTEST_PROP(SmallSegments, AreFewOnceSettledWhateverTheHistory, ()) {
  const auto target_keys = *rc::gen::element<size_t>(4, 20, 200);
  const CompactionOptions options = AnyOptions(target_keys);
  const auto policy = NewCompactionPolicy(kCompactionPolicyKinds[*rc::gen::inRange(0, 3)], options);
  TreeSimulation tree(policy.get(), /*bytes_per_key=*/2, target_keys);
  const int flushes = *rc::gen::inRange(1, 150);
  const bool ascending = *rc::gen::arbitrary<bool>();
  const int jobs = *rc::gen::inRange(0, 3);
  for (int i = 0; i < flushes; ++i) {
    tree.Flush(NextKeys(i, ascending));
    for (int job = 0; job < jobs && (tree.running() > 0 || tree.StartAutomatic()); ++job) {
      tree.Finish(0);
    }
  }
  Settle(tree);
  RC_ASSERT(tree.version().FileCount() <= MostFiles(options, tree.version()));
  CompactAll(tree);
  RC_ASSERT(tree.version().FileCount() <=
            1 + 2 * tree.version().Bytes() / options.target_file_bytes);
}

// Sizes multiply: a byte is written a few times on its way from a memtable to a full segment, as in
// any merging, and not once for every memtable that fits into one.
class SmallMemtables : public ::testing::TestWithParam<CompactionPolicyKind> {};

TEST_P(SmallMemtables, CostAFewWritesOfEachByteAndLeaveFewSegments) {
  for (const uint64_t fraction : {20, 100, 1000}) {
    LargeTreeSettings settings;
    settings.policy = GetParam();
    settings.load = LargeLoad::kSequential;
    settings.data_bytes = uint64_t{4} << 30;
    settings.options.target_file_bytes = uint64_t{32} << 20;
    settings.memtable_bytes = settings.options.target_file_bytes / fraction;
    LargeTree tree(settings);
    const uint64_t flushes = 20 * fraction;
    for (uint64_t i = 0; i < flushes; ++i) {
      tree.Flush();
      tree.Settle();
      ASSERT_EQ(tree.problem(), "");
      ASSERT_LE(tree.version().FileCount(), MostFiles(settings.options, tree.version()));
    }
    const LargeTree::Totals& totals = tree.totals();
    const double writes =
        static_cast<double>(totals.compacted_bytes) / static_cast<double>(totals.user_bytes);
    std::printf("%s, %llu memtables in a segment: %.2f writes, %zu segments\n",
                std::string(PolicyName(GetParam())).c_str(),
                static_cast<unsigned long long>(fraction), writes, tree.version().FileCount());
    EXPECT_LE(writes, 6);
  }
}

INSTANTIATE_TEST_SUITE_P(Policies, SmallMemtables, ::testing::ValuesIn(kCompactionPolicyKinds),
                         [](const auto& info) { return std::string(PolicyName(info.param)); });

TEST(LongHistories, LeaveFewSegmentsAndFewRunsAndEveryRow) {
  for (uint64_t seed = 1; seed <= 24; ++seed) {
    EXPECT_EQ(CheckLongHistory(seed), model::Agree());
  }
}

// DESIGN promise 3, for commits that no segment holds: each keeps its timestamp.
TEST(ShortLives, WriteNoSegmentAndKeepEveryCommit) {
  Simulation simulation;
  Options options = simulation.SmallOptions();
  options.write_buffer_bytes = size_t{64} << 20;
  Timestamp last = 0;
  for (int life = 0; life < 100; ++life) {
    const auto db = simulation.Open(options);
    ASSERT_TRUE(db.ok()) << db.status();
    EXPECT_EQ((*db)->LastTimestamp(), last);
    for (const LevelStatistics& level : (*db)->GetStatistics().levels) {
      ASSERT_EQ(level.files, 0u) << "life " << life;
    }
    PinnedValue value;
    Timestamp timestamp = 0;
    const absl::StatusOr<bool> found = (*db)->Get({}, 0, "key", &value, &timestamp);
    ASSERT_TRUE(found.ok() && *found == (life > 0));
    EXPECT_EQ(timestamp, last);
    ASSERT_TRUE((*db)->Put({}, "key", std::to_string(life)).ok());
    last = (*db)->LastTimestamp();
    ASSERT_TRUE((*db)->Close().ok());
  }
}

}  // namespace
}  // namespace veralith
