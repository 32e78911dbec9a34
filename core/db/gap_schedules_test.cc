// What scans learn of empty stretches (gap_cache.h) hides no put from anybody, however a scan and
// the put meet: schedules of a consumer and a producer.
#include <memory>
#include <string>

#include "core/base/broken.h"
#include "core/base/testing/explorer.h"
#include "core/db/db.h"
#include "core/fs/testing/simulated_file_system.h"
#include "core/iterator/visible_iterator.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

constexpr uint64_t kDeleted = VisibleIterator::kLearnAfter + 2;

std::string Key(uint64_t i) { return std::string(1, static_cast<char>('A' + i)); }

ExploreResult ConsumerBesideProducer() {
  ExploreOptions options;
  options.preemptions = 1;
  options.reduce = true;
  return Explore(options, [](Explored& run) {
    SimulatedFileSystem disk;
    Options database;
    database.file_system = &disk;
    database.clock = &run.clock();
    database.executor = &run.executor();
    const std::unique_ptr<Db> db = *Db::Open("db", database);
    for (uint64_t i = 0; i < kDeleted; ++i) {
      EXPECT_TRUE(db->Delete({}, Key(i)).ok());
    }
    const std::string put = Key(kDeleted - 4);
    bool acknowledged = false;
    const auto consume = [&] {
      const bool must_see = acknowledged;
      const std::unique_ptr<DbIterator> it = db->NewIterator({});
      it->SeekToFirst();
      run.Check(!must_see || it->Valid(), "a scan does not see what was put before it");
    };
    run.Spawn("consumer", [&] {
      consume();
      consume();
    });
    run.Spawn("producer", [&] {
      run.Check(db->Put({}, put, "value").ok(), "a put failed");
      acknowledged = true;
    });
    run.Join();
    consume();
  });
}

TEST(GapSchedules, NoPutIsHiddenByWhatAScanLearned) {
  const ExploreResult result = ConsumerBesideProducer();
  EXPECT_FALSE(result.failure.has_value())
      << result.failure->message << "\nreplay: " << result.failure->schedule;
  EXPECT_TRUE(result.complete);
  EXPECT_GT(result.schedules, 10u);
}

TEST(GapSchedules, PutsThatCutNoGapAreFound) {
  BreakEngine("E12_STALE");
  EXPECT_TRUE(ConsumerBesideProducer().failure.has_value());
  BreakEngine("");
}

}  // namespace
}  // namespace veralith
