// SPDX-License-Identifier: Apache-2.0

#include "tools/progress.h"

#include "gtest/gtest.h"

namespace veralith::tools {
namespace {

TEST(Progress, ShowsARateOnlyOfATimeThatTells) {
  EXPECT_EQ(RateAndTime(3'000, 1.5), ", 2,000/s, 1.5 s");
  EXPECT_EQ(RateAndTime(3'000, 0.1), ", 30,000/s, 0.1 s");
  EXPECT_EQ(RateAndTime(3'000, 0.09), ", 0.1 s");
  EXPECT_EQ(RateAndTime(3'000, 0), ", 0.0 s");
}

}  // namespace
}  // namespace veralith::tools
