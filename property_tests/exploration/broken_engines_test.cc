// Checks of the checks: each engine that is broken on purpose (core/base/broken.h) must be caught by
// the ordinary exploration, campaign or rot, within ten seconds of one core. Prints what caught it,
// after how long, and a line that replays it.
#include <chrono>
#include <cstdio>
#include <string>

#include "core/base/broken.h"
#include "gtest/gtest.h"
#include "model/conformance/database_under_test.h"
#include "model/conformance/draw_trace.h"
#include "model/conformance/runner.h"
#include "property_tests/exploration/explorer.h"
#include "property_tests/exploration/rot.h"

#ifndef VERALITH_BROKEN_ENGINES
#error "built only by broken_engine_test"
#endif

namespace veralith::model {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double kMostSeconds = 10;

struct Hazard {
  const char* id;
  enum Check { kExploration, kCampaign, kRot } check;
  // Where the check begins: sequences, traces and databases before are known not to catch it.
  uint64_t seed = 1;
};

class BrokenEngines : public ::testing::TestWithParam<Hazard> {
 protected:
  ~BrokenEngines() override { BreakEngine(""); }
  double Seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  // What caught the engine; "" when nothing did in time.
  std::string Explore() {
    ExplorationOptions options;
    options.stop = [this] { return Seconds() > kMostSeconds; };
    Explorer explorer(options, OpenDatabaseUnderTest);
    const auto failure = explorer.Run();
    return failure.has_value()
               ? "exploration: " + PrintScenario(failure->scenario) + ": " + failure->difference
               : "";
  }
  std::string Campaign(uint64_t seed) {
    for (; Seconds() < kMostSeconds; ++seed) {
      const RunResult result =
          RunTrace(DrawTrace(seed, 120, Weather::kFaults), OpenDatabaseUnderTest);
      if (!result.ok()) {
        return "campaign --weather=faults --seed=" + std::to_string(seed) + ": " + result.where +
               ": " + result.difference;
      }
    }
    return "";
  }
  std::string Rot(uint64_t seed) {
    for (; Seconds() < kMostSeconds; ++seed) {
      if (std::string difference = CheckRot(seed, 20, OpenDatabaseUnderTest);
          !difference.empty()) {
        return "rot: " + difference;
      }
    }
    return "";
  }

  const Clock::time_point start_ = Clock::now();
};

TEST_P(BrokenEngines, AreCaughtByTheOrdinaryChecks) {
  const Hazard& hazard = GetParam();
  BreakEngine(hazard.id);
  const std::string caught = hazard.check == Hazard::kExploration ? Explore()
                             : hazard.check == Hazard::kCampaign  ? Campaign(hazard.seed)
                                                                  : Rot(hazard.seed);
  std::printf("hazard %s: %.2f s: %s\n", hazard.id, Seconds(), caught.c_str());
  EXPECT_FALSE(caught.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Hazards, BrokenEngines,
    ::testing::Values(Hazard{"S1", Hazard::kRot}, Hazard{"S2", Hazard::kExploration},
                      Hazard{"C3_LOST", Hazard::kCampaign}, Hazard{"C3_SPLIT", Hazard::kCampaign},
                      Hazard{"C3_OVERLAP", Hazard::kCampaign},
                      Hazard{"W2", Hazard::kExploration}, Hazard{"W4", Hazard::kCampaign},
                      Hazard{"W5", Hazard::kCampaign}, Hazard{"R1", Hazard::kRot},
                      Hazard{"R2", Hazard::kExploration}, Hazard{"R4", Hazard::kRot},
                      Hazard{"R5", Hazard::kExploration}, Hazard{"R6", Hazard::kExploration},
                      Hazard{"R9", Hazard::kExploration}),
    [](const auto& info) { return std::string(info.param.id); });

// A saved failing trace of a broken engine: one line replays it, and only the broken engine fails.
TEST(BrokenEngineTraces, ReplayFromOneLine) {
  Scenario scenario;
  std::string error;
  ASSERT_TRUE(ParseScenario(R"(put 0 "b" 5000 - / put 0 "a" 8 - @4.4)", &scenario, &error));
  EXPECT_EQ(ReplayScenario(scenario, {}, OpenDatabaseUnderTest), "");
  BreakEngine("R6");
  EXPECT_NE(ReplayScenario(scenario, {}, OpenDatabaseUnderTest), "");
  BreakEngine("");
}

}  // namespace
}  // namespace veralith::model
