// SPDX-License-Identifier: Apache-2.0

// Explores crashes exhaustively in small scopes, or replays one explored case.
//
//   explore [--depth=3] [--prepared-depth=2] [--second-depth=N] [--survivors=16]
//           [--second-survivors=16] [--shard=0 --shards=1] [--seconds=N] [--repeat=0]
//   explore --replay='put 0 "a" 8 - / flush @7.3'
//   explore --replay-file=FILE      its first line
//
// As explore_broken, the same with an engine broken on purpose: --break=R6 (docs/HAZARDS.md lists
// them).
//
// Prints what was explored. Exit codes: 0 nothing found, 1 a failure (with the command that replays
// it), 2 usage. A night's run: --depth=4 --prepared-depth=3.
#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>

#include "model/conformance/database_under_test.h"
#include "property_tests/exploration/explorer.h"
#ifdef VERALITH_BROKEN_ENGINE
#include "property_tests/exploration/faults/broken.h"
#endif

namespace veralith::model {
namespace {

struct Flags {
  ExplorationOptions options;
  size_t seconds = SIZE_MAX / 2;
  size_t repeat = 0;
  std::string replay;
};

bool ParseNumber(std::string_view text, size_t* number) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return code == std::errc() && end == text.data() + text.size();
}

bool ParseFlag(std::string_view argument, Flags* flags) {
  const size_t equals = std::min(argument.find('='), argument.size() - 1);
  const std::string_view name = argument.substr(0, equals);
  const std::string_view value = argument.substr(equals + 1);
  ExplorationOptions& options = flags->options;
  if (name == "--replay") {
    flags->replay = value;
    return true;
  }
  if (name == "--replay-file") {
    std::ifstream stream{std::string(value)};
    return static_cast<bool>(std::getline(stream, flags->replay));
  }
#ifdef VERALITH_BROKEN_ENGINE
  if (name == "--break") {
    BreakEngine(std::string(value));
    return true;
  }
#endif
  return (name == "--depth" && ParseNumber(value, &options.depth)) ||
         (name == "--prepared-depth" && ParseNumber(value, &options.prepared_depth)) ||
         (name == "--second-depth" && ParseNumber(value, &options.second_depth)) ||
         (name == "--survivors" && ParseNumber(value, &options.survivors)) ||
         (name == "--second-survivors" && ParseNumber(value, &options.second_survivors)) ||
         (name == "--shard" && ParseNumber(value, &options.shard)) ||
         (name == "--shards" && ParseNumber(value, &options.shards)) ||
         (name == "--repeat" && ParseNumber(value, &flags->repeat)) ||
         (name == "--seconds" && ParseNumber(value, &flags->seconds));
}

int Replay(const Flags& flags) {
  Scenario scenario;
  std::string error;
  if (!ParseScenario(flags.replay, &scenario, &error)) {
    std::fprintf(stderr, "explore: %s\n", error.c_str());
    return 2;
  }
  const Difference difference = ReplayScenario(scenario, flags.options, OpenDatabaseUnderTest);
  std::printf("%s\n", difference.agrees() ? "nothing is wrong" : difference.words().c_str());
  return difference.agrees() ? 0 : 1;
}

int Explore(Flags flags) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  const auto seconds = [start] {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  bool stopped = false;
  flags.options.stop = [&] { return stopped = seconds() >= static_cast<double>(flags.seconds); };
  flags.options.repeat = flags.repeat != 0;
  Explorer explorer(flags.options, OpenDatabaseUnderTest);
  const std::optional<ExplorationFailure> failure = explorer.Run();
  std::printf("%s%10.1f  seconds%s\n", PrintCounts(explorer.counts()).c_str(), seconds(),
              stopped ? " (stopped before the end)" : "");
  if (failure.has_value()) {
    std::printf("%s", Report(*failure).c_str());
  }
  return failure.has_value() ? 1 : 0;
}

}  // namespace
}  // namespace veralith::model

int main(int argc, char** argv) {
  veralith::model::Flags flags;
  for (int i = 1; i < argc; ++i) {
    if (!veralith::model::ParseFlag(argv[i], &flags)) {
      std::fprintf(stderr, "usage: explore [--depth=N] [--prepared-depth=N] [--second-depth=N]\n"
                           "               [--survivors=N] [--second-survivors=N] [--shard=N]\n"
                           "               [--shards=N] [--seconds=N] [--repeat=1] |\n"
                           "               --replay=SCENARIO | --replay-file=FILE\n");
      return 2;
    }
  }
  return flags.replay.empty() ? veralith::model::Explore(std::move(flags))
                              : veralith::model::Replay(flags);
}
