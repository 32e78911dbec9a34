// The whole database, schedule by schedule: clients beside flush, compaction and Close, every history
// linearizable, at one preemption exhaustively (within a number of schedules) and beyond at random.
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/base/testing/explorer.h"
#include "core/db/db.h"
#include "core/fs/testing/simulated_file_system.h"
#include "gtest/gtest.h"
#include "model/conformance/recording_client.h"
#include "model/linearizability.h"

namespace veralith {
namespace {

using model::RecordingClient;

// A database of one run, its clients, and what they saw.
class World {
 public:
  explicit World(Explored& run) : run_(run) {
    options_.file_system = &disk_;
    options_.clock = &run.clock();
    options_.executor = &run.executor();
    options_.random_seed = 7;
    options_.write_buffer_bytes = 4096;
    options_.cache_bytes = 1024;
    options_.key_page_bytes = options_.value_page_bytes = 256;
    options_.disable_automatic_compaction = true;
    Open();
    Ok(NewClient().Put("a", "0"));
  }

  RecordingClient& NewClient() {
    return clients_.emplace_back(*db_, [this] { return ++ticks_; });
  }
  Db& db() { return *db_; }
  void Ok(const absl::Status& status) { run_.Check(status.ok(), Message(status)); }
  // Of a call beside Close.
  void OkOrClosed(const absl::Status& status) {
    run_.Check(status.ok() || absl::IsFailedPrecondition(status), Message(status));
  }

  // After a power cut that keeps nothing unsynced, the closed database holds every answer still.
  void CheckEnd() {
    Ok(db_->Close());
    std::vector<model::Call> history;
    for (const RecordingClient& client : clients_) {
      history.insert(history.end(), client.calls().begin(), client.calls().end());
    }
    db_.reset();
    const std::unique_ptr<SimulatedFileSystem> survivor = disk_.CloneWithNothingUnsynced();
    options_.file_system = survivor.get();
    Open();
    RecordingClient after(*db_, [this] { return ++ticks_; });
    Ok(after.Scan());
    history.insert(history.end(), after.calls().begin(), after.calls().end());
    const std::optional<std::string> wrong = model::CheckLinearizable(history);
    run_.Check(!wrong.has_value(), wrong.value_or(""));
    Ok(db_->Check());
    db_.reset();
  }

 private:
  void Open() {
    absl::StatusOr<std::unique_ptr<Db>> db = Db::Open("db", options_);
    Ok(db.status());
    db_ = *std::move(db);
  }

  Explored& run_;
  SimulatedFileSystem disk_;
  Options options_;
  std::unique_ptr<Db> db_;
  std::deque<RecordingClient> clients_;
  uint64_t ticks_ = 0;
};

model::Write PutOf(const char* key, const char* value) {
  return {model::Write::Kind::kPut, 0, key, value, std::nullopt};
}

void Write(World& world, RecordingClient& client) {
  world.OkOrClosed(client.Write({PutOf("a", "1"), PutOf("b", "1")}));
  world.OkOrClosed(client.Write({{model::Write::Kind::kDelete, 0, "a", {}, std::nullopt}}));
}

void Read(World& world, RecordingClient& client) {
  world.OkOrClosed(client.Get("a"));
  world.OkOrClosed(client.Scan());
}

void WritersReadersAndFlush(Explored& run) {
  World world(run);
  RecordingClient& writer = world.NewClient();
  RecordingClient& reader = world.NewClient();
  run.Spawn("writer", [&] { Write(world, writer); });
  run.Spawn("reader", [&] { Read(world, reader); });
  run.Spawn("flush", [&] { world.Ok(world.db().Flush()); });
  run.Join();
  world.CheckEnd();
}

void SnapshotAndCompaction(Explored& run) {
  World world(run);
  RecordingClient& writer = world.NewClient();
  RecordingClient& reader = world.NewClient();
  world.Ok(world.db().Flush());
  world.Ok(writer.Put("a", "2"));
  run.Spawn("holder", [&] {
    const Snapshot* snapshot = reader.Hold();
    world.Ok(reader.Get("a", snapshot));
    world.Ok(reader.Scan(snapshot));
    world.db().ReleaseSnapshot(snapshot);
  });
  run.Spawn("writer", [&] { world.Ok(writer.Put("a", "3")); });
  run.Spawn("compaction", [&] { world.Ok(world.db().CompactAll()); });
  run.Join();
  world.CheckEnd();
}

void CloseAgainstEverything(Explored& run) {
  World world(run);
  RecordingClient& writer = world.NewClient();
  RecordingClient& reader = world.NewClient();
  run.Spawn("writer", [&] {
    world.OkOrClosed(writer.Write({PutOf("a", "1"), PutOf("b", "1")}, SyncMode::kCommit));
  });
  run.Spawn("reader", [&] { world.OkOrClosed(reader.Get("a")); });
  run.Spawn("flush", [&] { world.OkOrClosed(world.db().Flush()); });
  run.Spawn("close", [&] { world.Ok(world.db().Close()); });
  run.Join();
  world.CheckEnd();
}

void Explored1(const char* name, const ExploredProgram& program) {
  ExploreOptions options;
  options.preemptions = 1;
  options.most_schedules = 4'000;
  options.most_steps = 2'000'000;
  const ExploreResult exhaustive = Explore(options, program);
  std::puts(exhaustive.Summary(name).c_str());
  EXPECT_FALSE(exhaustive.failure.has_value()) << exhaustive.Summary(name);
  options.strategy = ExploreOptions::Strategy::kRandom;
  options.random_schedules = 500;
  const ExploreResult random = Explore(options, program);
  std::puts(random.Summary(std::string(name) + ", random priorities").c_str());
  EXPECT_FALSE(random.failure.has_value()) << random.Summary(name);
}

TEST(DatabaseSchedules, HistoriesBesideAFlushAreLinearizable) {
  Explored1("database: writer, reader, flush", WritersReadersAndFlush);
}

TEST(DatabaseSchedules, SnapshotsBesideACompactionAreLinearizable) {
  Explored1("database: snapshot, writer, compaction", SnapshotAndCompaction);
}

TEST(DatabaseSchedules, CloseAgainstEverythingKeepsWhatWasAcknowledged) {
  Explored1("database: close against writer, reader, flush", CloseAgainstEverything);
}

}  // namespace
}  // namespace veralith
