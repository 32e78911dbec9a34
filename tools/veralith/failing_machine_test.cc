// SPDX-License-Identifier: Apache-2.0

// The `veralith` command, as it is shipped, on a machine whose calls fail: failing_calls_preload.so
// (core/fs/testing/failing_calls.h) makes the Nth call fail, for every N until none is left. The
// command ends with an exit code that says so and an error that names a path. What it acknowledged
// exists afterwards, what existed before stays, and the database is whole.
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "core/base/text.h"
#include "core/fs/testing/temporary_directory.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

struct Outcome {
  int code = -1;
  std::string text;  // standard output and errors
};

class FailingMachine : public ::testing::Test {
 protected:
  // Runs the command on `machine`: words of environment, or none.
  Outcome Run(const std::string& words, const std::string& machine = "") {
    const std::string output = directory_.path() + "/output";
    const std::string line = StrCat("env ", machine, " tools/veralith/veralith ", words, " > ",
                                    output, " 2>&1 < /dev/null");
    const int status = std::system(line.c_str());
    std::ostringstream text;
    text << std::ifstream(output).rdbuf();
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text.str()};
  }
  std::string Failing(const std::string& plan) const {
    return StrCat("LD_PRELOAD=$PWD/core/fs/testing/failing_calls_preload.so VERALITH_FAIL_UNDER=",
                  db_, " VERALITH_FAIL_CALLS='", plan, "'");
  }
  // Returns the value of a key; "" if it is absent.
  std::string Value(const std::string& key) {
    const Outcome got = Run(StrCat("get ", db_, " ", key));
    EXPECT_TRUE(got.code == 0 || got.code == 1) << got.text;
    return got.code == 0 ? got.text.substr(0, got.text.find('\n')) : "";
  }

  TemporaryDirectory directory_;
  const std::string db_ = directory_.path() + "/db";
};

TEST_F(FailingMachine, APutThatFailsAnywhereSaysSoAndLosesNothing) {
  ASSERT_EQ(Run(StrCat("put ", db_, " first 0")).code, 0);
  int failures = 0;
  for (const std::string effect : {"eio", "enospc"}) {
    for (int nth = 1;; nth += effect == "eio" ? 1 : 9) {
      const std::string value = StrCat(effect, nth);
      const Outcome put =
          Run(StrCat("put ", db_, " key ", value), Failing(StrCat("any@#", nth, "=", effect)));
      if (put.code == 0) {
        ASSERT_EQ(Value("key"), value);
      } else {
        ++failures;
        ASSERT_EQ(put.code, 3) << put.text;
        ASSERT_NE(put.text.find(db_), std::string::npos) << put.text;
      }
      ASSERT_EQ(Value("first"), "0");
      const Outcome check = Run(StrCat("check ", db_));
      ASSERT_EQ(check.code, 0) << check.text;
      if (put.code == 0 && nth > 80) {
        break;  // beyond the calls of one put
      }
    }
  }
  std::printf("%d puts failed\n", failures);
  EXPECT_GT(failures, 20);
}

TEST_F(FailingMachine, WhatIsNoFaultPlanIsSaid) {
  EXPECT_NE(Run(StrCat("put ", db_, " a b"), Failing("nonsense")).code, 0);
}

}  // namespace
}  // namespace veralith
