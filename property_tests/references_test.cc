// SPDX-License-Identifier: Apache-2.0

// What comments and documents name exists: files, Bazel targets, tests, and sections of documents.
// (citations_test.cc holds promises, hazards and links.)
//
// A name is a word of a comment or document with the shape of one. A file's has an extension of
// this tree and may leave folders out (fs/file_table.h), a target's begins with "//", a test's
// stands in backquotes (`Tidy.*`), a section's follows its document in quotes (FORMAT.md,
// "Filter"). Words with $, *, < or { are patterns, and not looked at.
//
// Reads the source tree itself, so it runs every time.
#include <algorithm>
#include <cctype>
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

const std::set<std::string> kExtensions = {".h",  ".c",  ".cc",    ".md",      ".bzl",
                                           ".py", ".sh", ".trace", ".scenario"};
// Of other projects, and words that stand for any name.
const std::set<std::string> kNotOurs = {"Encodings.md", "BloomFilter.md", "failure.scenario"};
const std::vector<std::string> kAnyName = {"NAME", "HAZARD.", "//that:"};

struct Text {
  fs::path file;
  std::string words;  // the lines of the file, without code
};

std::string Place(const Text& text, size_t at) {
  return fs::relative(text.file, SourceRoot()).string() + ":" +
         std::to_string(LineAt(text.words, at)) + ": ";
}

// Comments of sources, and documents.
const std::vector<Text>& Texts() {
  static const auto& texts = *new std::vector<Text>([] {
    std::vector<Text> all;
    for (const fs::path& file : SourcesUnder(kSourceFolders)) {
      all.push_back({file, CommentsOf(ReadFile(file))});
    }
    for (const fs::path& file : Documents()) {
      all.push_back({file, ReadFile(file)});
    }
    return all;
  }());
  return texts;
}

// Paths of the tree from each of their folders on: "core/db/gap_cache.h", "db/gap_cache.h".
const std::set<std::string>& PathEnds() {
  static const auto& ends = *new std::set<std::string>([] {
    std::set<std::string> all;
    std::vector<std::string> folders = kSourceFolders;
    folders.insert(folders.end(), {"corpus", "docs", "include", "third_party"});
    for (const auto& item : fs::directory_iterator(SourceRoot())) {
      all.insert(item.path().filename().string());
    }
    for (const std::string& folder : folders) {
      if (!fs::exists(SourceRoot() / folder)) {
        continue;
      }
      for (const auto& item : fs::recursive_directory_iterator(SourceRoot() / folder)) {
        std::string path = fs::relative(item.path(), SourceRoot()).string();
        for (size_t slash = 0; slash != std::string::npos; slash = path.find('/')) {
          path = path.substr(slash == 0 ? 0 : slash + 1);
          all.insert(path);
        }
      }
    }
    return all;
  }());
  return ends;
}

struct Word {
  std::string text;
  size_t at = 0;
};

// Words in which paths, targets and patterns of them stay whole.
std::vector<Word> WordsOf(const std::string& text) {
  const auto belongs = [](char c) {
    return IsNameByte(c) || std::string_view("./-$*<>{}:@").find(c) != std::string_view::npos;
  };
  std::vector<Word> words;
  for (size_t i = 0; i < text.size();) {
    const size_t begin = i;
    while (i < text.size() && belongs(text[i])) {
      ++i;
    }
    size_t end = i;
    while (end > begin && (text[end - 1] == '.' || text[end - 1] == ':')) {
      --end;
    }
    if (end > begin) {
      words.push_back({text.substr(begin, end - begin), begin});
    }
    i = std::max(i, begin + 1);
  }
  return words;
}

bool IsPattern(const std::string& word) {
  return word.find_first_of("$*<>{}@") != std::string::npos ||
         word.find("://") != std::string::npos || kNotOurs.contains(word) ||
         std::any_of(kAnyName.begin(), kAnyName.end(),
                     [&](const std::string& any) { return word.find(any) != std::string::npos; });
}

// The file a word names, or "": without ./ before it and a line's number after it.
std::string FileOf(std::string word) {
  word = word.substr(0, word.find(':'));
  while (word.starts_with("./") || word.starts_with("../")) {
    word = word.substr(word.find('/') + 1);
  }
  const size_t dot = word.rfind('.');
  const bool named = dot != std::string::npos && dot > 0 && IsNameByte(word[dot - 1]) &&
                     kExtensions.contains(word.substr(dot)) && word[0] != '/';
  return named ? word : "";
}

// "//core/db", "//core/db:db" and "//core/db/..." by what BUILD files say. Those that a macro makes
// go by the name that the macro was given.
bool TargetExists(const std::string& target) {
  const size_t colon = target.find(':');
  std::string folder = target.substr(2, colon == std::string::npos ? colon : colon - 2);
  if (folder == "..." || folder.ends_with("/...")) {
    return folder == "..." || fs::exists(SourceRoot() / folder.substr(0, folder.size() - 4));
  }
  std::string name =
      colon == std::string::npos ? folder.substr(folder.rfind('/') + 1) : target.substr(colon + 1);
  for (const std::string_view made : {"_replay_test", "_fuzzer"}) {
    name = name.ends_with(made) ? name.substr(0, name.size() - made.size()) : name;
  }
  const std::string build = ReadFile(SourceRoot() / folder / "BUILD");
  return !build.empty() && (name == "all" || build.find("\"" + name + "\"") != std::string::npos);
}

bool IsTarget(const std::string& word) {
  static const std::regex shape(R"(//([a-z_]\w*(/\w+)*(/\.\.\.)?)?(:\w+)?)");
  return word.size() > 2 && std::regex_match(word, shape);
}

TEST(References, ToFilesAndTargetsExist) {
  size_t files = 0;
  size_t targets = 0;
  for (const Text& text : Texts()) {
    for (const Word& word : WordsOf(text.words)) {
      if (IsPattern(word.text)) {
        continue;
      }
      if (IsTarget(word.text)) {
        ++targets;
        EXPECT_TRUE(TargetExists(word.text))
            << Place(text, word.at) << "no BUILD file has the target " << word.text;
      } else if (const std::string file = FileOf(word.text); !file.empty()) {
        ++files;
        EXPECT_TRUE(PathEnds().contains(file))
            << Place(text, word.at) << "no file of the tree is called " << file;
      }
    }
  }
  EXPECT_GT(files, 300u);
  EXPECT_GT(targets, 20u);
}

TEST(References, ToTestsInDocumentsExist) {
  std::set<std::string> tests;
  for (const fs::path& file : SourcesUnder(kSourceFolders)) {
    for (const Stretch& function : StructureOf(CodeOf(ReadFile(file))).functions) {
      tests.insert(function.name);
      tests.insert(function.name.substr(0, function.name.find('.')) + ".*");
    }
  }
  static const std::regex name(R"(`([A-Z]\w+\.(?:[A-Z]\w+|\*))`)");
  size_t found = 0;
  for (const Text& text : Texts()) {
    for (std::sregex_iterator it(text.words.begin(), text.words.end(), name), end; it != end;
         ++it) {
      ++found;
      EXPECT_TRUE(tests.contains((*it)[1]))
          << Place(text, static_cast<size_t>(it->position())) << "there is no test " << (*it)[1];
    }
  }
  EXPECT_GT(found, 50u);
}

// Headings, without marks.
std::set<std::string> HeadingsOf(const std::string& document) {
  std::set<std::string> headings;
  std::istringstream lines(document);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) {
      line = line.substr(line.find_first_not_of("# "));
      line.erase(std::remove(line.begin(), line.end(), '`'), line.end());
      headings.insert(line);
    }
  }
  return headings;
}

// A heading of the document that is the section's title, begins with it, or has it after a number.
bool HasSection(const fs::path& document, const std::string& section) {
  const std::set<std::string> headings = HeadingsOf(ReadFile(document));
  return std::any_of(headings.begin(), headings.end(), [&](const std::string& heading) {
    const size_t at = heading.find(section);
    return at == 0 || (at != std::string::npos && heading.substr(at - 2, 2) == ". ");
  });
}

TEST(References, ToSectionsOfDocumentsExist) {
  static const std::regex name(R"re(\b([A-Z]{4,})(?:\.md`?)?,\s+"([^"]+)")re");
  static const std::regex number(R"(\b([A-Z]{4,})\.md`?,? section (\d+))");
  size_t found = 0;
  for (const Text& text : Texts()) {
    for (const std::regex* shape : {&name, &number}) {
      for (std::sregex_iterator it(text.words.begin(), text.words.end(), *shape), end; it != end;
           ++it) {
        const auto is_named = [&](const fs::path& file) { return file.stem() == (*it)[1].str(); };
        const std::vector<fs::path> all = Documents();
        const auto document = std::find_if(all.begin(), all.end(), is_named);
        if (document == all.end()) {
          continue;  // a word in capitals
        }
        ++found;
        const std::string section = std::regex_replace((*it)[2].str(), std::regex(R"(\s+)"), " ");
        const std::string title = shape == &number ? section + ". " : section;
        EXPECT_TRUE(HasSection(*document, title))
            << Place(text, static_cast<size_t>(it->position())) << document->filename()
            << " has no section " << (*it)[2];
      }
    }
  }
  EXPECT_GT(found, 5u);
}

}  // namespace
}  // namespace veralith
