// SPDX-License-Identifier: Apache-2.0

#include "core/db/seek_debt.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace veralith {
namespace {

TEST(SeekDebt, IsNothingBelowTheLeastAndThenWhatWasPaid) {
  SeekDebt debt(4096);
  for (int i = 0; i < 255; ++i) {
    EXPECT_FALSE(debt.Charge(1));
  }
  EXPECT_EQ(debt.bytes(), 0u);
  EXPECT_TRUE(debt.Charge(1));
  EXPECT_EQ(debt.bytes(), SeekDebt::kLeastBytes);
  EXPECT_TRUE(debt.Charge(6));  // nobody has looked yet
  EXPECT_EQ(debt.bytes(), 262u * 4096);
}

TEST(SeekDebt, AsksForALookOnceForEveryQuarterThatItGrows) {
  SeekDebt debt(1);
  uint64_t looks = 0;
  uint64_t last = 0;
  for (uint64_t paid = 1024; paid <= uint64_t{1} << 30; paid += 1024) {
    if (debt.Charge(1024)) {
      EXPECT_GE(paid, last + last / 4);
      EXPECT_LT(paid, last + last / 4 + 1024 + (last == 0 ? SeekDebt::kLeastBytes : 0));
      debt.Look();
      last = paid;
      ++looks;
    }
  }
  EXPECT_EQ(looks, 32u);  // 1.25^31 is just above 2^10
}

TEST(SeekDebt, BeginsAnewOnceItIsCleared) {
  SeekDebt debt(SeekDebt::kLeastBytes);
  EXPECT_TRUE(debt.Charge(100));
  debt.Look();
  EXPECT_FALSE(debt.Charge(1));
  debt.Clear();
  EXPECT_EQ(debt.bytes(), 0u);
  EXPECT_TRUE(debt.Charge(1));
}

TEST(SeekDebt, IsNeverOwedWhereSeeksCostNothing) {
  SeekDebt debt(0);
  EXPECT_FALSE(debt.Charge(~uint64_t{0}));
  EXPECT_EQ(debt.bytes(), 0u);
}

TEST(SeekDebt, TakesAnyNumberOfVisitsWithoutOverflow) {
  SeekDebt debt(uint64_t{1} << 32);
  EXPECT_TRUE(debt.Charge(~uint64_t{0}));
  EXPECT_EQ(debt.bytes(), uint64_t{1} << 52);
}

}  // namespace
}  // namespace veralith
