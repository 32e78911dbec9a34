// Close promises what it promises to everybody who calls it: all schedules of two calls at once.
#include <memory>

#include "core/base/testing/explorer.h"
#include "core/db/db.h"
#include "core/fs/testing/simulated_file_system.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

// The database still holds its directory, so it has not closed.
bool IsHeld(SimulatedFileSystem& disk) {
  return !disk.Lock("db/LOCK", LockMode::kShared).ok();
}

TEST(CloseSchedules, NeitherOfTwoReturnsBeforeTheDatabaseIsClosed) {
  ExploreOptions options;
  options.preemptions = 1;
  options.reduce = true;
  const ExploreResult result = Explore(options, [](Explored& run) {
    SimulatedFileSystem disk;
    Options database;
    database.file_system = &disk;
    database.clock = &run.clock();
    database.executor = &run.executor();
    const std::unique_ptr<Db> db = *Db::Open("db", database);
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

}  // namespace
}  // namespace veralith
