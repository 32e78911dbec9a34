// SPDX-License-Identifier: Apache-2.0

#include "core/db/running_job.h"

#include <utility>

#include "core/base/status.h"
#include "core/db/option_mapping.h"

namespace veralith {

PendingNumbers::~PendingNumbers() {
  for (const uint64_t number : numbers_) {
    state_.versions->ReleasePending(number);
  }
}

uint64_t PendingNumbers::New() {
  numbers_.reserve(numbers_.size() + 1);
  numbers_.push_back(state_.versions->NewPendingFile());
  return numbers_.back();
}

RunningJob::RunningJob(DbState& state, const char* what, std::vector<Timestamp> points,
                       PendingNumbers& numbers)
    : state_(state), what_(what), base_(state.versions->current()), points_(std::move(points)) {
  environment_.fs = state.fs;
  environment_.directory = state.directory;
  environment_.job_id = state.next_job_id++;
  environment_.new_file_number = [&state, &numbers] {
    MutexLock lock(state.mutex());
    return numbers.New();
  };
  environment_.segment_options = [&state](int level, bool bottommost) {
    return ToSegmentOptions(state.options, level, bottommost);
  };
  environment_.executor = state.executor;
  environment_.cancel = {&state.cancel_jobs};
  start_ = state.job_starts.insert(points_.back());  // last: what throws before has noted nothing
}

RunningJob::~RunningJob() { state_.job_starts.erase(start_); }

void RunningJob::LimitRate(TaskPriority priority) {
  environment_.progress = [this, priority, cancel = environment_.cancel](uint64_t bytes) {
    state_.limiter.Request(bytes, priority, cancel);
  };
}

absl::StatusOr<JobResult> RunningJob::Run(const RoomRequest& room,
                                          const std::function<absl::StatusOr<JobResult>()>& work) {
  state_.DeliverEvents();
  MutexUnlock unlock(state_.mutex());
  return CatchNoMemory(what_, [&]() -> absl::StatusOr<JobResult> {
    VERALITH_RETURN_IF_ERROR(CheckRoom(*state_.fs, state_.directory, state_.options, room));
    return work();
  });
}

absl::Status RunningJob::Install(const VersionEdit& edit) {
  absl::Status status =
      CatchNoMemory(what_, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return state_.Install(edit); });
  if (!state_.versions->error().ok()) {
    state_.Fatal(status).IgnoreError();
  }
  return status;
}

}  // namespace veralith
