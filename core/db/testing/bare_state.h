// SPDX-License-Identifier: Apache-2.0

// BareState: the state of an open database without the database, so that one of its parts can be
// explored alone. Under it are a version set and a simulated disk.
//
// Invariants
//   1. The directory is "db". It holds a manifest, no log and no segment.
//   2. Segments are never read: none has a reader, and nothing is compacted by itself, unless they
//      are given an opener.
//
// Thread rule: that of DbState. What uses it is destroyed before it.
#ifndef VERALITH_CORE_DB_TESTING_BARE_STATE_H_
#define VERALITH_CORE_DB_TESTING_BARE_STATE_H_

#include <cstdio>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "core/base/epoch.h"
#include "core/base/sync.h"
#include "core/base/testing/explorer.h"
#include "core/db/db_state.h"
#include "core/format/version_edit.h"
#include "core/segment/read/segment_opener.h"
#include "core/version_set/version_set.h"
#include "gtest/gtest.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {

class BareState {
 public:
  // Disk, clock and executor of `options` are those of the run.
  explicit BareState(Explored& run, const Options& options = {}, SegmentOpener opener = nullptr)
      : run_(run), state_("db", In(run, options, opener != nullptr), [] {}) {
    run_.Check(disk_.CreateDirectory("db").ok() && disk_.SyncDirectory("/").ok(), "set-up");
    VersionSetOptions set;
    set.fs = &disk_;
    set.executor = &run.executor();
    set.directory = "db";
    set.open_segment = [](const FileMeta&) -> absl::StatusOr<std::shared_ptr<SegmentReader>> {
      return std::shared_ptr<SegmentReader>();
    };
    if (opener != nullptr) {
      set.open_segment = std::move(opener);
    }
    absl::StatusOr<std::unique_ptr<VersionSet>> versions = VersionSet::Open(std::move(set));
    run_.Check(versions.ok(), "set-up");
    MutexLock lock(state_.mutex());
    state_.versions = *std::move(versions);
  }

  ~BareState() {
    MutexLock lock(state_.mutex());
    const bool sound = state_.fatal.ok();
    run_.Check(state_.versions->Close(state_.mutex()).ok() || !sound, "close");
    state_.current.Publish(nullptr);
    ReclaimRetired();
  }
  BareState(const BareState&) = delete;
  BareState& operator=(const BareState&) = delete;

  // The number of a new log that the manifest names; its id is the same.
  uint64_t NameLog() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) {
    const uint64_t log = state_.versions->NewPendingFile();
    VersionEdit edit;
    edit.added_logs.push_back({log, log});
    run_.Check(state_.Install(std::move(edit)).ok(), "set-up");
    state_.versions->ReleasePending(log);
    return log;
  }

  DbState& state() { return state_; }
  SimulatedFileSystem& disk() { return disk_; }

 private:
  Options In(Explored& run, Options options, bool compacts) {
    options.file_system = &disk_;
    options.clock = &run.clock();
    options.executor = &run.executor();
    options.disable_automatic_compaction = !compacts;
    options.random_seed = 1;
    return options;
  }

  Explored& run_;
  SimulatedFileSystem disk_;
  DbState state_;
};

// Explores `program` up to this many preemptions, and expects that nothing fails.
inline void ExpectSound(const char* name, int preemptions, const ExploredProgram& program) {
  ExploreOptions options;
  options.preemptions = preemptions;
  options.reduce = true;
  const ExploreResult result = Explore(options, program);
  std::puts(result.Summary(name).c_str());
  EXPECT_FALSE(result.failure.has_value())
      << result.failure->message << "\nreplay: " << result.failure->schedule;
  EXPECT_TRUE(result.complete);
  EXPECT_GT(result.schedules, 10u);
}

}  // namespace veralith

#endif  // VERALITH_CORE_DB_TESTING_BARE_STATE_H_
