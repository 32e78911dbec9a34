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

// The last 32nd of a memtable that must not be frozen yet takes one wait for every so many bytes:
// a millisecond, and in its last three eighths 2, 4 and 8. A small write buffer has no such step.
constexpr size_t kLastPart = 32;
constexpr size_t kStepBytes = 16 << 10;
constexpr int64_t kStepNanos = 1'000'000;

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

bool WriteStalls::FillsLastBuffer() const {
  const size_t full = state_.options.write_buffer_bytes;
  return state_.active->MemoryBytes() >= full - full / kLastPart && !HasFreeWriteBuffer();
}

int64_t WriteStalls::FillPause() {
  const size_t full = state_.options.write_buffer_bytes;
  const size_t filled = state_.active->MemoryBytes();
  if (filled >= full || filled / kStepBytes == last_step_) {
    return 0;
  }
  last_step_ = filled / kStepBytes;
  const size_t part = full / kLastPart;
  const size_t eighth = 8 * (part - (full - filled)) / part;
  return kStepNanos << (eighth < 5 ? 0 : eighth - 4);
}

void WriteStalls::SlowDown() {
  const size_t runs = RunsBeyondSlowdown();
  if (runs > 0) {
    Pause("level 0 has many runs", TaskPriority::kLow, static_cast<int64_t>(runs) * kSlowdownNanos);
  } else if (FillsLastBuffer()) {
    const int64_t nanos = FillPause();
    if (nanos > 0) {
      Pause("the last write buffer is nearly full", TaskPriority::kHigh, nanos);
    }
  } else if (told_.has_value()) {
    End();
  }
}

void WriteStalls::Pause(const char* reason, TaskPriority priority, int64_t nanos) {
  const RateLimiter::Urgent urgent(state_.limiter, priority);
  Begin(StallEvent::Kind::kSlowdown, reason);
  state_.executor->AwaitFor(state_.mutex(), state_.changed, nanos);
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

// Called by the leader. End is too, except when a job or Close ends a slowdown whose end no writer
// has noticed.
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

void WriteStalls::JobEnded() {
  if (told_.has_value() && told_->kind == StallEvent::Kind::kSlowdown &&
      RunsBeyondSlowdown() == 0 && !FillsLastBuffer()) {
    End();
  }
}

}  // namespace veralith
