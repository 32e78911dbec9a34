// The whole database, schedule by schedule: clients beside flush, compaction and Close, every history
// linearizable, at one preemption exhaustively (within a number of schedules) and beyond at random;
// and what listeners are told meanwhile.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/base/testing/explorer.h"
#include "core/db/db.h"
#include "core/db/listener.h"
#include "gtest/gtest.h"
#include "model/conformance/database_world.h"

namespace veralith {
namespace {

// VERALITH_SCHEDULES: more for a night; 0: until all are done.
uint64_t MostSchedules(uint64_t ordinary) {
  const char* asked = std::getenv("VERALITH_SCHEDULES");
  const uint64_t number = asked == nullptr ? ordinary : std::strtoull(asked, nullptr, 10);
  return number == 0 ? UINT64_MAX : number;
}

void ExploreBothWays(const std::string& name, uint64_t most, const ExploredProgram& program) {
  ExploreOptions options;
  options.preemptions = 1;
  options.reduce = true;
  options.most_schedules = MostSchedules(most);
  options.most_steps = 2'000'000;
  const ExploreResult exhaustive = Explore(options, program);
  std::puts(exhaustive.Summary(name).c_str());
  EXPECT_FALSE(exhaustive.failure.has_value());
  options.strategy = ExploreOptions::Strategy::kRandom;
  options.random_schedules = 500;
  const ExploreResult random = Explore(options, program);
  std::puts(random.Summary(name + ", random priorities").c_str());
  EXPECT_FALSE(random.failure.has_value());
}

class DatabaseSchedules : public ::testing::TestWithParam<DatabaseProgram> {};

TEST_P(DatabaseSchedules, HistoriesAreLinearizable) {
  ExploreBothWays(std::string("database: ") + GetParam().name, 4'000, WholeRun(GetParam()));
}

std::string TestName(const ::testing::TestParamInfo<DatabaseProgram>& info) {
  std::string name = info.param.name;
  std::erase(name, ',');
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Programs, DatabaseSchedules, ::testing::ValuesIn(DatabasePrograms()),
                         TestName);

// --- Listeners -------------------------------------------------------------------------------------

// Holds a database to listener.h: events one at a time, begins and ends in pairs, reads allowed,
// writes refused, nothing after Close.
class Inspector final : public Listener {
 public:
  explicit Inspector(Explored& run) : run_(run) {}

  void Watch(Db& db) { db_ = &db; }
  void OnFlushBegin(const FlushEvent& event) override { Begin(event.job_id); }
  void OnFlushEnd(const FlushEvent& event) override { End(event.job_id); }
  void OnCompactionBegin(const CompactionEvent& event) override { Begin(event.job_id); }
  void OnCompactionEnd(const CompactionEvent& event) override { End(event.job_id); }

  void CheckClosed() {
    run_.Check(open_.empty(), "a job that began has not ended");
    run_.Check(told_ > 0, "nothing was told");
    closed_ = true;
  }

 private:
  void Begin(uint64_t job) {
    Visit();
    run_.Check(std::find(open_.begin(), open_.end(), job) == open_.end(), "a job began twice");
    open_.push_back(job);
  }
  void End(uint64_t job) {
    Visit();
    run_.Check(std::erase(open_, job) == 1, "a job ended that had not begun");
  }
  // Takes steps, so that another event could come in between if any could.
  void Visit() {
    run_.Check(!inside_, "two events at a time");
    run_.Check(!closed_, "an event after Close");
    inside_ = true;
    ++told_;
    PinnedValue value;
    const absl::StatusOr<bool> found = db_->Get({}, "a", &value);
    run_.Check(found.ok() || absl::IsFailedPrecondition(found.status()), "a read in a listener");
    db_->GetStatistics();
    run_.Check(absl::IsFailedPrecondition(db_->Put({}, "a", "no")), "a write in a listener");
    run_.Check(absl::IsFailedPrecondition(db_->Flush()), "a flush in a listener");
    inside_ = false;
  }

  Explored& run_;
  Db* db_ = nullptr;
  std::vector<uint64_t> open_;
  bool inside_ = false;
  bool closed_ = false;
  int told_ = 0;
};

void ListenersBesideEverything(Explored& run) {
  auto inspector = std::make_shared<Inspector>(run);
  DatabaseWorld::Setting setting;
  setting.listeners = {inspector};
  DatabaseWorld world(run, setting);
  inspector->Watch(world.db());
  model::RecordingClient& writer = world.NewClient();
  run.Spawn("writer", [&] {
    world.OkOrClosed(writer.Put("a", "1"));
    world.OkOrClosed(world.Flush());
  });
  run.Spawn("compaction", [&] { world.OkOrClosed(world.db().CompactAll()); });
  run.Spawn("close", [&] {
    world.Ok(world.Close());
    inspector->CheckClosed();
  });
  world.Join();
  world.CheckEnd();
}

TEST(ListenerSchedules, EventsComeOneAtATimeInPairsAndNotAfterClose) {
  ExploreBothWays("database: listeners beside flush, compaction, close", 2'000,
                  ListenersBesideEverything);
}

}  // namespace
}  // namespace veralith
