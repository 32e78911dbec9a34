// SPDX-License-Identifier: Apache-2.0

#include "model/difference.h"

#include <sstream>

#include "gtest/gtest.h"

namespace veralith::model {
namespace {

Difference Row(int row) { return row < 2 ? Agree() : Difference("row " + std::to_string(row)); }

Difference Rows(int count) {
  for (int row = 0; row < count; ++row) {
    VERALITH_RETURN_IF_DIFFERENT(Row(row).In("namespace 7, "));
  }
  return Agree();
}

TEST(Difference, IsAgreementOrWords) {
  EXPECT_TRUE(Agree().agrees());
  EXPECT_FALSE(Agree().differs());
  EXPECT_EQ(Agree().words(), "");
  EXPECT_TRUE(Difference("lost").differs());
  EXPECT_EQ(Difference("lost").words(), "lost");
}

TEST(Difference, WithoutWordsIsADifferenceStill) {
  EXPECT_TRUE(Difference("").differs());
  EXPECT_NE(Difference(""), Agree());
}

TEST(Difference, SaysWhereAndAgreementStaysAgreement) {
  EXPECT_EQ(Difference("lost").In("row 3, "), Difference("row 3, lost"));
  EXPECT_EQ(Agree().In("row 3, "), Agree());
}

TEST(Difference, EndsAFunctionAtTheFirst) {
  EXPECT_EQ(Rows(2), Agree());
  EXPECT_EQ(Rows(4), Difference("namespace 7, row 2"));
}

TEST(Difference, IsShownInWords) {
  std::ostringstream out;
  out << Agree() << " " << Difference("lost");
  EXPECT_EQ(out.str(), "(agreement) lost");
}

}  // namespace
}  // namespace veralith::model
