// SPDX-License-Identifier: Apache-2.0

// The checks are checked: random traces find every way in which the model database can be broken on
// purpose, within this many traces, without a test written for it.
#include <cstdio>
#include <string>

#include "gtest/gtest.h"
#include "model/conformance/draw_trace.h"
#include "model/conformance/model_db.h"
#include "model/conformance/runner.h"

namespace veralith::model {
namespace {

constexpr uint64_t kTraces = 300;
constexpr size_t kOperations = 60;

DbOpener Opener(Defect defect) {
  return [defect](const std::string& directory, const Options& options) {
    return OpenModelDb(directory, options, defect);
  };
}

class Defects : public testing::TestWithParam<int> {};

TEST_P(Defects, AreFoundByRandomTraces) {
  const Defect defect = static_cast<Defect>(GetParam());
  for (uint64_t seed = 1; seed <= kTraces; ++seed) {
    const Trace trace = DrawTrace(seed, kOperations);
    const RunResult result = RunTrace(trace, Opener(defect));
    if (defect == Defect::kBytesDependOnMemory) {
      if (RunTrace(trace, Opener(defect)).fingerprint != result.fingerprint) {
        return;
      }
      continue;
    }
    if (!result.ok()) {
      std::printf("found by trace %llu at %s: %s\n", static_cast<unsigned long long>(seed),
                  result.where.c_str(), result.difference.words().c_str());
      return;
    }
  }
  FAIL() << "\"" << DefectName(defect) << "\" is not found in " << kTraces << " traces";
}

INSTANTIATE_TEST_SUITE_P(All, Defects, testing::Range(1, kDefects),
                         [](const testing::TestParamInfo<int>& info) {
                           std::string name;
                           for (const char c : DefectName(static_cast<Defect>(info.param))) {
                             name += c >= 'a' && c <= 'z' ? c : '_';
                           }
                           return name;
                         });

TEST(Defects, AHealthyDatabaseAgreesInAllOfThem) {
  for (uint64_t seed = 1; seed <= kTraces; ++seed) {
    ASSERT_EQ(CheckTrace(DrawTrace(seed, kOperations), Opener(Defect::kNone)), Agree())
        << "seed " << seed;
  }
}

}  // namespace
}  // namespace veralith::model
