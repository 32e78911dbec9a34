// SPDX-License-Identifier: Apache-2.0

// The `veralith` command as a program: what its words do, what it prints, and its exit codes (0
// success, 1 absent or damaged, 2 wrong usage, 3 an error of the database or the disk).
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/fs/testing/temporary_directory.h"
#include "gtest/gtest.h"
#include "veralith/db.h"
#include "veralith/types.h"

namespace veralith {
namespace {

namespace fs = std::filesystem;

struct Outcome {
  int code = -1;
  std::string out;
  std::string errors;
};

std::string ReadFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}
void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}
bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class VeralithCommand : public ::testing::Test {
 protected:
  // Runs `veralith WORDS...`; the words are quoted for the shell.
  Outcome Run(const std::vector<std::string>& words, const std::string& input = "") {
    std::string line = "tools/veralith/veralith";
    for (const std::string& word : words) {
      line += " '" + word + "'";
    }
    WriteFile(Path("stdin"), input);
    line += " < " + Path("stdin") + " > " + Path("stdout") + " 2> " + Path("stderr");
    const int status = std::system(line.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, ReadFile(Path("stdout")),
            ReadFile(Path("stderr"))};
  }
  // Runs `before` veralith WORDS `after`, as the shell reads it.
  Outcome Shell(const std::string& before, const std::string& words, const std::string& after) {
    const std::string line =
        before + " tools/veralith/veralith " + words + " " + after + " 2> " + Path("stderr");
    const int status = std::system(line.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, "", ReadFile(Path("stderr"))};
  }
  void Load(const std::string& text) {
    const Outcome outcome = Run({"load", db_}, text);
    ASSERT_EQ(outcome.code, 0) << outcome.errors;
  }
  std::string Scan(std::vector<std::string> options) {
    options.insert(options.begin(), {"scan", db_});
    const Outcome outcome = Run(options);
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    return outcome.out;
  }
  std::string Path(const std::string& name) const { return scratch_.path() + "/" + name; }

  const TemporaryDirectory scratch_;
  const std::string db_ = Path("db");
};

TEST_F(VeralithCommand, ExplainsItselfAndEveryCommand) {
  EXPECT_EQ(Run({}).code, 2);
  EXPECT_EQ(Run({"frobnicate"}).code, 2);
  const Outcome help = Run({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_TRUE(Contains(help.out, "Exit codes"));
  for (const char* command :
       {"put",        "get",        "delete", "delete-range", "scan",    "count",
        "namespaces", "dump",       "load",   "flush",        "compact", "checkpoint",
        "publish",    "stats",      "check",  "inspect",      "repair",  "options",
        "help",       "completion", "man",    "version"}) {
    EXPECT_TRUE(Contains(help.out, command));
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {command, "--help"}, {command, "a", "b", "--frob", "-h"}, {"help", command}}) {
      const Outcome one = Run(words);
      EXPECT_EQ(one.code, 0) << command;
      EXPECT_TRUE(Contains(one.out, "usage: veralith " + std::string(command))) << one.out;
    }
  }
  EXPECT_EQ(Run({"help", "scna"}).errors, "veralith: unknown command \"scna\"; did you mean "
                                          "scan?\n");
  EXPECT_TRUE(Run({"--version"}).out.starts_with("veralith "));
  EXPECT_EQ(Run({"-V"}).out, Run({"version"}).out);
}

TEST_F(VeralithCommand, UsageErrorsSayWhatIsWrongAndWhatWasMeant) {
  Load("a\t1\n");
  for (const auto& [words, what] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"stat", db_}, "unknown command \"stat\"; did you mean stats?"},
           {{"export", db_}, "unknown command \"export\"; did you mean dump?"},
           {{"--json", "scan", db_}, "unknown option --json; options follow the command"},
           {{"scan", db_, "apple"}, "scan: unexpected argument \"apple\"; bounds are --from"},
           {{"scan", db_, "--limt", "3"}, "scan: unknown option --limt; did you mean --limit?"},
           {{"get", db_}, "get: KEY is missing"},
           {{"get", db_, "-5"}, "get: unknown option -5; an argument that begins with \"-\""},
           {{"scan", db_, "--limit", "-1"}, "scan: --limit takes a whole number"},
           {{"scan", db_, "--prefix", "a", "--from", "a"}, "--prefix and other bounds exclude"},
           {{"get", db_, "a", "--hex", "--quoted"}, "--quoted and --hex exclude each other"},
           {{"get", db_, "abc", "--hex"}, "is not an even number of hexadecimal digits"},
           {{"delete-range", db_}, "delete-range: give bounds"},
           {{"completion", "tcsh"}, "there is completion for bash and zsh"},
           {{"inspect", db_}, "is a directory; inspect takes one file of a database: "}}) {
    const Outcome outcome = Run(words);
    EXPECT_EQ(outcome.code, 2) << outcome.errors;
    EXPECT_EQ(outcome.out, "");
    EXPECT_TRUE(Contains(outcome.errors, what)) << outcome.errors;
    EXPECT_FALSE(Contains(outcome.errors, "INVALID_ARGUMENT")) << outcome.errors;
  }
  EXPECT_EQ(Run({"count", db_}).out, "1\n");
}

TEST_F(VeralithCommand, ShortOptionsAreOptionsAndNoArguments) {
  Load("a\t1\nb\t2\nc\t3\n");
  EXPECT_EQ(Scan({"-l", "1", "-k"}), "\"a\"\n");
  EXPECT_EQ(Scan({"-rkl2"}), "\"c\"\n\"b\"\n");
  EXPECT_EQ(Scan({"-n", "5"}), "");
  EXPECT_EQ(Run({"put", db_, "-n", "5", "--", "-n", "-v"}).code, 0);
  EXPECT_EQ(Run({"get", db_, "-n5", "--", "-n"}).out, "-v\n");
}

TEST_F(VeralithCommand, RefusesWordsItDoesNotKnow) {
  Load("a\t1\n");
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"get", db_},
                                             {"get", db_, "a", "b"},
                                             {"get", db_, "a", "--frob"},
                                             {"get", db_, "a", "--ns"},
                                             {"get", db_, "a", "--ns", "x"},
                                             {"get", db_, "a", "--ns=-1"},
                                             {"get", db_, "a", "--ns", "9223372036854775808"},
                                             {"scan", db_, "--from", "a", "--after", "a"},
                                             {"scan", db_, "--limit", "many"},
                                             {"load", db_, "--format", "xml"},
                                             {"put", db_, "not quoted", "v", "--quoted"},
                                             {"put", db_, std::string(32'001, 'k'), "v"}}) {
    const Outcome outcome = Run(words);
    EXPECT_EQ(outcome.code, 2) << words[0] << ": " << outcome.errors;
    EXPECT_TRUE(outcome.errors.starts_with("veralith: ")) << outcome.errors;
  }
}

TEST_F(VeralithCommand, SaysThatADirectoryOrDatabaseIsMissingAndMakesNone) {
  fs::create_directory(Path("empty"));
  for (const std::string& directory : {Path("nothing"), Path("empty")}) {
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"get", directory, "a"},
                                               {"delete", directory, "a"},
                                               {"scan", directory},
                                               {"flush", directory},
                                               {"compact", directory},
                                               {"stats", directory},
                                               {"check", directory},
                                               {"checkpoint", directory, Path("copy")}}) {
      const Outcome outcome = Run(words);
      EXPECT_EQ(outcome.code, 3) << words[0];
      EXPECT_TRUE(Contains(outcome.errors, directory)) << outcome.errors;
    }
  }
  EXPECT_FALSE(fs::exists(Path("nothing")));
  EXPECT_FALSE(fs::exists(Path("empty/CURRENT")));
  EXPECT_EQ(Run({"inspect", Path("nothing")}).code, 3);
  EXPECT_EQ(Run({"load", db_, Path("nothing")}).code, 3);
}

TEST_F(VeralithCommand, ALoadWhoseInputsDoNotFitMakesNoDatabase) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  fs::create_directory(Path("folder"));
  WriteFile(Path("good"), "a\tb\n");
  WriteFile(Path("bad"), "{\"ns\":3,\"key\":\"x\"}\n");
  for (const auto& [file, code] : std::vector<std::pair<std::string, int>>{
           {"nothing", 3}, {"pipe", 3}, {"folder", 3}, {"bad", 2}}) {
    const Outcome outcome = Shell(
        "timeout 20", "load " + db_ + " " + Path("good") + " " + Path(file), "> " + Path("stdout"));
    EXPECT_EQ(outcome.code, code) << outcome.errors;
    EXPECT_TRUE(Contains(outcome.errors, Path(file))) << outcome.errors;
    EXPECT_EQ(ReadFile(Path("stdout")), "");
    EXPECT_FALSE(fs::exists(db_)) << file;
  }
  for (const auto& [input, what] : std::vector<std::pair<std::string, std::string>>{
           {"\"a\"\n", "`scan --keys`, which has no values"},
           {"{\"key\":1,\"value\":\"b\"}\n", "stdin line 1: column 8: expected a string"},
           {"0x61\t0x62\n", "use --format hex or --format tsv"}}) {
    const Outcome outcome = Run({"load", db_}, input);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_TRUE(Contains(outcome.errors, what)) << outcome.errors;
    EXPECT_FALSE(fs::exists(db_)) << input;
  }
  EXPECT_EQ(Run({"load", db_}, "").code, 0);
  EXPECT_EQ(Run({"count", db_}).out, "0\n");
}

TEST_F(VeralithCommand, PutsGetsAndDeletes) {
  EXPECT_EQ(Run({"put", db_, "apple", "red"}).code, 0);
  EXPECT_EQ(Run({"put", db_, "from input"}, "line 1\nline 2").code, 0);
  EXPECT_EQ(Run({"put", db_, "apple", "other", "--ns", "7"}).code, 0);
  EXPECT_EQ(Run({"get", db_, "apple"}).out, "red\n");
  EXPECT_EQ(Run({"get", db_, "apple", "--raw"}).out, "red");
  EXPECT_EQ(Run({"get", db_, "apple", "--ns=7"}).out, "other\n");
  EXPECT_EQ(Run({"get", db_, "from input"}).out, "line 1\nline 2\n");
  EXPECT_TRUE(Contains(Run({"get", db_, "apple", "--timestamp"}).errors, "written at "));
  EXPECT_EQ(Run({"delete", db_, "apple"}).code, 0);
  EXPECT_EQ(Run({"delete", db_, "apple"}).code, 0);  // deleting an absent key is no error
  const Outcome absent = Run({"get", db_, "apple"});
  EXPECT_EQ(absent.code, 1);
  EXPECT_EQ(absent.out, "");
  EXPECT_EQ(Run({"get", db_, "apple", "--ns=7"}).code, 0);
  EXPECT_EQ(Run({"put", db_, "--", "--key", "v"}).code, 0);
  EXPECT_EQ(Run({"get", db_, "--", "--key"}).out, "v\n");
}

TEST_F(VeralithCommand, TakesOddBytesInTheFormThatScanPrints) {
  const std::string odd = R"("\x00\xff\x0atab\x09\x20\\\"end")";
  ASSERT_EQ(Run({"put", db_, odd, "v", "--quoted"}).code, 0);
  EXPECT_EQ(Run({"get", db_, odd, "--quoted"}).out, "v\n");
  EXPECT_EQ(Run({"get", db_, odd}).code, 1);
  const std::string printed = Scan({"--keys"});
  const std::string again = printed.substr(0, printed.find('\n'));
  EXPECT_EQ(Run({"get", db_, again, "--quoted"}).out, "v\n") << printed;
  EXPECT_EQ(Scan({"--from", again, "--to", again, "--quoted", "--keys"}), printed);
  EXPECT_EQ(Run({"delete", db_, again, "--quoted"}).code, 0);
  EXPECT_EQ(Scan({}), "");
}

TEST_F(VeralithCommand, LoadsTabSeparatedLinesStanzasAndPlainLines) {
  WriteFile(Path("fruit.tsv"), "apple\tred\nplum\tblue\tand more\n");
  WriteFile(Path("packages"), "Package: bash\nVersion: 5\n\nPackage: zsh\nVersion: 6\n");
  WriteFile(Path("poem"), "first line\nsecond line\n");
  const Outcome outcome =
      Run({"load", db_, Path("fruit.tsv"), Path("packages"), Path("poem"), "--batch", "1"});
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_TRUE(Contains(outcome.out, "loaded 6 entries")) << outcome.out;
  EXPECT_EQ(Run({"get", db_, "plum"}).out, "blue\tand more\n");
  EXPECT_EQ(Run({"get", db_, "zsh", "--raw"}).out, "Package: zsh\nVersion: 6\n");
  EXPECT_EQ(Run({"get", db_, "poem:0000000002"}).out, "second line\n");
  EXPECT_EQ(Run({"load", db_, "--ns", "3", "--format", "lines"}, "x\ty\n").code, 0);
  EXPECT_EQ(Run({"get", db_, "stdin:0000000001", "--ns", "3"}).out, "x\ty\n");

  const Outcome wrong = Run({"load", db_, "--format", "tsv"}, "good\t1\nno tab\n");
  EXPECT_EQ(wrong.code, 2);
  EXPECT_TRUE(Contains(wrong.errors, "stdin line 2")) << wrong.errors;
}

TEST_F(VeralithCommand, ScansBoundsDirectionsLimitsAndFormats) {
  Load("a\t1\nb\t2\nba\t3\nc\t4\n");
  EXPECT_EQ(Scan({"--keys"}), "\"a\"\n\"b\"\n\"ba\"\n\"c\"\n");
  EXPECT_EQ(Scan({"--from", "b", "--before", "c"}), "\"b\"\t\"2\"\n\"ba\"\t\"3\"\n");
  EXPECT_EQ(Scan({"--after", "b", "--to", "c", "--keys"}), "\"ba\"\n\"c\"\n");
  EXPECT_EQ(Scan({"--reverse", "--limit", "2", "--keys"}), "\"c\"\n\"ba\"\n");
  EXPECT_EQ(Scan({"--limit", "0"}), "");
  EXPECT_EQ(Scan({"--from", "x", "--to", "a"}), "");
  EXPECT_EQ(Scan({"--ns", "1"}), "");
  const std::string json = Scan({"--json", "--limit", "1"});
  EXPECT_TRUE(json.starts_with(R"({"ns":0,"key":"a","value":"1","timestamp":)")) << json;
  EXPECT_TRUE(json.ends_with("}\n")) << json;

  const size_t digits = json.rfind(':') + 1;
  const std::string written = json.substr(digits, json.rfind('}') - digits);
  EXPECT_EQ(Scan({"--at", written, "--limit", "1"}), "\"a\"\t\"1\"\n");
  EXPECT_EQ(Run({"get", db_, "a", "--at", written}).out, "1\n");
  EXPECT_EQ(Run({"scan", db_, "--at", "9223372036854775807"}).code, 3);
}

TEST_F(VeralithCommand, FlushesCompactsCopiesAndCounts) {
  Load("a\t1\nb\t2\n");
  Load("b\t3\nc\t4\n");
  EXPECT_EQ(Run({"flush", db_}).code, 0);
  const Outcome compacted = Run({"compact", db_});
  EXPECT_EQ(compacted.code, 0) << compacted.errors;
  EXPECT_TRUE(Contains(compacted.out, "total     1       1")) << compacted.out;
  EXPECT_EQ(Run({"compact", db_, "--ns", "0", "--from", "a", "--to", "b"}).code, 0);
  const Outcome stats = Run({"stats", db_});
  EXPECT_EQ(stats.code, 0);
  for (const char* said :
       {"newest commit", "tombstones", "space amplification  at most 1.00",
        "over its life: 8 B put; ", "next compaction      nothing is due (leveled)",
        "open segments        ", "hidden keys          0 "}) {
    EXPECT_TRUE(Contains(stats.out, said)) << said << " is not in " << stats.out;
  }

  EXPECT_EQ(Run({"checkpoint", db_, Path("copy")}).code, 0);
  EXPECT_EQ(Run({"checkpoint", db_, Path("copy")}).code, 3);
  EXPECT_EQ(Run({"put", db_, "a", "changed"}).code, 0);
  EXPECT_EQ(Run({"get", Path("copy"), "a"}).out, "1\n");
  EXPECT_EQ(Run({"check", Path("copy")}).code, 0);
}

TEST_F(VeralithCommand, DrawsTheTreeOfAClosedDatabaseAndPrintsItAsJson) {
  Load("a\t1\nb\t2\n");
  ASSERT_EQ(Run({"flush", db_}).code, 0);
  Load("b\t3\n");
  ASSERT_EQ(Run({"flush", db_}).code, 0);
  std::set<std::string> before;
  for (const auto& item : fs::directory_iterator(db_)) {
    before.insert(item.path().filename());
  }
  const Outcome drawn = Run({"stats", db_, "--html", Path("tree.html"), "--json"});
  ASSERT_EQ(drawn.code, 0) << drawn.errors;
  const std::string page = ReadFile(Path("tree.html"));
  std::set<std::string> after;
  for (const auto& item : fs::directory_iterator(db_)) {
    after.insert(item.path().filename());
    const std::string name = item.path().filename();
    if (name.ends_with(".parquet")) {
      EXPECT_TRUE(Contains(page, "<title>" + name)) << name;
      EXPECT_TRUE(Contains(drawn.out, "\"file\":\"" + name + "\"")) << name;
    }
  }
  EXPECT_EQ(before, after);
  EXPECT_TRUE(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
  EXPECT_TRUE(Contains(drawn.out, "\"smallest_key\":\"a\"")) << drawn.out;
  EXPECT_TRUE(Contains(drawn.out, "\"user_bytes\":6,")) << drawn.out;
  EXPECT_TRUE(Contains(drawn.out, "\"policy\":\"leveled\"")) << drawn.out;
  EXPECT_TRUE(Contains(drawn.out, "\"open_segments\":")) << drawn.out;
  EXPECT_TRUE(Contains(drawn.out, "\"hidden_keys\":0,")) << drawn.out;
  EXPECT_TRUE(Contains(page, "Write amplification: ")) << page;
  EXPECT_EQ(Run({"stats", db_, "--html", Path("nowhere/tree.html")}).code, 3);
  EXPECT_EQ(Run({"stats", db_, "--policy", "none"}).code, 2);
  EXPECT_EQ(Run({"stats", db_, "--policy", "tiered"}).code, 0);
}

TEST_F(VeralithCommand, ShowsTheTreeAsThePolicySeesItThatTheDatabaseRanWithLast) {
  Options options;
  options.compaction_policy = CompactionPolicyKind::kTiered;
  absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(db_, options);
  ASSERT_TRUE(db.ok()) << ToString(db.status());
  ASSERT_TRUE((*db)->Put({}, "key", "value").ok());
  ASSERT_TRUE((*db)->Close().ok());
  EXPECT_TRUE(Contains(Run({"stats", db_}).out, "nothing is due (tiered)"));
  EXPECT_TRUE(Contains(Run({"stats", db_, "--policy", "hybrid"}).out, "nothing is due (hybrid)"));
}

// --- What is printed comes back -----------------------------------------------------------------

// Every byte in keys and values, empty ones, newlines, large ones, many namespaces; some deleted.
class VeralithDump : public VeralithCommand {
 protected:
  void SetUp() override {
    Random random(20'26);
    absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(db_, {});
    ASSERT_TRUE(db.ok()) << ToString(db.status());
    const auto put = [&](NamespaceId ns, const std::string& key, const std::string& value) {
      ASSERT_TRUE((*db)->Put({}, ns, key, value).ok());
      entries_[{ns, key}] = value;
    };
    for (const NamespaceId ns : {NamespaceId{0}, NamespaceId{5}, kMaxNamespace}) {
      put(ns, "", "of the empty key");
      put(ns, std::string(kMaxKeyBytes, '\xff'), "");
      for (int byte = 0; byte < 256; ++byte) {
        put(ns, std::string(1, static_cast<char>(byte)), std::string(2, static_cast<char>(byte)));
      }
    }
    put(1, "large", std::string(3'000'000, '\n') + '\xff');
    put(2, "large", std::string(3'000'000, '\n'));
    ASSERT_TRUE((*db)->Flush().ok());
    for (int i = 0; i < 2'000; ++i) {
      put(random.Below(4), Bytes(random), Bytes(random));
    }
    put(77, "deleted", "value");
    ASSERT_TRUE((*db)->Delete({}, 77, "deleted").ok());
    entries_.erase({77, "deleted"});
    ASSERT_TRUE((*db)->Close().ok());
  }
  static std::string Bytes(Random& random) {
    static constexpr std::string_view kOdd("\0\t\n\r \"\\{}[],:\x7f\x80\xc3\xa9\xed\xa0\xff", 20);
    std::string bytes;
    for (uint64_t left = random.Below(12); left > 0; --left) {
      bytes += random.Below(2) == 0 ? kOdd[random.Below(kOdd.size())]
                                    : static_cast<char>(random.Below(256));
    }
    return bytes;
  }
  using Entries = std::map<std::pair<NamespaceId, std::string>, std::string>;
  Entries EntriesOf(const std::string& directory, const std::set<NamespaceId>& namespaces) {
    Entries entries;
    Options readable;
    readable.create_if_missing = false;
    absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(directory, readable);
    EXPECT_TRUE(db.ok()) << ToString(db.status());
    if (!db.ok()) {
      return entries;
    }
    for (const NamespaceId ns : namespaces) {
      ScanOptions options;
      options.ns = ns;
      const std::unique_ptr<DbIterator> rows = (*db)->NewIterator(options);
      for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
        entries[{ns, std::string(rows->key())}] = rows->value();
      }
      EXPECT_TRUE(rows->status().ok());
    }
    return entries;
  }
  // Runs `veralith FROM... | veralith load copy TO...`; returns what is in the copy.
  Entries Copied(const std::vector<std::string>& from, std::vector<std::string> to) {
    const Outcome printed = Run(from);
    EXPECT_EQ(printed.code, 0) << printed.errors;
    fs::remove_all(Path("copy"));
    to.insert(to.begin(), {"load", Path("copy")});
    const Outcome loaded = Run(to, printed.out);
    EXPECT_EQ(loaded.code, 0) << loaded.errors;
    return EntriesOf(Path("copy"), {0, 1, 2, 3, 5, 77, kMaxNamespace});
  }
  Entries InNamespace(NamespaceId ns) const {
    Entries entries;
    for (const auto& [key, value] : entries_) {
      if (key.first == ns) {
        entries[key] = value;
      }
    }
    return entries;
  }

  Entries entries_;
};

TEST_F(VeralithDump, DumpAndLoadBringEveryByteOfEveryNamespaceBack) {
  EXPECT_EQ(Copied({"dump", db_}, {}), entries_);
  EXPECT_EQ(Copied({"dump", db_}, {"--format", "jsonl", "--batch", "7"}), entries_);
  EXPECT_EQ(Copied({"dump", db_, "--ns", "5"}, {}), InNamespace(5));
  EXPECT_EQ(Run({"dump", db_, "-n", "1234"}).out, "");
}

TEST_F(VeralithDump, EveryFormOfScanLoadsBackAsItWas) {
  EXPECT_EQ(Copied({"scan", db_}, {}), InNamespace(0));
  EXPECT_EQ(Copied({"scan", db_, "--ns", "5"}, {"--ns", "5"}), InNamespace(5));
  EXPECT_EQ(Copied({"scan", db_, "--json", "-n", "5"}, {}), InNamespace(5));
  EXPECT_EQ(Copied({"scan", db_, "--hex"}, {"--format", "hex"}), InNamespace(0));
}

TEST_F(VeralithDump, ALineOfAnotherNamespaceThanAskedForIsRefused) {
  const Outcome outcome = Run({"load", Path("copy"), "--ns", "5"}, Run({"dump", db_}).out);
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(Contains(outcome.errors, "stdin line 1: the entry names namespace 0, and --ns says "
                                       "5"))
      << outcome.errors;
  EXPECT_FALSE(fs::exists(Path("copy")));
}

TEST_F(VeralithDump, ACutDumpSaysWhereItEnds) {
  const std::string dump = Run({"dump", db_, "-n", "5"}).out;
  const Outcome outcome = Run({"load", Path("copy"), "-b", "1"}, dump.substr(0, dump.size() - 5));
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(Contains(outcome.errors, "stdin line 258: column ")) << outcome.errors;
  EXPECT_TRUE(Contains(outcome.out, "loaded 257 entries")) << outcome.out;
}

TEST_F(VeralithDump, NamespacesAreListedAndCountedWhereverTheirEntriesAre) {
  std::string expected;
  for (const NamespaceId ns : {NamespaceId{0}, NamespaceId{1}, NamespaceId{2}, NamespaceId{3},
                               NamespaceId{5}, kMaxNamespace}) {
    const std::string keys = std::to_string(InNamespace(ns).size());
    expected += std::to_string(ns) + "\t" + keys + "\n";
    EXPECT_EQ(Run({"count", db_, "-n", std::to_string(ns)}).out, keys + "\n");
  }
  EXPECT_EQ(Run({"namespaces", db_, "--count"}).out, expected);
  ASSERT_EQ(Run({"delete-range", db_, "--all", "-n", "5"}).code, 0);
  EXPECT_EQ(Run({"namespaces", db_}).out, "0\n1\n2\n3\n9223372036854775807\n");
}

TEST_F(VeralithCommand, ByteFfAndTheCharacterOfThatNumberHaveDifferentJson) {
  ASSERT_EQ(Run({"put", db_, "ff", "\xc3\xbf", "--hex"}).code, 2);  // VALUE is hexadecimal, too
  ASSERT_EQ(Run({"put", db_, "ff", "c3bf", "--hex"}).code, 0);
  ASSERT_EQ(Run({"put", db_, "\xc3\xbf", "v"}).code, 0);
  EXPECT_EQ(Run({"dump", db_}).out, "{\"ns\":0,\"key\":\"\xc3\xbf\",\"value\":\"v\"}\n"
                                    "{\"ns\":0,\"key_base64\":\"/w==\",\"value\":\"\xc3\xbf\"}\n");
  ASSERT_EQ(Run({"flush", db_}).code, 0);  // a short life leaves its writes in the log
  EXPECT_TRUE(Contains(Run({"stats", db_, "--json"}).out, "\"largest_key_base64\":\"/w==\""));
  EXPECT_EQ(Scan({"--hex"}), "0xc3bf\t0x76\n0xff\t0xc3bf\n");
  EXPECT_EQ(Run({"get", db_, "0xFF", "--hex"}).out, "0xc3bf\n");
  EXPECT_EQ(Run({"get", db_, "\\xff", "--quoted", "--raw"}).out, "\xc3\xbf");
  EXPECT_TRUE(Contains(Run({"get", db_, "ff", "-x", "-j"}).out, "\"key_base64\":\"/w==\","));
}

TEST_F(VeralithCommand, DeleteRangeDeletesWhatScanAndCountShow) {
  const std::string rows = "\xff\xff\tx\na\t1\nab\t2\nabc\t3\nac\t4\nb\t5\n\xff\ty\n\tz\n";
  Load(rows);
  const std::string all = Scan({"--keys"});
  for (const std::vector<std::string>& bounds :
       std::vector<std::vector<std::string>>{{"--prefix", "ab"},
                                             {"--prefix", "b"},
                                             {"--prefix", "nothing"},
                                             {"--prefix", "\\xff", "--quoted"},
                                             {"--from", "ab"},
                                             {"--after", "ab"},
                                             {"--to", "ab"},
                                             {"--before", "ab"},
                                             {"--from", "ab", "--to", "b"},
                                             {"--after", "a", "--before", "b"},
                                             {"--from", "ab", "--to", "ab"},
                                             {"--after", "ab", "--to", "ab"},
                                             {"--from", "b", "--to", "a"},
                                             {"--after", ""}}) {
    fs::remove_all(db_);
    Load(rows);
    std::vector<std::string> words = {"", db_};
    words.insert(words.end(), bounds.begin(), bounds.end());
    words[0] = "count";
    const size_t counted = std::strtoul(Run(words).out.c_str(), nullptr, 10);
    words.push_back("--keys");
    words[0] = "scan";
    const std::string shown = Run(words).out;
    EXPECT_EQ(static_cast<size_t>(std::count(shown.begin(), shown.end(), '\n')), counted);
    words.back() = "-n0";
    words[0] = "delete-range";
    const Outcome deleted = Run(words);
    EXPECT_EQ(deleted.code, 0) << deleted.errors;
    const std::string left = Scan({"--keys"});
    EXPECT_EQ(left.size() + shown.size(), all.size()) << bounds[0] << bounds[1];
    EXPECT_EQ(Run({"count", db_}).out,
              std::to_string(std::count(left.begin(), left.end(), '\n')) + "\n");
    words[0] = "count";
    EXPECT_EQ(Run(words).out, "0\n");
  }
}

// As a script calls it whose variable is not set.
TEST_F(VeralithCommand, DeleteRangeDoesNotTakeEmptyBoundsForEverything) {
  Load("a\t1\nb\t2\n");
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"delete-range", db_, "--prefix", ""},
                                             {"delete-range", db_, "--from", ""},
                                             {"delete-range", db_, "--from="},
                                             {"delete-range", db_},
                                             {"delete-range", db_, "--all", "--from", "b"}}) {
    EXPECT_EQ(Run(words).code, 2);
  }
  EXPECT_EQ(Run({"count", db_}).out, "2\n");
  EXPECT_EQ(Run({"delete-range", db_, "--all"}).code, 0);
  EXPECT_EQ(Run({"count", db_}).out, "0\n");
}

TEST_F(VeralithCommand, BashCompletesCommandsOptionsAndChoices) {
  ASSERT_EQ(Shell("", "completion bash", "> " + Path("completion")).code, 0);
  const auto completed = [&](const std::string& words) {
    const std::string line =
        "bash -c '. " + Path("completion") + "; compopt() { :; }; COMP_WORDS=(" + words +
        "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _veralith; echo \"${COMPREPLY[*]}\"' > " +
        Path("stdout") + " 2>&1";
    EXPECT_EQ(std::system(line.c_str()), 0) << line;
    return ReadFile(Path("stdout"));
  };
  EXPECT_EQ(completed("veralith na"), "namespaces\n");
  EXPECT_EQ(completed("veralith che"), "checkpoint check\n");
  EXPECT_EQ(completed("veralith scan /tmp --re"), "--reverse\n");
  EXPECT_EQ(completed("veralith load --format j"), "jsonl\n");
  EXPECT_EQ(completed("veralith load --format = q"), "quoted\n");
  EXPECT_EQ(completed("veralith help dum"), "dump\n");
  EXPECT_EQ(completed("veralith completion z"), "zsh\n");
  EXPECT_EQ(completed("veralith scan --ns 1"), "\n");
}

TEST_F(VeralithCommand, PublishesATableAndTheNextSnapshot) {
  Load("a\t1\nb\t2\n");
  const Outcome first = Run({"publish", db_, "--to", Path("table")});
  EXPECT_EQ(first.code, 0) << first.errors;
  EXPECT_TRUE(Contains(first.out, "published snapshot 1 (format 2")) << first.out;
  EXPECT_TRUE(Contains(first.out, "2 rows in 1 files")) << first.out;
  EXPECT_TRUE(fs::exists(Path("table/metadata/version-hint.text")));
  EXPECT_TRUE(Contains(Run({"publish", db_, "--to", Path("table")}).out, "nothing changed"));
  EXPECT_EQ(Run({"delete", db_, "a"}).code, 0);
  const Outcome next =
      Run({"publish", db_, "--to", Path("table"), "--format", "3", "--keep-for", "7d"});
  EXPECT_TRUE(Contains(next.out, "published snapshot 2 (format 3")) << next.out << next.errors;
  EXPECT_TRUE(Contains(next.out, "1 rows in 1 files")) << next.out;
  EXPECT_EQ(Run({"publish", db_}).code, 2);
  EXPECT_EQ(Run({"publish", db_, "--to", Path("table"), "--keep-for", "7"}).code, 2);
  EXPECT_EQ(Run({"publish", db_, "--to", Path("table"), "--format", "2"}).code, 2);
  EXPECT_EQ(Run({"publish", db_, "--to", Path("table"), "--at", "1"}).code, 3);
}

TEST_F(VeralithCommand, ProgressIsShownWhenAskedForAndNotInPipes) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"flush", db_}, {"compact", db_}, {"checkpoint", db_, Path("copy")}}) {
    Load("a\t1\nb\t2\n");
    std::vector<std::string> asked = words;
    asked.push_back("--progress");
    const Outcome shown = Run(asked);
    EXPECT_EQ(shown.code, 0) << shown.errors;
    EXPECT_TRUE(Contains(shown.errors, words[0] + ": ")) << shown.errors;
    EXPECT_TRUE(Contains(shown.errors, " bytes written")) << shown.errors;
    fs::remove_all(Path("copy"));
    EXPECT_EQ(Run(words).errors, "");
    asked.push_back("--quiet");
    fs::remove_all(Path("copy"));
    EXPECT_EQ(Run(asked).errors, "");
  }
  const Outcome failed = Run({"compact", Path("nothing"), "--progress"});
  EXPECT_EQ(failed.code, 3);
}

// --- Standard input and output that fail ---------------------------------------------------------

TEST_F(VeralithCommand, AnOutputThatCannotBeWrittenIsAnError) {
  Load("apple\tred\n");
  for (const std::string& words :
       {"get " + db_ + " apple", "scan " + db_, "stats " + db_, "stats --json " + db_,
        "dump " + db_, "count " + db_, "namespaces " + db_, std::string("--version"),
        std::string("man"), std::string("completion bash"), std::string("help scan"),
        "check --quiet " + db_, "repair --quiet --dry-run " + db_, "inspect " + db_ + "/CURRENT",
        std::string("--help"), std::string("get --help")}) {
    const Outcome outcome = Shell("", words, "> /dev/full");
    EXPECT_EQ(outcome.code, 3) << words;
    EXPECT_TRUE(Contains(outcome.errors, "standard output")) << words << ": " << outcome.errors;
  }
}

TEST_F(VeralithCommand, WhatIsPrintedIntoClosedStreamsEndsInNoFile) {
  std::string rows;
  for (int i = 0; i < 20'000; ++i) {
    rows += std::to_string(1'000'000 + i) + "\tvalue\n";
  }
  WriteFile(Path("rows"), rows);
  const std::string line = "tools/veralith/veralith load " + db_ + " " + Path("rows");
  // It could not report what it has loaded.
  EXPECT_NE(std::system((line + " >&- 2>&- <&-").c_str()), 0);
  EXPECT_NE(std::system((line + " >&- 2>&-").c_str()), 0);
  const Outcome check = Run({"check", db_});
  EXPECT_EQ(check.code, 0) << check.out;
  EXPECT_TRUE(Contains(Scan({"--limit", "1"}), "1000000"));
}

TEST_F(VeralithCommand, AScanStopsWhereItsOutputFails) {
  std::string rows;
  for (int i = 0; i < 200'000; ++i) {
    rows += std::to_string(1'000'000 + i) + "\tvalue\n";
  }
  Load(rows);
  EXPECT_EQ(Shell("", "scan " + db_, "> /dev/full").code, 3);
}

TEST_F(VeralithCommand, AReaderThatHasSeenEnoughEndsAScanQuietly) {
  std::string rows;
  for (int i = 0; i < 100'000; ++i) {
    rows += std::to_string(1'000'000 + i) + "\tvalue\n";
  }
  Load(rows);
  for (const char* command : {"scan ", "dump "}) {
    const std::string line = std::string("bash -c 'tools/veralith/veralith ") + command + db_ +
                             " 2> " + Path("stderr") + " | head -n 1 > " + Path("stdout") +
                             "; exit ${PIPESTATUS[0]}'";
    const int status = std::system(line.c_str());
    EXPECT_EQ(WEXITSTATUS(status), 128 + SIGPIPE);
    EXPECT_TRUE(Contains(ReadFile(Path("stdout")), "1000000"));
    EXPECT_EQ(ReadFile(Path("stderr")), "");
  }
}

TEST_F(VeralithCommand, AnInputThatCannotBeReadIsAnErrorAndWritesNothing) {
  const std::string directory = scratch_.path();
  for (const std::string& words : {"put " + db_ + " apple", "load " + db_}) {
    const Outcome outcome = Shell("", words, "< " + directory);
    EXPECT_EQ(outcome.code, 3) << words;
    EXPECT_TRUE(Contains(outcome.errors, "stdin")) << words << ": " << outcome.errors;
  }
  EXPECT_NE(Run({"get", db_, "apple"}).code, 0);
}

TEST_F(VeralithCommand, AValueThatIsTooLongIsNotReadToItsEnd) {
  const Outcome outcome = Shell("timeout 60", "put " + db_ + " apple", "< /dev/zero");
  EXPECT_EQ(outcome.code, 2) << outcome.errors;
  EXPECT_TRUE(Contains(outcome.errors, "limit of 268435456 bytes")) << outcome.errors;
}

TEST_F(VeralithCommand, ALoadThatFailsSaysWhereAndHowMuchIsLoaded) {
  const Outcome outcome =
      Run({"load", db_, "--batch", "1"}, "apple\tred\n" + std::string(32'001, 'k') + "\tv\n");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(Contains(outcome.errors, "stdin line 2: a key of 32001 bytes")) << outcome.errors;
  EXPECT_TRUE(Contains(outcome.out, "loaded 1 entries from 10 B of text before the error"))
      << outcome.out;
  EXPECT_EQ(Run({"get", db_, "apple"}).out, "red\n");
}

TEST_F(VeralithCommand, LinesOfFilesOfOneNameAreKeptApart) {
  fs::create_directories(Path("1"));
  fs::create_directories(Path("2"));
  WriteFile(Path("1/poem"), "one\n");
  WriteFile(Path("2/poem"), "two\n");
  const Outcome outcome = Run({"load", db_, Path("1/poem"), Path("2/poem"), "--format", "lines"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(Contains(outcome.errors, Path("2/poem"))) << outcome.errors;
}

// --- Files as a killed process leaves them -------------------------------------------------------

class VeralithFiles : public VeralithCommand {
 protected:
  // The image of a database that is still open: a segment, and a log with synced commits.
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(Path("living"), {});
    ASSERT_TRUE(db.ok()) << ToString(db.status());
    const WriteOptions synced{.sync = SyncMode::kCommit};
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE((*db)->Put({}, "key" + std::to_string(i), "value").ok());
    }
    ASSERT_TRUE((*db)->Flush().ok());
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE((*db)->Put(synced, "logged" + std::to_string(i), "value").ok());
    }
    fs::copy(Path("living"), db_);
    ASSERT_TRUE((*db)->Close().ok());
    for (const auto& item : fs::directory_iterator(db_)) {
      const std::string name = item.path().filename();
      const std::string kind = name.starts_with("MANIFEST") ? "manifest"
                               : name.ends_with(".log")     ? "log"
                               : name.ends_with(".parquet") ? "segment"
                                                            : name;
      ASSERT_TRUE(files_.emplace(kind, name).second) << name;
    }
    ASSERT_EQ(files_.size(), 5u);
  }
  std::map<std::string, std::string> files_;  // kind -> name
};

TEST_F(VeralithFiles, CheckFindsNothingWrongAndChangesNothing) {
  const Outcome outcome = Run({"check", db_, "--quiet"});
  EXPECT_EQ(outcome.code, 0) << outcome.out;
  EXPECT_TRUE(Contains(outcome.out, "no damage")) << outcome.out;
  EXPECT_TRUE(Contains(outcome.out, "100 entries in segments, 5 records in logs")) << outcome.out;
  EXPECT_EQ(outcome.errors, "");
  EXPECT_EQ(Run({"get", db_, "logged4"}).out, "value\n");
}

TEST_F(VeralithFiles, CheckNamesFileAndOffsetOfAFlippedByte) {
  for (const char* kind : {"CURRENT", "manifest", "segment", "log"}) {
    const std::string path = db_ + "/" + files_.at(kind);
    const std::string bytes = ReadFile(path);
    for (const size_t at : {size_t{1}, bytes.size() / 3, bytes.size() / 2}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
      WriteFile(path, damaged);
      const Outcome outcome = Run({"check", db_});
      EXPECT_EQ(outcome.code, 1) << path << " byte " << at << "\n" << outcome.out;
      EXPECT_TRUE(Contains(outcome.out, "DAMAGE: DATA_LOSS: ")) << outcome.out;
      EXPECT_TRUE(Contains(outcome.out, path)) << outcome.out;
      EXPECT_TRUE(Contains(outcome.out, "offset ")) << outcome.out;
    }
    fs::remove(path);
    const Outcome missing = Run({"check", db_});
    EXPECT_EQ(missing.code, 1) << path << missing.out << missing.errors;
    EXPECT_TRUE(Contains(missing.out, files_.at(kind))) << missing.out;
    WriteFile(path, bytes);
  }
  EXPECT_EQ(Run({"check", db_}).code, 0);
}

TEST_F(VeralithFiles, CheckReportsAllDamageNotTheFirst) {
  for (const char* kind : {"segment", "log"}) {
    const std::string path = db_ + "/" + files_.at(kind);
    std::string bytes = ReadFile(path);
    bytes[bytes.size() / 2] ^= 1;
    WriteFile(path, bytes);
  }
  const Outcome outcome = Run({"check", db_});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(Contains(outcome.out, files_.at("segment"))) << outcome.out;
  EXPECT_TRUE(Contains(outcome.out, files_.at("log"))) << outcome.out;
}

TEST_F(VeralithFiles, RepairOfAWholeDatabaseKeepsEverything) {
  const Outcome outcome = Run({"repair", db_, "--to", Path("target")});
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.errors;
  EXPECT_TRUE(Contains(outcome.out, "kept: " + files_.at("segment") + ": 100 entries"))
      << outcome.out;
  EXPECT_TRUE(Contains(outcome.out, "kept: " + files_.at("log") + ": 5 entries")) << outcome.out;
  EXPECT_TRUE(Contains(outcome.out, "nothing was lost")) << outcome.out;
  EXPECT_TRUE(Contains(outcome.errors, "reading")) << outcome.errors;
  EXPECT_EQ(Run({"check", Path("target")}).code, 0);
  EXPECT_EQ(Run({"scan", Path("target")}).out, Run({"scan", db_}).out);
}

TEST_F(VeralithFiles, RepairListsWhatIsLostWithFileAndOffset) {
  for (const char* kind : {"CURRENT", "manifest", "segment", "log"}) {
    const std::string path = db_ + "/" + files_.at(kind);
    const std::string bytes = ReadFile(path);
    std::string damaged = bytes;
    const size_t key = std::min(bytes.find("key0"), bytes.find("logged2"));  // in a page, a record
    damaged[std::min(key, bytes.size() / 3)] ^= 0x10;
    WriteFile(path, damaged);
    const std::string target = Path(std::string("target_") + kind);
    const Outcome dry = Run({"repair", db_, "--dry-run"});
    EXPECT_FALSE(fs::exists(target));
    const Outcome outcome = Run({"repair", db_, "--to", target, "--quiet"});
    EXPECT_EQ(outcome.errors, "");
    // CURRENT only points to the manifest, which is whole.
    const bool lossless = std::string(kind) == "CURRENT";
    EXPECT_EQ(outcome.code, lossless ? 0 : 1) << kind << outcome.out;
    EXPECT_EQ(dry.code, outcome.code) << dry.out;
    EXPECT_TRUE(Contains(outcome.out, files_.at(kind))) << outcome.out;
    EXPECT_TRUE(lossless || Contains(outcome.out, "LOST: " + files_.at(kind))) << outcome.out;
    EXPECT_EQ(Run({"check", target}).code, 0);
    EXPECT_EQ(ReadFile(path), damaged);
    WriteFile(path, bytes);
  }
}

TEST_F(VeralithFiles, EveryCommandThatOpensSaysWhatOpeningDropped) {
  const std::string path = db_ + "/" + files_.at("log");
  const std::string bytes = ReadFile(path);
  WriteFile(path, bytes.substr(0, bytes.size() - 3));  // nothing says that this end was synced
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"get", db_, "logged1"}, {"scan", db_}, {"put", db_, "a", "b"}}) {
    const Outcome outcome = Run(words);
    EXPECT_EQ(outcome.code, 0) << words[0] << outcome.errors;
    EXPECT_TRUE(Contains(outcome.errors, path + ": offset ")) << words[0] << outcome.errors;
  }
  EXPECT_EQ(Run({"scan", db_}).errors, "");  // the put has opened it for writing: it is gone
}

TEST_F(VeralithFiles, OpeningADamagedDatabaseSaysWhatHelps) {
  for (const char* kind : {"CURRENT", "manifest", "log"}) {
    const std::string path = db_ + "/" + files_.at(kind);
    const std::string bytes = ReadFile(path);
    std::string damaged = bytes;
    damaged[bytes.size() / 3] ^= 0x10;
    for (const bool missing : {false, true}) {
      missing ? (void)fs::remove(path) : WriteFile(path, damaged);
      const Outcome outcome = Run({"scan", db_});
      EXPECT_NE(outcome.code, 0) << kind;
      EXPECT_TRUE(Contains(outcome.errors, "`veralith repair " + db_ + " --to TARGET`"))
          << kind << outcome.errors;
    }
    WriteFile(path, bytes);
  }
  fs::remove(db_ + "/" + files_.at("segment"));
  EXPECT_TRUE(Contains(Run({"scan", db_}).errors, "`veralith repair " + db_ + " --to TARGET`"));
}

TEST_F(VeralithFiles, RepairRefusesATargetThatLeadsIntoTheSource) {
  fs::create_directory_symlink(db_, Path("link"));
  fs::create_directory(db_ + "/deep");
  fs::create_directory_symlink(db_ + "/deep", Path("deeper_link"));
  for (const std::string& target : std::initializer_list<std::string>{
           db_ + "/inside", db_ + "/deep/inside", Path("link/inside"), Path("link/deep/inside"),
           Path("deeper_link/inside"), Path("link/deep"), Path("nowhere/../link/inside"),
           Path("link/../" + fs::path(db_).filename().string() + "/inside")}) {
    fs::create_directory(Path("nowhere"));
    const Outcome outcome = Run({"repair", db_, "--to", target});
    EXPECT_EQ(outcome.code, 2) << target << ": " << outcome.errors;
    EXPECT_TRUE(Contains(outcome.errors, "inside the source")) << target << outcome.errors;
    EXPECT_FALSE(fs::exists(target) && !target.ends_with("deep")) << target;
  }
  EXPECT_EQ(Run({"repair", Path("link"), "--to", db_ + "/inside"}).code, 2);
  EXPECT_EQ(Run({"repair", Path("link"), "--to", db_}).code, 3);  // it is not empty
  EXPECT_EQ(Run({"repair", Path("link"), "--to", Path("beside")}).code, 0);
}

TEST_F(VeralithFiles, RepairCountsOnBelowANumberThatNobodyCanHaveReached) {
  WriteFile(db_ + "/4611686018427387903.log", "");
  ASSERT_EQ(Run({"repair", db_, "--to", Path("target")}).code, 0);
  EXPECT_EQ(Run({"check", Path("target")}).code, 0);
  EXPECT_EQ(Run({"put", Path("target"), "more", "value"}).code, 0);
  EXPECT_EQ(Run({"get", Path("target"), "key7"}).out, "value\n");
}

// A segment of another database under the name of one of ours.
TEST_F(VeralithFiles, RepairDoesNotTakeASegmentThatIsNotTheOneRecorded) {
  const std::string other = Path("other");
  ASSERT_EQ(Run({"load", other}, "foreign\tvalue\n").code, 0);
  std::string foreign;
  for (const auto& item : fs::directory_iterator(other)) {
    foreign = item.path().extension() == ".parquet" ? item.path().string() : foreign;
  }
  ASSERT_NE(foreign, "");
  WriteFile(db_ + "/" + files_.at("segment"), ReadFile(foreign));
  const Outcome outcome = Run({"repair", db_, "--to", Path("target")});
  EXPECT_EQ(outcome.code, 1) << outcome.out << outcome.errors;
  EXPECT_TRUE(Contains(outcome.out, "LOST: " + files_.at("segment") + ": the whole segment"))
      << outcome.out;
  EXPECT_TRUE(Contains(outcome.out, "is not the segment that the manifest records")) << outcome.out;
  EXPECT_FALSE(Contains(Run({"scan", Path("target")}).out, "foreign"));
  EXPECT_EQ(Run({"get", Path("target"), "logged4"}).out, "value\n");
}

TEST_F(VeralithFiles, RepairRefusesWrongUsageAndTargetsThatAreTaken) {
  EXPECT_EQ(Run({"repair", db_}).code, 2);
  EXPECT_EQ(Run({"repair", db_, "--to", Path("t"), "--dry-run"}).code, 2);
  EXPECT_EQ(Run({"repair", db_, "--to", db_ + "/inside"}).code, 2);
  EXPECT_EQ(Run({"repair", db_, "--to", Path("living")}).code, 3);
  EXPECT_EQ(Run({"repair", Path("nothing"), "--to", Path("t")}).code, 3);
  fs::create_directory(Path("hollow"));
  WriteFile(Path("hollow/000003.parquet"), "not a segment");
  const Outcome nothing = Run({"repair", Path("hollow"), "--to", Path("t")});
  EXPECT_EQ(nothing.code, 3);
  EXPECT_TRUE(Contains(nothing.out, "LOST: 000003.parquet")) << nothing.out;
  EXPECT_TRUE(Contains(nothing.errors, "nothing could be recovered")) << nothing.errors;
  EXPECT_FALSE(fs::exists(Path("t")));
}

TEST_F(VeralithFiles, InspectDescribesEveryKindOfFile) {
  const auto inspect = [&](const std::string& kind) {
    const Outcome outcome = Run({"inspect", db_ + "/" + files_.at(kind)});
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    return outcome.out;
  };
  EXPECT_TRUE(Contains(inspect("CURRENT"), "the live manifest is " + files_.at("manifest")));
  const std::string manifest = inspect("manifest");
  EXPECT_TRUE(Contains(manifest, files_.at("segment"))) << manifest;
  EXPECT_TRUE(Contains(manifest, "timestamp ceiling ")) << manifest;
  const std::string log = inspect("log");
  EXPECT_TRUE(Contains(log, "put 0:\"logged4\", value of 5 bytes")) << log;
  EXPECT_TRUE(Contains(log, "5 records")) << log;
  const std::string segment = inspect("segment");
  EXPECT_TRUE(Contains(segment, "rows 100")) << segment;
  EXPECT_TRUE(Contains(segment, "column key BYTE_ARRAY")) << segment;
  EXPECT_TRUE(Contains(segment, "property veralith.block")) << segment;
  EXPECT_TRUE(Contains(inspect("LOCK"), "lock")) << inspect("LOCK");
}

TEST_F(VeralithFiles, WhatIsNoRegularFileIsAnErrorAtOnce) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  for (const std::string& words :
       {"inspect " + Path("pipe"), std::string("inspect /dev/zero"),
        "stats " + db_ + " --html " + Path("pipe"), "put " + Path("pipe") + " a b"}) {
    const Outcome outcome = Shell("timeout 20", words, "> " + Path("stdout"));
    EXPECT_EQ(outcome.code, 3) << words << outcome.errors;
    EXPECT_NE(outcome.errors, "") << words;
  }
  // Includes files of a database: a pipe in their place does not stop the command.
  for (const char* kind : {"LOCK", "CURRENT", "manifest", "log", "segment"}) {
    const std::string path = db_ + "/" + files_.at(kind);
    fs::rename(path, Path("kept"));
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    for (const std::string& words : {"get " + db_ + " key1", "inspect " + path}) {
      const Outcome outcome = Shell("timeout 20", words, "> " + Path("stdout"));
      EXPECT_NE(outcome.code, 124) << words << " was waiting";
      EXPECT_TRUE(outcome.code == 3 || std::string(kind) == "LOCK") << words << outcome.code;
    }
    fs::rename(Path("kept"), path);
  }
  EXPECT_EQ(Run({"get", db_, "key1"}).code, 0);
}

TEST_F(VeralithFiles, ADumpHasWhatOnlyLogsHold) {
  const std::string dump = Run({"dump", db_}).out;
  EXPECT_EQ(std::count(dump.begin(), dump.end(), '\n'), 105);
  EXPECT_TRUE(Contains(dump, "{\"ns\":0,\"key\":\"logged4\",\"value\":\"value\"}\n")) << dump;
  fs::remove_all(Path("copy"));
  absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(Path("copy"), {});
  ASSERT_TRUE(db.ok());
  ASSERT_TRUE((*db)->Put({.sync = SyncMode::kCommit}, 9, "only in the log", "value").ok());
  fs::copy(Path("copy"), Path("image"));
  ASSERT_TRUE((*db)->Close().ok());
  EXPECT_EQ(Run({"namespaces", Path("image")}).out, "9\n");
}

TEST_F(VeralithFiles, InspectOfAnEmptyLogSaysThatItIsEmpty) {
  ASSERT_EQ(Run({"flush", db_}).code, 0);  // a clean close leaves a log without records
  for (const auto& item : fs::directory_iterator(db_)) {
    if (item.path().extension() == ".log") {
      const Outcome outcome = Run({"inspect", item.path()});
      EXPECT_EQ(outcome.code, 0) << outcome.errors;
      EXPECT_TRUE(Contains(outcome.out, "empty")) << outcome.out;
    }
  }
}

TEST_F(VeralithFiles, InspectOfADamagedFileIsTheErrorThatReadingItGives) {
  const std::string path = db_ + "/" + files_.at("segment");
  std::string bytes = ReadFile(path);
  bytes[bytes.size() - 20] ^= 1;
  WriteFile(path, bytes);
  const Outcome outcome = Run({"inspect", path});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_TRUE(Contains(outcome.errors, path)) << outcome.errors;
}

TEST_F(VeralithFiles, ASecondProcessIsRefusedWhileTheDatabaseIsOpen) {
  absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(db_, {});
  ASSERT_TRUE(db.ok());
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"put", db_, "a", "b"},
                                             {"get", db_, "a"},
                                             {"scan", db_},
                                             {"compact", db_},
                                             {"check", db_}}) {
    const Outcome outcome = Run(words);
    EXPECT_EQ(outcome.code, 3) << words[0];
    EXPECT_TRUE(Contains(outcome.errors, "LOCK")) << outcome.errors;
    EXPECT_TRUE(Contains(outcome.errors, "close it")) << outcome.errors;
  }
  EXPECT_TRUE((*db)->Close().ok());
}

}  // namespace
}  // namespace veralith
