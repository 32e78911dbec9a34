// SPDX-License-Identifier: Apache-2.0

// The two lists of docs/HAZARDS.md hold: "Catches" has an entry for every hazard of "The faults",
// every test it names exists, and every hazard that must have a broken engine says what catches it
// and when. Every fault of these engines is a patch that is applied, that a test must catch, and
// that has an entry with the patch's own words. docs/WHY.md says of broken engines what that list
// says. (That the engines are caught is //property_tests/exploration:broken_engines_test.)
//
// Reads the source tree itself (the folder of the WORKSPACE file), so it runs every time.
#include <cctype>
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
//     - caught: exploration, `@0.0`: the order monitor: a manifest names it too early; <0.01 s
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
  static const std::regex found(
      R"re((campaign, seed \d+|rot, seed \d+|exploration, the first opening)re"
      R"re(|exploration, `[^`]+`|memory, request \d+|forks|deletions(, seed \d+)?)re"
      R"re(|long histories, seed \d+|schedules of "[^"]+", \d+|schedules, `[^`]+`): .+)re"
      R"re(; <?\d+\.\d\d s)re");
  std::map<std::string, bool> caught;
  for (const Entry& entry : Catches()) {
    for (const BrokenEngine& broken : entry.broken) {
      EXPECT_NE(broken.how, "") << entry.hazard;
      EXPECT_TRUE(std::regex_match(broken.caught_by, found))
          << entry.hazard << " does not say by what, where and when: " << broken.caught_by;
    }
    caught[entry.hazard] = !entry.broken.empty();
  }
  for (const auto& [hazard, has_broken_engine] : Catalogue()) {
    EXPECT_EQ(caught[hazard], has_broken_engine) << hazard;
  }
}

// All "name" in `text` that the first group of `pattern` matches.
std::set<std::string> Names(const std::string& text, const std::regex& pattern) {
  std::set<std::string> names;
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it) {
    names.insert((*it)[1]);
  }
  return names;
}

// The faults that tests of broken engines switch on one by one.
std::set<std::string> FaultsThatTestsCatch(const std::filesystem::path& folder) {
  static const std::regex row(R"re(\{"(\w+)", Hazard::)re");
  static const std::regex value(R"re("(\w+)"[,)])re");
  std::set<std::string> faults = Names(ReadFile(folder / "broken_engines_test.cc"), row);
  const std::string schedules = ReadFile(folder / "broken_schedules_test.cc");
  faults.merge(Names(schedules.substr(schedules.find("::testing::Values(")), value));
  return faults;
}

TEST(HazardTable, EveryFaultIsAPatchOfItsOwnThatIsAppliedAndCaught) {
  static const std::regex asked(R"re(\bBroken\("(\w+)"\))re");
  static const std::regex listed(R"re(\n    "(\w+)",)re");
  const std::filesystem::path folder = SourceRoot() / "property_tests/exploration";
  std::set<std::string> patches;
  std::set<std::string> all_asked;
  for (const auto& item : std::filesystem::directory_iterator(folder / "faults")) {
    const std::string name = item.path().stem().string();
    if (item.path().extension() == ".patch" && name != "switch") {
      std::set<std::string> names = Names(ReadFile(item.path()), asked);
      EXPECT_TRUE(names.contains(name)) << name << ".patch does not ask for its fault";
      patches.insert(name);
      all_asked.merge(names);
    }
  }
  EXPECT_GT(patches.size(), 60u);
  EXPECT_EQ(all_asked, patches);
  EXPECT_EQ(Names(ReadFile(folder / "faults/engine.bzl"), listed), patches);
  EXPECT_EQ(FaultsThatTestsCatch(folder), patches);
}

// "Without CURRENT it is empty." and "without `CURRENT` it is empty" are the same sentence.
std::string Plain(std::string sentence) {
  std::erase(sentence, '`');
  if (sentence.ends_with('.')) {
    sentence.pop_back();
  }
  sentence[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(sentence[0])));
  return sentence;
}

// (property_tests/exploration/catches finds entries by these words.)
TEST(HazardTable, SaysOfEveryFaultWhatItsPatchSays) {
  std::multiset<std::string> broken;  // "C1: tombstones go whatever lies beneath"
  for (const Entry& entry : Catches()) {
    for (const BrokenEngine& engine : entry.broken) {
      broken.insert(entry.hazard + ": " + Plain(engine.how));
    }
  }
  static const std::regex id(R"(([A-Z]\d+).*)");
  size_t patches = 0;
  for (const auto& item :
       std::filesystem::directory_iterator(SourceRoot() / "property_tests/exploration/faults")) {
    std::smatch match;
    const std::string name = item.path().stem().string();
    if (item.path().extension() != ".patch" || !std::regex_match(name, match, id)) {
      continue;
    }
    const std::string text = ReadFile(item.path());
    const std::string said = match[1].str() + ": " + Plain(text.substr(0, text.find('\n')));
    const auto entry = broken.lower_bound(said);
    EXPECT_TRUE(entry != broken.end() && entry->starts_with(said)) << name << " has no " << said;
    ++patches;
  }
  EXPECT_EQ(broken.size(), patches);
}

// A row of docs/WHY.md: what it says of the broken engine beside a report.
struct Claim {
  std::string report;
  std::string engine;   // "C1: tombstones go whatever lies beneath"
  std::string seconds;  // "0.01 s"
};

std::vector<Claim> Claims() {
  static const std::regex row(
      R"re(\| \d+ \| \[([^\]]+)\]\([^)]+\) \|.*\| \*\*(\w+)\*\*: ([^|]+) \| (<?[\d.]+ s) \|)re"
      R"re( (whole|partly \(\w\)) \|)re");
  std::vector<Claim> claims;
  std::istringstream lines(ReadFile(SourceRoot() / "docs/WHY.md"));
  std::smatch match;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_match(line, match, row)) {
      claims.push_back({match[1], match[2].str() + ": " + Plain(match[3]), match[4]});
    }
  }
  return claims;
}

TEST(HazardTable, IsWhatWhySaysOfEnginesAndSeconds) {
  std::set<std::string> reports;
  for (const Claim& claim : Claims()) {
    EXPECT_TRUE(reports.insert(claim.report).second) << claim.report << " is there twice";
    std::string seconds;
    for (const Entry& entry : Catches()) {
      for (const BrokenEngine& engine : entry.broken) {
        if ((entry.hazard + ": " + Plain(engine.how)).starts_with(claim.engine)) {
          seconds = engine.caught_by.substr(engine.caught_by.rfind("; ") + 2);
        }
      }
    }
    EXPECT_NE(seconds, "") << "docs/HAZARDS.md has no broken engine " << claim.engine;
    EXPECT_EQ(claim.seconds, seconds) << "docs/WHY.md, " << claim.report << ": " << claim.engine;
  }
  EXPECT_EQ(reports.size(), 16u);
}

}  // namespace
}  // namespace veralith
