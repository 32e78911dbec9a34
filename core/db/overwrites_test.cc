// SPDX-License-Identifier: Apache-2.0

// Superseded versions that wait in level 0 (core/compaction/overwrites.h), as users meet them: how
// much room they take, and what it costs to be rid of them.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/db/testing/simulation.h"
#include "gtest/gtest.h"
#include "veralith/db.h"

namespace veralith {
namespace {

#define ASSERT_OK(expression) ASSERT_EQ(ToString(expression), "OK")

class OverwritesTest : public ::testing::Test {
 protected:
  // Eight runs would be merged; a memtable holds some 330 of these entries.
  Options SmallOptions(int garbage_percent) {
    Options options = simulation_.SmallOptions();
    options.write_buffer_bytes = uint64_t{64} << 10;
    options.target_segment_bytes = uint64_t{1} << 20;
    options.level_base_bytes = uint64_t{1} << 20;
    options.key_page_bytes = 16;  // so that a sample has many keys
    options.level0_compaction_trigger = 8;
    options.level0_garbage_percent = garbage_percent;
    options.seek_charge_bytes = 0;
    return options;
  }
  void Open(int garbage_percent) { db_ = *simulation_.Open(SmallOptions(garbage_percent)); }
  void Put(int key) {
    std::string value;  // of bytes that no codec makes shorter
    while (value.size() < 100) {
      value.push_back(static_cast<char>(random_.Next()));
    }
    ASSERT_OK(db_->Put({}, "key" + std::to_string(1000000 + key), value));
  }
  // Puts keys [0, keys), shuffled, and flushes after every `run` of them.
  void Load(int keys, int run) {
    std::vector<int> order(static_cast<size_t>(keys));
    for (int i = 0; i < keys; ++i) {
      order[static_cast<size_t>(i)] = i;
    }
    for (size_t i = order.size(); i > 1; --i) {
      std::swap(order[i - 1], order[random_.Next() % i]);
    }
    for (size_t i = 0; i < order.size(); ++i) {
      Put(order[i]);
      if ((i + 1) % static_cast<size_t>(run) == 0) {
        Flush();
      }
    }
  }
  void Flush() {
    ASSERT_OK(db_->Flush());
    ASSERT_OK(db_->WaitForBackgroundWork());
  }
  uint64_t Bytes() {
    uint64_t bytes = 0;
    for (const LevelStatistics& level : db_->GetStatistics().levels) {
      bytes += level.bytes;
    }
    return bytes;
  }
  uint64_t Written() { return db_->GetStatistics().compaction_bytes_written; }
  // What is left when everything is compacted.
  uint64_t LiveBytes() {
    EXPECT_EQ(ToString(db_->Compact({}, std::nullopt, {}, {})), "OK");
    return Bytes();
  }

  Simulation simulation_;
  Random random_{7};
  std::unique_ptr<Db> db_;
};

TEST_F(OverwritesTest, OfTwoWholeLoadsLittleIsLeft) {
  Open(40);
  Load(900, 225);
  EXPECT_EQ(Written(), 0u);
  Load(900, 225);
  const uint64_t bytes = Bytes();
  EXPECT_LE(Written(), bytes);
  EXPECT_LE(bytes * 10, LiveBytes() * 13);
}

TEST_F(OverwritesTest, WithoutTheOptionWaitForTheTrigger) {
  Open(0);
  Load(900, 300);
  Load(900, 300);
  EXPECT_EQ(Written(), 0u);
  EXPECT_EQ(db_->GetStatistics().levels[0].runs, 6);
}

// Of each byte that is dropped at most 1.5 are written, and never more than 1 / 0.6 of the live
// bytes are kept; each with a tenth for the estimates, and a run that may just have come.
TEST_F(OverwritesTest, KeepTheirBoundsHoweverManyFollow) {
  Open(40);
  constexpr int kRun = 150;
  Load(900, kRun);
  for (int i = 0; i < 40; ++i) {
    for (int j = 0; j < kRun; ++j) {
      Put(static_cast<int>(random_.Next() % 900));
    }
    Flush();
    const Statistics now = db_->GetStatistics();
    const double live = static_cast<double>(now.flush_bytes_written) / (6 + i + 1) * 6;
    EXPECT_LE(static_cast<double>(Bytes()), live * (1 / 0.6 + 0.1 + kRun / 900.0)) << i;
  }
  const Statistics end = db_->GetStatistics();
  const uint64_t dropped = end.flush_bytes_written - Bytes();
  EXPECT_GT(end.compactions, 3u);
  EXPECT_LE(static_cast<double>(Written()), 1.6 * static_cast<double>(dropped));
}

TEST_F(OverwritesTest, ThatAreNoneCostNothing) {
  Statistics without;
  for (const int percent : {0, 40}) {
    simulation_.Replace(std::make_unique<SimulatedFileSystem>());
    random_ = Random(7);
    Open(percent);
    Load(6000, 300);
    const Statistics now = db_->GetStatistics();
    if (percent == 0) {
      without = now;
    } else {
      EXPECT_GT(now.compactions, 0u);
      EXPECT_EQ(now.compactions, without.compactions);
      // The clock of the second one is later: so are its timestamps, by a byte or two.
      EXPECT_NEAR(static_cast<double>(now.compaction_bytes_written),
                  static_cast<double>(without.compaction_bytes_written), 100);
    }
    db_.reset();
  }
}

TEST_F(OverwritesTest, ThatASnapshotSeesWaitForItsRelease) {
  Open(40);
  Load(900, 300);
  {
    const ScopedSnapshot snapshot(*db_);
    Load(900, 300);
    EXPECT_EQ(Written(), 0u);
  }
  Put(0);
  Flush();  // the next job looks again
  EXPECT_GT(Written(), 0u);
}

TEST_F(OverwritesTest, AreKnownAgainAfterOpening) {
  Open(0);
  Load(900, 300);
  Load(900, 300);
  db_.reset();
  Open(40);
  ASSERT_OK(db_->WaitForBackgroundWork());
  EXPECT_GT(Written(), 0u);
  EXPECT_LE(Bytes() * 10, LiveBytes() * 13);
}

}  // namespace
}  // namespace veralith
