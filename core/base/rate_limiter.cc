// SPDX-License-Identifier: Apache-2.0

#include "core/base/rate_limiter.h"

#include <algorithm>

namespace veralith {
namespace {

constexpr double kNanosPerSecond = 1e9;

double BurstOf(uint64_t rate) { return static_cast<double>(rate) / 10; }

bool Any(const std::vector<const Atomic<bool>*>& flags) {
  return std::any_of(flags.begin(), flags.end(),
                     [](const Atomic<bool>* flag) { return flag->Load(); });
}

}  // namespace

RateLimiter::RateLimiter(Clock* clock, Executor* executor, uint64_t bytes_per_second)
    : clock_(clock),
      executor_(executor),
      rate_(bytes_per_second),
      available_(BurstOf(bytes_per_second)),
      refilled_at_(clock->MonotonicNanos()) {}

RateLimiter::Urgent::Urgent(RateLimiter& limiter, TaskPriority priority)
    : urgent_(limiter.UrgentOf(priority)) {
  urgent_.FetchAdd(1);
  if (limiter.rate_.Load() != 0) {
    MutexLock lock(limiter.mutex_);
    limiter.changed_.NotifyAll();
  }
}

bool RateLimiter::IsUrgent(TaskPriority priority) {
  const bool any = urgent_high_.Load() + urgent_low_.Load() > 0;
  return any && (executor_->parallelism() == 1 || UrgentOf(priority).Load() > 0);
}

void RateLimiter::Request(uint64_t bytes, TaskPriority priority,
                          const std::vector<const Atomic<bool>*>& cancel) {
  if (rate_.Load() == 0) {
    return;
  }
  MutexLock lock(mutex_);
  const bool high = priority == TaskPriority::kHigh;
  const int64_t start = clock_->MonotonicNanos();
  high_waiting_ += high ? 1 : 0;
  while (MustWait(priority, start) && !Any(cancel)) {
    executor_->AwaitFor(mutex_, changed_, NanosUntilRefilled());
  }
  high_waiting_ -= high ? 1 : 0;
  available_ -= IsUrgent(priority) ? 0 : static_cast<double>(bytes);
  waited_nanos_.FetchAddRelaxed(static_cast<uint64_t>(clock_->MonotonicNanos() - start));
  if (high) {
    changed_.NotifyAll();
  }
}

void RateLimiter::SetRate(uint64_t bytes_per_second) {
  MutexLock lock(mutex_);
  Refill();
  rate_.Store(bytes_per_second);
  available_ = bytes_per_second == 0 ? 0 : std::min(available_, BurstOf(bytes_per_second));
  changed_.NotifyAll();
}

void RateLimiter::Refill() {
  const int64_t now = clock_->MonotonicNanos();
  const uint64_t rate = rate_.Load();
  available_ =
      std::min(BurstOf(rate), available_ + static_cast<double>(now - refilled_at_) *
                                               static_cast<double>(rate) / kNanosPerSecond);
  refilled_at_ = now;
}

bool RateLimiter::MustWait(TaskPriority priority, int64_t since) {
  Refill();
  if (rate_.Load() == 0 || IsUrgent(priority)) {
    return false;
  }
  const bool gives_way = priority == TaskPriority::kLow && high_waiting_ > 0 &&
                         refilled_at_ - since < kLongestYieldNanos;
  return available_ <= 0 || gives_way;
}

int64_t RateLimiter::NanosUntilRefilled() {
  const double nanos =
      (1 - available_) * kNanosPerSecond / static_cast<double>(std::max<uint64_t>(rate_.Load(), 1));
  return static_cast<int64_t>(
      std::clamp(nanos, 1'000'000.0, static_cast<double>(kLongestSliceNanos)));
}

}  // namespace veralith
