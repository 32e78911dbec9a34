// SPDX-License-Identifier: Apache-2.0

// The version stands in include/veralith/version.h. Where it must be repeated, it is the same.
//
// Reads the source tree itself, so it runs every time.
#include <regex>
#include <string>

#include "gtest/gtest.h"
#include "property_tests/source_tree.h"
#include "veralith/version.h"

namespace veralith {
namespace {

// Returns what the first group of `pattern` matches in a file, or "".
std::string VersionIn(const std::string& file, const std::string& pattern) {
  const std::string text = ReadFile(SourceRoot() / file);
  std::smatch match;
  return std::regex_search(text, match, std::regex(pattern)) ? match[1].str() : "";
}

TEST(Version, IsTheSameWhereItIsRepeated) {
  const std::string version(kVersion);
  EXPECT_TRUE(std::regex_match(version, std::regex(R"(\d+\.\d+\.\d+)"))) << version;
  EXPECT_EQ(VersionIn("MODULE.bazel", "\n    version = \"([^\"]+)\""), version);
  EXPECT_EQ(VersionIn("CHANGELOG.md", "\n## (?:Unreleased \\()?([0-9.]+)"), version);
  EXPECT_EQ(VersionIn("README.md", "\n\\| Status \\| ([0-9.]+),"), version);
}

}  // namespace
}  // namespace veralith
