// SPDX-License-Identifier: Apache-2.0

// Holds the source tree to its architecture (DESIGN, "Who may know whom" and "The doors"): which
// package may include which, what the public headers may include and define, that core never
// depends on its checks, and that only the doors name threads, clocks, randomness and file calls.
//
// Reads the source tree itself (the folder of the WORKSPACE file), so it runs every time.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace veralith {
namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;

// Packages of core, lowest first, and what each may include besides itself.
const std::map<std::string, Names>& AllowedIncludes() {
  static const auto* const allowed = new std::map<std::string, Names>{
      {"base", {}},
      {"fs", {"base"}},
      {"format", {"base"}},
      {"iterator", {"base", "format"}},
      {"log", {"base", "fs", "format"}},
      {"segment", {"base", "fs", "format", "iterator"}},
      {"memtable", {"base", "format", "iterator"}},
      {"manifest", {"base", "fs", "format", "log"}},
      {"compaction", {"base", "fs", "format", "iterator", "segment", "memtable", "manifest"}},
      {"version_set", {"base", "fs", "format", "iterator", "manifest", "segment"}},
      {"iceberg", {"base", "fs", "format", "iterator", "segment"}},
      {"db",
       {"base", "fs", "format", "iterator", "log", "segment", "memtable", "manifest", "compaction",
        "version_set", "iceberg"}},
      {"repair",
       {"base", "fs", "format", "iterator", "log", "segment", "memtable", "manifest", "compaction",
        "version_set", "db"}},
      {"c", {"base", "fs", "iceberg", "db", "repair"}},
      {"arrow", {"base", "db"}},
  };
  return *allowed;
}

// What core/repair may include of core/db: it works on closed directories, never on a database.
const Names& SeenByRepair() {
  static const auto* const seen = new Names{"core/db/log_recovery.h", "core/db/option_mapping.h",
                                            "veralith/options.h", "core/db/reader_watch.h"};
  return *seen;
}

// The public headers, and for each the package whose layer it belongs to. Those of veralith/testing
// are for tests: nothing that ships includes them.
const std::map<std::string, std::string>& PublicHeaders() {
  static const auto* const headers = new std::map<std::string, std::string>{
      {"veralith/bound.h", "base"},
      {"veralith/c.h", "c"},
      {"veralith/cache.h", "base"},
      {"veralith/check_database.h", "repair"},
      {"veralith/clock.h", "base"},
      {"veralith/db.h", "db"},
      {"veralith/db_iterator.h", "db"},
      {"veralith/executor.h", "base"},
      {"veralith/export.h", "base"},
      {"veralith/file_system.h", "fs"},
      {"veralith/iceberg.h", "iceberg"},
      {"veralith/listener.h", "db"},
      {"veralith/options.h", "db"},
      {"veralith/options_text.h", "db"},
      {"veralith/pinned_value.h", "db"},
      {"veralith/policy_kind.h", "format"},
      {"veralith/posix_file_system.h", "fs"},
      {"veralith/repair.h", "repair"},
      {"veralith/statistics.h", "db"},
      {"veralith/testing/fault_plan.h", "fs"},
      {"veralith/testing/power_cuts.h", "fs"},
      {"veralith/testing/simulated_clock.h", "base"},
      {"veralith/testing/simulated_executor.h", "base"},
      {"veralith/testing/simulated_file_system.h", "fs"},
      {"veralith/types.h", "base"},
      {"veralith/version.h", "base"},
      {"veralith/write_batch.h", "db"},
  };
  return *headers;
}

// What public headers may include besides each other and the standard library.
const Names& AbseilInPublicHeaders() {
  static const auto* const headers = new Names{"absl/status/status.h", "absl/status/statusor.h"};
  return *headers;
}

// Files that are doors, and what each may name.
const std::map<std::string, Names>& Doors() {
  static const auto* const doors = new std::map<std::string, Names>{
      {"core/base/fork.cc", {"threads"}},
      {"core/base/sync.h", {"threads"}},
      {"core/base/sync.cc", {"threads", "clocks"}},  // waits with a timeout
      {"core/base/thread_pool_executor.cc", {"threads"}},
      {"core/base/clock.cc", {"clocks"}},
      {"core/base/random.cc", {"randomness"}},
      {"core/base/large_bytes.cc", {"files"}},  // anonymous memory: mmap, mremap
      {"core/fs/posix_file_system.cc", {"files"}},
      {"core/fs/errno_status.cc", {"files"}},
      {"core/memtable/block_pool.cc", {"files"}},  // anonymous memory: mmap, madvise
      {"core/base/byte_lanes.h", {"instructions of one processor"}},
      {"core/base/cpu.cc", {"instructions of one processor"}},
      {"core/format/checksum_instructions.cc", {"instructions of one processor"}},
  };
  return *doors;
}

struct Forbidden {
  std::string what;
  std::regex pattern;
};

const std::vector<Forbidden>& ForbiddenOutsideDoors() {
  static const auto* const forbidden = new std::vector<Forbidden>{
      {"threads",
       std::regex(R"(\bstd::(mutex|thread|jthread|atomic|condition_variable|shared_mutex|async|)"
                  R"(future|this_thread|atomic_thread_fence|call_once)\b|\bpthread_)")},
      {"clocks", std::regex(R"(\bstd::chrono\b|\bclock_gettime\b|\bgettimeofday\b)")},
      {"randomness", std::regex(R"(\bstd::(random_device|mt19937|mt19937_64|rand)\b|\bsrand\()")},
      {"files", std::regex(R"(\b(::open|::pread|::pwrite|::write|::read|::fsync|::fdatasync|)"
                           R"(::rename|::unlink|::mmap|fopen|std::ifstream|std::ofstream|)"
                           R"(std::fstream|std::filesystem)\b)")},
      {"instructions of one processor",
       std::regex(R"(<(\w+intrin|arm_neon|arm_acle)\.h>|\b_mm\d*_\w+|\b__builtin_cpu_\w+|)"
                  R"(\btarget\(")")},
  };
  return *forbidden;
}

fs::path SourceRoot() { return fs::canonical("WORKSPACE").parent_path(); }

std::string ReadFile(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// Source files under a folder, relative to the root, sorted.
std::vector<std::string> SourcesUnder(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& item : fs::recursive_directory_iterator(SourceRoot() / folder)) {
    const std::string extension = item.path().extension().string();
    if (item.is_regular_file() && (extension == ".h" || extension == ".cc")) {
      files.push_back(fs::relative(item.path(), SourceRoot()).string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool IsTest(const std::string& file) {
  return file.ends_with("_test.cc") || file.find("/testing/") != std::string::npos;
}

std::vector<std::string> IncludesOf(const std::string& file) {
  static const std::regex include(R"re(^#include "([^"]+)")re", std::regex::multiline);
  const std::string text = ReadFile(SourceRoot() / file);
  std::vector<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), include), end; it != end; ++it) {
    found.push_back((*it)[1]);
  }
  return found;
}

// "segment" of "core/segment/page/page.h", "fs" of "veralith/file_system.h"; "" elsewhere.
std::string PackageOf(const std::string& file) {
  if (const auto header = PublicHeaders().find(file); header != PublicHeaders().end()) {
    return header->second;
  }
  if (!file.starts_with("core/")) {
    return "";
  }
  const size_t begin = 5;
  const size_t end = file.find('/', begin);
  return end == std::string::npos ? "" : file.substr(begin, end - begin);
}

std::string WithoutComments(const std::string& text) {
  static const std::regex comment(R"(//[^\n]*)");
  return std::regex_replace(text, comment, "");
}

TEST(Architecture, TheTreeIsWhereItIsLookedFor) { EXPECT_GT(SourcesUnder("core").size(), 100u); }

TEST(Architecture, EveryPackageOfCoreIncludesOnlyPackagesBelowIt) {
  for (const std::string& file : SourcesUnder("core")) {
    const std::string package = PackageOf(file);
    if (package.empty() || IsTest(file)) {
      continue;
    }
    const auto allowed = AllowedIncludes().find(package);
    ASSERT_NE(allowed, AllowedIncludes().end()) << file << " is in a package that has no place";
    for (const std::string& include : IncludesOf(file)) {
      const std::string target = PackageOf(include);
      EXPECT_TRUE(target.empty() || target == package || allowed->second.contains(target))
          << file << " includes " << include;
    }
  }
}

TEST(Architecture, RoomsOfSegmentsKnowOnlyRoomsBelowThem) {
  const std::map<std::string, Names> rooms = {{"page", {}},
                                              {"write", {"page"}},
                                              {"read", {"page"}},
                                              {"foreign", {"page", "read"}},
                                              {"check", {"page", "read", "write", "foreign"}}};
  static const std::regex place("core/segment/(\\w+)/.+");
  size_t found = 0;
  for (const std::string& file : SourcesUnder("core/segment")) {
    std::smatch room;
    if (IsTest(file) || !std::regex_match(file, room, place)) {
      continue;
    }
    ASSERT_TRUE(rooms.contains(room[1])) << file << " is in a room that has no place";
    ++found;
    for (const std::string& include : IncludesOf(file)) {
      std::smatch target;
      EXPECT_TRUE(!std::regex_match(include, target, place) || target[1] == room[1] ||
                  rooms.at(room[1]).contains(target[1]))
          << file << " includes " << include;
    }
  }
  EXPECT_GT(found, 40u);
}

TEST(Architecture, RepairKnowsOfTheDatabaseOnlyWhatClosedDirectoriesAre) {
  for (const std::string& file : SourcesUnder("core/repair")) {
    if (IsTest(file)) {
      continue;
    }
    for (const std::string& include : IncludesOf(file)) {
      EXPECT_TRUE(PackageOf(include) != "db" || SeenByRepair().contains(include))
          << file << " includes " << include;
    }
  }
}

TEST(Architecture, TheFolderOfPublicHeadersHoldsThemAndNothingElse) {
  Names found;
  for (const auto& item : fs::recursive_directory_iterator(SourceRoot() / "include/veralith")) {
    if (item.is_regular_file()) {
      found.insert(fs::relative(item.path(), SourceRoot() / "include").string());
    }
  }
  Names listed;
  for (const auto& [header, package] : PublicHeaders()) {
    listed.insert(header);
  }
  EXPECT_EQ(found, listed);
}

TEST(Architecture, NothingInternalIsReachableFromAPublicHeader) {
  static const std::regex header_of_c_or_system(R"(#include <[^>]*[./])");
  static const std::regex header_of_system(R"(#include <(?!std(def|int)\.h>))");
  static const std::regex internal_file(R"(\bcore/(?!fs/testing)[\w/]+\.\w+)");
  for (const std::string& file : SourcesUnder("include")) {
    const std::string package = PackageOf(file.substr(std::string("include/").size()));
    ASSERT_NE(package, "") << file;
    for (const std::string& include : IncludesOf(file)) {
      const bool is_public = PublicHeaders().contains(include);
      EXPECT_TRUE(is_public || AbseilInPublicHeaders().contains(include))
          << file << " includes " << include;
      EXPECT_TRUE(IsTest(file) || !IsTest(include))
          << file << " includes " << include << ", which is for tests";
      const std::string target = PackageOf(include);
      EXPECT_TRUE(!is_public || target == package || AllowedIncludes().at(package).contains(target))
          << file << " includes " << include << ", which is of a layer above";
    }
    std::smatch match;
    const std::string text = ReadFile(SourceRoot() / file);
    EXPECT_FALSE(std::regex_search(text, match, internal_file))
        << file << " sends its reader to " << match.str();
    const bool is_for_c = file == "include/veralith/c.h";
    EXPECT_FALSE(
        std::regex_search(text, match, is_for_c ? header_of_system : header_of_c_or_system))
        << file << " has " << match.str() << ": only the standard library's headers";
  }
}

// A class that is defined in a public header, or a function that is declared there and defined in a
// source, is an exported one: the shared library hides everything else (veralith/export.h).
TEST(Architecture, WhatPublicHeadersDeclareIsExported) {
  static const std::regex declared(
      R"re(^(?:(VERALITH_EXPORT )?(?!inline|constexpr|using|template|#)[\w:<>]+[*&]? (\w+)\()re"
      R"re(|class (VERALITH_EXPORT )?(\w+)(?: final)? ?[:{]))re",
      std::regex::multiline);
  size_t exported = 0;
  for (const std::string& file : SourcesUnder("include")) {
    const std::string text = WithoutComments(ReadFile(SourceRoot() / file));
    for (std::sregex_iterator it(text.begin(), text.end(), declared), end; it != end; ++it) {
      const bool is_exported = (*it)[1].matched || (*it)[3].matched;
      EXPECT_TRUE(is_exported) << file << " declares " << (*it)[2] << (*it)[4]
                               << ", which lacks VERALITH_EXPORT";
      exported += is_exported ? 1 : 0;
    }
  }
  EXPECT_GE(exported, 18u);
}

// A macro is either the guard, or undefined again before the header ends. Others are listed.
TEST(Architecture, PublicHeadersLeaveNoMacroBehindExceptTheirGuard) {
  const std::set<std::pair<std::string, std::string>> kept = {
      {"include/veralith/export.h", "VERALITH_EXPORT"}};
  static const std::regex define(R"re(#\s*define\s+(\w+))re");
  for (const std::string& file : SourcesUnder("include")) {
    const std::string text = ReadFile(SourceRoot() / file);
    std::string guard = file.substr(std::string("include/").size()) + "_";
    std::replace_if(guard.begin(), guard.end(), [](char c) { return c == '/' || c == '.'; }, '_');
    std::transform(guard.begin(), guard.end(), guard.begin(), ::toupper);
    EXPECT_NE(text.find("#ifndef " + guard + "\n#define " + guard + "\n"), std::string::npos)
        << file;
    for (std::sregex_iterator it(text.begin(), text.end(), define), end; it != end; ++it) {
      const std::string name = (*it)[1];
      EXPECT_TRUE(name.starts_with("VERALITH_")) << file << " defines " << name;
      EXPECT_TRUE(name == guard || kept.contains({file, name}) ||
                  text.find("#undef " + name + "\n") != std::string::npos)
          << file << " leaves " << name << " defined";
    }
  }
}

// What everybody may depend on has no headers of its own: those are in include/.
TEST(Architecture, NoTargetOfCoreThatAllMayUseHasHeaders) {
  static const std::regex rule(R"(cc_library\([^)]*\n\))");
  size_t visible = 0;
  for (const auto& item : fs::recursive_directory_iterator(SourceRoot() / "core")) {
    if (item.path().filename() != "BUILD" || item.path().parent_path().filename() == "testing") {
      continue;
    }
    const std::string text = ReadFile(item.path());
    for (std::sregex_iterator it(text.begin(), text.end(), rule), end; it != end; ++it) {
      if (it->str().find("//visibility:public") != std::string::npos) {
        ++visible;
        EXPECT_EQ(it->str().find("hdrs = "), std::string::npos) << item.path() << ": " << it->str();
      }
    }
  }
  EXPECT_EQ(visible, 5u);
}

TEST(Architecture, CoreNeverDependsOnModelFuzzOrPropertyTests) {
  for (const std::string& file : SourcesUnder("core")) {
    if (IsTest(file)) {
      continue;
    }
    for (const std::string& include : IncludesOf(file)) {
      for (const char* folder : {"model/", "fuzz/", "property_tests/", "tools/", "bench/"}) {
        EXPECT_FALSE(include.starts_with(folder)) << file << " includes " << include;
      }
      EXPECT_EQ(include.find("/testing/"), std::string::npos) << file << " includes " << include;
    }
  }
}

TEST(Architecture, TheModelSharesNothingWithTheEngineButItsTypes) {
  for (const std::string& file : SourcesUnder("model")) {
    if (file.starts_with("model/conformance/") || IsTest(file)) {
      continue;
    }
    for (const std::string& include : IncludesOf(file)) {
      EXPECT_FALSE(include.starts_with("core/")) << file << " includes " << include;
      EXPECT_TRUE(!include.starts_with("veralith/") || include == "veralith/types.h" ||
                  include == "veralith/bound.h")
          << file << " includes " << include;
    }
  }
}

TEST(Architecture, OnlyTheDoorsNameThreadsClocksRandomnessFilesAndInstructions) {
  std::vector<std::string> files = SourcesUnder("core");
  const std::vector<std::string> headers = SourcesUnder("include");
  files.insert(files.end(), headers.begin(), headers.end());
  for (const std::string& file : files) {
    if (IsTest(file)) {
      continue;
    }
    const std::string text = WithoutComments(ReadFile(SourceRoot() / file));
    const auto door = Doors().find(file);
    for (const Forbidden& forbidden : ForbiddenOutsideDoors()) {
      if (door != Doors().end() && door->second.contains(forbidden.what)) {
        continue;
      }
      std::smatch match;
      EXPECT_FALSE(std::regex_search(text, match, forbidden.pattern))
          << file << " names " << match.str() << ": only the doors may use " << forbidden.what;
    }
  }
}

TEST(Architecture, NoDecisionOfTheEngineIteratesAHashContainer) {
  static const std::regex hash_container(R"(\bstd::unordered_|\babsl::(flat|node)_hash_)");
  for (const std::string& file : SourcesUnder("core")) {
    if (IsTest(file)) {
      continue;
    }
    const std::string text = WithoutComments(ReadFile(SourceRoot() / file));
    EXPECT_FALSE(std::regex_search(text, hash_container)) << file << " uses a hash container";
  }
}

TEST(Architecture, TheVersionIsWrittenOnce) {
  const std::string header = ReadFile(SourceRoot() / "include/veralith/version.h");
  static const std::regex literal(R"re(kVersion = "([\d.]+)")re");
  std::smatch match;
  ASSERT_TRUE(std::regex_search(header, match, literal));
  const std::string version = match[1];
  for (const char* folder : {"include", "core", "model", "bench", "tools"}) {
    for (const std::string& file : SourcesUnder(folder)) {
      EXPECT_TRUE(file == "include/veralith/version.h" ||
                  ReadFile(SourceRoot() / file).find(version) == std::string::npos)
          << file << " spells the version " << version;
    }
  }
  const std::string changes = ReadFile(SourceRoot() / "CHANGELOG.md");
  const size_t newest = changes.find("\n## ");
  EXPECT_LT(changes.find(version, newest), changes.find('\n', newest + 1))
      << "the newest heading of CHANGELOG.md is not of " << version;
}

// They are patches beside the tests that need them (property_tests/exploration/faults).
TEST(Architecture, NoShippedSourceHasAFaultPutInOnPurpose) {
  static const std::regex fault(
      R"re(VERALITH_BROKEN|\bBroken\(|\bBreakEngine\b|exploration/faults)re");
  std::vector<std::string> files = SourcesUnder("core");
  for (const std::string& file : SourcesUnder("include")) {
    files.push_back(file);
  }
  for (const auto& [package, allowed] : AllowedIncludes()) {
    files.push_back("core/" + package + "/BUILD");
  }
  for (const std::string& file : files) {
    std::smatch match;
    const std::string text = ReadFile(SourceRoot() / file);
    EXPECT_FALSE(!IsTest(file) && std::regex_search(text, match, fault))
        << file << " names " << match.str() << ": put the fault into a patch, as "
        << "property_tests/exploration/faults/README.md says";
  }
}

// What ships runs on every processor of its family: core/base/cpu.h chooses at run time.
TEST(Architecture, NoBuildNamesAProcessor) {
  static const std::regex names_one(R"re([\s"=]-m(arch|cpu|tune|avx|sse|bmi|pclmul))re");
  size_t files = 0;
  for (const char* folder : {".", "core", "include", "third_party", "tools", "cmake"}) {
    const fs::path root = SourceRoot() / folder;
    if (!fs::exists(root)) {
      continue;
    }
    for (auto item = fs::recursive_directory_iterator(root);
         item != fs::recursive_directory_iterator(); ++item) {
      const std::string name = item->path().filename().string();
      if (std::string_view(folder) == "." && item->is_directory()) {
        item.disable_recursion_pending();
      }
      if (name != "BUILD" && name != ".bazelrc" && name != "CMakeLists.txt" &&
          !name.ends_with(".bzl") && !name.ends_with(".cmake")) {
        continue;
      }
      ++files;
      std::smatch match;
      const std::string text = ReadFile(item->path());
      EXPECT_FALSE(std::regex_search(text, match, names_one))
          << item->path() << " has " << match.str() << ": nothing that ships may";
    }
  }
  EXPECT_GT(files, 20u);
}

TEST(Architecture, NoBareFences) {
  for (const std::string& file : SourcesUnder("core")) {
    if (file == "core/architecture_test.cc") {
      continue;
    }
    EXPECT_EQ(ReadFile(SourceRoot() / file).find("atomic_thread_fence"), std::string::npos) << file;
  }
}

}  // namespace
}  // namespace veralith
