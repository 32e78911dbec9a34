// SPDX-License-Identifier: Apache-2.0

// "Bytes written over the life of a database may lag behind after a crash, and never go back."
#include <memory>
#include <string>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/db/testing/simulation.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

void ExpectAtMost(const LifetimeBytes& less, const LifetimeBytes& more) {
  EXPECT_LE(less.user, more.user);
  EXPECT_LE(less.logs, more.logs);
  EXPECT_LE(less.flushes, more.flushes);
  EXPECT_LE(less.compactions, more.compactions);
}

class WrittenBytesTest : public ::testing::Test {
 protected:
  void Open() {
    auto db = simulation_.Open();
    ASSERT_EQ(ToString(db.status()), "OK");
    db_ = *std::move(db);
  }
  void Put(uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      const std::string key = std::to_string(random_.Below(200));
      const std::string value(random_.Below(300), 'v');
      const WriteOptions write{.sync =
                                   random_.Below(8) == 0 ? SyncMode::kCommit : SyncMode::kDefault};
      ASSERT_EQ(ToString(db_->Put(write, key, value)), "OK");
      put_ += key.size() + value.size();
    }
  }
  LifetimeBytes Lifetime() { return db_->GetStatistics().lifetime; }
  // What the next life begins with, except for what its recovery flushes.
  LifetimeBytes InFiles() {
    Options options = simulation_.SmallOptions();
    options.read_only = true;
    auto db = simulation_.Open(options);
    EXPECT_EQ(ToString(db.status()), "OK");
    return (*db)->GetStatistics().lifetime;
  }

  Simulation simulation_;
  Random random_{1};
  std::unique_ptr<Db> db_;
  uint64_t put_ = 0;
};

TEST_F(WrittenBytesTest, AreExactInADatabaseThatWasClosed) {
  for (int life = 0; life < 4; ++life) {
    Open();
    Put(150);
    const LifetimeBytes before = Lifetime();
    EXPECT_EQ(before.user, put_);
    ASSERT_EQ(ToString(db_->Close()), "OK");
    db_.reset();
    const LifetimeBytes after = InFiles();
    ExpectAtMost(before, after);
    EXPECT_EQ(after.user, before.user);
    EXPECT_EQ(after.logs, before.logs);
    EXPECT_GT(after.flushes, before.flushes) << "closing flushes";
    EXPECT_GT(after.logs, after.user);
  }
  EXPECT_GT(InFiles().compactions, 0u);
}

TEST_F(WrittenBytesTest, LagBehindAfterACrashAndNeverGoBack) {
  LifetimeBytes known;
  bool lagged = false;
  for (int life = 0; life < 60; ++life) {
    Open();
    ExpectAtMost(known, Lifetime());
    Put(random_.Below(60));
    const LifetimeBytes at_crash = Lifetime();
    std::unique_ptr<SimulatedFileSystem> left = simulation_.disk().CrashClone(random_.Next());
    ASSERT_EQ(ToString(db_->Close()), "OK");
    db_.reset();
    simulation_.Replace(std::move(left));
    const LifetimeBytes after = InFiles();
    ExpectAtMost(known, after);
    ExpectAtMost(after, at_crash);
    lagged = lagged || after.user < at_crash.user;
    known = after;
  }
  EXPECT_TRUE(lagged);
  EXPECT_GT(known.compactions, 0u);
}

}  // namespace
}  // namespace veralith
