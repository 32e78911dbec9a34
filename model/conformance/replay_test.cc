// SPDX-License-Identifier: Apache-2.0

// The replay command itself: it fails on a trace that fails, with the same difference, and says
// what it cannot read.
#include <stdio.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "model/conformance/byte_trace.h"
#include "model/conformance/model_db.h"
#include "model/conformance/runner.h"

namespace veralith::model {
namespace {

constexpr char kFailing[] =
    "veralith trace 1\nput 0 k0 4 -\nput 0 k1 4 -\nscan 0 (k0 - forward 0 now\n";
constexpr char kBroken[] = "--defect='excluded lower bound is returned' ";

std::string Write(const std::string& name, const std::string& bytes) {
  const std::string file = testing::TempDir() + "/" + name;
  std::ofstream(file, std::ios::binary) << bytes;
  return file;
}

// Returns exit code and output.
std::pair<int, std::string> Replay(const std::string& arguments) {
  FILE* pipe = popen(("model/conformance/replay " + arguments + " 2>&1").c_str(), "r");
  std::string output;
  for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) {
    output += static_cast<char>(c);
  }
  return {WEXITSTATUS(pclose(pipe)), output};
}

TEST(Replay, FailsWhereTheRunFailedWithTheSameDifference) {
  const std::string file = Write("failing.trace", kFailing);
  Trace trace;
  std::string error;
  ASSERT_TRUE(ParseTrace(kFailing, &trace, &error));
  const RunResult result =
      RunTrace(trace, [](const std::string& directory, const Options& options) {
        return OpenModelDb(directory, options, Defect::kExcludedLowerBoundIsReturned);
      });
  const auto [code, output] = Replay(kBroken + file);
  EXPECT_EQ(code, 1);
  EXPECT_EQ(output, file + ": engine and model differ at " + result.where + ":\n  " +
                        result.difference.words() + "\n");
}

TEST(Replay, AgreesWhereNothingIsBroken) {
  const auto [code, output] = Replay(Write("fine.trace", kFailing));
  EXPECT_EQ(code, 0) << output;
  EXPECT_NE(output.find("engine and model agree after 3 operations"), std::string::npos) << output;
}

TEST(Replay, TakesTheFuzzersBytes) {
  Trace trace;
  std::string error;
  ASSERT_TRUE(ParseTrace(kFailing, &trace, &error));
  const auto [code, output] = Replay(kBroken + Write("bytes", TraceToBytes(trace)));
  EXPECT_EQ(code, 1) << output;
  const auto [printed_code, printed] = Replay("--print " + Write("bytes", TraceToBytes(trace)));
  EXPECT_EQ(printed_code, 0);
  EXPECT_NE(printed.find("scan 0 (k0 - forward 0 now\n"), std::string::npos) << printed;
}

TEST(Replay, MinimizesBesideTheFile) {
  const std::string file = Write(
      "long.trace", "veralith trace 1\nflush\nput 3 k9 44 commit\nput 0 k0 4 -\nput 0 k1 4 -\n"
                    "scan 0 (k0 - forward 0 now\n");
  EXPECT_EQ(Replay("--minimize " + (kBroken + file)).first, 1);
  std::ifstream stream(file + ".min");
  const std::string text((std::istreambuf_iterator<char>(stream)),
                         std::istreambuf_iterator<char>());
  EXPECT_EQ(text, "veralith trace 1\nput 0 k0 0 -\nscan 0 (k0 - forward 0 now\n");
}

TEST(Replay, SaysWhatItCannotUse) {
  EXPECT_EQ(Replay("/no/such/file"),
            std::make_pair(2, std::string("/no/such/file: cannot be read\n")));
  const auto [code, output] = Replay(Write("bad.trace", "veralith trace 1\nfly\n"));
  EXPECT_EQ(code, 2);
  EXPECT_NE(output.find("line 2, column 1: expected an operation"), std::string::npos) << output;
  EXPECT_EQ(Replay("").first, 2);
  EXPECT_EQ(Replay("--defect=nothing x").first, 2);
}

}  // namespace
}  // namespace veralith::model
