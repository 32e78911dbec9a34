// SPDX-License-Identifier: Apache-2.0

// The programs of docs/TUTORIAL.md print what it says. (//property_tests:citations_test holds that
// its code is theirs.)
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "gtest/gtest.h"

namespace veralith::tools {
namespace {

std::string Tutorial() {
  std::ifstream stream("docs/TUTORIAL.md", std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// Returns what a command prints on its standard output.
std::string OutputOf(const std::string& command) {
  std::FILE* const pipe = popen(command.c_str(), "r");
  std::string output;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
    output += static_cast<char>(c);
  }
  return pclose(pipe) == 0 ? output : "failed: " + output;
}

TEST(Tutorial, PrintsWhatItSays) {
  const std::string directory = ::testing::TempDir() + "/veralith-tutorial-test";
  std::filesystem::remove_all(directory);
  const std::string output = OutputOf("tools/tutorial " + directory);
  EXPECT_NE(Tutorial().find("```\n" + output + "```\n"), std::string::npos) << output;
  EXPECT_TRUE(output.ends_with("\nOK\n")) << output;
}

TEST(Tutorial, TakesNoDatabaseThatIsThere) {
  const std::string directory = ::testing::TempDir() + "/veralith-tutorial-twice";
  std::filesystem::remove_all(directory);
  EXPECT_EQ(OutputOf("tools/tutorial " + directory).find("failed"), std::string::npos);
  const std::string output = OutputOf("tools/tutorial " + directory);
  EXPECT_TRUE(output.starts_with("failed: ALREADY_EXISTS")) << output;
}

TEST(Tutorial, CutsThePowerAsItSays) {
  const std::string output = OutputOf("tools/tutorial_power_cut");
  EXPECT_NE(Tutorial().find("```\n" + output + "```\n"), std::string::npos) << output;
  EXPECT_EQ(output, "apple survives always, banana sometimes\nOK\n");
}

}  // namespace
}  // namespace veralith::tools
