// SPDX-License-Identifier: Apache-2.0

// Paces background I/O: a token bucket, over the doors to time and to waiting.
//
// Contract
//   1. Request returns at once while the bucket is not empty. It takes its bytes from the bucket,
//      even if that is more than there is; later requests pay for the excess. So over any time t at
//      most rate * t bytes, a tenth of a second's bytes, and one request are let through.
//   2. kHigh (flushes) goes before kLow (compactions): a kLow request gives way to kHigh ones that
//      wait, but for no longer than kLongestYieldNanos, so it never starves. (In a simulation one
//      wait can lie on top of another and keep it from going on; this bound ends it.)
//   3. A rate of 0 lets everything through, and cancels the debt. SetRate takes effect for requests
//      that wait, too.
//   4. While an Urgent of a priority lives (somebody waits for such a job), its requests go through
//      at once and unpaid. After that the rate holds again, and older debts are still owed.
//   5. A request returns unpaid, within kLongestSliceNanos, once one of `cancel` is true.
//
// Thread rule: any thread; callers hold no lock. Does not own clock and executor.
#ifndef VERALITH_CORE_BASE_RATE_LIMITER_H_
#define VERALITH_CORE_BASE_RATE_LIMITER_H_

#include <cstdint>
#include <vector>

#include "core/base/sync.h"
#include "veralith/clock.h"
#include "veralith/executor.h"

namespace veralith {

class RateLimiter {
 public:
  static constexpr int64_t kLongestSliceNanos = 100'000'000;
  static constexpr int64_t kLongestYieldNanos = 1'000'000'000;

  // Lifts the limit from the jobs of a priority for a scope; several may live at once. If the
  // executor has one thread, lifts it from both priorities, because the other job may hold that
  // thread.
  class Urgent {
   public:
    Urgent(RateLimiter& limiter, TaskPriority priority);
    ~Urgent() { urgent_.FetchSub(1); }
    Urgent(const Urgent&) = delete;
    Urgent& operator=(const Urgent&) = delete;

   private:
    Atomic<int>& urgent_;
  };

  RateLimiter(Clock* clock, Executor* executor, uint64_t bytes_per_second);
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;

  void Request(uint64_t bytes, TaskPriority priority,
               const std::vector<const Atomic<bool>*>& cancel);
  void SetRate(uint64_t bytes_per_second);
  uint64_t rate() const { return rate_.Load(); }
  // Total time that requests have spent waiting.
  uint64_t waited_nanos() const { return waited_nanos_.LoadRelaxed(); }

 private:
  Atomic<int>& UrgentOf(TaskPriority priority) {
    return priority == TaskPriority::kHigh ? urgent_high_ : urgent_low_;
  }
  bool IsUrgent(TaskPriority priority);
  void Refill() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool MustWait(TaskPriority priority, int64_t since) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int64_t NanosUntilRefilled() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Clock* const clock_;
  Executor* const executor_;
  Atomic<uint64_t> rate_;  // changed under mutex_
  Atomic<uint64_t> waited_nanos_{0};
  Atomic<int> urgent_high_{0};
  Atomic<int> urgent_low_{0};

  Mutex mutex_;
  CondVar changed_;
  double available_ ABSL_GUARDED_BY(mutex_);  // bytes; below zero: a debt
  int64_t refilled_at_ ABSL_GUARDED_BY(mutex_);
  int high_waiting_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_RATE_LIMITER_H_
