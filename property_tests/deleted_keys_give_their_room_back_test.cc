// SPDX-License-Identifier: Apache-2.0

// A database whose keys are all deleted shrinks to almost nothing without being asked, key by key
// or by one range delete, under every policy.
#include <memory>
#include <string>

#include "core/base/status.h"
#include "core/db/testing/simulation.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

constexpr int kKeys = 3000;

std::string KeyOf(int i) { return "key" + std::to_string(10'000 + i); }

class DeletedKeys : public ::testing::TestWithParam<CompactionPolicyKind> {
 protected:
  DeletedKeys() {
    Options options = simulation_.SmallOptions();
    options.compaction_policy = GetParam();
    db_ = *simulation_.Open(options);
    for (int i = 0; i < kKeys; ++i) {
      EXPECT_TRUE(db_->Put({}, 0, KeyOf(i), std::string(100, 'v')).ok());
    }
    EXPECT_TRUE(db_->Flush().ok());
    EXPECT_TRUE(db_->WaitForBackgroundWork().ok());
    before_ = SegmentBytes();
    EXPECT_GT(before_, uint64_t{kKeys} * 50);
  }
  uint64_t SegmentBytes() {
    uint64_t bytes = 0;
    for (const LevelStatistics& level : db_->GetStatistics().levels) {
      bytes += level.bytes;
    }
    return bytes;
  }

  Simulation simulation_;
  std::unique_ptr<Db> db_;
  uint64_t before_ = 0;
};

// The last deletes are still in memory when the writer stops: flushing them is the database's work.
TEST_P(DeletedKeys, OneByOneLeaveAlmostNothing) {
  for (int i = 0; i < kKeys; ++i) {
    ASSERT_TRUE(db_->Delete({}, 0, KeyOf((i * 7) % kKeys)).ok());
  }
  ASSERT_TRUE(db_->Flush().ok());
  ASSERT_TRUE(db_->WaitForBackgroundWork().ok());
  EXPECT_LT(SegmentBytes() * 100, before_);
}

TEST_P(DeletedKeys, ByOneRangeDeleteLeaveAlmostNothingAndAreNotRead) {
  const uint64_t read_before = db_->GetStatistics().compaction_bytes_read;
  ASSERT_TRUE(db_->DeleteRange({}, 0, "", std::nullopt).ok());
  ASSERT_TRUE(db_->Flush().ok());
  ASSERT_TRUE(db_->WaitForBackgroundWork().ok());
  EXPECT_LT(SegmentBytes() * 100, before_);
  // At most the segment of the range delete itself.
  EXPECT_LT((db_->GetStatistics().compaction_bytes_read - read_before) * 50, before_);
}

TEST_P(DeletedKeys, StayWhereASnapshotStillSeesThem) {
  const Snapshot* snapshot = db_->GetSnapshot();
  ASSERT_TRUE(db_->DeleteRange({}, 0, "", std::nullopt).ok());
  ASSERT_TRUE(db_->Flush().ok());
  ASSERT_TRUE(db_->WaitForBackgroundWork().ok());
  ReadOptions at;
  at.snapshot = snapshot;
  PinnedValue value;
  for (int i = 0; i < kKeys; i += 100) {
    const absl::StatusOr<bool> found = db_->Get(at, 0, KeyOf(i), &value, nullptr);
    ASSERT_TRUE(found.ok() && *found);
  }
  db_->ReleaseSnapshot(snapshot);
  ASSERT_TRUE(db_->WaitForBackgroundWork().ok());
  EXPECT_LT(SegmentBytes() * 100, before_);
}

INSTANTIATE_TEST_SUITE_P(Policies, DeletedKeys,
                         ::testing::Values(CompactionPolicyKind::kLeveled,
                                           CompactionPolicyKind::kHybrid,
                                           CompactionPolicyKind::kTiered));

}  // namespace
}  // namespace veralith
