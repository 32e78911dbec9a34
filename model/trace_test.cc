// SPDX-License-Identifier: Apache-2.0

#include "model/trace.h"

#include <string>

#include "gtest/gtest.h"

namespace veralith::model {
namespace {

TEST(Trace, PrintsAsItWasWritten) {
  const std::string text = "veralith trace 1\n"
                           "configuration name=tiny seed=7\n"
                           "put 0 k1 10 -\n"
                           "reopen\n";
  Trace trace;
  std::string error;
  ASSERT_TRUE(ParseTrace(text, &trace, &error)) << error;
  EXPECT_EQ(trace.configuration["seed"], "7");
  EXPECT_EQ(trace.operations.size(), 2u);
  EXPECT_EQ(PrintTrace(trace), text);
}

TEST(Trace, CommentsAndBlankLinesAreSkipped) {
  Trace trace;
  std::string error;
  ASSERT_TRUE(ParseTrace("veralith trace 1\n# why\n\r\n  \nflush  \n", &trace, &error)) << error;
  EXPECT_EQ(trace.operations.size(), 1u);
}

TEST(Trace, ErrorsNameTheLine) {
  Trace trace;
  std::string error;
  EXPECT_FALSE(ParseTrace("", &trace, &error));
  EXPECT_EQ(error, "line 1: expected \"veralith trace 1\"");
  EXPECT_FALSE(ParseTrace("veralith trace 1\n\nput 0\n", &trace, &error));
  EXPECT_EQ(error, "line 3, column 6: expected a key, such as k3 or \"ab\"");
  EXPECT_FALSE(ParseTrace("veralith trace 1\nconfiguration seed\n", &trace, &error));
  EXPECT_EQ(error, "line 2, expected name=value, not seed");
}

}  // namespace
}  // namespace veralith::model
