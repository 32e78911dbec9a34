// The table of hazards in docs/VERIFICATION.md holds: it has a row for every hazard of its groups,
// every test it names exists, and every hazard that must have a broken engine says what catches it.
// (That the engines are caught is //property_tests/exploration:broken_engines_test.)
//
// Reads the source tree itself (the folder of the WORKSPACE file), so it runs every time.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace veralith {
namespace {

namespace fs = std::filesystem;

fs::path SourceRoot() { return fs::canonical("WORKSPACE").parent_path(); }

std::string ReadFile(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

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
    const std::vector<std::string> cells = line.starts_with("| ") ? Cells(line) : std::vector<std::string>();
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
  for (const char* folder : {"core", "fuzz", "model", "property_tests", "tools"}) {
    for (const auto& item : fs::recursive_directory_iterator(SourceRoot() / folder)) {
      const std::string extension = item.path().extension().string();
      if (!item.is_regular_file() || (extension != ".cc" && extension != ".h")) {
        continue;
      }
      const std::string source = ReadFile(item.path());
      for (std::sregex_iterator it(source.begin(), source.end(), test), end; it != end; ++it) {
        tests.insert((*it)[1].str() + "." + (*it)[2].str());
        tests.insert((*it)[1].str() + ".*");
      }
    }
  }
  return tests;
}

TEST(HazardTable, HasARowForEveryHazardOfItsGroups) {
  std::set<std::string> hazards;
  for (const Row& row : Table()) {
    hazards.insert(row.hazard);
  }
  const std::map<std::string, int> groups = {{"O", 7}, {"P", 8}, {"S", 5},
                                             {"C", 11}, {"W", 6}, {"R", 10}};
  for (const auto& [group, count] : groups) {
    for (int i = 1; i <= count; ++i) {
      EXPECT_TRUE(hazards.contains(group + std::to_string(i))) << group << i;
    }
  }
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
  for (const char* hazard :
       {"O1", "O2", "O3", "O4", "O6", "P1", "P2", "P4", "P5", "P6", "P7", "S1", "S2", "C1", "C2",
        "C3", "C4", "C5", "C7", "C8", "C9", "W1", "W2", "W4", "W5", "R1", "R2", "R4", "R5", "R6",
        "R9"}) {
    EXPECT_TRUE(caught[hazard]) << hazard;
  }
}

}  // namespace
}  // namespace veralith
