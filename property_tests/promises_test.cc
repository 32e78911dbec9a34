// SPDX-License-Identifier: Apache-2.0

// The ledger of promises (docs/PROMISES.md) and the public headers hold together.
//   - Each sentence of a header is in the ledger, or in no_promises.txt as one that promises
//     nothing: in one of them, as often as the header says it, word by word.
//   - Each test or function that holds a sentence is in the file that the ledger names. Each fault
//     that a check was seen to fail with exists: a patch, or a defect of the model's database. (A
//     change by hand is words.)
//   - Ids are unique. The table counts what the ledger says.
// It cannot tell whether a check asserts a sentence: people read that.
//
// Sentences are found in comments by this rule:
//   - Lines of one comment are joined. An empty line, a list's next number, a row of a table (three
//     blanks before it, two within) and a line that is indented less begin anew.
//   - Not read: the licence, lines that begin with ---, and programs (three blanks before it, and
//     ';' or '}' at the end).
//   - A comment after code stands alone, after the name of what it is about: "entries: deletions
//     included".
//   - A sentence ends with '.', '!' or '?', perhaps a quote or bracket, and a blank; or with the
//     text.
//
// Reads the source tree itself, so it runs every time.
#include <algorithm>
#include <cstdio>
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

constexpr const char* kLedger = "docs/PROMISES.md";
constexpr const char* kOthers = "property_tests/no_promises.txt";
constexpr const char* kFaults = "property_tests/exploration/faults";
constexpr const char* kDefects = "model/conformance/model_db.h";

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

// Returns `text` without white space at its ends, and with one blank for any other.
std::string Folded(const std::string& text) {
  static const std::regex space(R"(\s+)");
  const std::string folded = std::regex_replace(text, space, " ");
  const size_t begin = folded.starts_with(' ') ? 1 : 0;
  return folded.substr(begin, folded.size() - begin - (folded.ends_with(' ') ? 1 : 0));
}

// --- Sentences of a header -----------------------------------------------------------------------

// Joins lines of comments to the texts that sentences are cut from.
class CommentReader {
 public:
  explicit CommentReader(const std::string& header) {
    for (const std::string& line : LinesOf(header)) {
      const size_t at = line.find_first_not_of(' ');
      if (at != std::string::npos && line.compare(at, 2, "//") == 0) {
        ReadComment(line.substr(at + 2));
      } else {
        End();
        ReadCode(line);
      }
    }
    End();
  }
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  void End() {
    if (const std::string text = Folded(text_); !text.empty()) {
      texts_.push_back(text);
    }
    text_.clear();
  }

  // Takes `uint64_t flushes = 0;  // number of them` as "flushes: number of them".
  void ReadCode(const std::string& line) {
    static const std::regex behind(R"(\s*([^\s#}/].*\S)\s+// (.+))");
    static const std::regex name(R"((\w+)[ ;,{]*(?:$|[=(].*))");
    std::smatch parts;
    if (std::regex_match(line, parts, behind)) {
      const std::string code = parts[1];
      const std::string declared = code.substr(0, code.find_first_of("=("));
      std::smatch found;
      const std::string about = std::regex_search(declared, found, name) ? found[1].str() : "";
      texts_.push_back(Folded(about + ": " + parts[2].str()));
    }
  }

  void ReadComment(const std::string& line) {
    static const std::regex number(R"(\d+\. +)");
    static const std::regex row(R"(\S  +\S)");
    static const std::regex program(R"([;}]$|; +//)");
    const size_t blanks = std::min(line.find_first_not_of(' '), line.size());
    std::string words = line.substr(blanks);
    const bool is_row = blanks >= 3 && std::regex_search(words, row);
    const bool is_none = words.empty() || words.starts_with("---") || words.starts_with("SPDX-") ||
                         (blanks >= 3 && std::regex_search(words, program));
    std::smatch mark;
    const bool is_item = blanks >= 2 && std::regex_search(words, mark, number,
                                                          std::regex_constants::match_continuous);
    if (is_none || is_item || is_row || blanks < blanks_ || (in_row_ && blanks <= blanks_)) {
      End();
    }
    if (is_none) {
      return;
    }
    if (text_.empty()) {
      blanks_ = blanks + (is_item ? 1 : 0);
      in_row_ = is_row;
      words = is_item ? words.substr(static_cast<size_t>(mark.length())) : words;
    }
    text_ += " " + words;
  }

  std::vector<std::string> texts_;
  std::string text_;   // so far
  size_t blanks_ = 0;  // before its first line
  bool in_row_ = false;
};

std::vector<std::string> SentencesOf(const std::string& header) {
  static const std::regex end(R"([.!?][")]? )");
  std::vector<std::string> sentences;
  const CommentReader comments(header);
  for (const std::string& text : comments.texts()) {
    std::string rest = text;
    for (std::smatch match; std::regex_search(rest, match, end);) {
      const size_t size = static_cast<size_t>(match.position() + match.length());
      sentences.push_back(rest.substr(0, size - 1));
      rest = rest.substr(size);
    }
    sentences.push_back(rest);
  }
  return sentences;
}

// --- The two files -------------------------------------------------------------------------------

// An entry:
//   - **db-3** Keys have one order: namespace, then bytes.
//     - held by `Bounds.AreExact` in property_tests/bounds_are_exact_test.cc; `CompareScan` in
//       model/conformance/session_reads.cc
//     - fails with patch `O1`; defect `kEmptyKeyIsLost`; change: what was changed by hand
//     - open: what of the sentence no check asserts
// Longer lines go on in the next one.
struct Entry {
  std::string id;
  std::string header;  // veralith/db.h
  std::string sentence;
  std::string held;
  std::string fails;
  std::string open;

  bool is_held() const { return held != "none"; }
  bool was_seen_to_fail() const { return is_held() && fails != ": not tried"; }
};

struct Ledger {
  std::vector<Entry> entries;
  std::vector<std::string> headers;          // with a section
  std::map<std::string, std::string> table;  // first cell -> the others
};

// The field that an item of an entry begins, or null; and where its text begins.
std::string* FieldOf(const std::string& line, Entry* entry, size_t* begin) {
  const std::pair<const char*, std::string*> fields[] = {{"  - held by ", &entry->held},
                                                         {"  - fails with", &entry->fails},
                                                         {"  - open: ", &entry->open}};
  for (const auto& [mark, field] : fields) {
    if (line.starts_with(mark)) {
      *begin = std::string(mark).size();
      return field;
    }
  }
  return nullptr;
}

Ledger ReadLedger() {
  static const std::regex start(R"(- \*\*([a-z]+-\d+)\*\* (.+))");
  static const std::regex row(R"(\| (\S+) \| (\d.*) \|)");
  Ledger ledger;
  std::string section;
  std::string* field = nullptr;  // what a longer line goes on with
  std::smatch match;
  size_t begin = 0;
  for (const std::string& line : LinesOf(ReadFile(SourceRoot() / kLedger))) {
    if (line.starts_with("## ")) {
      section = line.substr(3);
      ledger.headers.push_back(section);
    } else if (std::regex_match(line, match, start)) {
      ledger.entries.push_back({match[1], section, match[2], "", "", ""});
      field = &ledger.entries.back().sentence;
    } else if (std::regex_match(line, match, row)) {
      ledger.table[match[1]] = match[2];
    } else if (!ledger.entries.empty() && line.starts_with("  - ")) {
      field = FieldOf(line, &ledger.entries.back(), &begin);
      EXPECT_NE(field, nullptr) << kLedger << ": neither held, nor fails, nor open: " << line;
      if (field != nullptr) {
        *field = line.substr(begin);
      }
    } else if (field != nullptr && line.starts_with("  ")) {
      *field += " " + line;
    } else {
      field = nullptr;
    }
  }
  for (Entry& entry : ledger.entries) {
    entry.sentence = Folded(entry.sentence);
    entry.held = Folded(entry.held);
    entry.fails = Folded(entry.fails);
  }
  return ledger;
}

const Ledger& TheLedger() {
  static const Ledger& ledger = *new Ledger(ReadLedger());
  return ledger;
}

// By header: the sentences of no_promises.txt.
std::map<std::string, std::vector<std::string>> Others() {
  std::map<std::string, std::vector<std::string>> others;
  std::string header;
  for (const std::string& line : LinesOf(ReadFile(SourceRoot() / kOthers))) {
    if (line.starts_with("## ")) {
      header = line.substr(3);
    } else if (!header.empty() && !line.empty()) {
      others[header].push_back(line);
    }
  }
  return others;
}

// --- The headers ---------------------------------------------------------------------------------

// "db", and 7 if db-6 is the last one.
std::string NextId(const std::string& header) {
  std::string name;
  int last = 0;
  for (const Entry& entry : TheLedger().entries) {
    if (entry.header == header) {
      name = entry.id.substr(0, entry.id.find('-'));
      last = std::max(last, std::stoi(entry.id.substr(name.size() + 1)));
    }
  }
  return name + "-" + std::to_string(last + 1);
}

TEST(PromiseLedger, HasEachSentenceOfItsHeadersOnce) {
  std::map<std::string, std::vector<std::string>> others = Others();
  for (const std::string& header : TheLedger().headers) {
    std::multiset<std::string> said;
    for (const std::string& sentence : SentencesOf(ReadFile(SourceRoot() / "include" / header))) {
      said.insert(sentence);
    }
    EXPECT_FALSE(said.empty()) << header;
    const auto take = [&](const std::string& sentence, const std::string& where) {
      const auto found = said.find(sentence);
      EXPECT_TRUE(found != said.end())
          << where << ": " << header << " does not say (any more): " << sentence
          << "\n  If it says it in other words now, read its checks again: they hold the old ones.";
      if (found != said.end()) {
        said.erase(found);
      }
    };
    for (const Entry& entry : TheLedger().entries) {
      if (entry.header == header) {
        take(entry.sentence, std::string(kLedger) + ", " + entry.id);
      }
    }
    for (const std::string& sentence : others[header]) {
      take(sentence, kOthers);
    }
    for (const std::string& sentence : said) {
      ADD_FAILURE() << header << " says: " << sentence << "\n  If a program can rely on it, give it"
                    << " an entry in " << kLedger << " (" << NextId(header) << " is free): the"
                    << " check that holds it, or \"held by none\". If not, add it to " << kOthers;
    }
  }
}

TEST(PromiseLedger, HasASectionForEachHeader) {
  const std::multiset<std::string> sections(TheLedger().headers.begin(), TheLedger().headers.end());
  std::multiset<std::string> headers;
  for (const auto& item : fs::directory_iterator(SourceRoot() / "include/veralith")) {
    if (item.path().extension() == ".h") {
      headers.insert("veralith/" + item.path().filename().string());
    }
  }
  EXPECT_EQ(sections, headers) << kLedger;
  for (const auto& [header, sentences] : Others()) {
    EXPECT_TRUE(headers.contains(header)) << kOthers << ": " << header;
  }
}

TEST(PromiseLedger, HasUniqueIdsWithOneNameForEachHeader) {
  std::set<std::string> ids;
  std::map<std::string, std::string> names;  // name -> header
  for (const Entry& entry : TheLedger().entries) {
    EXPECT_TRUE(ids.insert(entry.id).second) << entry.id << " is there twice";
    const std::string name = entry.id.substr(0, entry.id.find('-'));
    EXPECT_EQ(names.try_emplace(name, entry.header).first->second, entry.header) << entry.id;
  }
  EXPECT_EQ(names.size(), TheLedger().headers.size());
  EXPECT_GT(ids.size(), 400u);
}

// --- The checks ----------------------------------------------------------------------------------

// Returns the parts of `text` between marks.
std::vector<std::string> Split(const std::string& text, const std::string& mark) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t end; (end = text.find(mark, begin)) != std::string::npos; begin = end + mark.size()) {
    parts.push_back(text.substr(begin, end - begin));
  }
  parts.push_back(text.substr(begin));
  return parts;
}

// Names that `file` defines: "Suite.Name" of tests, and functions; and its own, for one in another
// language. Read once.
const std::set<std::string>& NamesIn(const std::string& file) {
  static const std::regex test(R"(\b(?:TEST|TEST_F|TEST_P|RC_GTEST_PROP)\(\s*(\w+),\s*(\w+))");
  static auto& files = *new std::map<std::string, std::set<std::string>>();
  const auto [found, is_new] = files.try_emplace(file);
  if (is_new) {
    const std::string source = ReadFile(SourceRoot() / file);
    for (std::sregex_iterator it(source.begin(), source.end(), test), end; it != end; ++it) {
      found->second.insert((*it)[1].str() + "." + (*it)[2].str());
    }
    static const std::regex head(R"(^[A-Za-z][^()=;]*\b(\w+)\([^;]*$)");
    found->second.insert(fs::path(file).stem());
    std::smatch match;
    for (const std::string& line : LinesOf(source)) {
      if (std::regex_search(line, match, head)) {
        found->second.insert(match[1]);
      }
    }
  }
  return found->second;
}

TEST(PromiseLedger, NamesChecksThatExist) {
  static const std::regex form(R"(((?:`[\w.]+`(?:, )?)+) in ([\w/.]+))");
  static const std::regex name(R"(`([\w.]+)`)");
  size_t named = 0;
  for (const Entry& entry : TheLedger().entries) {
    if (!entry.is_held()) {
      EXPECT_EQ(entry.fails, "") << entry.id << " is held by none";
      continue;
    }
    for (const std::string& part : Split(entry.held, "; ")) {
      std::smatch match;
      ASSERT_TRUE(std::regex_match(part, match, form)) << entry.id << ": \"" << part << "\"";
      const std::string checks = match[1];
      const std::string file = match[2];
      for (std::sregex_iterator it(checks.begin(), checks.end(), name), end; it != end; ++it) {
        EXPECT_TRUE(NamesIn(file).contains((*it)[1]))
            << kLedger << ", " << entry.id << ": " << file << " has no " << (*it)[1];
        ++named;
      }
    }
  }
  EXPECT_GT(named, 600u);
}

TEST(PromiseLedger, NamesFaultsThatExist) {
  static const std::regex form(R"((patch|defect) `(\w+)`|change: .+)");
  const std::string defects = ReadFile(SourceRoot() / kDefects);
  for (const Entry& entry : TheLedger().entries) {
    if (!entry.was_seen_to_fail()) {
      continue;
    }
    const size_t words = std::min(entry.fails.find("change: "), entry.fails.size());
    std::vector<std::string> faults = Split(entry.fails.substr(0, words), "; ");
    if (words < entry.fails.size()) {
      faults.back() = entry.fails.substr(words);  // with semicolons of its own
    }
    for (const std::string& fault : faults) {
      std::smatch match;
      ASSERT_TRUE(std::regex_match(fault, match, form)) << entry.id << ": \"" << fault << "\"";
      if (match[1] == "patch") {
        EXPECT_TRUE(fs::exists(SourceRoot() / kFaults / (match[2].str() + ".patch")))
            << kLedger << ", " << entry.id << ": there is no patch " << match[2];
      } else if (match[1] == "defect") {
        EXPECT_NE(defects.find("\n  " + match[2].str() + ","), std::string::npos)
            << kLedger << ", " << entry.id << ": " << kDefects << " has no " << match[2];
      }
    }
  }
}

// --- The table -----------------------------------------------------------------------------------

struct Counts {
  int promises = 0;
  int held = 0;
  int seen_to_fail = 0;
  int in_part = 0;

  void Add(const Entry& entry) {
    ++promises;
    held += entry.is_held() ? 1 : 0;
    seen_to_fail += entry.was_seen_to_fail() ? 1 : 0;
    in_part += entry.is_held() && !entry.open.empty() ? 1 : 0;
  }
  std::string Row() const {
    std::string row;
    for (const int count : {promises, held, seen_to_fail, in_part}) {
      row += std::to_string(count) + " | ";
    }
    return row + std::to_string(promises - held);
  }
};

TEST(PromiseLedger, CountsWhatItSays) {
  std::map<std::string, Counts> counts;
  for (const Entry& entry : TheLedger().entries) {
    counts[fs::path(entry.header).filename()].Add(entry);
    counts["all"].Add(entry);
  }
  std::printf("| header | promises | held | seen to fail | in part | by none |\n");
  for (const auto& [header, count] : counts) {
    std::printf("| %s | %s |\n", header.c_str(), count.Row().c_str());
    const auto row = TheLedger().table.find(header);
    EXPECT_NE(row, TheLedger().table.end()) << kLedger << " has no row of " << header;
    if (row != TheLedger().table.end()) {
      EXPECT_EQ(row->second, count.Row()) << kLedger << ", row of " << header;
    }
  }
  EXPECT_EQ(counts.size(), TheLedger().table.size());
}

}  // namespace
}  // namespace veralith
