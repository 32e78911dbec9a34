// SPDX-License-Identifier: Apache-2.0

// The whole database, schedule by schedule: clients beside flush, compaction and Close. Every
// history must be linearizable: exhaustively at one preemption, at random beyond. Also what
// listeners are told meanwhile.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/base/sync.h"
#include "core/base/testing/explorer.h"
#include "gtest/gtest.h"
#include "model/conformance/database_world.h"
#include "veralith/cache.h"
#include "veralith/db.h"
#include "veralith/listener.h"

namespace veralith {
namespace {

// VERALITH_SCHEDULES: fewer; 0: all.
uint64_t MostSchedules() {
  const char* asked = std::getenv("VERALITH_SCHEDULES");
  const uint64_t number = asked == nullptr ? 0 : std::strtoull(asked, nullptr, 10);
  return number == 0 ? UINT64_MAX : number;
}

void ExploreAtRandom(const std::string& name, uint64_t schedules, const ExploredProgram& program) {
  ExploreOptions options;
  options.strategy = ExploreOptions::Strategy::kRandom;
  options.random_schedules = schedules;
  options.most_steps = 2'000'000;
  const ExploreResult random = Explore(options, program);
  std::puts(random.Summary(name + ", random priorities").c_str());
  EXPECT_FALSE(random.failure.has_value());
}

void ExploreBothWays(const std::string& name, const ExploredProgram& program) {
  ExploreOptions options;
  options.preemptions = 1;
  options.reduce = true;
  options.most_schedules = MostSchedules();
  options.most_steps = 2'000'000;
  const ExploreResult exhaustive = Explore(options, program);
  std::puts(exhaustive.Summary(name).c_str());
  EXPECT_FALSE(exhaustive.failure.has_value());
  EXPECT_TRUE(exhaustive.complete || MostSchedules() != UINT64_MAX);
  ExploreAtRandom(name, 500, program);
}

class DatabaseSchedules : public ::testing::TestWithParam<DatabaseProgram> {};

TEST_P(DatabaseSchedules, HistoriesAreLinearizable) {
  ExploreBothWays(std::string("database: ") + GetParam().name, WholeRun(GetParam()));
}

template <typename Program>
std::string TestName(const ::testing::TestParamInfo<Program>& info) {
  std::string name = info.param.name;
  std::erase(name, ',');
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Programs, DatabaseSchedules, ::testing::ValuesIn(DatabasePrograms()),
                         TestName<DatabaseProgram>);

// --- Listeners -----------------------------------------------------------------------------------

// Holds a database to listener.h: events one at a time, begins and ends in pairs, reads allowed,
// writes refused, nothing after Close. The members that check this are atomic, so that the
// reduction sees them.
class Inspector final : public Listener {
 public:
  // Adds what it is told to `told`.
  Inspector(Explored& run, uint64_t* told) : run_(run), told_(*told) {}

  void Watch(Db& db) { db_ = &db; }
  void OnFlushBegin(const FlushEvent& event) override { Begin(event.job_id); }
  void OnFlushEnd(const FlushEvent& event) override { End(event.job_id); }
  void OnCompactionBegin(const CompactionEvent& event) override { Begin(event.job_id); }
  void OnCompactionEnd(const CompactionEvent& event) override { End(event.job_id); }

  void CheckClosed() {
    run_.Check(open_.empty(), "a job that began has not ended");
    closed_.Store(true);
  }

 private:
  void Begin(uint64_t job) {
    Enter();
    run_.Check(std::find(open_.begin(), open_.end(), job) == open_.end(), "a job began twice");
    open_.push_back(job);
    PinnedValue value;
    const absl::StatusOr<bool> found = db_->Get({}, "a", &value);
    run_.Check(found.ok() || absl::IsFailedPrecondition(found.status()), "a read in a listener");
    db_->GetStatistics();
    run_.Check(absl::IsFailedPrecondition(db_->Put({}, "a", "no")), "a write in a listener");
    run_.Check(absl::IsFailedPrecondition(db_->Flush()), "a flush in a listener");
    inside_.Store(false);
  }
  void End(uint64_t job) {
    Enter();
    run_.Check(std::erase(open_, job) == 1, "a job ended that had not begun");
    inside_.Store(false);
  }
  // If any other event could come in, it could come between this and the end.
  void Enter() {
    run_.Check(!inside_.Exchange(true), "two events at a time");
    run_.Check(!closed_.Load(), "an event after Close");
    ++told_;
  }

  Explored& run_;
  Db* db_ = nullptr;
  std::vector<uint64_t> open_;
  Atomic<bool> inside_{false};
  Atomic<bool> closed_{false};
  uint64_t& told_;
};

// Which calls run at the same time.
struct ListenerProgram {
  const char* name;
  bool flush;
  bool compaction;
  bool close;
};

// `told`: the events of all schedules. (A Close that comes first may leave nothing to tell.)
ExploredProgram Listened(const ListenerProgram& program, uint64_t* told) {
  return [program, told](Explored& run) {
    const uint64_t told_before = *told;
    auto inspector = std::make_shared<Inspector>(run, told);
    DatabaseWorld::Setting setting;
    setting.listeners = {inspector};
    DatabaseWorld world(run, setting);
    inspector->Watch(world.db());
    model::RecordingClient& writer = world.NewClient();
    const auto close = [&] {
      world.Ok(world.Close());
      inspector->CheckClosed();
    };
    if (program.flush) {
      run.Spawn("writer", [&] {
        world.OkOrClosed(writer.Put("a", "1"));
        world.OkOrClosed(world.Flush());
      });
    }
    if (program.compaction) {
      run.Spawn("compaction", [&] { world.OkOrClosed(world.db().CompactAll()); });
    }
    if (program.close) {
      run.Spawn("close", close);
    }
    world.Join();
    if (!program.close) {
      close();
      run.Check(*told > told_before, "nothing was told");
    }
    world.CheckEnd();
  };
}

class ListenerSchedules : public ::testing::TestWithParam<ListenerProgram> {};

TEST_P(ListenerSchedules, EventsComeOneAtATimeInPairsAndNotAfterClose) {
  uint64_t told = 0;
  ExploreBothWays(std::string("database: listeners beside ") + GetParam().name,
                  Listened(GetParam(), &told));
  EXPECT_GT(told, 0u);
}

INSTANTIATE_TEST_SUITE_P(Programs, ListenerSchedules,
                         ::testing::Values(ListenerProgram{"flush, close", true, false, true},
                                           ListenerProgram{"compaction, close", false, true, true},
                                           ListenerProgram{"flush, compaction", true, true, false}),
                         TestName<ListenerProgram>);

// There are too many to explore them all: those without a preemption alone are some 95,000.
TEST(AllListenedTo, AtRandom) {
  uint64_t told = 0;
  ExploreAtRandom("database: listeners beside flush, compaction, close", 2'000,
                  Listened({"all", true, true, true}, &told));
  EXPECT_GT(told, 0u);
}

// --- A budget for memtables ----------------------------------------------------------------------

// Each write asks for a freeze: by the next leader or a task, also while Close comes.
void AskedByEachWrite(Explored& run) {
  DatabaseWorld::Setting setting;
  setting.cache = MakeCache(1024, 1);
  DatabaseWorld world(run, setting);
  model::RecordingClient& writer = world.NewClient();
  run.Spawn("writer", [&] { world.OkOrClosed(writer.Put("a", "1")); });
  run.Spawn("close", [&] { world.Ok(world.Close()); });
  world.Join();
  world.CheckEnd();
  run.Check(setting.cache->memtable_charged_bytes() == 0, "something is still charged");
}

// The half has room for one memtable of the two databases: the writes of each ask the other.
void AskedByAnotherDatabase(Explored& run) {
  DatabaseWorld::Setting setting;
  setting.cache = MakeCache(1024, 50'000);
  DatabaseWorld one(run, setting);
  DatabaseWorld other(run, setting);
  model::RecordingClient& first = one.NewClient();
  model::RecordingClient& second = other.NewClient();
  run.Spawn("first", [&] {
    one.OkOrClosed(first.Put("a", "1"));
    one.OkOrClosed(first.Put("b", "1"));
  });
  run.Spawn("second", [&] {
    other.Ok(second.Put("a", "2"));
    other.Ok(other.Flush());
    other.Ok(second.Put("b", "2"));
  });
  run.Spawn("close", [&] { one.Ok(one.Close()); });
  one.Join();
  one.CheckEnd();
  other.CheckEnd();
  run.Check(setting.cache->memtable_charged_bytes() == 0, "something is still charged");
}

TEST(BudgetSchedules, EachWriteAsksBesideClose) {
  ExploreBothWays("database: asked by each write, close", AskedByEachWrite);
}

TEST(BudgetSchedules, TwoDatabasesAskEachOtherBesideClose) {
  ExploreAtRandom("database: two ask each other, close", 2'000, AskedByAnotherDatabase);
}

}  // namespace
}  // namespace veralith
