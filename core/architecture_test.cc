// Holds the source tree to its architecture (docs and DESIGN, "The tree"): which package may
// include which, that core never depends on its checks, and that only the doors name threads,
// clocks, randomness and file calls.
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
      {"version_set", {"base", "fs", "format", "manifest", "segment"}},
      {"db",
       {"base", "fs", "format", "iterator", "log", "segment", "memtable", "manifest", "compaction",
        "version_set"}},
  };
  return *allowed;
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
      {"core/fs/posix_file_system.cc", {"files"}},
      {"core/fs/errno_status.cc", {"files"}},
      {"core/memtable/block_pool.cc", {"files"}},  // anonymous memory: mmap, madvise
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

// "segment" of "core/segment/page.h"; "" outside core's packages.
std::string PackageOf(const std::string& file) {
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
      EXPECT_TRUE(!include.starts_with("core/") || include == "core/base/types.h" ||
                  include == "core/base/bound.h")
          << file << " includes " << include;
    }
  }
}

TEST(Architecture, OnlyTheDoorsNameThreadsClocksRandomnessAndFiles) {
  for (const std::string& file : SourcesUnder("core")) {
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
