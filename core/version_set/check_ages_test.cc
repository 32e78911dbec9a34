// SPDX-License-Identifier: Apache-2.0

#include "core/version_set/check_ages.h"

#include <gtest/gtest.h>

#include <string>

#include "core/segment/testing/segment_model.h"

namespace veralith {
namespace {

class CheckAgesTest : public ::testing::Test {
 protected:
  const SegmentReader* Segment(const std::vector<OwnedEntry>& entries) {
    const auto written = WriteSegment(entries, {});
    EXPECT_TRUE(written.ok()) << written.status();
    auto reader = SegmentReader::Open(OpenMemoryFile(written->bytes), {});
    EXPECT_TRUE(reader.ok()) << reader.status();
    readers_.push_back(*std::move(reader));
    return readers_.back().get();
  }

  static OwnedEntry Put(std::string key, Timestamp ts) {
    return {0, std::move(key), ts, EntryKind::kPut, "v"};
  }

 private:
  std::vector<std::unique_ptr<SegmentReader>> readers_;
};

TEST_F(CheckAgesTest, NewerRunsMayHoldOlderVersionsOfOtherKeys) {
  const SegmentReader* const newest = Segment({Put("a", 3), Put("c", 9), Put("c", 7)});
  const SegmentReader* const middle = Segment({Put("b", 8), Put("c", 6)});
  const SegmentReader* const oldest_a = Segment({Put("a", 2), Put("a", 1)});
  const SegmentReader* const oldest_c = Segment({Put("c", 5), Put("d", 10)});
  EXPECT_TRUE(CheckAges({{newest}, {middle}, {oldest_a, oldest_c}}).ok());
  EXPECT_TRUE(CheckAges({}).ok());
  EXPECT_TRUE(CheckAges({{newest}}).ok());
}

TEST_F(CheckAgesTest, AVersionInANewerRunThatIsNotNewerIsDamage) {
  const SegmentReader* const newer = Segment({Put("a", 9), Put("k", 9), Put("k", 5)});
  for (const Timestamp ts : {5, 6, 10}) {
    const SegmentReader* const older = Segment({Put("b", 20), Put("k", ts)});
    const absl::Status status = CheckAges({{newer}, {Segment({Put("j", 1)})}, {older}});
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  }
  EXPECT_TRUE(CheckAges({{newer}, {Segment({Put("k", 4)})}}).ok());
}

TEST_F(CheckAgesTest, NamespacesAreApart) {
  const SegmentReader* const newer = Segment({Put("k", 1)});
  const SegmentReader* const older = Segment({{1, "k", 5, EntryKind::kPut, "v"}});
  EXPECT_TRUE(CheckAges({{newer}, {older}}).ok());
}

}  // namespace
}  // namespace veralith
