// SPDX-License-Identifier: Apache-2.0

// The canary fails, on bytes found by chance, and the command it prints reproduces the failure.
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <utility>

#include "core/base/random.h"
#include "gtest/gtest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace veralith {
namespace {

// What a fuzzer without feedback does.
void FuzzAtRandom() {
  Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random.Below(200), '\0');
    for (char& c : bytes) {
      c = static_cast<char>(random.OneIn(2) ? random.Below(16) : random.Next());
    }
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  }
}

// Exit code and output.
std::pair<int, std::string> OutputOf(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::string output;
  for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) {
    output += static_cast<char>(c);
  }
  return {WEXITSTATUS(pclose(pipe)), output};
}

TEST(CanaryDeathTest, Fails) { EXPECT_DEATH(FuzzAtRandom(), "engine and model differ"); }

TEST(CanaryDeathTest, PrintsACommandThatReproducesTheFailure) {
  testing::internal::CaptureStderr();
  const pid_t child = fork();
  if (child == 0) {
    FuzzAtRandom();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  const std::string report = testing::internal::GetCapturedStderr();

  const std::string command = "replay: ./dev replay ";
  const size_t place = report.find(command);
  ASSERT_NE(place, std::string::npos) << report;
  const std::string file =
      report.substr(place + command.size(), report.find('\n', place) - place - command.size());
  const std::string difference =
      report.substr(report.find("\n  ") + 3,
                    report.find('\n', report.find("\n  ") + 1) - report.find("\n  ") - 3);
  const auto [code, output] =
      OutputOf("model/conformance/replay --defect='range delete takes its end' " + file);
  EXPECT_EQ(code, 1) << output;
  EXPECT_NE(output.find(difference), std::string::npos) << output << "\ninstead of\n" << report;
  EXPECT_EQ(OutputOf("model/conformance/replay " + file).first, 0) << "the engine is not broken so";
}

}  // namespace
}  // namespace veralith
