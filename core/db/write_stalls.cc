// SPDX-License-Identifier: Apache-2.0

#include "core/db/write_stalls.h"

#include <algorithm>
#include <utility>

#include "core/base/rate_limiter.h"
#include "core/base/status.h"
#include "veralith/executor.h"

namespace veralith {
namespace {

// How long a commit waits for each run of level 0 from the slowdown trigger on. One is not noticed;
// the many before the stop trigger leave most of the time to compaction.
constexpr int64_t kSlowdownNanos = 1'000'000;

}  // namespace

bool WriteStalls::HasFreeWriteBuffer() const {
  return state_.frozen.size() + 1 <
         static_cast<size_t>(std::max(2, state_.options.max_write_buffers));
}

bool WriteStalls::BelowLevel0Stop() const {
  return state_.options.disable_automatic_compaction ||
         state_.versions->version().runs(0).size() <
             static_cast<size_t>(state_.options.level0_stop_trigger);
}

size_t WriteStalls::RunsBeyondSlowdown() const {
  const size_t runs = state_.versions->version().runs(0).size();
  const auto trigger = static_cast<size_t>(state_.options.level0_slowdown_trigger);
  return state_.options.disable_automatic_compaction || runs < trigger ? 0 : runs - trigger + 1;
}

void WriteStalls::SlowDown() {
  const size_t runs = RunsBeyondSlowdown();
  if (runs > 0) {
    const RateLimiter::Urgent urgent(state_.limiter, TaskPriority::kLow);
    Begin(StallEvent::Kind::kSlowdown, "level 0 has many runs");
    state_.executor->AwaitFor(state_.mutex(), state_.changed,
                              static_cast<int64_t>(runs) * kSlowdownNanos);
  } else if (told_.has_value()) {
    End();
  }
}

absl::Status WriteStalls::AwaitRoom() {
  VERALITH_RETURN_IF_ERROR(Stop("all write buffers wait to be flushed", JobScheduler::Kind::kFlush,
                                &WriteStalls::HasFreeWriteBuffer));
  return Stop("level 0 has too many runs", JobScheduler::Kind::kCompaction,
              &WriteStalls::BelowLevel0Stop);
}

absl::Status WriteStalls::Stop(std::string reason, JobScheduler::Kind kind,
                               bool (WriteStalls::*enough)() const) {
  if ((this->*enough)()) {
    return absl::OkStatus();
  }
  const int64_t start = state_.physical_clock->MonotonicNanos();
  const RateLimiter::Urgent urgent(state_.limiter, kind == JobScheduler::Kind::kFlush
                                                       ? TaskPriority::kHigh
                                                       : TaskPriority::kLow);
  absl::Status status;
  reason += jobs_.is_paused() ? "; background work is paused" : "";
  Begin(StallEvent::Kind::kStop, reason);
  while (status.ok() && !(this->*enough)()) {
    const int64_t waited = state_.physical_clock->MonotonicNanos() - start;
    status = CheckWait(reason, kind, waited);
    if (status.ok()) {
      state_.executor->AwaitFor(state_.mutex(), state_.changed,
                                state_.options.stall_timeout_nanos - waited);
    }
  }
  if (told_.has_value() && told_->kind == StallEvent::Kind::kStop) {
    End();
  }
  return status;
}

absl::Status WriteStalls::CheckWait(const std::string& reason, JobScheduler::Kind kind,
                                    int64_t waited_nanos) {
  if (state_.close_requested) {
    return FailedPrecondition("the database is closed");
  }
  VERALITH_RETURN_IF_ERROR(state_.CheckWritable());
  jobs_.Schedule();
  VERALITH_RETURN_IF_ERROR(
      Annotate(jobs_.error(kind), "a write must wait (" + reason + ") for work that failed"));
  return waited_nanos < state_.options.stall_timeout_nanos
             ? absl::OkStatus()
             : Unavailable("a write waited " + std::to_string(waited_nanos / 1'000'000) +
                           " ms: " + reason);
}

// Called by the leader. End is too, except when a compaction or Close ends a slowdown whose end no
// writer has noticed.
void WriteStalls::Begin(StallEvent::Kind kind, std::string reason) {
  if (told_.has_value() && told_->kind == kind && told_->reason == reason) {
    return;
  }
  End();
  told_ = StallEvent{kind, std::move(reason)};
  state_.Tell(&Listener::OnStallBegin, *told_);
  state_.DeliverEvents();
}

void WriteStalls::End() {
  if (told_.has_value()) {
    state_.Tell(&Listener::OnStallEnd, *told_);
    told_.reset();
  }
}

void WriteStalls::CompactionEnded() {
  if (told_.has_value() && told_->kind == StallEvent::Kind::kSlowdown &&
      RunsBeyondSlowdown() == 0) {
    End();
  }
}

}  // namespace veralith
