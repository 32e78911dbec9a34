// SPDX-License-Identifier: Apache-2.0

// The interface for C equals the model: random traces, with crashes and failing calls, and all
// saved ones.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "gtest/gtest.h"
#include "model/conformance/draw_trace.h"
#include "model/conformance/runner.h"
#include "model/conformance/through_c.h"

namespace veralith::model {
namespace {

constexpr uint64_t kTraces = 300;
constexpr size_t kOperations = 100;

TEST(ThroughC, EqualsTheModel) {
  for (uint64_t seed = 1; seed <= kTraces; ++seed) {
    ASSERT_EQ(CheckTrace(DrawTrace(seed, kOperations), OpenThroughC), Agree()) << "seed " << seed;
  }
}

TEST(ThroughC, EqualsTheModelOnRealFilesAndThreads) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    Trace trace = DrawTrace(seed, kOperations, Weather::kCrashes);
    trace.configuration["posix"] = "1";
    trace.configuration["background_bytes_per_second"] = "0";  // time is real here
    trace.configuration["stall_timeout_nanos"] = "600000000000";
    const RunResult result = RunTrace(trace, OpenThroughC);
    ASSERT_TRUE(result.ok()) << "at " << result.where << ":\n  " << result.difference << "\n"
                             << PrintTrace(trace);
  }
}

TEST(ThroughC, AgreesInAllSavedTraces) {
  size_t traces = 0;
  for (const auto& item : std::filesystem::directory_iterator("corpus/traces")) {
    std::ifstream stream(item.path(), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(stream)),
                           std::istreambuf_iterator<char>());
    Trace trace;
    std::string error;
    ASSERT_TRUE(ParseTrace(text, &trace, &error)) << error;
    const RunResult result = RunTrace(trace, OpenThroughC);
    EXPECT_TRUE(result.ok()) << item.path() << " at " << result.where << ":\n  "
                             << result.difference;
    ++traces;
  }
  EXPECT_GT(traces, 10u);
}

}  // namespace
}  // namespace veralith::model
