// SPDX-License-Identifier: Apache-2.0

// The programs in README.md are tools/example.cc and tools/example.c word for word, after their
// licence lines, and run.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "gtest/gtest.h"

namespace veralith::tools {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// The first block of a language in a text of Markdown; "" when there is none.
std::string FirstProgram(const std::string& markdown, const std::string& language) {
  const std::string fence = "\n```" + language + "\n";
  const size_t begin = markdown.find(fence);
  const size_t end = markdown.find("\n```\n", begin + fence.size());
  return begin == std::string::npos || end == std::string::npos
             ? ""
             : markdown.substr(begin + fence.size(), end + 1 - begin - fence.size());
}

// What a command prints on its standard output.
std::string OutputOf(const std::string& command) {
  std::FILE* const pipe = popen(command.c_str(), "r");
  std::string output;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
    output += static_cast<char>(c);
  }
  return pclose(pipe) == 0 ? output : "failed: " + output;
}

void ExpectInReadme(const std::string& file, const std::string& language) {
  const std::string licence = "// SPDX-License-Identifier: Apache-2.0\n\n";
  std::string program = ReadFile(file);
  ASSERT_TRUE(program.starts_with(licence));
  program.erase(0, licence.size());
  EXPECT_EQ(FirstProgram(ReadFile("README.md"), language), program);
}

TEST(Example, IsTheProgramInReadmeWordForWord) {
  ExpectInReadme("tools/example.cc", "cpp");
  ExpectInReadme("tools/example.c", "c");
}

TEST(Example, IncludesTheStandardLibraryAndOnePublicHeader) {
  std::ifstream stream("tools/example.cc");
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("#include \"")) {
      EXPECT_EQ(line, "#include \"veralith/db.h\"");
    }
  }
  EXPECT_EQ(ReadFile("tools/example.cc").find("IgnoreError"), std::string::npos);
}

TEST(Example, WritesReadsAndScansAlsoWhenItsDatabaseIsThere) {
  const std::string directory = ::testing::TempDir() + "/veralith-example-test";
  const std::string command = "tools/example " + directory;
  for (int time = 0; time < 2; ++time) {
    EXPECT_EQ(OutputOf(command), "apple is red\napple=red\nOK\n");
  }
}

TEST(Example, InCDoesTheSame) {
  const std::string directory = ::testing::TempDir() + "/veralith-example-c-test";
  for (int time = 0; time < 2; ++time) {
    EXPECT_EQ(OutputOf("tools/example_c " + directory), "apple=red\nOK\n");
  }
}

TEST(Example, SaysWhatFailed) {
  for (const std::string program : {"tools/example", "tools/example_c"}) {
    const std::string output = OutputOf(program + " /dev/null/database");
    EXPECT_TRUE(output.starts_with("failed: ") && output.find("/dev/null") != std::string::npos)
        << output;
  }
}

}  // namespace
}  // namespace veralith::tools
