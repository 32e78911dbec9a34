// SPDX-License-Identifier: Apache-2.0

// Runs random traces against engine and model, for a time or up to a number. Stops at the first
// difference with the smallest trace that shows it and the command that replays it.
//
//   campaign [--seconds=N] [--traces=N] [--seed=N] [--operations=N] [--weather=W]
//
// Trace i of a campaign is a function of seed + i alone. W: healthy, crashes, faults, any. Prints
// what was seen (marks) at the end. Exit codes: 0 they agreed, 1 they differed, 2 usage.
#include <charconv>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "model/conformance/database_under_test.h"
#include "model/conformance/draw_trace.h"
#include "model/conformance/runner.h"

namespace veralith::model {
namespace {

struct Flags {
  uint64_t seconds = 60;
  uint64_t traces = UINT64_MAX;
  uint64_t seed = 1;
  uint64_t operations = 120;
  std::optional<Weather> weather;
};

bool ParseNumber(std::string_view text, uint64_t* number) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return code == std::errc() && end == text.data() + text.size();
}

bool ParseWeather(std::string_view text, std::optional<Weather>* weather) {
  static constexpr std::string_view kNames[] = {"healthy", "crashes", "faults"};
  for (int i = 0; i < 3; ++i) {
    if (text == kNames[i]) {
      *weather = static_cast<Weather>(i);
      return true;
    }
  }
  return text == "any";
}

bool ParseFlag(std::string_view argument, Flags* flags) {
  const size_t equals = std::min(argument.find('='), argument.size() - 1);
  const std::string_view name = argument.substr(0, equals);
  const std::string_view value = argument.substr(equals + 1);
  return (name == "--seconds" && ParseNumber(value, &flags->seconds)) ||
         (name == "--traces" && ParseNumber(value, &flags->traces)) ||
         (name == "--seed" && ParseNumber(value, &flags->seed)) ||
         (name == "--operations" && ParseNumber(value, &flags->operations)) ||
         (name == "--weather" && ParseWeather(value, &flags->weather));
}

int Run(const Flags& flags) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(flags.seconds);
  Marks marks;
  uint64_t i = 0;
  for (; i < flags.traces && std::chrono::steady_clock::now() < end; ++i) {
    const Trace trace = flags.weather ? DrawTrace(flags.seed + i, flags.operations, *flags.weather)
                                      : DrawTrace(flags.seed + i, flags.operations);
    const RunResult result = RunTrace(trace, OpenDatabaseUnderTest);
    if (!result.ok()) {
      std::printf("seed %" PRIu64 ", %s\n", flags.seed + i,
                  CheckTrace(trace, OpenDatabaseUnderTest).words().c_str());
      return 1;
    }
    for (const auto& [name, count] : result.marks) {
      marks[name] += count;
    }
  }
  std::printf("engine and model agree in %" PRIu64 " traces of %" PRIu64 " operations\n", i,
              flags.operations);
  for (const auto& [name, count] : marks) {
    std::printf("%10" PRIu64 "  %s\n", count, name.c_str());
  }
  return 0;
}

}  // namespace
}  // namespace veralith::model

int main(int argc, char** argv) {
  veralith::model::Flags flags;
  for (int i = 1; i < argc; ++i) {
    if (!veralith::model::ParseFlag(argv[i], &flags)) {
      std::fprintf(stderr,
                   "usage: campaign [--seconds=N] [--traces=N] [--seed=N] [--operations=N]\n"
                   "                [--weather=healthy|crashes|faults|any]\n");
      return 2;
    }
  }
  return veralith::model::Run(flags);
}
