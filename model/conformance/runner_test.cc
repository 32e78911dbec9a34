// SPDX-License-Identifier: Apache-2.0

// The runner on a database that keeps its promises, and its report on one that does not.
#include "model/conformance/runner.h"

#include <fstream>
#include <iterator>
#include <string>

#include "gtest/gtest.h"
#include "model/conformance/model_db.h"

namespace veralith::model {
namespace {

DbOpener Opener(Defect defect) {
  return [defect](const std::string& directory, const Options& options) {
    return OpenModelDb(directory, options, defect);
  };
}

Trace Parse(const std::string& operations, const std::string& configuration = "name=tiny") {
  Trace trace;
  std::string error;
  EXPECT_TRUE(ParseTrace("veralith trace 1\nconfiguration " + configuration + "\n" + operations,
                         &trace, &error))
      << error;
  return trace;
}

std::string FoundIn(const std::string& operations, Defect defect = Defect::kNone) {
  return RunTrace(Parse(operations), Opener(defect)).difference.words();
}

TEST(Runner, AgreesOnEveryKindOfOperation) {
  const Trace trace = Parse(
      "put 0 k0 10 -\nput 1 k5 2000 commit\nbatch {put 0 k1 5; delete 0 k0; put 0 k2 6} -\n"
      "snapshot 0 now\ncursor-open 1 0 - - s0\npin 2 0 k1 now\ndelete-range 0 k1 k3 -\n"
      "get 0 k1 s0\nget 0 k1 now\nget 0 k1 c1\nget 0 k1 c0+1\nmulti-get 0 {k0 k1 k2} s0\n"
      "scan 0 [k0 k3) backward 2 s0\niterate 0 - - s0 {first next next prev seek k2 last}\n"
      "cursor-move 1 {first next seek k1 prev}\nflush\nsync\ncompact * - -\nget 0 k0 c3\n"
      "snapshot 1 c0\nrelease 0\nwait-idle\nrun-background 4\ncheck\nreopen\nadvance-time 5000\n"
      "misread backward 0\nput 0 k3 3 -\nmisread forward 7\nput 0 k3 3 -\nadvance-clock 1000\n"
      "step-back 1000000000\nput 0 k3 3 -\nadvance-clock 1000\nput 0 k3 3 -\n"
      "advance-clock 70000000000\ncheckpoint\npublish * 2 now\n"
      "read-only-visit\nresume\nkill\nput 0 k4 1 -\n"
      "crash 3\nput 0 \"x\"*40000 1 -\nput 9223372036854775808 k0 1 -\npower-cut 1 9\n"
      "put 0 k4 1 commit\nfail append all 1 io once\nput 0 k4 1 commit\nput 0 k5 1 commit\nheal\n"
      "reopen\nclose\nput 0 k4 1 commit\nreopen\n");
  const RunResult result = RunTrace(trace, Opener(Defect::kNone));
  EXPECT_EQ(result.difference, Agree()) << result.where;
  for (const char* mark : {"crash", "kill", "checkpoint", "read-only opening",
                           "write beyond a limit", "read outside the history is refused",
                           "power cut in the middle of a call", "error after an injected fault"}) {
    EXPECT_TRUE(result.marks.contains(mark)) << mark;
  }
}

TEST(Runner, RunsOnRealFilesToo) {
  const Trace trace =
      Parse("put 0 k0 10 -\nreopen\nput 0 k1 10 -\nkill\ncrash 7\nget 0 k1 now\n", "name=posix");
  EXPECT_EQ(RunTrace(trace, Opener(Defect::kNone)).difference, Agree());
}

TEST(Runner, TheFingerprintIsTheTracesAndTheSeedsAndNothingElses) {
  const std::string operations = "put 0 k0 10 -\nflush\nput 0 k1 10 -\ncrash 5\nget 0 k1 now\n";
  const std::string first = RunTrace(Parse(operations), Opener(Defect::kNone)).fingerprint;
  EXPECT_EQ(RunTrace(Parse(operations), Opener(Defect::kNone)).fingerprint, first);
  EXPECT_NE(RunTrace(Parse(operations + "put 0 k1 1 -\n"), Opener(Defect::kNone)).fingerprint,
            first);
}

TEST(Runner, NamesTheFirstDifference) {
  const RunResult result =
      RunTrace(Parse("put 0 k0 4 -\nput 0 k1 4 -\nscan 0 (k0 - forward 0 now\n"),
               Opener(Defect::kExcludedLowerBoundIsReturned));
  EXPECT_EQ(result.where, "operation 2, scan 0 (k0 - forward 0 now");
  EXPECT_NE(result.difference.words().find("row 0: expected \"b\" = \"1.0;\" @"), std::string::npos)
      << result.difference;
  EXPECT_NE(result.difference.words().find("found \"a\" = \"0.0;\" @"), std::string::npos);
}

TEST(Runner, ABadConfigurationIsSaidSo) {
  Trace trace;
  trace.configuration["name"] = "nothing";
  EXPECT_EQ(RunTrace(trace, Opener(Defect::kNone)).difference,
            "no configuration is called nothing");
}

TEST(Runner, AFailureIsReportedSmallWithTheCommandThatReplaysIt) {
  const Trace trace =
      Parse("put 0 k7 100 -\nput 3 k40 50 commit\nflush\nbatch {put 0 k1 5; delete 0 k0} -\nsync\n"
            "scan 0 (k7 - backward 0 now\nput 0 k2 9 -\n",
            "name=one-page-cache seed=77");
  const std::string report =
      CheckTrace(trace, Opener(Defect::kExcludedLowerBoundIsReturned)).words();
  EXPECT_NE(report.find("veralith trace 1\nput 0 k0 0 -\nscan 0 (k0 - forward 0 now\n"),
            std::string::npos)
      << report;
  const size_t command = report.find("./dev replay ");
  ASSERT_NE(command, std::string::npos) << report;
  const std::string file = report.substr(command + 13, report.find('\n', command) - command - 13);
  std::ifstream stream(file);
  const std::string text((std::istreambuf_iterator<char>(stream)),
                         std::istreambuf_iterator<char>());
  EXPECT_EQ(text, "veralith trace 1\nput 0 k0 0 -\nscan 0 (k0 - forward 0 now\n");
  EXPECT_EQ(CheckTrace(trace, Opener(Defect::kNone)), Agree());
}

TEST(RunnerDeathTest, ADyingDatabaseLeavesItsTraceAndTheCommand) {
  const Trace trace = Parse("put 0 k0 4 -\n");
  const DbOpener dies = [](const std::string&,
                           const Options&) -> absl::StatusOr<std::unique_ptr<Db>> { abort(); };
  EXPECT_DEATH(RunTrace(trace, dies), "put 0 k0 4 -\n\nreplay: ./dev replay ");
}

TEST(Runner, DiffersOnWhatOnlyACrashShows) {
  EXPECT_EQ(FoundIn("put 0 k0 1 -\nsync\ncrash 1\n"), "");
  EXPECT_NE(FoundIn("put 0 k0 1 -\nsync\ncrash 1\nput 0 k0 1 -\nsync\ncrash 2\nput 0 k0 1 -\nsync\n"
                    "crash 3\n",
                    Defect::kSyncDoesNothing),
            "");
}

}  // namespace
}  // namespace veralith::model
