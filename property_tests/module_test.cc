// SPDX-License-Identifier: Apache-2.0

// Two files say where libraries come from: repositories.bzl from Debian's packages, for WORKSPACE,
// which CI builds with; MODULE.bazel from the registry's modules, with registry.bzl. Both give the
// same names, and the second asks for what it uses. (Whether the registry has those versions cannot
// be seen from here; docs/BUILDING.md says when it was looked up.)
//
// Reads the source tree itself, so it runs every time.
#include <regex>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "property_tests/source_tree.h"

namespace veralith {
namespace {

using Names = std::set<std::string>;

std::string Text(const std::string& file) { return ReadFile(SourceRoot() / file); }

// What the first group of `pattern` matches in `text`.
Names Matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  Names found;
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end; ++it) {
    found.insert((*it)[1]);
  }
  return found;
}

Names Modules() {
  return Matches(Text("MODULE.bazel"),
                 R"re(\nbazel_dep\(name = "(\w[\w-]*)", version = "[^"]+"\))re");
}

TEST(Module, HasTheLibrariesOfTheWorkspace) {
  const Names debian = Matches(Text("third_party/debian_libraries.BUILD"), R"re(name = "(\w+)")re");
  const std::string registry = Text("third_party/registry.bzl");
  Names modules = Matches(registry, R"re(\n    "(\w+)": \[)re");
  modules.merge(Matches(registry, R"re(\n    name = "(\w+)")re"));
  EXPECT_EQ(modules, debian);
  EXPECT_GT(debian.size(), 8u) << "the libraries are not found";
}

TEST(Module, HasTheRepositoriesOfTheWorkspace) {
  const Names asked = Matches(Text("MODULE.bazel"), R"re("(veralith_\w+)")re");
  EXPECT_EQ(asked, Matches(Text("third_party/repositories.bzl"), R"re(name = "(veralith_\w+)")re"));
  EXPECT_EQ(asked, Matches(Text("third_party/registry.bzl"), R"re(\(name = "(veralith_\w+)"\))re"));
}

TEST(Module, AsksForTheModulesThatAreUsedAndNoOther) {
  const Names own = {"veralith", "veralith_broken", "veralith_libraries"};
  std::string text = Text("third_party/registry.bzl") + Text("third_party/cc.bzl");
  for (const std::string& folder : {"core", "fuzz", "include", "model", "testing", "third_party"}) {
    for (const auto& file : FilesUnder({folder}, {""})) {
      text += file.filename() == "BUILD" ? ReadFile(file) : "";
    }
  }
  Names used;
  for (const std::string& name : Matches(text, R"re("@(\w[\w-]*)//)re")) {
    if (!own.contains(name)) {
      used.insert(name);
    }
  }
  EXPECT_EQ(Modules(), used);
  EXPECT_GT(used.size(), 8u) << "the modules are not found";
}

}  // namespace
}  // namespace veralith
