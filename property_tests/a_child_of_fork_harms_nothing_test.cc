// SPDX-License-Identifier: Apache-2.0

// db.h, Processes: "a child made by fork may use the library, but not its parent's open database:
// every call on that is FailedPrecondition, and destroying it changes nothing." For pre-forking
// servers and Python's multiprocessing.
#include <string>

#include "gtest/gtest.h"
#include "property_tests/exploration/forks.h"

namespace veralith::model {
namespace {

TEST(AChildOfFork, HarmsNothingAndIsHarmedByNothingAtAnyMoment) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    ASSERT_EQ(CheckForks(seed, /*forks=*/6, /*seconds=*/120), Agree()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace veralith::model
