// SPDX-License-Identifier: Apache-2.0

// Memory of flushed memtables: kept for the next ones while writing goes on, and given back at
// rest, at Close, and whenever the last reader lets go of it.
#include "core/db/kept_blocks.h"

#include <memory>
#include <string>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/db/testing/simulation.h"
#include "core/memtable/block_pool.h"
#include "gtest/gtest.h"
#include "veralith/db.h"

namespace veralith {
namespace {

#define ASSERT_OK(expression) ASSERT_EQ(ToString(expression), "OK")

constexpr size_t kBuffer = size_t{4} << 20;

class KeptBlocksTest : public ::testing::Test {
 protected:
  Options LargeBuffers() {
    Options options = simulation_.SmallOptions();
    options.write_buffer_bytes = kBuffer;
    options.target_segment_bytes = size_t{32} << 20;
    options.key_page_bytes = options.value_page_bytes = 4096;
    options.disable_automatic_compaction = true;
    return options;
  }
  void Open(const Options& options) {
    absl::StatusOr<std::unique_ptr<Db>> db = simulation_.Open(options);
    ASSERT_OK(db.status());
    db_ = *std::move(db);
  }
  void Put(size_t bytes) {
    const std::string value(size_t{16} << 10, 'v');
    for (size_t done = 0; done < bytes; done += value.size()) {
      ASSERT_OK(db_->Put({}, StrCat("key", next_++), value));
    }
  }
  void Rest(int looks) { simulation_.executor().AdvanceBy(looks * KeptBlocks::kLookNanos); }

  Simulation simulation_;
  std::unique_ptr<Db> db_;
  int next_ = 0;
};

TEST_F(KeptBlocksTest, AreKeptWhileWritingGoesOnAndGivenBackAtRest) {
  Open(LargeBuffers());
  Put(kBuffer);
  ASSERT_OK(db_->Flush());
  EXPECT_GE(PooledBytes(), kBlockBytes);
  for (int i = 0; i < 5; ++i) {
    Put(kBlockBytes);
    ASSERT_OK(db_->Flush());
    Rest(1);
    EXPECT_GE(PooledBytes(), kBlockBytes) << i;
  }
  Rest(1);
  EXPECT_EQ(PooledBytes(), 0u);
  EXPECT_EQ(simulation_.executor().timers(), 0u);
  Put(kBuffer);  // and from the next flush on again
  ASSERT_OK(db_->Flush());
  EXPECT_GE(PooledBytes(), kBlockBytes);
  Rest(2);
  EXPECT_EQ(PooledBytes(), 0u);
  ASSERT_OK(db_->Close());
}

TEST_F(KeptBlocksTest, AWriterThatIsSlowKeepsNone) {
  Open(LargeBuffers());
  Put(kBuffer);
  ASSERT_OK(db_->Flush());
  Put(kBlockBytes / 2);
  Rest(1);
  EXPECT_EQ(PooledBytes(), 0u);
  ASSERT_OK(db_->Close());
}

TEST_F(KeptBlocksTest, AreGivenBackByCloseWithoutARest) {
  Open(LargeBuffers());
  Put(kBuffer);
  ASSERT_OK(db_->Flush());
  EXPECT_GE(PooledBytes(), kBlockBytes);
  ASSERT_OK(db_->Close());
  EXPECT_EQ(PooledBytes(), 0u);
  EXPECT_EQ(simulation_.executor().timers(), 0u);
  db_.reset();
  EXPECT_EQ(PooledBytes(), 0u);
}

TEST_F(KeptBlocksTest, AMemtableThatAnIteratorPinnedGoesWithTheIterator) {
  Open(LargeBuffers());
  Put(kBuffer / 2);
  std::unique_ptr<DbIterator> it = db_->NewIterator({});
  it->SeekToFirst();
  ASSERT_OK(db_->Flush());
  Rest(2);
  EXPECT_EQ(PooledBytes(), 0u);
  it.reset();
  EXPECT_EQ(PooledBytes(), 0u);
  ASSERT_OK(db_->Close());
}

TEST_F(KeptBlocksTest, SmallMemtablesNeedNoTimer) {
  Options options = LargeBuffers();
  options.write_buffer_bytes = size_t{64} << 10;
  Open(options);
  Put(kBuffer);
  ASSERT_OK(db_->Flush());
  EXPECT_EQ(PooledBytes(), 0u);
  EXPECT_EQ(simulation_.executor().timers(), 0u);
  ASSERT_OK(db_->Close());
}

TEST_F(KeptBlocksTest, RecoveryLeavesNone) {
  Open(LargeBuffers());
  Put(kBuffer / 2);
  simulation_.executor().DropAll();
  Options options = LargeBuffers();
  std::unique_ptr<SimulatedFileSystem> disk =
      std::move(simulation_.disk().EnumerateSurvivors(1).images.front());
  options.file_system = disk.get();
  absl::StatusOr<std::unique_ptr<Db>> again = Db::Open(Simulation::kDirectory, options);
  ASSERT_OK(again.status());
  EXPECT_EQ(PooledBytes(), 0u);
  ASSERT_OK((*again)->Close());
  again->reset();
  db_.reset();
}

}  // namespace
}  // namespace veralith
