// SPDX-License-Identifier: Apache-2.0

#include "property_tests/exploration/deletions.h"

#include "gtest/gtest.h"

namespace veralith::model {
namespace {

// Hazard E12.
TEST(Deletions, OfRangesInsideEachOtherCostOrderNLogNAndHideWhatTheyCover) {
  EXPECT_EQ(CheckRangeDeletesInsideEachOther(50), Agree());
  EXPECT_EQ(CheckRangeDeletesInsideEachOther(2'000), Agree());
}

TEST(Deletions, AtTheHeadOfAQueueDoNotSlowItDown) {
  EXPECT_EQ(CheckQueueCost(500), Agree());
  EXPECT_EQ(CheckQueueCost(10'000), Agree());
}

TEST(Deletions, ArePassedOneByOneOnlyOnce) {
  EXPECT_EQ(CheckSeeksIntoDeletedKeys(200), Agree());
  EXPECT_EQ(CheckSeeksIntoDeletedKeys(10'000), Agree());
}

TEST(Deletions, AndPutsInQueuesAreScannedAsTheyAre) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(CheckQueues(seed, 3'000), Agree());
  }
}

}  // namespace
}  // namespace veralith::model
