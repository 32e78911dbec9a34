// SPDX-License-Identifier: Apache-2.0

// Nothing of the interface for C is left out: c_api_test.c and the fuzz target call every function,
// docs/C_API.md names every one and no other, every call of C++ has its place there, and every
// counter its entry in a report.
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "core/c/objects.h"
#include "core/c/report.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

using Names = std::set<std::string>;

std::string ReadFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::string CodeOf(const std::string& path) {
  static const std::regex comment(R"(//[^\n]*)");
  return std::regex_replace(ReadFile(path), comment, "");
}

// What the group of `pattern` matches in `text`.
Names Matches(const std::string& text, const char* pattern) {
  const std::regex regex(pattern);
  Names found;
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end; ++it) {
    found.insert((*it)[1]);
  }
  return found;
}

Names FunctionsOfTheHeader() {
  return Matches(CodeOf("include/veralith/c.h"), R"(\b(veralith_\w+)\()");
}

TEST(CApiCoverage, TheTestInCCallsEveryFunction) {
  const Names called = Matches(CodeOf("core/c/c_api_test.c"), R"(\b(veralith_\w+)\()");
  const Names functions = FunctionsOfTheHeader();
  for (const std::string& function : functions) {
    EXPECT_TRUE(called.contains(function)) << "c_api_test.c does not call " << function;
  }
  EXPECT_GT(functions.size(), 70u) << "the functions are not found";
}

// Or says why not.
TEST(CApiCoverage, TheFuzzTargetCallsEveryFunction) {
  Names called;
  for (const char* part : {"copies", "iterators", "life", "reads", "upkeep", "writes"}) {
    const std::string file = std::string("fuzz/c_api_") + part + ".cc";
    called.merge(Matches(CodeOf(file), R"(\b(veralith_\w+)\()"));
  }
  called.merge(Matches(ReadFile("fuzz/c_api_run.h"), R"(Not called: (veralith_\w+))"));
  EXPECT_EQ(called.count("veralith_version"), 1u);
  for (const std::string& function : FunctionsOfTheHeader()) {
    EXPECT_TRUE(called.contains(function)) << "the fuzz target does not call " << function;
  }
}

TEST(CApiCoverage, TheDocumentNamesEveryFunctionAndNoOther) {
  const Names named = Matches(ReadFile("docs/C_API.md"), R"(`(veralith_\w+)`)");
  const Names functions = FunctionsOfTheHeader();
  const std::string header = ReadFile("include/veralith/c.h");
  for (const std::string& function : functions) {
    EXPECT_TRUE(named.contains(function)) << "docs/C_API.md does not name " << function;
  }
  for (const std::string& name : named) {
    EXPECT_NE(header.find(name), std::string::npos) << "docs/C_API.md names " << name;
  }
}

TEST(CApiCoverage, EveryCallOfCppHasItsPlaceInTheDocument) {
  const std::string document = ReadFile("docs/C_API.md");
  size_t calls = 0;
  for (const auto& [file, pattern] : {
           std::pair{"include/veralith/db.h", R"(\n  virtual [^;~]*?\b([A-Z]\w+)\()"},
           std::pair{"include/veralith/db_iterator.h", R"(\n  virtual [^;~]*?\b(\w+)\()"},
           std::pair{"include/veralith/write_batch.h", R"(\n  (?:void|bool|size_t) (\w+)\()"},
           std::pair{"include/veralith/listener.h", R"(\n  virtual void (\w+)\()"},
       }) {
    const std::string code = CodeOf(file);
    for (const std::string& call : Matches(code.substr(0, code.find("\n private:")), pattern)) {
      EXPECT_NE(document.find("`" + call + "`"), std::string::npos)
          << "docs/C_API.md does not say what " << call << " of " << file << " is in C";
      ++calls;
    }
  }
  EXPECT_GT(calls, 45u) << "the calls are not found";
}

// The members of `name` in statistics.h, one declaration on a line.
Names MembersOf(const std::string& name) {
  const std::string code = CodeOf("include/veralith/statistics.h");
  const size_t begin = code.find("struct " + name + " {");
  return Matches(code.substr(begin, code.find("\n};", begin) - begin),
                 R"(\n  [\w:<>]+ (\w+)(?: = 0)?;)");
}

TEST(CApiCoverage, EveryCounterIsInTheReport) {
  Statistics statistics;
  statistics.levels.resize(1);
  const auto report = c::ReportOf(statistics);
  Names entries;
  for (const auto& [name, text] : report->entries) {
    EXPECT_TRUE(entries.insert(name).second) << name << " is there twice";
  }
  size_t members = 0;
  for (const auto& [name, prefix] :
       {std::pair{"Statistics", ""}, std::pair{"LifetimeBytes", "lifetime."},
        std::pair{"LevelStatistics", "levels.0."}}) {
    for (const std::string& member : MembersOf(name)) {
      ++members;
      EXPECT_TRUE(entries.contains(prefix + member) || member == "levels" || member == "lifetime")
          << "the report has no " << prefix << member;
    }
  }
  EXPECT_GT(members, 35u) << "the members are not found";
}

}  // namespace
}  // namespace veralith
