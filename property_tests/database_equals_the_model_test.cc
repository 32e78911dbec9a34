// SPDX-License-Identifier: Apache-2.0

// The whole database equals the model: every answer, under random operations and many
// configurations with tiny limits, with reopening, crashes and failing calls. (All of DESIGN 1; the
// other files here each test one promise harder.)
#include <algorithm>
#include <cstdlib>
#include <string>

#include "gtest/gtest.h"
#include "model/conformance/database_under_test.h"
#include "model/conformance/draw_trace.h"
#include "property_tests/generators/traces.h"
#include "rapidcheck/gtest.h"

namespace veralith::model {
namespace {

class Database : public testing::TestWithParam<Configuration> {};

std::vector<Configuration> SimulatedConfigurations() {
  std::vector<Configuration> simulated = NamedConfigurations();
  std::erase_if(simulated, [](const Configuration& c) { return c.posix != 0; });
  return simulated;
}

TEST_P(Database, EqualsTheModel) {
  const Configuration configuration = GetParam();
  EXPECT_TRUE(
      rc::check([&configuration] { CheckAgrees(*AnyTrace(HealthyProfile(), configuration)); }));
}

INSTANTIATE_TEST_SUITE_P(In, Database, testing::ValuesIn(SimulatedConfigurations()),
                         [](const testing::TestParamInfo<Configuration>& info) {
                           std::string name = info.param.name;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

RC_GTEST_PROP(Database, EqualsTheModelInRandomConfigurations, ()) {
  CheckAgrees(*AnyTrace(HealthyProfile()));
}

RC_GTEST_PROP(Database, EqualsTheModelAfterCrashes, ()) { CheckAgrees(*AnyTrace(CrashProfile())); }

RC_GTEST_PROP(Database, EqualsTheModelWhileCallsFail, ()) {
  CheckAgrees(*AnyTrace(FaultProfile()));
}

// Two runs of real threads differ, so there is nothing to shrink.
TEST(Database, EqualsTheModelOnRealFilesAndThreads) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Trace trace = DrawTrace(seed, 100, Weather::kCrashes);
    trace.configuration["posix"] = "1";
    trace.configuration["background_bytes_per_second"] = "0";  // time is real here
    trace.configuration["stall_timeout_nanos"] = "600000000000";
    const RunResult result = RunTrace(trace, OpenDatabaseUnderTest);
    ASSERT_TRUE(result.ok()) << "at " << result.where << ":\n  " << result.difference << "\n"
                             << PrintTrace(trace);
  }
}

// Longer traces than RapidCheck's, and what must have been seen in them: without these the runs
// above would prove little.
TEST(Database, EqualsTheModelInLongTracesThatReachTheRarePaths) {
  const char* given = std::getenv("VERALITH_SEED");
  const uint64_t first = given == nullptr ? 1 : std::strtoull(given, nullptr, 10);
  Marks marks;
  for (uint64_t seed = first; seed < first + 150; ++seed) {
    const Trace trace = DrawTrace(seed, 300);
    const RunResult result = RunTrace(trace, OpenDatabaseUnderTest);
    ASSERT_TRUE(result.ok()) << "VERALITH_SEED=" << seed << "\n"
                             << CheckTrace(trace, OpenDatabaseUnderTest);
    for (const auto& [name, count] : result.marks) {
      marks[name] += count;
    }
  }
  for (const char* rare : {"a crash lost commits",
                           "a failed write had happened",
                           "background error",
                           "checkpoint",
                           "compaction",
                           "crash",
                           "error after an injected fault",
                           "files in level 0",
                           "files in level 1",
                           "files in level 2",
                           "files in level 3",
                           "files in level 4",
                           "flush",
                           "kill",
                           "opening fails after an injected fault",
                           "power cut in the middle of a call",
                           "read outside the history is refused",
                           "read-only opening",
                           "snapshot in the past",
                           "write beyond a limit"}) {
    EXPECT_GT(marks[rare], 0u) << "never seen: " << rare;
  }
}

}  // namespace
}  // namespace veralith::model
