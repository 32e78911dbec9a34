// SPDX-License-Identifier: Apache-2.0

// Everything that code, tests and documents cite exists: promises and sections of docs/DESIGN.md,
// its sentences word by word, hazards of docs/HAZARDS.md, links between documents, programs that
// documents show, measured ratios. And every promise is quoted by a file of this folder.
//
// Reads the source tree itself, so it runs every time.
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

namespace fs = std::filesystem;

constexpr const char* kFaults = "property_tests/exploration/faults";

// Returns `text` without the marks of comments, code and emphasis, and with white space folded.
std::string Folded(const std::string& text) {
  static const std::regex comment(R"(\n\s*//)");
  static const std::regex mark(R"(`|\*\*)");
  static const std::regex space(R"(\s+)");
  return std::regex_replace(std::regex_replace(std::regex_replace(text, comment, " "), mark, ""),
                            space, " ");
}

// Returns the comment at the beginning of a file.
std::string OpeningComment(const std::string& source) {
  const std::string licence = "// SPDX-License-Identifier: Apache-2.0\n\n";
  std::string comment = "\n";
  std::istringstream lines(source.starts_with(licence) ? source.substr(licence.size()) : source);
  for (std::string line; std::getline(lines, line) && line.starts_with("//");) {
    comment += line + "\n";
  }
  return comment;
}

std::string Design() { return ReadFile(SourceRoot() / "docs/DESIGN.md"); }

// The promises of docs/DESIGN.md by number, folded.
std::map<int, std::string> Promises() {
  const std::string text = Design();
  const size_t begin = text.find("\n## 1.");
  const std::string section = text.substr(begin, text.find("\n## 2.", begin) - begin);
  static const std::regex start(R"(\n(\d+)\. )");
  std::map<int, std::string> promises;
  for (std::sregex_iterator it(section.begin(), section.end(), start), end; it != end; ++it) {
    const size_t from = static_cast<size_t>(it->position());
    std::sregex_iterator next = it;
    const size_t to = ++next == end ? section.size() : static_cast<size_t>(next->position());
    promises[std::stoi((*it)[1])] = Folded(section.substr(from, to - from));
  }
  return promises;
}

// The parts of `comment` in double quotes, cut where "..." leaves words out.
std::vector<std::string> QuotesOf(const std::string& comment) {
  static const std::regex quote(R"("([^"]{15,})\")");
  static const std::regex gap(R"(\s*\.\.\.\s*)");
  const std::string folded = Folded(comment);
  std::vector<std::string> quotes;
  for (std::sregex_iterator it(folded.begin(), folded.end(), quote), end; it != end; ++it) {
    const std::string whole = (*it)[1];
    for (std::sregex_token_iterator part(whole.begin(), whole.end(), gap, -1), last; part != last;
         ++part) {
      if (part->length() >= 15) {
        quotes.push_back(part->str());
      }
    }
  }
  return quotes;
}

std::set<std::string> Matches(const std::string& text, const std::regex& pattern) {
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it) {
    found.insert((*it)[1]);
  }
  return found;
}

TEST(Citations, OfPromisesAndSectionsOfTheDesignExist) {
  static const std::regex promise(R"(\bDESIGN promises? (\d+))");
  static const std::regex section(R"(\bDESIGN (\d+)\b)");
  const std::map<int, std::string> promises = Promises();
  ASSERT_EQ(promises.size(), 12u);
  const std::set<std::string> sections = Matches(Design(), std::regex(R"(\n## (\d+)\.)"));
  size_t cited = 0;
  for (const fs::path& file : SourcesUnder(kSourceFolders)) {
    const std::string text = Folded(ReadFile(file));
    for (const std::string& number : Matches(text, promise)) {
      EXPECT_TRUE(promises.contains(std::stoi(number))) << file << " cites promise " << number;
      ++cited;
    }
    for (const std::string& number : Matches(text, section)) {
      EXPECT_TRUE(sections.contains(number)) << file << " cites DESIGN " << number;
      ++cited;
    }
  }
  EXPECT_GT(cited, 30u);
}

TEST(Citations, InPropertyTestsAreTheDesignsOwnWords) {
  const std::string design = Folded(Design());
  size_t quoted = 0;
  for (const fs::path& file : SourcesUnder({"property_tests"})) {
    const std::string comment = OpeningComment(ReadFile(file));
    if (comment.find("DESIGN") == std::string::npos) {
      continue;
    }
    for (const std::string& quote : QuotesOf(comment)) {
      EXPECT_NE(design.find(quote), std::string::npos) << file << " quotes: " << quote;
      ++quoted;
    }
  }
  EXPECT_GT(quoted, 25u);
}

TEST(Citations, LeaveNoPromiseWithoutAFileOfPropertyTests) {
  std::set<int> quoted;
  const std::map<int, std::string> promises = Promises();
  for (const fs::path& file : SourcesUnder({"property_tests"})) {
    for (const std::string& quote : QuotesOf(OpeningComment(ReadFile(file)))) {
      for (const auto& [number, text] : promises) {
        if (text.find(quote) != std::string::npos) {
          quoted.insert(number);
        }
      }
    }
  }
  for (const auto& [number, text] : promises) {
    EXPECT_TRUE(quoted.contains(number)) << "no file quotes promise " << number;
  }
}

TEST(Citations, OfHazardsAreInTheCatalogue) {
  static const std::regex row(R"(\n\| ([A-Z]\d+) \|)");
  static const std::regex cited(R"((?:[Hh]azards?|HAZARDS?),? ((?:[A-Z]\d+(?:, | and )?)+))");
  static const std::regex broken(R"re(Broken\("([A-Z]\d+))re");
  static const std::regex id(R"(([A-Z]\d+))");
  const std::set<std::string> catalogue = Matches(ReadFile(SourceRoot() / "docs/HAZARDS.md"), row);
  size_t found = 0;
  std::vector<fs::path> files = SourcesUnder(kSourceFolders);
  for (const auto& item : fs::directory_iterator(SourceRoot() / kFaults)) {
    files.push_back(item.path());
  }
  for (const fs::path& file : files) {
    const std::string text = Folded(ReadFile(file));
    std::set<std::string> ids = Matches(text, broken);
    for (const std::string& list : Matches(text, cited)) {
      ids.merge(Matches(list, id));
    }
    for (const std::string& hazard : ids) {
      EXPECT_TRUE(catalogue.contains(hazard)) << file << " cites hazard " << hazard;
      ++found;
    }
  }
  EXPECT_GT(found, 50u);
}

// Links stand in prose. What a program shows is no link: [&](Disk& disk).
std::string WithoutPrograms(const std::string& document) {
  static const std::regex program("```[^`]*```");
  return std::regex_replace(document, program, "");
}

TEST(Citations, OfFilesInDocumentsExist) {
  static const std::regex link(R"(\]\(([^)#:]+)(?:#[^)]*)?\))");
  size_t links = 0;
  for (const fs::path& document : Documents()) {
    for (const std::string& target : Matches(WithoutPrograms(ReadFile(document)), link)) {
      EXPECT_TRUE(fs::exists(document.parent_path() / target)) << document << " links " << target;
      ++links;
    }
  }
  EXPECT_GT(links, 10u);
}

// The blocks of `document` between a fence with `language` and the next one.
std::vector<std::string> BlocksOf(const std::string& document, const std::string& language) {
  std::vector<std::string> blocks;
  const std::string fence = "\n```" + language + "\n";
  for (size_t at = document.find(fence); at != std::string::npos; at = document.find(fence, at)) {
    at += fence.size();
    blocks.push_back(document.substr(at, document.find("\n```", at) + 1 - at));
  }
  return blocks;
}

// (Tests build and run the programs: //tools:example_test, //tools:tutorial_test, ./dev embed,
// ./dev interop.)
TEST(Citations, OfProgramsInDocumentsAreTheProgramsOwnLines) {
  std::string programs;
  for (const fs::path& file : FilesUnder({"tools"}, {".cc", ".sql"})) {
    programs += "\n" + ReadFile(file);
  }
  size_t shown = 0;
  for (const fs::path& document : Documents()) {
    for (const std::string language : {"cpp", "c++", "sql"}) {
      for (const std::string& block : BlocksOf(ReadFile(document), language)) {
        EXPECT_NE(programs.find("\n" + block), std::string::npos)
            << document << " shows what is in no file of tools:\n"
            << block;
        ++shown;
      }
    }
  }
  EXPECT_GT(shown, 10u);
}

TEST(Citations, OfRatiosInReadmeAreThoseOfTheLastBenchmark) {
  static const std::regex ratio(R"((\d+\.\d\dx))");
  const std::set<std::string> measured =
      Matches(ReadFile(SourceRoot() / "docs/BENCHMARKS.md"), ratio);
  const std::set<std::string> cited = Matches(ReadFile(SourceRoot() / "README.md"), ratio);
  for (const std::string& figure : cited) {
    EXPECT_TRUE(measured.contains(figure)) << "docs/BENCHMARKS.md has no " << figure;
  }
  EXPECT_GT(cited.size(), 10u);
}

}  // namespace
}  // namespace veralith
