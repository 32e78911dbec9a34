// SPDX-License-Identifier: Apache-2.0

#include "core/base/rate_limiter.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/sync.h"
#include "gtest/gtest.h"
#include "veralith/testing/simulated_clock.h"
#include "veralith/testing/simulated_executor.h"

namespace veralith {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

class RateLimiterTest : public ::testing::Test {
 protected:
  double Seconds() const { return static_cast<double>(clock_.MonotonicNanos()) / kSecond; }
  void Request(RateLimiter& limiter, uint64_t bytes, TaskPriority priority = TaskPriority::kLow) {
    limiter.Request(bytes, priority, {});
  }

  mutable SimulatedClock clock_;
  SimulatedExecutor executor_{1, &clock_};
};

TEST_F(RateLimiterTest, LetsThroughWhatTheRateAllowsAndATenthOfASecondMore) {
  RateLimiter limiter(&clock_, &executor_, 1'000'000);
  uint64_t bytes = 0;
  while (Seconds() < 5) {
    Request(limiter, 10'000);
    bytes += 10'000;
  }
  EXPECT_GE(bytes, 4'900'000u);
  EXPECT_LE(bytes, 5'120'000u);
  EXPECT_GT(limiter.waited_nanos(), 4u * kSecond);
}

TEST_F(RateLimiterTest, ARequestLargerThanTheBucketIsPaidForByThoseAfterIt) {
  RateLimiter limiter(&clock_, &executor_, 1'000'000);
  Request(limiter, 3'100'000);
  EXPECT_LT(Seconds(), 0.01);
  Request(limiter, 1);
  EXPECT_NEAR(Seconds(), 3.0, 0.01);
}

TEST_F(RateLimiterTest, ARateOfZeroIsNoLimit) {
  RateLimiter limiter(&clock_, &executor_, 0);
  Request(limiter, uint64_t{1} << 60);
  Request(limiter, uint64_t{1} << 60);
  EXPECT_EQ(Seconds(), 0);
}

TEST_F(RateLimiterTest, ANewRateReachesThoseThatWait) {
  RateLimiter limiter(&clock_, &executor_, 1'000);
  Request(limiter, 1'000'000);  // a debt of 1000 s
  executor_.ScheduleAfter(2 * kSecond, [&] { limiter.SetRate(1'000'000); });
  Request(limiter, 1);
  EXPECT_NEAR(Seconds(), 3.0, 0.2);
  executor_.ScheduleAfter(kSecond, [&] { limiter.SetRate(0); });
  Request(limiter, 50'000'000);
  Request(limiter, 1);
  EXPECT_NEAR(Seconds(), 4.0, 0.2);
}

TEST_F(RateLimiterTest, LiftingTheLimitForgivesADebt) {
  RateLimiter limiter(&clock_, &executor_, 1'000);
  Request(limiter, 1'000'000);
  limiter.SetRate(0);
  limiter.SetRate(1'000);
  Request(limiter, 1);
  EXPECT_LT(Seconds(), 0.1);
}

TEST_F(RateLimiterTest, ACancelledRequestReturnsSoon) {
  RateLimiter limiter(&clock_, &executor_, 1'000);
  Request(limiter, 1'000'000);
  Atomic<bool> cancel{false};
  executor_.ScheduleAfter(2 * kSecond, [&] { cancel.Store(true); });
  limiter.Request(1, TaskPriority::kLow, {&cancel});
  EXPECT_NEAR(Seconds(), 2.0, 0.15);
}

// The low request comes first and waits; the high one passes before it.
TEST_F(RateLimiterTest, WhatIsUrgentPassesUnpaidAndTheRateHoldsAfterwards) {
  RateLimiter limiter(&clock_, &executor_, 1'000);
  Request(limiter, 2'100);  // a debt of two seconds
  const int64_t start = clock_.MonotonicNanos();
  {
    const RateLimiter::Urgent urgent(limiter, TaskPriority::kHigh);
    const RateLimiter::Urgent again(limiter, TaskPriority::kHigh);
    Request(limiter, 1'000'000, TaskPriority::kHigh);
    EXPECT_EQ(clock_.MonotonicNanos(), start);
  }
  Request(limiter, 1, TaskPriority::kHigh);
  EXPECT_NEAR(static_cast<double>(clock_.MonotonicNanos() - start), 2.0 * kSecond, 0.1 * kSecond);
}

TEST_F(RateLimiterTest, UrgencyReachesThoseThatWait) {
  RateLimiter limiter(&clock_, &executor_, 1'000);
  Request(limiter, 1'000'000);  // a debt of 1000 s
  std::optional<RateLimiter::Urgent> urgent;
  // The waiting request may hold the only thread, which the urgent one needs.
  executor_.ScheduleAfter(kSecond, [&] { urgent.emplace(limiter, TaskPriority::kHigh); });
  const int64_t start = clock_.MonotonicNanos();
  Request(limiter, 1);
  EXPECT_NEAR(static_cast<double>(clock_.MonotonicNanos() - start), 1.0 * kSecond, 0.2 * kSecond);
}

TEST_F(RateLimiterTest, FlushesGoFirst) {
  RateLimiter limiter(&clock_, &executor_, 1'000'000);
  Request(limiter, 600'000);  // a debt of half a second
  std::string order;
  executor_.Schedule(TaskPriority::kHigh, [&] {
    Request(limiter, 100'000, TaskPriority::kHigh);
    order += "high ";
  });
  Request(limiter, 100'000);
  order += "low";
  EXPECT_EQ(order, "high low");
}

// In a simulation the high request may be further down the stack, and cannot go on before this one.
TEST_F(RateLimiterTest, GivingWayEnds) {
  RateLimiter limiter(&clock_, &executor_, 1'000'000);
  Request(limiter, 600'000);
  executor_.Schedule(TaskPriority::kLow, [&] { Request(limiter, 10); });
  Request(limiter, 100'000, TaskPriority::kHigh);
  EXPECT_LT(Seconds(), 2);
}

TEST(RateLimiterThreads, PaceRealThreadsTogether) {
  const std::unique_ptr<Executor> executor = NewThreadPoolExecutor(3);
  RateLimiter limiter(SystemClock(), executor.get(), 20'000'000);
  Mutex mutex;
  CondVar ended;
  int running = 2;
  const int64_t start = SystemClock()->MonotonicNanos();
  for (const TaskPriority priority : {TaskPriority::kHigh, TaskPriority::kLow}) {
    executor->Schedule(priority, [&, priority] {
      for (int i = 0; i < 50; ++i) {
        limiter.Request(80'000, priority, {});
      }
      MutexLock lock(mutex);
      --running;
      ended.NotifyAll();
    });
  }
  MutexLock lock(mutex);
  while (running > 0) {
    executor->Await(mutex, ended);
  }
  // 8 MB at 20 MB/s, 2 MB of them at once.
  EXPECT_GE(SystemClock()->MonotonicNanos() - start, kSecond / 4);
}

}  // namespace
}  // namespace veralith
