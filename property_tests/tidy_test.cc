// SPDX-License-Identifier: Apache-2.0

// The habits of the tree that a machine can hold: functions of at most 70 lines, lines of at most
// 100 columns in code and 120 in documents, the licence's line at the head of every source.
//
// Length of a function: lines from the first of its declaration to its closing brace. Functions are
// found by their braces (source_text.h); a test counts as one, a lambda is part of the function it
// is in, and a macro that #define makes is not measured.
//
// Reads the source tree itself, so it runs every time.
#include <algorithm>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "property_tests/source_text.h"
#include "property_tests/source_tree.h"

namespace veralith {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostLines = 70;
constexpr size_t kMostColumns = 100;
constexpr size_t kMostColumnsOfDocuments = 120;

// Documents with longer lines. The list only gets shorter; a document that has none is refused.
const std::set<std::string>& NotWrappedYet() {
  static const auto& documents = *new std::set<std::string>{};
  return documents;
}

std::string Relative(const fs::path& file) { return fs::relative(file, SourceRoot()).string(); }

std::string Place(const fs::path& file, size_t line) {
  return Relative(file) + ":" + std::to_string(line) + ": ";
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

// Characters, not bytes: a byte that goes on a character of UTF-8 has no column of its own.
size_t Columns(const std::string& line) {
  return static_cast<size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

// Columns of a document's line, without what a break would destroy: targets of links, and URLs.
size_t ColumnsOfProse(const std::string& line) {
  static const std::regex target(R"(\]\([^)]*\)|https?://\S+)");
  return Columns(std::regex_replace(line, target, "]"));
}

TEST(Tidy, FunctionsHaveAtMostSeventyLines) {
  size_t functions = 0;
  size_t longest = 0;
  for (const fs::path& file : SourcesUnder(kSourceFolders)) {
    const std::string code = CodeOf(ReadFile(file));
    for (const Stretch& function : StructureOf(code).functions) {
      const size_t first = LineAt(code, function.begin);
      const size_t lines = LineAt(code, function.end) - first + 1;
      ++functions;
      longest = std::max(longest, lines);
      EXPECT_LE(lines, kMostLines) << Place(file, first) << function.name << " has " << lines
                                   << " lines: split it into functions with names of their own";
    }
  }
  EXPECT_GT(functions, 5'000u) << "the measure does not find the functions";
  RecordProperty("functions", static_cast<int>(functions));
  RecordProperty("longest", static_cast<int>(longest));
}

TEST(Tidy, LinesOfCodeHaveAtMostAHundredColumns) {
  for (const fs::path& file : SourcesUnder(kSourceFolders)) {
    const std::vector<std::string> lines = LinesOf(ReadFile(file));
    for (size_t i = 0; i < lines.size(); ++i) {
      if (const size_t columns = Columns(lines[i]); columns > kMostColumns) {
        ADD_FAILURE() << Place(file, i + 1) << columns << " columns, at most " << kMostColumns
                      << ": break the line (`./dev format` breaks code; comments and literals "
                      << "are broken by hand)";
      }
    }
  }
}

// Table rows cannot be broken; code between fences is as wide as what it shows.
TEST(Tidy, LinesOfDocumentsHaveAtMostAHundredAndTwentyColumns) {
  std::set<std::string> left = NotWrappedYet();
  size_t lines_seen = 0;
  for (const fs::path& file : Documents()) {
    const std::vector<std::string> lines = LinesOf(ReadFile(file));
    lines_seen += lines.size();
    bool fenced = false;
    size_t longer = 0;
    for (size_t i = 0; i < lines.size(); ++i) {
      fenced = fenced != lines[i].starts_with("```");
      const size_t columns = ColumnsOfProse(lines[i]);
      if (fenced || lines[i].starts_with("|") || columns <= kMostColumnsOfDocuments) {
        continue;
      }
      ++longer;
      EXPECT_TRUE(NotWrappedYet().contains(Relative(file)))
          << Place(file, i + 1) << columns << " columns, at most " << kMostColumnsOfDocuments
          << ": wrap the paragraph";
    }
    if (longer > 0) {
      left.erase(Relative(file));
    }
  }
  for (const std::string& document : left) {
    ADD_FAILURE() << document << " has no long line any more: take it from NotWrappedYet in "
                  << "property_tests/tidy_test.cc";
  }
  EXPECT_GT(lines_seen, 1'000u) << "the documents are not where they are looked for";
}

TEST(Tidy, SourcesBeginWithTheirLicence) {
  std::vector<std::string> folders = kSourceFolders;
  folders.insert(folders.end(), {"corpus", "third_party"});
  size_t files = 0;
  for (const fs::path& file :
       FilesUnder(folders, {".h", ".c", ".cc", ".java", ".py", ".sh", ".bzl"})) {
    const std::vector<std::string> lines = LinesOf(ReadFile(file));
    const size_t at = !lines.empty() && lines[0].starts_with("#!") ? 1 : 0;
    EXPECT_TRUE(at < lines.size() && lines[at].ends_with(" SPDX-License-Identifier: Apache-2.0"))
        << Place(file, at + 1) << "the first line is to be \"SPDX-License-Identifier: Apache-2.0\" "
        << "in a comment";
    ++files;
  }
  EXPECT_GT(files, 500u) << "the sources are not where they are looked for";
}

}  // namespace
}  // namespace veralith
