// SPDX-License-Identifier: Apache-2.0

#include "core/db/idle_budget.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace veralith {
namespace {

constexpr uint64_t kTebibyte = uint64_t{1} << 40;

TEST(IdleBudget, IsAShareOfWhatWasFlushedLessWhatWasSpent) {
  IdleBudget budget(50);
  EXPECT_EQ(budget.Left(199), 99u);
  budget.Charge(60);
  EXPECT_EQ(budget.Left(199), 39u);
  budget.GiveBack(20);
  EXPECT_EQ(budget.Left(199), 59u);
  EXPECT_EQ(budget.Left(79), 0u);  // never below 0
  EXPECT_FALSE(IdleBudget(0).is_on());
  EXPECT_EQ(IdleBudget(0).Left(kTebibyte), 0u);
}

// A database that writes for years.
TEST(IdleBudget, DoesNotEndWithTheFirstTebibytes) {
  IdleBudget budget(100);
  for (uint64_t flushed = kTebibyte; flushed < 1000 * kTebibyte; flushed += kTebibyte) {
    ASSERT_EQ(budget.Left(flushed), kTebibyte);
    budget.Charge(kTebibyte);
  }
  EXPECT_EQ(IdleBudget(1'000'000).Left(UINT64_MAX), UINT64_MAX);  // and does not overflow
}

}  // namespace
}  // namespace veralith
