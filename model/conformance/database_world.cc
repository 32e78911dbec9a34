// SPDX-License-Identifier: Apache-2.0

#include "model/conformance/database_world.h"

#include <optional>

namespace veralith {
namespace {

using model::RecordingClient;

model::Write PutOf(const char* key, const char* value) {
  return {model::Write::Kind::kPut, 0, key, value, std::nullopt};
}
model::Write DeleteOf(const char* key) {
  return {model::Write::Kind::kDelete, 0, key, {}, std::nullopt};
}

// --- Programs ------------------------------------------------------------------------------------

void WriterReaderAndFlush(DatabaseWorld& world) {
  RecordingClient& writer = world.NewClient();
  RecordingClient& reader = world.NewClient();
  world.run().Spawn("writer", [&] {
    world.Ok(writer.Write({PutOf("a", "1"), PutOf("b", "1")}));
    world.Ok(writer.Write({DeleteOf("a")}));
  });
  world.run().Spawn("reader", [&] {
    world.Ok(reader.Get("a"));
    world.Ok(reader.Scan());
  });
  world.run().Spawn("flush", [&] { world.Ok(world.Flush()); });
  world.Join();
}

void TwoWritersThatSyncAndAFlush(DatabaseWorld& world) {
  RecordingClient& first = world.NewClient();
  RecordingClient& second = world.NewClient();
  world.run().Spawn("first", [&] {
    world.Ok(first.Write({PutOf("a", "1"), PutOf("b", "1")}, SyncMode::kCommit));
    world.Ok(first.Write({DeleteOf("a")}));
  });
  world.run().Spawn("second", [&] {
    world.Ok(second.Write({PutOf("b", "2"), PutOf("c", "2")}));
    world.Ok(second.Write({PutOf("a", "3")}, SyncMode::kCommit));
  });
  world.run().Spawn("flush", [&] { world.Ok(world.Flush()); });
  world.Join();
}

void SnapshotWriterAndCompaction(DatabaseWorld& world) {
  RecordingClient& writer = world.NewClient();
  RecordingClient& reader = world.NewClient();
  world.Ok(world.Flush());
  world.Ok(writer.Put("a", "2"));
  world.run().Spawn("holder", [&] {
    const Snapshot* snapshot = reader.Hold();
    world.Ok(reader.Get("a", snapshot));
    world.Ok(reader.Scan(snapshot));
    world.db().ReleaseSnapshot(snapshot);
  });
  world.run().Spawn("writer", [&] { world.Ok(writer.Put("a", "3")); });
  world.run().Spawn("compaction", [&] { world.Ok(world.db().CompactAll()); });
  world.Join();
}

void LookupsOverwriteAndFlush(DatabaseWorld& world) {
  RecordingClient& writer = world.NewClient();
  RecordingClient& reader = world.NewClient();
  world.Ok(world.Flush());
  world.run().Spawn("reader", [&] {
    world.Ok(reader.Get("a"));
    world.Ok(reader.Get("a"));
  });
  world.run().Spawn("writer", [&] {
    world.Ok(writer.Put("a", "1"));
    world.Ok(world.Flush());
    world.Ok(writer.Get("a"));
  });
  world.Join();
}

void CloseAgainstEverything(DatabaseWorld& world) {
  RecordingClient& writer = world.NewClient();
  RecordingClient& reader = world.NewClient();
  world.run().Spawn("writer", [&] {
    world.OkOrClosed(writer.Write({PutOf("a", "1"), PutOf("b", "1")}, SyncMode::kCommit));
  });
  world.run().Spawn("reader", [&] { world.OkOrClosed(reader.Get("a")); });
  world.run().Spawn("flush", [&] { world.OkOrClosed(world.Flush()); });
  world.run().Spawn("close", [&] { world.Ok(world.Close()); });
  world.Join();
}

}  // namespace

const std::vector<DatabaseProgram>& DatabasePrograms() {
  static const auto* const programs = new std::vector<DatabaseProgram>{
      {"writer, reader, flush", WriterReaderAndFlush},
      {"two writers that sync, flush", TwoWritersThatSyncAndAFlush},
      {"lookups, overwrite, flush", LookupsOverwriteAndFlush},
      {"snapshot, writer, compaction", SnapshotWriterAndCompaction},
      {"close against writer, reader, flush", CloseAgainstEverything},
  };
  return *programs;
}

ExploredProgram WholeRun(const DatabaseProgram& program, const DatabaseWorld::Setting& setting) {
  return [body = program.body, setting](Explored& run) {
    DatabaseWorld world(run, setting);
    body(world);
    world.CheckEnd();
  };
}

// --- The world -----------------------------------------------------------------------------------

Options ExploredOptions() {
  Options options;
  options.random_seed = 7;
  options.write_buffer_bytes = 4096;
  options.cache_bytes = 1024;
  options.key_page_bytes = options.value_page_bytes = 256;
  options.disable_automatic_compaction = true;
  return options;
}

DatabaseWorld::DatabaseWorld(Explored& run, const Setting& setting)
    : run_(run), options_(ExploredOptions()) {
  through_ = setting.through == nullptr ? nullptr : setting.through(disk_);
  options_.file_system = through_ == nullptr ? &disk_ : through_.get();
  options_.clock = &run.clock();
  options_.executor = &run.executor();
  options_.listeners = setting.listeners;
  options_.cache = setting.cache;
  Open();
  Ok(NewClient().Put("a", "0"));
}

void DatabaseWorld::Open() {
  absl::StatusOr<std::unique_ptr<Db>> db = Db::Open("db", options_);
  Ok(db.status());
  db_ = *std::move(db);
}

RecordingClient& DatabaseWorld::NewClient() {
  return clients_.emplace_back(*db_, [this] { return Tick(); });
}

void DatabaseWorld::Join() {
  exploring_ = true;
  run_.Join();
  exploring_ = false;
}

absl::Status DatabaseWorld::Durable(const std::function<absl::Status()>& call) {
  const uint64_t begin = Tick();
  absl::Status status = call();
  if (const uint64_t end = Tick(); status.ok()) {
    durable_calls_.emplace_back(begin, end);
  }
  return status;
}

absl::Status DatabaseWorld::Flush() {
  return Durable([this] { return db_->Flush(); });
}
absl::Status DatabaseWorld::Close() {
  return Durable([this] { return db_->Close(); });
}

std::vector<model::Call> DatabaseWorld::History() const {
  std::vector<model::Call> history;
  for (const RecordingClient& client : clients_) {
    history.insert(history.end(), client.calls().begin(), client.calls().end());
  }
  return history;
}

// After a power cut that keeps nothing unsynced, the closed database still holds every answer.
void DatabaseWorld::CheckEnd() {
  Ok(Close());
  std::vector<model::Call> history = History();
  db_.reset();
  const std::unique_ptr<SimulatedFileSystem> survivor = disk_.CloneWithNothingUnsynced();
  options_.file_system = survivor.get();
  options_.listeners.clear();
  Open();
  RecordingClient after(*db_, [this] { return Tick(); });
  Ok(after.Scan());
  history.insert(history.end(), after.calls().begin(), after.calls().end());
  const std::optional<std::string> wrong = model::CheckLinearizable(history);
  run_.Check(!wrong.has_value(), wrong.value_or(""));
  Ok(db_->Check());
  Ok(db_->Close());
  db_.reset();
}

}  // namespace veralith
