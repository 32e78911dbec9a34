// SPDX-License-Identifier: Apache-2.0

#include "property_tests/exploration/alphabet.h"

#include <string_view>

#include "core/base/check.h"
#include "model/operation_text.h"

namespace veralith::model {
namespace {

std::vector<Operation> Parse(const std::vector<std::string>& lines) {
  std::vector<Operation> operations;
  for (const std::string& line : lines) {
    std::string error;
    VERALITH_CHECK(ParseOperation(line, &operations.emplace_back(), &error));
  }
  return operations;
}

std::vector<std::string> Times(size_t count, const std::vector<std::string>& lines) {
  std::vector<std::string> all;
  for (size_t i = 0; i < count; ++i) {
    all.insert(all.end(), lines.begin(), lines.end());
  }
  return all;
}

}  // namespace

const std::vector<Operation>& ExplorationLetters() {
  static const std::vector<Operation>& letters = *new std::vector<Operation>(Parse({
      R"(put 0 "a" 8 -)",
      R"(put 0 "b" 8 -)",
      R"(put 0 "a" 8 commit)",
      R"(delete 0 "a" -)",
      R"(put 0 "b" 5000 -)",  // fills the memtable: the next write changes memtable and log
      R"(batch {put 0 "a" 8; put 0 "b" 8} -)",
      R"(batch {delete 0 "a"; put 0 "b" 8} commit)",
      R"(delete-range 0 "a" - -)",
      "sync",
      "flush",
      "run-background 1",
      "snapshot 0 now",
      "release 0",
      "compact * - -",
      "checkpoint",
      "reopen",
  }));
  return letters;
}

const std::vector<PreparedState>& PreparedStates() {
  static const std::vector<PreparedState>& states = *new std::vector<PreparedState>{
      {"a tombstone over a deep put", false,
       Parse({R"(put 0 "a" 8 -)", R"(put 0 "b" 8 -)", "compact * - -", R"(delete 0 "a" -)",
              "flush"})},
      {"a held snapshot", false,
       Parse({R"(put 0 "a" 8 -)", R"(put 0 "b" 8 commit)", "snapshot 0 now",
              R"(delete-range 0 "a" - -)", "flush"})},
      {"an unfinished flush", false,
       Parse({R"(put 0 "a" 8 commit)", R"(put 0 "b" 5000 -)", R"(delete 0 "a" -)"})},
      {"a compaction that is due", false,
       Parse({R"(put 0 "a" 8 -)", "flush", R"(batch {delete 0 "a"; put 0 "b" 8} -)", "flush"})},
      {"several logs", false,
       Parse({R"(put 0 "a" 5000 -)", R"(put 0 "b" 5000 -)", R"(put 0 "a" 8 commit)",
              R"(put 0 "b" 8 -)"})},
      {"a recovered database with a long manifest", false, Parse([] {
         std::vector<std::string> lines =
             Times(8, {R"(put 0 "a" 8 -)", "flush", R"(put 0 "b" 8 -)", "flush", "compact * - -"});
         lines.push_back("reopen");
         lines.push_back(R"(put 0 "a" 8 -)");
         return lines;
       }())},
      {"manifests that roll", true, {}},
      {"manifests that roll over deep files and several logs", true,
       Parse({R"(put 0 "a" 8 -)", "compact * - -", R"(put 0 "b" 5000 commit)",
              R"(put 0 "a" 5000 -)", R"(delete 0 "b" -)"})},
  };
  return states;
}

}  // namespace veralith::model
