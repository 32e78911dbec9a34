// SPDX-License-Identifier: Apache-2.0

#include <filesystem>

#include "gtest/gtest.h"

namespace veralith {
namespace {

// Fails without the library in a workspace that embeds this one.
TEST(AtRepositoryRoot, PathsFromTheRootAreFound) {
  EXPECT_TRUE(std::filesystem::exists("include/veralith/version.h"));
}

}  // namespace
}  // namespace veralith
