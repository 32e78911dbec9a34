// SPDX-License-Identifier: Apache-2.0

// A whole database inside one thread and one seed: simulated disk, clock and executor. Its options
// make a small database do everything that a large one does: 4 KiB memtables, 256-byte pages,
// segments of a few KiB.
#ifndef VERALITH_CORE_DB_TESTING_SIMULATION_H_
#define VERALITH_CORE_DB_TESTING_SIMULATION_H_

#include <memory>
#include <string>
#include <utility>

#include "core/fs/file_helpers.h"
#include "veralith/db.h"
#include "veralith/testing/simulated_clock.h"
#include "veralith/testing/simulated_executor.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {

class Simulation {
 public:
  static constexpr const char* kDirectory = "db";

  explicit Simulation(uint64_t seed = 1)
      : executor_(seed, &clock_), disk_(std::make_unique<SimulatedFileSystem>()) {}

  Options SmallOptions() {
    Options options;
    options.file_system = disk_.get();
    options.clock = &clock_;
    options.executor = &executor_;
    options.random_seed = 7;
    options.write_buffer_bytes = 4096;
    options.recovery_buffer_bytes = 4096;
    options.cache_bytes = 4096;
    options.key_page_bytes = options.value_page_bytes = 256;
    options.target_segment_bytes = 4096;
    options.level_base_bytes = 16384;
    options.level0_compaction_trigger = 4;
    options.level0_slowdown_trigger = 12;
    options.level0_stop_trigger = 24;
    options.min_free_bytes = 0;
    options.idle_merge_percent = 0;  // otherwise one comes whenever a test lets time pass
    return options;
  }

  absl::StatusOr<std::unique_ptr<Db>> Open() { return Open(SmallOptions()); }
  absl::StatusOr<std::unique_ptr<Db>> Open(const Options& options) {
    return Db::Open(kDirectory, options);
  }

  SimulatedFileSystem& disk() { return *disk_; }
  SimulatedClock& clock() { return clock_; }
  SimulatedExecutor& executor() { return executor_; }
  // What a power cut left; no database may be open on the old disk.
  void Replace(std::unique_ptr<SimulatedFileSystem> disk) { disk_ = std::move(disk); }

  static std::string Path(const std::string& name) { return JoinPath(kDirectory, name); }

 private:
  SimulatedClock clock_;
  SimulatedExecutor executor_;
  std::unique_ptr<SimulatedFileSystem> disk_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_TESTING_SIMULATION_H_
