// The table of hazards in docs/VERIFICATION.md holds: it has a row for every hazard of
// docs/HAZARDS.md, every test it names exists, and every hazard that must have a broken engine says
// what catches it. Every fault of these engines is a patch that is applied, and that a test must
// catch. (That the engines are caught is //property_tests/exploration:broken_engines_test.)
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

// The cells of a row "| a | b |".
std::vector<std::string> Cells(const std::string& line) {
  std::vector<std::string> cells;
  std::string cell;
  bool code = false;  // between backquotes a bar is text
  for (size_t i = 1; i < line.size(); ++i) {
    code = code != (line[i] == '`');
    if (line[i] == '|' && !code) {
      cells.push_back(cell);
      cell.clear();
    } else {
      cell += line[i];
    }
  }
  return cells;
}

std::string Trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(' ');
  return begin == std::string::npos ? ""
                                    : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

struct Row {
  std::string hazard;
  std::string tests;
  std::string broken;
  std::string caught_by;
  std::string seconds;
};

// A row without a hazard goes on with the one before it.
std::vector<Row> Table() {
  const std::string text = ReadFile(SourceRoot() / "docs/VERIFICATION.md");
  const size_t begin = text.find("\n## Hazards\n");
  const std::string section = text.substr(begin, text.find("\n## ", begin + 1) - begin);
  std::vector<Row> rows;
  std::istringstream lines(section);
  for (std::string line; std::getline(lines, line);) {
    const std::vector<std::string> cells =
        line.starts_with("| ") ? Cells(line) : std::vector<std::string>();
    if (cells.size() != 5 || Trimmed(cells[0]) == "hazard") {
      continue;
    }
    Row row{Trimmed(cells[0]), Trimmed(cells[1]), Trimmed(cells[2]), Trimmed(cells[3]),
            Trimmed(cells[4])};
    row.hazard = row.hazard.empty() && !rows.empty() ? rows.back().hazard : row.hazard;
    rows.push_back(row);
  }
  return rows;
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
  std::set<std::string> rows;
  for (const Row& row : Table()) {
    rows.insert(row.hazard);
  }
  std::set<std::string> hazards;
  for (const auto& [hazard, has_broken_engine] : Catalogue()) {
    hazards.insert(hazard);
  }
  EXPECT_GE(hazards.size(), 47u);
  EXPECT_EQ(rows, hazards);
}

TEST(HazardTable, NamesOnlyTestsThatExist) {
  static const std::regex name(R"(`(\w+\.[\w*]+)`)");
  const std::set<std::string> tests = AllTests();
  int named = 0;
  for (const Row& row : Table()) {
    for (std::sregex_iterator it(row.tests.begin(), row.tests.end(), name), end; it != end; ++it) {
      EXPECT_TRUE(tests.contains((*it)[1])) << row.hazard << ": no test is called " << (*it)[1];
      ++named;
    }
  }
  EXPECT_GT(named, 80);
}

TEST(HazardTable, SaysForEveryHazardThatNeedsABrokenEngineWhatCatchesItAndWhen) {
  std::map<std::string, bool> caught;
  for (const Row& row : Table()) {
    EXPECT_EQ(row.broken.empty(), row.caught_by.empty()) << row.hazard;
    EXPECT_EQ(row.broken.empty(), row.seconds.empty()) << row.hazard;
    caught[row.hazard] = caught[row.hazard] || !row.broken.empty();
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

}  // namespace
}  // namespace veralith
