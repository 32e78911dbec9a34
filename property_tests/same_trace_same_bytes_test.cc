// SPDX-License-Identifier: Apache-2.0

// DESIGN promise 12, Same input, same bytes: "Under simulation two runs of one trace, also in two
// processes, write byte-identical files and take identical decisions (no decision iterates a hash
// container)."
#include <stdio.h>

#include <string>

#include "gtest/gtest.h"
#include "model/conformance/database_under_test.h"
#include "model/conformance/draw_trace.h"
#include "property_tests/generators/traces.h"
#include "rapidcheck/gtest.h"

namespace veralith::model {
namespace {

RC_GTEST_PROP(SameTrace, SameBytesInOneProcess, ()) {
  const Trace trace = *AnyTrace(FaultProfile());
  const RunResult first = RunTrace(trace, OpenDatabaseUnderTest);
  const RunResult second = RunTrace(trace, OpenDatabaseUnderTest);
  RC_ASSERT(first.difference == second.difference);
  RC_ASSERT(first.fingerprint == second.fingerprint);
}

std::string FingerprintInAnotherProcess(const std::string& file) {
  FILE* pipe = popen(("model/conformance/replay " + file + " 2>&1").c_str(), "r");
  std::string output;
  for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) {
    output += static_cast<char>(c);
  }
  pclose(pipe);
  const std::string before = "fingerprint ";
  const size_t place = output.find(before);
  return place == std::string::npos
             ? output
             : output.substr(place + before.size(),
                             output.find('\n', place) - place - before.size());
}

TEST(SameTrace, SameBytesInTwoProcesses) {
  for (uint64_t seed = 900; seed < 925; ++seed) {
    const Trace trace = DrawTrace(seed, 200);
    const RunResult result = RunTrace(trace, OpenDatabaseUnderTest);
    ASSERT_TRUE(result.ok()) << result.difference;
    EXPECT_EQ(FingerprintInAnotherProcess(WriteTraceFile(trace, "same")), result.fingerprint)
        << seed;
  }
}

}  // namespace
}  // namespace veralith::model
