// The table of hazards in docs/VERIFICATION.md holds: it has a row for every hazard of
// docs/HAZARDS.md, every test it names exists, and every hazard that must have a broken engine says
// what catches it. (That the engines are caught is
// //property_tests/exploration:broken_engines_test.)
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

}  // namespace
}  // namespace veralith
