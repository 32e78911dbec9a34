// SPDX-License-Identifier: Apache-2.0

// The database of one explored run, on the simulated disk, with clients whose calls are recorded;
// and the small programs that the schedule explorer runs over it.
//
// Invariants
//   1. CheckEnd checks two things with model/linearizability.h: the history, and what is left of
//      the closed database after a power cut that keeps nothing unsynced.
//   2. Threads share only the database, the disk and the clock of ticks, which is an Atomic: the
//      explorer's reduction may be used (explorer.h, 3).
//
// Thread rule: clients and listeners on the explorer's threads; all else on the program's own
// fiber.
#ifndef VERALITH_MODEL_CONFORMANCE_DATABASE_WORLD_H_
#define VERALITH_MODEL_CONFORMANCE_DATABASE_WORLD_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/base/sync.h"
#include "core/base/testing/explorer.h"
#include "model/conformance/recording_client.h"
#include "model/linearizability.h"
#include "veralith/cache.h"
#include "veralith/db.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {

// The small database: 4 KiB memtables, 256-byte pages, compactions only when asked for.
Options ExploredOptions();

class DatabaseWorld {
 public:
  struct Setting {
    std::vector<std::shared_ptr<Listener>> listeners;
    // What the database sees instead of the disk; null: the disk itself.
    std::function<std::unique_ptr<FileSystem>(SimulatedFileSystem& disk)> through;
    std::shared_ptr<Cache> cache;  // made in the run; null: one of its own
  };

  explicit DatabaseWorld(Explored& run) : DatabaseWorld(run, Setting()) {}
  // Opens the database and puts key "a".
  DatabaseWorld(Explored& run, const Setting& setting);
  DatabaseWorld(const DatabaseWorld&) = delete;
  DatabaseWorld& operator=(const DatabaseWorld&) = delete;

  Explored& run() { return run_; }
  Db& db() { return *db_; }
  SimulatedFileSystem& disk() { return disk_; }
  model::RecordingClient& NewClient();
  uint64_t Tick() { return ticks_.FetchAdd(1) + 1; }
  uint64_t Now() const { return ticks_.Load(); }
  // The explored part.
  void Join();
  bool exploring() const { return exploring_; }

  // Calls that make durable everything acknowledged before they began.
  absl::Status Flush();
  absl::Status Close();

  void Ok(const absl::Status& status) { run_.Check(status.ok(), Message(status)); }
  // Checks a call that runs at the same time as Close.
  void OkOrClosed(const absl::Status& status) {
    run_.Check(status.ok() || absl::IsFailedPrecondition(status), Message(status));
  }

  // Every client's calls so far.
  std::vector<model::Call> History() const;
  // Begins and ends, in ticks, of Flush and Close calls that succeeded.
  const std::vector<std::pair<uint64_t, uint64_t>>& durable_calls() const { return durable_calls_; }

  void CheckEnd();

 private:
  void Open();
  absl::Status Durable(const std::function<absl::Status()>& call);

  Explored& run_;
  SimulatedFileSystem disk_;
  std::unique_ptr<FileSystem> through_;
  Options options_;
  std::unique_ptr<Db> db_;
  std::deque<model::RecordingClient> clients_;
  std::vector<std::pair<uint64_t, uint64_t>> durable_calls_;
  Atomic<uint64_t> ticks_{0};
  bool exploring_ = false;
};

struct DatabaseProgram {
  const char* name;
  // Spawns threads, and joins the world.
  void (*body)(DatabaseWorld& world);
};

// Writers, readers, snapshots, flush, compaction and Close at the same time.
const std::vector<DatabaseProgram>& DatabasePrograms();

// Runs the program in a world of its own, and checks its end.
ExploredProgram WholeRun(const DatabaseProgram& program,
                         const DatabaseWorld::Setting& setting = {});

}  // namespace veralith

#endif  // VERALITH_MODEL_CONFORMANCE_DATABASE_WORLD_H_
