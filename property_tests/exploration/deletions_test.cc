#include "property_tests/exploration/deletions.h"

#include "gtest/gtest.h"

namespace veralith::model {
namespace {

// Hazard E12.
TEST(Deletions, OfRangesInsideEachOtherCostOrderNLogNAndHideWhatTheyCover) {
  EXPECT_EQ(CheckRangeDeletesInsideEachOther(50), "");
  EXPECT_EQ(CheckRangeDeletesInsideEachOther(2'000), "");
}

TEST(Deletions, AtTheHeadOfAQueueDoNotSlowItDown) {
  EXPECT_EQ(CheckQueueCost(500), "");
  EXPECT_EQ(CheckQueueCost(10'000), "");
}

TEST(Deletions, ArePassedOneByOneOnlyOnce) {
  EXPECT_EQ(CheckSeeksIntoDeletedKeys(200), "");
  EXPECT_EQ(CheckSeeksIntoDeletedKeys(10'000), "");
}

TEST(Deletions, AndPutsInQueuesAreScannedAsTheyAre) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(CheckQueues(seed, 3'000), "");
  }
}

}  // namespace
}  // namespace veralith::model
