// SPDX-License-Identifier: Apache-2.0

// Crashes and concurrency together: the power is cut at every step of the disk in explored
// schedules of a whole database. Every survivor must recover to a legal state of the history until
// then:
//
//   - the state after some prefix of the commit order, timestamps and all,
//   - which holds every write acknowledged as synced, and everything acknowledged before the start
//     of a Flush or Close that had returned, with everything before them;
//   - later commits get timestamps above all that was ever acknowledged or seen.
//
// One run shows all its crash points: the survivors at each are kept, and recovered once the run
// has ended, when the timestamps of commits that were under way are known.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/base/sync.h"
#include "core/base/testing/explorer.h"
#include "gtest/gtest.h"
#include "model/conformance/database_world.h"
#include "model/difference.h"
#include "model/kv_model.h"
#include "property_tests/exploration/crash_point_file_system.h"
#include "veralith/testing/simulated_clock.h"
#include "veralith/testing/simulated_executor.h"

namespace veralith {
namespace {

// Code that runs while no other thread does, and takes no step.
class OutsideTheSchedule {
 public:
  OutsideTheSchedule() : scheduler_(std::exchange(explored::active, nullptr)) {}
  ~OutsideTheSchedule() { explored::active = scheduler_; }

 private:
  explored::Scheduler* const scheduler_;
};

using Image = std::unique_ptr<SimulatedFileSystem>;

struct CrashPoint {
  uint64_t tick = 0;
  uint64_t step = 0;
  std::vector<Image> images;
};

// What a survivor becomes.
struct Recovered {
  std::string error;
  std::vector<model::Row> rows;
  Timestamp next = 0;  // timestamp of the first commit afterwards
};

absl::Status RecoverInto(SimulatedFileSystem& disk, Recovered* recovered) {
  SimulatedClock clock(1'000);  // far in the past: only what is durable keeps timestamps rising
  SimulatedExecutor executor(1, &clock);
  Options options = ExploredOptions();
  options.file_system = &disk;
  options.clock = &clock;
  options.executor = &executor;
  VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<Db> db, Db::Open("db", options));
  const std::unique_ptr<DbIterator> it = db->NewIterator({});
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    recovered->rows.push_back({std::string(it->key()), std::string(it->value()), it->timestamp()});
  }
  VERALITH_RETURN_IF_ERROR(it->status());
  WriteBatch batch;
  batch.Put("later", "1");
  VERALITH_ASSIGN_OR_RETURN(recovered->next, db->Write({.sync = SyncMode::kCommit}, batch));
  VERALITH_RETURN_IF_ERROR(db->Check());
  return db->Close();
}

// Commits in their order, and from when on somebody may rely on them.
struct Commits {
  explicit Commits(const DatabaseWorld& world) {
    for (model::Call& call : world.History()) {
      if (call.timestamp != 0) {
        by_timestamp.emplace(call.timestamp, std::move(call));
      }
    }
    flushes = world.durable_calls();
  }

  // The newest commit that a crash at `tick` must keep.
  Timestamp DurableAt(uint64_t tick) const {
    Timestamp durable = 0;
    for (const auto& [timestamp, call] : by_timestamp) {
      const bool synced =
          call.kind == model::Call::Kind::kWrite && call.durable && call.end <= tick;
      const bool flushed =
          std::any_of(flushes.begin(), flushes.end(), [&call, tick](const auto& flush) {
            return call.end < flush.first && flush.second <= tick;
          });
      durable = synced || flushed ? timestamp : durable;
    }
    return durable;
  }
  // The newest timestamp that a caller has seen by `tick`.
  Timestamp SeenAt(uint64_t tick) const {
    Timestamp seen = 0;
    for (const auto& [timestamp, call] : by_timestamp) {
      seen = call.end <= tick ? timestamp : seen;
    }
    return seen;
  }
  model::Difference WhatIsWrong(const Recovered& recovered, uint64_t tick) const {
    if (!recovered.error.empty()) {
      return "recovery fails: " + recovered.error;
    }
    if (recovered.next <= SeenAt(tick)) {
      return "a later commit gets timestamp " + std::to_string(recovered.next) +
             ", not above what was seen";
    }
    model::KvModel model;
    const Timestamp durable = DurableAt(tick);
    bool legal = durable == 0 && recovered.rows.empty();
    for (const auto& [timestamp, call] : by_timestamp) {
      if (call.kind == model::Call::Kind::kWrite) {
        model.Commit(timestamp, model::Reduce(call.batch));
        legal = legal || (timestamp >= durable &&
                          model.Scan(0, Bound::Open(), Bound::Open(), timestamp) == recovered.rows);
      }
    }
    std::string rows;
    for (const model::Row& row : recovered.rows) {
      rows += " " + row.key + "=" + row.value + "@" + std::to_string(row.timestamp);
    }
    return legal ? model::Agree()
                 : "no prefix of the commits that holds those up to " + std::to_string(durable) +
                       " leaves this:" + rows;
  }

  std::map<Timestamp, model::Call> by_timestamp;
  std::vector<std::pair<uint64_t, uint64_t>> flushes;
};

class CrashSchedules : public ::testing::TestWithParam<DatabaseProgram> {
 protected:
  // The program, with every crash point of its explored part.
  void Run(Explored& run) {
    std::vector<CrashPoint> points;
    model::CrashPointFileSystem* through = nullptr;
    DatabaseWorld::Setting setting;
    setting.through = [&through](SimulatedFileSystem& disk) {
      auto made = std::make_unique<model::CrashPointFileSystem>(&disk);
      through = made.get();
      return made;
    };
    DatabaseWorld world(run, setting);
    through->SetHook([&world, &points] {
      if (world.exploring()) {
        const uint64_t tick = world.Now();  // a step, so the reduction knows about it
        const OutsideTheSchedule outside;
        points.push_back(
            {tick, world.disk().steps(), world.disk().EnumerateSurvivors(kSurvivors).images});
      }
    });
    GetParam().body(world);
    through->SetHook(nullptr);
    const Commits commits(world);
    {
      const OutsideTheSchedule outside;
      for (const CrashPoint& point : points) {
        ++points_;
        for (const Image& image : point.images) {
          ++survivors_;
          if (const model::Difference wrong = commits.WhatIsWrong(Recover(*image), point.tick);
              wrong.differs()) {
            run.Fail("a crash at step " + std::to_string(point.step) +
                     " of the disk: " + wrong.words());
          }
        }
      }
    }
    world.CheckEnd();
  }

  // Many schedules leave the same images: each is recovered once.
  const Recovered& Recover(const SimulatedFileSystem& image) {
    const auto [it, fresh] = recovered_.try_emplace(image.Fingerprint());
    if (fresh) {
      const Image copy = image.CloneWithEverything();
      if (const absl::Status status = RecoverInto(*copy, &it->second); !status.ok()) {
        it->second.error = ToString(status);
      }
    }
    return it->second;
  }

  ExploredProgram Program() {
    return [this](Explored& run) { Run(run); };
  }
  void Report(const ExploreResult& result, const char* how) {
    std::printf("%s\ncrashes | %llu crash points, %llu survivors, %zu distinct images recovered\n",
                result.Summary(std::string(GetParam().name) + ", crashes, " + how).c_str(),
                static_cast<unsigned long long>(points_),
                static_cast<unsigned long long>(survivors_), recovered_.size());
    EXPECT_FALSE(result.failure.has_value());
    EXPECT_GT(points_, 0u);
  }
  // VERALITH_SCHEDULES: more schedules, for a night.
  static uint64_t MostSchedules(uint64_t ordinary) {
    const char* asked = std::getenv("VERALITH_SCHEDULES");
    return asked == nullptr ? ordinary : std::strtoull(asked, nullptr, 10);
  }

  static constexpr size_t kSurvivors = 4;
  uint64_t points_ = 0;
  uint64_t survivors_ = 0;
  std::map<uint64_t, Recovered> recovered_;  // by fingerprint
};

TEST_P(CrashSchedules, EverySurvivorIsALegalState) {
  ExploreOptions options;
  options.most_steps = 2'000'000;
  options.preemptions = 1;
  options.reduce = true;
  options.most_schedules = MostSchedules(2'000);
  Report(Explore(options, Program()), "at one preemption");
  options.strategy = ExploreOptions::Strategy::kRandom;
  options.random_schedules = MostSchedules(150);
  Report(Explore(options, Program()), "random priorities");
}

std::string TestName(const ::testing::TestParamInfo<DatabaseProgram>& info) {
  std::string name = info.param.name;
  std::erase(name, ',');
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Programs, CrashSchedules, ::testing::ValuesIn(DatabasePrograms()),
                         TestName);

}  // namespace
}  // namespace veralith
