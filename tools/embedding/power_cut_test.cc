// SPDX-License-Identifier: Apache-2.0

// A program's own promise, checked on Veralith's simulated disk: a purchase that was acknowledged
// as synced exists after any power cut, and an order never exists without its payment.
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "veralith/db.h"
#include "veralith/testing/simulated_file_system.h"

namespace {

using veralith::Db;
using veralith::PinnedValue;
using veralith::SimulatedFileSystem;
using veralith::SyncMode;
using veralith::WriteBatch;

veralith::Options On(SimulatedFileSystem* disk) {
  veralith::Options options;
  options.file_system = disk;
  options.random_seed = 1;
  return options;
}

bool Has(Db& db, const std::string& key) {
  PinnedValue value;
  const absl::StatusOr<bool> found = db.Get({}, key, &value);
  EXPECT_TRUE(found.ok()) << found.status();
  return found.ok() && *found;
}

void Buy(Db& db, const std::string& id, SyncMode sync) {
  WriteBatch batch;
  batch.Put("order/" + id, "one lamp");
  batch.Put("payment/" + id, "12.50");
  const absl::StatusOr<veralith::Timestamp> written = db.Write({.sync = sync}, batch);
  ASSERT_TRUE(written.ok()) << written.status();
}

void BuyTwice(SimulatedFileSystem* disk) {
  auto db = Db::Open("/shop", On(disk));
  ASSERT_TRUE(db.ok()) << db.status();
  Buy(**db, "1", SyncMode::kCommit);
  Buy(**db, "2", SyncMode::kManual);
  disk->CrashNow();
}

TEST(PowerCut, KeepsWhatWasSyncedAndTakesOrdersWhole) {
  SimulatedFileSystem disk;
  BuyTwice(&disk);  // the first order synced, the second not; then the power fails
  int lost = 0;
  const auto survivors = disk.EnumerateSurvivors(64);  // what the disk may hold now
  for (const std::unique_ptr<SimulatedFileSystem>& survivor : survivors.images) {
    auto db = Db::Open("/shop", On(survivor.get()));
    ASSERT_TRUE(db.ok()) << db.status() << "\n" << survivor->Dump();
    EXPECT_TRUE(Has(**db, "order/1") && Has(**db, "payment/1"));
    EXPECT_EQ(Has(**db, "order/2"), Has(**db, "payment/2"));  // never half an order
    lost += Has(**db, "order/2") ? 0 : 1;
  }
  EXPECT_GT(lost, 0);  // nobody waited for the second one's sync
}

}  // namespace
