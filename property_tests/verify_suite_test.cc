// SPDX-License-Identifier: Apache-2.0

// Every package with tests is in //:verify, so that a workspace that embeds this one runs them all.
// Reads the source tree.
#include <filesystem>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "property_tests/source_tree.h"

namespace veralith {
namespace {

namespace fs = std::filesystem;

// Returns the packages that declare a test, by their folders.
std::set<std::string> PackagesWithTests() {
  static const std::regex test("(^|\n)(cc|sh|patch|broken_engine)_test\\(|(^|\n)fuzz_target\\(");
  std::set<std::string> packages;
  std::vector<std::string> folders = kSourceFolders;
  folders.push_back("cmake");
  for (const std::string& folder : folders) {
    for (const auto& item : fs::recursive_directory_iterator(SourceRoot() / folder)) {
      const std::string path = fs::relative(item.path().parent_path(), SourceRoot()).string();
      const bool other_workspace = path.starts_with("tools/embedding");
      if (item.path().filename() == "BUILD" && !other_workspace &&
          std::regex_search(ReadFile(item.path()), test)) {
        packages.insert(path);
      }
    }
  }
  return packages;
}

TEST(VerifySuite, HasEveryPackageWithTests) {
  const std::string root = ReadFile(SourceRoot() / "BUILD");
  const size_t begin = root.find("ENGINE_TESTS = [");  // the first part of //:verify
  const size_t end = root.find("name = \"verify_quick\"");
  ASSERT_TRUE(begin < end && end != std::string::npos);
  const std::string verify = root.substr(begin, end - begin);
  const std::set<std::string> packages = PackagesWithTests();
  ASSERT_GT(packages.size(), 20u);
  for (const std::string& package : packages) {
    EXPECT_NE(verify.find("\"//" + package + ":tests\""), std::string::npos)
        << "//:verify in BUILD lacks //" << package << ":tests";
    EXPECT_NE(ReadFile(SourceRoot() / package / "BUILD").find("test_suite(\n    name = \"tests\""),
              std::string::npos)
        << package << "/BUILD lacks the suite of its tests, which //:verify names";
  }
}

}  // namespace
}  // namespace veralith
