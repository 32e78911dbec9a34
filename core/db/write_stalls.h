// SPDX-License-Identifier: Apache-2.0

// WriteStalls: holds writers back while background work does not keep up. Many runs in level 0 slow
// them down, and so does the end of the last write buffer. Too many runs, or write buffers that all
// wait for their flush, stop them.
//
// Invariants
//   1. At most one stall is told at a time. Each one that began ends, whatever ended it: room, an
//      error, a timeout, or Close.
//   2. A stop ends once there is room, or with an error: the database is closing or refuses writes,
//      the work that would make room has failed, or stall_timeout_nanos have passed.
//   3. The rate limit does not hold up the work that a writer waits for.
//   4. If a flush takes up to 300 ms longer than filling a write buffer of 64 MiB does, no group
//      waits for all of that: many wait up to 8 ms each (FillPause).
//
// Thread rule: every call under the database's mutex, which a wait releases. SlowDown and AwaitRoom
// by the leader of the write queue. Borrows the state and the scheduler, which outlive it. It frees
// nothing itself: rotation and jobs make the room.
#ifndef VERALITH_CORE_DB_WRITE_STALLS_H_
#define VERALITH_CORE_DB_WRITE_STALLS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "core/db/db_state.h"
#include "core/db/job_scheduler.h"
#include "veralith/listener.h"

namespace veralith {

class WriteStalls {
 public:
  WriteStalls(DbState& state, JobScheduler& jobs) : state_(state), jobs_(jobs) {}
  WriteStalls(const WriteStalls&) = delete;
  WriteStalls& operator=(const WriteStalls&) = delete;

  // Waits a little while level 0 is between its slowdown and its stop trigger, or while the active
  // memtable is nearly full and must not be frozen yet. Before each commit.
  void SlowDown() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Waits until the active memtable may be frozen: a write buffer is free, and level 0 is below its
  // stop trigger. FailedPrecondition once Close was called; the error of the work that failed;
  // Unavailable after the timeout.
  absl::Status AwaitRoom() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);

  // A flush or compaction ended: ends a slowdown that no writer has met the end of. Throws nothing.
  void JobEnded() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Ends whatever is told: no writer is left.
  void End() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // What holds writers back now; empty: nothing.
  std::string reason() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) {
    return told_.has_value() ? told_->reason : std::string();
  }

  // One memtable more may be frozen.
  bool HasFreeWriteBuffer() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);

 private:
  bool BelowLevel0Stop() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  size_t RunsBeyondSlowdown() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // The active memtable is in its last part, and no write buffer is free.
  bool FillsLastBuffer() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // How long the next group waits there: once for each step, longer towards the end.
  int64_t FillPause() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);

  // Waits for so long, or until something changes, for work of this priority.
  void Pause(const char* reason, TaskPriority priority, int64_t nanos)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Waits until `enough`, for work of this kind.
  absl::Status Stop(std::string reason, JobScheduler::Kind kind,
                    bool (WriteStalls::*enough)() const)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Asks for the work that is waited for. An error says why the wait ends.
  absl::Status CheckWait(const std::string& reason, JobScheduler::Kind kind, int64_t waited_nanos)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  void Begin(StallEvent::Kind kind, std::string reason)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);

  DbState& state_;
  JobScheduler& jobs_;
  std::optional<StallEvent> told_ ABSL_GUARDED_BY(database_mutex);  // begun and not ended
  size_t last_step_ ABSL_GUARDED_BY(database_mutex) = 0;            // that a group waited at
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_WRITE_STALLS_H_
