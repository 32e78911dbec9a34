// SPDX-License-Identifier: Apache-2.0

// The saved traces: every bug that was found and fixed, and the situations worth never losing
// again. Their names are sentences.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "model/conformance/byte_trace.h"
#include "model/conformance/database_under_test.h"
#include "model/conformance/runner.h"

namespace veralith::model {
namespace {

std::vector<std::string> SavedTraces() {
  std::vector<std::string> files;
  for (const auto& item : std::filesystem::directory_iterator("corpus/traces")) {
    files.push_back(item.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string NameOf(const testing::TestParamInfo<std::string>& info) {
  return std::filesystem::path(info.param).stem().string();
}

class SavedTrace : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    std::ifstream stream(GetParam(), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(stream)),
                           std::istreambuf_iterator<char>());
    std::string error;
    ASSERT_TRUE(ParseTrace(text, &trace_, &error)) << error;
    ASSERT_FALSE(trace_.operations.empty());
  }
  Trace trace_;
};

TEST_P(SavedTrace, Agrees) {
  const RunResult result = RunTrace(trace_, OpenDatabaseUnderTest);
  EXPECT_TRUE(result.ok()) << "at " << result.where << ":\n  " << result.difference
                           << "\nreplay: " << ReplayCommand(GetParam());
}

// The same list of operations must agree under every other configuration too.
TEST_P(SavedTrace, AgreesInEveryConfiguration) {
  for (const Configuration& configuration : NamedConfigurations()) {
    Trace trace = trace_;
    trace.configuration = ConfigurationWords(configuration);
    EXPECT_EQ(CheckTrace(trace, OpenDatabaseUnderTest), Agree()) << configuration.name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, SavedTrace, testing::ValuesIn(SavedTraces()), NameOf);

}  // namespace
}  // namespace veralith::model
