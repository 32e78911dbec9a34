// SPDX-License-Identifier: Apache-2.0

// A workspace may have headers under the paths of Veralith's internal ones.
#include <string>

#include "core/base/status.h"
#include "gtest/gtest.h"
#include "veralith/db.h"

namespace {

TEST(OwnHeaders, StandBesideThoseInsideVeralith) {
  auto db = veralith::Db::Open(::testing::TempDir() + "/own-headers", {});
  ASSERT_TRUE(db.ok()) << db.status();
  const std::string paid = std::to_string(static_cast<int>(shop::Status::kPaid));
  ASSERT_TRUE((*db)->Put({}, "order", paid).ok());
  veralith::PinnedValue value;
  const absl::StatusOr<bool> found = (*db)->Get({}, "order", &value);
  ASSERT_TRUE(found.ok() && *found) << found.status();
  EXPECT_EQ(value.view(), "1");
  EXPECT_TRUE((*db)->Close().ok());
}

}  // namespace
