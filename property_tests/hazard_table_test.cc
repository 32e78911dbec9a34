// The two lists of docs/HAZARDS.md hold: "Catches" has an entry for every hazard of "The faults",
// every test it names exists, and every hazard that must have a broken engine says what catches it
// and when. (That the engines are caught is //property_tests/exploration:broken_engines_test.)
//
// Reads the source tree itself (the folder of the WORKSPACE file), so it runs every time.
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "property_tests/source_tree.h"

namespace veralith {
namespace {

// A fault that is put in on purpose, and what catches it.
struct BrokenEngine {
  std::string how;
  std::string caught_by;
};

// An entry of "Catches":
//   - **S4** `JobsTest.OutputsAreDurableWhenTheEditIsReturned`, `OrderMonitorTest.*`
//     - broken: a segment's bytes are not synced
//     - caught: exploration, order monitor: a manifest names it too early; <0.01 s
// Longer lines go on in the next one.
struct Entry {
  std::string hazard;
  std::string text;  // all of it
  std::vector<BrokenEngine> broken;
};

std::string CatchesSection() {
  const std::string text = ReadFile(SourceRoot() / "docs/HAZARDS.md");
  const size_t begin = text.find("\n## Catches\n");
  return text.substr(begin, text.find("\n## ", begin + 1) - begin);
}

std::vector<Entry> Catches() {
  static const std::regex start(R"(- \*\*([A-Z]\d+)\*\* .+)");
  const std::string broken = "  - broken: ";
  const std::string caught = "  - caught: ";
  std::vector<Entry> entries;
  std::string* item = nullptr;  // the part that a longer line goes on with
  std::istringstream lines(CatchesSection());
  std::smatch match;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_match(line, match, start)) {
      entries.push_back({match[1], "", {}});
      item = nullptr;
    } else if (entries.empty() || !line.starts_with("  ")) {
      item = nullptr;
      continue;
    } else if (line.starts_with(broken)) {
      entries.back().broken.push_back({line.substr(broken.size()), ""});
      item = &entries.back().broken.back().how;
    } else if (line.starts_with(caught) && !entries.back().broken.empty()) {
      item = &entries.back().broken.back().caught_by;
      EXPECT_EQ(*item, "") << "caught twice: " << line;
      *item = line.substr(caught.size());
    } else if (item != nullptr) {
      *item += line.substr(line.find_first_not_of(' ') - 1);
    } else {
      EXPECT_FALSE(line.starts_with("  - ")) << "neither broken nor caught: " << line;
    }
    entries.back().text += line + "\n";
  }
  return entries;
}

// "Suite.Name" of every test in the tree, and "Suite.*".
std::set<std::string> AllTests() {
  static const std::regex test(
      R"(\b(?:TEST|TEST_F|TEST_P|TYPED_TEST|TYPED_TEST_P|RC_GTEST_PROP)\(\s*(\w+),\s*(\w+))");
  std::set<std::string> tests;
  for (const std::filesystem::path& file :
       SourcesUnder({"core", "fuzz", "model", "property_tests", "tools"})) {
    const std::string source = ReadFile(file);
    for (std::sregex_iterator it(source.begin(), source.end(), test), end; it != end; ++it) {
      tests.insert((*it)[1].str() + "." + (*it)[2].str());
      tests.insert((*it)[1].str() + ".*");
    }
  }
  return tests;
}

// The hazards of docs/HAZARDS.md; true for those that must have a broken engine.
std::map<std::string, bool> Catalogue() {
  static const std::regex row(R"(\| ([A-Z]\d+) \| (\*\*M\*\*)? ?\| .+ \|)");
  std::map<std::string, bool> hazards;
  std::istringstream lines(ReadFile(SourceRoot() / "docs/HAZARDS.md"));
  std::smatch match;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_match(line, match, row)) {
      hazards[match[1]] = match[2].matched;
    }
  }
  return hazards;
}

TEST(HazardTable, HasTheHazardsOfTheCatalogueAndNoOthers) {
  std::set<std::string> caught;
  for (const Entry& entry : Catches()) {
    EXPECT_TRUE(caught.insert(entry.hazard).second) << entry.hazard << " has two entries";
  }
  std::set<std::string> hazards;
  for (const auto& [hazard, has_broken_engine] : Catalogue()) {
    hazards.insert(hazard);
  }
  EXPECT_GE(hazards.size(), 62u);
  EXPECT_EQ(caught, hazards);
}

TEST(HazardTable, NamesOnlyTestsThatExist) {
  static const std::regex name(R"(`(\w+\.[\w*]+)`)");
  const std::set<std::string> tests = AllTests();
  int named = 0;
  for (const Entry& entry : Catches()) {
    for (std::sregex_iterator it(entry.text.begin(), entry.text.end(), name), end; it != end;
         ++it) {
      EXPECT_TRUE(tests.contains((*it)[1])) << entry.hazard << ": no test is called " << (*it)[1];
      ++named;
    }
  }
  EXPECT_GT(named, 140);
}

TEST(HazardTable, SaysForEveryHazardThatNeedsABrokenEngineWhatCatchesItAndWhen) {
  static const std::regex seconds(R"([\s\S]+; <?\d+\.\d\d s)");
  std::map<std::string, bool> caught;
  for (const Entry& entry : Catches()) {
    for (const BrokenEngine& broken : entry.broken) {
      EXPECT_NE(broken.how, "") << entry.hazard;
      EXPECT_TRUE(std::regex_match(broken.caught_by, seconds))
          << entry.hazard << " does not say when: " << broken.caught_by;
    }
    caught[entry.hazard] = !entry.broken.empty();
  }
  for (const auto& [hazard, has_broken_engine] : Catalogue()) {
    EXPECT_EQ(caught[hazard], has_broken_engine) << hazard;
  }
}

}  // namespace
}  // namespace veralith
