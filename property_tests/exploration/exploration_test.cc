// SPDX-License-Identifier: Apache-2.0

// The exhaustive exploration as a test, in shards, with the bounds stated below; and the checks of
// the exploration itself.
//
// Prints what was explored. A failure prints one command that replays it. VERALITH_DEPTH=4 adds a
// letter (for a night).
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "gtest/gtest.h"
#include "model/conformance/database_under_test.h"
#include "property_tests/exploration/alphabet.h"
#include "property_tests/exploration/believed_files.h"
#include "property_tests/exploration/explorer.h"
#include "property_tests/exploration/world.h"

namespace veralith::model {
namespace {

size_t Environment(const char* name, size_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

// The tests of this file are its shards: together they explore everything.
class Exploration : public ::testing::TestWithParam<size_t> {};
constexpr size_t kShards = 4;

TEST_P(Exploration, EveryCrashLeavesALegalStateThatLivesOn) {
  ExplorationOptions options;
  options.depth = Environment("VERALITH_DEPTH", 3);
  options.prepared_depth = options.depth - 1;
  options.shard = GetParam();
  options.shards = kShards;
  const auto start = std::chrono::steady_clock::now();
  Explorer explorer(options, OpenDatabaseUnderTest);
  const std::optional<ExplorationFailure> failure = explorer.Run();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("%s%10.1f  seconds\n", PrintCounts(explorer.counts()).c_str(), seconds.count());
  ASSERT_FALSE(failure.has_value()) << Report(*failure);
  // Far below what the alphabet explored when this was written: an exploration of nothing must
  // fail.
  EXPECT_GT(explorer.counts().sequences, 1'000u);
  EXPECT_GT(explorer.counts().cases(), 50'000u);
  EXPECT_GT(explorer.counts().second_images, 50'000u);
}

INSTANTIATE_TEST_SUITE_P(Shard, Exploration, ::testing::Range(size_t{0}, kShards));

// Each failed once, before the bug that it names was fixed.
TEST(ExploredScenarios, ThatFailedOnceDoNotFailAgain) {
  const char* const lines[] = {
      // Hazard R6: a log that lost everything, including its header, was taken for one without
      // records, and the log after it was replayed over the hole.
      R"(put 0 "b" 5000 - / put 0 "a" 8 - @4.4)",
  };
  for (const char* line : lines) {
    Scenario scenario;
    std::string error;
    ASSERT_TRUE(ParseScenario(line, &scenario, &error)) << error;
    EXPECT_EQ(ReplayScenario(scenario, {}, OpenDatabaseUnderTest), Agree()) << line;
  }
}

TEST(ExploredScenarios, AreReplayedFromTheirText) {
  Scenario scenario;
  std::string error;
  for (const std::string line :
       {"", "@0.0", "rolling", "rolling / flush @1.0", "@3.1 @12.15", R"(put 0 "a" 8 commit)",
        R"(flush / put 0 "b" 5000 - @7.3 @1.0)"}) {
    ASSERT_TRUE(ParseScenario(line, &scenario, &error)) << line << ": " << error;
    EXPECT_EQ(PrintScenario(scenario), line);
  }
  for (const std::string line :
       {"flush @", "flush @3", "flush @3.", "flush @x.1", "flush / fluch", "@1.1 flush"}) {
    EXPECT_FALSE(ParseScenario(line, &scenario, &error)) << line;
  }
}

TEST(ExploredScenarios, SayWhenAPowerCutDoesNotExist) {
  Scenario scenario;
  std::string error;
  ASSERT_TRUE(ParseScenario("sync @5000.0", &scenario, &error)) << error;
  EXPECT_EQ(ReplayScenario(scenario, {}, OpenDatabaseUnderTest), "no such power cut: @5000.0");
}

TEST(ExploredStates, AreWhatTheirNamesSay) {
  for (const PreparedState& state : PreparedStates()) {
    EXPECT_EQ(ReplayScenario({state.rolling, state.operations, {}}, {}, OpenDatabaseUnderTest),
              Agree())
        << state.name;
  }
  EXPECT_EQ(ExplorationLetters().size(), 16u);
}

TEST(ExploredStates, GiveTheSameCountsTwice) {
  ExplorationOptions options;
  options.depth = 1;
  options.prepared_depth = 0;
  std::string first;
  for (int i = 0; i < 2; ++i) {
    Explorer explorer(options, OpenDatabaseUnderTest);
    ASSERT_FALSE(explorer.Run().has_value());
    first = i == 0 ? PrintCounts(explorer.counts()) : first;
    EXPECT_EQ(PrintCounts(explorer.counts()), first);
  }
}

// A database that died, with a segment beside it that no edit names.
std::unique_ptr<SimulatedFileSystem> DiskWithALeftover(const DbOpener& open, Ledger* ledger) {
  World world(std::make_unique<SimulatedFileSystem>(), {}, open, false);
  EXPECT_EQ(world.Open(), Agree());
  *ledger = world.ledger();
  const auto file = world.disk().Open("db/000099.parquet", OpenMode::kCreate);
  EXPECT_TRUE(file.ok() && (*file)->Append("leftover").ok());
  return world.disk().CloneWithEverything();
}

std::string BytesOf(const SimulatedFileSystem& disk, const std::string& path) {
  for (const auto& [name, bytes] : disk.Files()) {
    if (name == path) {
      return bytes;
    }
  }
  return "no such file";
}

TEST(ExploredRecoveries, FailWhenTheyReadWhatCurrentDoesNotLeadTo) {
  const DbOpener open = OpenDatabaseUnderTest;
  const DbOpener curious = [](const std::string& directory, const Options& options) {
    char byte = 0;
    const auto file = options.file_system->Open("db/000099.parquet", OpenMode::kRead);
    EXPECT_TRUE(file.ok() && (*file)->ReadAt(0, {&byte, 1}).ok());
    return OpenDatabaseUnderTest(directory, options);
  };
  Ledger ledger;
  const auto disk = DiskWithALeftover(open, &ledger);
  for (const DbOpener* opener : {&open, &curious}) {
    World world(disk->CloneWithEverything(), ledger, *opener, false);
    ASSERT_EQ(world.Open(), Agree());
    const Difference expected =
        opener == &open
            ? Agree()
            : Difference("recovery read 000099.parquet, to which CURRENT does not lead");
    EXPECT_EQ(world.CheckRecovered(), expected);
  }
}

TEST(ExploredRecoveries, CollapseWhatTheyDoNotReadAndNothingElse) {
  Ledger ledger;
  const auto disk = DiskWithALeftover(OpenDatabaseUnderTest, &ledger);
  const auto whole = disk->CloneWithEverything();
  CollapseUnbelieved(*disk, "db");
  const auto before = whole->Files();
  const auto after = disk->Files();
  ASSERT_EQ(after.size(), before.size());
  for (size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].first, before[i].first);
    EXPECT_EQ(after[i].second != before[i].second, after[i].first == "/db/000099.parquet");
  }
  EXPECT_EQ(BytesOf(*disk, "/db/000099.parquet"), "nobody reads this");
  ASSERT_TRUE(disk->Remove("db/CURRENT").ok());  // then anything may be read
  const uint64_t fingerprint = disk->Fingerprint();
  CollapseUnbelieved(*disk, "db");
  EXPECT_EQ(disk->Fingerprint(), fingerprint);
}

// What is left out because it was done before would have been right, too (explorer.h, 1 to 4).
TEST(ExploredStates, AreRightHoweverOftenTheyAreExplored) {
  ExplorationOptions options;
  options.depth = 1;
  options.prepared_depth = 0;
  options.shards = 8;
  options.shard = 2;  // every single letter
  options.survivors = options.second_survivors = 6;
  Explorer once(options, OpenDatabaseUnderTest);
  const auto failure = once.Run();
  EXPECT_FALSE(failure.has_value()) << Report(*failure);
  options.repeat = true;
  Explorer repeating(options, OpenDatabaseUnderTest);
  const auto repeated = repeating.Run();
  EXPECT_FALSE(repeated.has_value()) << Report(*repeated);
  EXPECT_EQ(repeating.counts().sequences, once.counts().sequences);
  EXPECT_EQ(repeating.counts().crash_points, once.counts().crash_points);
  EXPECT_EQ(repeating.counts().distinct_images, repeating.counts().survivors);
  EXPECT_GT(repeating.counts().second_images, 5 * once.counts().second_images);
}

}  // namespace
}  // namespace veralith::model
