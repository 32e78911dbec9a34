// SPDX-License-Identifier: Apache-2.0

#include "core/db/garbage_remover.h"

#include "core/base/epoch.h"
#include "core/base/no_memory.h"
#include "core/db/retry_delay.h"

namespace veralith {
namespace {

constexpr int64_t kLookupNanos = 10'000'000;  // until a lookup that is under way has ended

}  // namespace

// If there is no memory for a task, the next job removes the garbage.
void GarbageRemover::Schedule() noexcept {
  if (started_.Load() && !state_.is_inherited() && Claim()) {
    const bool scheduled = TryWithMemory(
        [this] { state_.executor->Schedule(TaskPriority::kHigh, [this] { Run(); }); });
    if (!scheduled) {
      removal_.Store(Removal::kNone);
    }
  }
}

void GarbageRemover::Run() {
  MutexLock lock(state_.mutex());
  Remove(/*claimed=*/true);
  state_.changed.NotifyAll();
}

void GarbageRemover::Remove(bool claimed) {
  if (state_.publish_due && !state_.closing) {
    state_.PublishSuperVersion();
  }
  Removal looks = Removal::kLooks;
  do {
    if (claimed) {
      removal_.Store(Removal::kLooks);
    }
    if (state_.fatal.ok() && !state_.closing && !state_.options.read_only) {
      bool lookups = false;
      {
        MutexUnlock unlock(state_.mutex());
        lookups = !ReclaimRetired();
      }
      RemoveLater(state_.versions->RemoveObsoleteFiles(state_.mutex()), lookups);
    }
    looks = Removal::kLooks;
  } while (claimed && !removal_.CompareExchange(looks, Removal::kNone));
}

void GarbageRemover::RemoveLater(const absl::Status& status, bool lookups) {
  failures_ = status.ok() ? 0 : failures_ + 1;
  const bool later = !status.ok() || (lookups && state_.versions->PinsGarbage());
  if (!later || state_.closing || timer_.has_value()) {
    return;
  }
  const int64_t delay = status.ok() ? kLookupNanos : RetryDelayNanos(failures_ - 1);
  TryWithMemory([this, delay]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    timer_ = state_.executor->ScheduleAfter(delay, [this] {
      MutexLock lock(state_.mutex());
      timer_.reset();
      if (!state_.closing) {
        Schedule();
      }
      state_.changed.NotifyAll();
    });
  });
}

}  // namespace veralith
