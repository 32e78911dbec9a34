// SPDX-License-Identifier: Apache-2.0

// The scope of one flush or compaction: what every job must do around its own work.
//
// A job
//   1. takes its points and pins the current segments, both under one hold of the mutex; from then
//      on, to the end of the scope, no snapshot can be taken of history that it may drop;
//   2. takes numbers, which stay pending to the end of the scope, so that nobody takes its outputs
//      for garbage;
//   3. tells the listeners that it begins, and runs without the mutex;
//   4. installs its edit; an error of the manifest is fatal;
//   5. lets go of all of it, however it ended. A job that failed has changed nothing: its inputs
//      stay, and its outputs are garbage (hazard C2).
//
// Thread rule: every call under the database's mutex; Run releases it.
#ifndef VERALITH_CORE_DB_RUNNING_JOB_H_
#define VERALITH_CORE_DB_RUNNING_JOB_H_

#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/no_memory.h"
#include "core/compaction/job.h"
#include "core/db/db_state.h"
#include "core/db/disk_room.h"
#include "core/format/version_edit.h"
#include "core/version_set/segment_set.h"
#include "veralith/executor.h"
#include "veralith/types.h"

namespace veralith {

// Numbers of files that are nobody's garbage as long as this lives.
class PendingNumbers {
 public:
  explicit PendingNumbers(DbState& state) : state_(state) {}
  ~PendingNumbers() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  PendingNumbers(const PendingNumbers&) = delete;
  PendingNumbers& operator=(const PendingNumbers&) = delete;

  uint64_t New() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);

 private:
  DbState& state_;
  std::vector<uint64_t> numbers_;
};

class RunningJob {
 public:
  // `what`: "a flush", for errors. `points`: ascending, the newest last; the job keeps what they
  // see. `numbers` takes the numbers of its outputs.
  RunningJob(DbState& state, const char* what, std::vector<Timestamp> points,
             PendingNumbers& numbers) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  ~RunningJob() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  RunningJob(const RunningJob&) = delete;
  RunningJob& operator=(const RunningJob&) = delete;

  const std::vector<Timestamp>& points() const { return points_; }
  // The segments that were current when the job began.
  const std::shared_ptr<const SegmentSet>& base() const { return base_; }
  const JobEnvironment& environment() const { return environment_; }

  // Ends the job early once `cancel` is true.
  void AddCancel(const Atomic<bool>* cancel) { environment_.cancel.push_back(cancel); }
  // Keeps the job to the rate limit. After the last AddCancel.
  void LimitRate(TaskPriority priority);

  // Runs `work` without the mutex, if the disk has the room. No memory is an error of the job.
  absl::StatusOr<JobResult> Run(const RoomRequest& room,
                                const std::function<absl::StatusOr<JobResult>()>& work)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  absl::Status Install(const VersionEdit& edit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);

 private:
  DbState& state_;
  const char* const what_;
  const std::shared_ptr<const SegmentSet> base_;
  const std::vector<Timestamp> points_;
  JobEnvironment environment_;
  std::multiset<Timestamp>::iterator start_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_RUNNING_JOB_H_
