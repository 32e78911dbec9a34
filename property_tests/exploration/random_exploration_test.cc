// SPDX-License-Identifier: Apache-2.0

// Beyond the small scopes, at random with fixed seeds: long traces with power cuts and faults
// (large values, many files, checkpoints, faults in jobs and in recovery: all that the alphabet of
// model/operation.h has), long sequences of letters with every crash point of their last operation,
// and rot. Each part runs for VERALITH_RANDOM_SECONDS (10).
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/base/random.h"
#include "gtest/gtest.h"
#include "model/conformance/database_under_test.h"
#include "model/conformance/draw_trace.h"
#include "model/conformance/runner.h"
#include "property_tests/exploration/alphabet.h"
#include "property_tests/exploration/explorer.h"
#include "property_tests/exploration/rot.h"

namespace veralith::model {
namespace {

class Time {
 public:
  bool IsLeft() const {
    const char* text = std::getenv("VERALITH_RANDOM_SECONDS");
    const double most = text == nullptr ? 10 : std::strtod(text, nullptr);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count() < most;
  }

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

TEST(RandomExploration, LongTracesWithPowerCutsAndFaultsAgreeWithTheModel) {
  constexpr size_t kOperations = 600;
  uint64_t traces = 0;
  uint64_t crashes = 0;
  for (const Time time; time.IsLeft() || traces < 4; ++traces) {
    const Weather weather = traces % 2 == 0 ? Weather::kCrashes : Weather::kFaults;
    const Trace trace = DrawTrace(500'000 + traces, kOperations, weather);
    const RunResult result = RunTrace(trace, OpenDatabaseUnderTest);
    ASSERT_TRUE(result.ok()) << CheckTrace(trace, OpenDatabaseUnderTest);
    for (const auto& [name, count] : result.marks) {
      crashes += name == "crash" ? count : 0;
    }
  }
  std::printf("%llu traces of %zu operations, %llu crashes\n",
              static_cast<unsigned long long>(traces), kOperations,
              static_cast<unsigned long long>(crashes));
  EXPECT_GT(crashes, 0u);
}

TEST(RandomExploration, EveryCrashPointAtTheEndOfALongSequenceLeavesALegalState) {
  ExplorationCounts counts;
  const std::vector<Operation>& letters = ExplorationLetters();
  uint64_t seed = 1;
  for (const Time time; time.IsLeft() || seed < 10; ++seed) {
    Random random(seed);
    Scenario sequence;
    sequence.rolling = seed % 3 == 0;
    sequence.operations.resize(10 + random.Below(50));
    for (Operation& operation : sequence.operations) {
      operation = letters[random.Below(letters.size())];
    }
    Explorer explorer({}, OpenDatabaseUnderTest);
    const auto failure = explorer.RunSequence(sequence, /*second_cuts=*/false);
    ASSERT_FALSE(failure.has_value()) << "seed " << seed << ": " << Report(*failure);
    counts.sequences += explorer.counts().sequences;
    counts.crash_points += explorer.counts().crash_points;
    counts.survivors += explorer.counts().survivors;
    counts.distinct_images += explorer.counts().distinct_images;
  }
  std::printf("%s", PrintCounts(counts).c_str());
  EXPECT_GT(counts.distinct_images, 50u);
}

TEST(RandomExploration, DamageGivesAnErrorOrTheTruth) {
  uint64_t seed = 1;
  for (const Time time; time.IsLeft() || seed < 10; ++seed) {
    ASSERT_EQ(CheckRot(seed, 20, OpenDatabaseUnderTest), Agree());
  }
  std::printf("%llu databases, 20 damages each\n", static_cast<unsigned long long>(seed - 1));
}

}  // namespace
}  // namespace veralith::model
