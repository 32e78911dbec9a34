// SPDX-License-Identifier: Apache-2.0

// Close keeps its promises to everybody who calls it, whatever else ends at the same time: all
// schedules of two threads.
#include <memory>

#include "core/base/testing/explorer.h"
#include "gtest/gtest.h"
#include "veralith/db.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {
namespace {

Options OptionsIn(Explored& run, SimulatedFileSystem& disk) {
  Options options;
  options.file_system = &disk;
  options.clock = &run.clock();
  options.executor = &run.executor();
  return options;
}

// The database still holds its directory, so it has not closed.
bool IsHeld(SimulatedFileSystem& disk) { return !disk.Lock("db/LOCK", LockMode::kShared).ok(); }

TEST(CloseSchedules, NeitherOfTwoReturnsBeforeTheDatabaseIsClosed) {
  ExploreOptions options;
  options.preemptions = 1;
  options.reduce = true;
  const ExploreResult result = Explore(options, [](Explored& run) {
    SimulatedFileSystem disk;
    const std::unique_ptr<Db> db = *Db::Open("db", OptionsIn(run, disk));
    EXPECT_TRUE(db->Put({}, "key", "value").ok());
    EXPECT_TRUE(IsHeld(disk));
    for (const char* name : {"a", "b"}) {
      run.Spawn(name, [&] {
        run.Check(db->Close().ok(), "Close failed");
        run.Check(!IsHeld(disk), "Close returned before the database was closed");
      });
    }
    run.Join();
  });
  EXPECT_FALSE(result.failure.has_value())
      << result.failure->message << "\nreplay: " << result.failure->schedule;
  EXPECT_TRUE(result.complete);
  EXPECT_GT(result.schedules, 10u);
}

// The iterator's seek pays for a merge (core/db/seek_debt.h): it runs before Close, ends with it,
// or never begins.
TEST(CloseSchedules, AnIteratorThatEndsMeanwhileBeginsAMergeOrNone) {
  ExploreOptions options;
  options.preemptions = 1;
  options.reduce = true;
  int merged = 0;
  const ExploreResult result = Explore(options, [&merged](Explored& run) {
    SimulatedFileSystem disk;
    Options database = OptionsIn(run, disk);
    database.seek_charge_bytes = size_t{1} << 20;
    const std::unique_ptr<Db> db = *Db::Open("db", database);
    for (int i = 0; i < 2; ++i) {
      EXPECT_TRUE(db->Put({}, "key", "value").ok());
      EXPECT_TRUE(db->Flush().ok());
    }
    std::unique_ptr<DbIterator> it = db->NewIterator({});
    it->SeekToFirst();
    EXPECT_TRUE(it->Valid());
    run.Spawn("iterator", [&it] { it.reset(); });
    run.Spawn("close", [&] { run.Check(db->Close().ok(), "Close failed"); });
    run.Join();
    run.Check(!IsHeld(disk), "Close returned before the database was closed");
    merged += db->GetStatistics().compactions > 0 ? 1 : 0;
  });
  EXPECT_FALSE(result.failure.has_value())
      << result.failure->message << "\nreplay: " << result.failure->schedule;
  EXPECT_TRUE(result.complete);
  EXPECT_GT(merged, 0);
  EXPECT_LT(static_cast<uint64_t>(merged), result.schedules);
}

}  // namespace
}  // namespace veralith
