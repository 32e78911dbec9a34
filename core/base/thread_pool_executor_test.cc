// SPDX-License-Identifier: Apache-2.0

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <string>

#include "core/base/sync.h"
#include "core/base/testing/failing_allocations.h"
#include "gtest/gtest.h"
#include "veralith/clock.h"
#include "veralith/executor.h"

namespace veralith {
namespace {

constexpr int64_t kMillisecond = 1'000'000;
constexpr int64_t kHour = 3'600'000 * kMillisecond;

// Something that tasks set and the test waits for.
class Signal {
 public:
  explicit Signal(Executor* executor) : executor_(executor) {}

  void Add(const std::string& what = "") {
    MutexLock lock(mutex_);
    ++count_;
    log_ += what;
    changed_.NotifyAll();
  }
  void WaitFor(int count) {
    MutexLock lock(mutex_);
    while (count_ < count) {
      executor_->Await(mutex_, changed_);
    }
  }
  int count() {
    MutexLock lock(mutex_);
    return count_;
  }
  std::string log() {
    MutexLock lock(mutex_);
    return log_;
  }

 private:
  Executor* const executor_;
  Mutex mutex_;
  CondVar changed_;
  int count_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string log_ ABSL_GUARDED_BY(mutex_);
};

TEST(ThreadPoolExecutor, RunsEveryTaskOnce) {
  const auto executor = NewThreadPoolExecutor(3);
  Signal done(executor.get());
  for (int i = 0; i < 500; ++i) {
    executor->Schedule(i % 3 == 0 ? TaskPriority::kHigh : TaskPriority::kLow,
                       [&done] { done.Add(); });
  }
  done.WaitFor(500);
  EXPECT_EQ(done.count(), 500);
}

TEST(ThreadPoolExecutor, RunsHighTasksBeforeLowOnes) {
  const auto executor = NewThreadPoolExecutor(1);
  Signal started(executor.get());
  Signal go(executor.get());
  Signal done(executor.get());
  executor->Schedule(TaskPriority::kLow, [&] {
    started.Add();
    go.WaitFor(1);
  });
  started.WaitFor(1);
  executor->Schedule(TaskPriority::kLow, [&done] { done.Add("l"); });
  executor->Schedule(TaskPriority::kHigh, [&done] { done.Add("h"); });
  executor->Schedule(TaskPriority::kHigh, [&done] { done.Add("H"); });
  go.Add();
  done.WaitFor(3);
  EXPECT_EQ(done.log(), "hHl");
}

TEST(ThreadPoolExecutor, KeepsOneThreadForHighTasks) {
  const auto executor = NewThreadPoolExecutor(2);
  Signal started(executor.get());
  Signal go(executor.get());
  Signal low(executor.get());
  Signal high(executor.get());
  for (int i = 0; i < 2; ++i) {
    executor->Schedule(TaskPriority::kLow, [&] {
      started.Add();
      go.WaitFor(1);
      low.Add();
    });
  }
  started.WaitFor(1);
  executor->Schedule(TaskPriority::kHigh, [&high] { high.Add(); });
  high.WaitFor(1);  // even though a low task runs and another waits
  EXPECT_EQ(started.count(), 1);
  go.Add();
  low.WaitFor(2);
}

TEST(ThreadPoolExecutor, FiresATimerNoEarlierThanItsDelay) {
  const auto executor = NewThreadPoolExecutor(2);
  Signal fired(executor.get());
  const int64_t start = SystemClock()->MonotonicNanos();
  int64_t at = 0;
  executor->ScheduleAfter(20 * kMillisecond, [&] {
    at = SystemClock()->MonotonicNanos();
    fired.Add();
  });
  fired.WaitFor(1);
  EXPECT_GE(at - start, 20 * kMillisecond);
}

TEST(ThreadPoolExecutor, FiresTimersInTheOrderOfTheirDueTimes) {
  const auto executor = NewThreadPoolExecutor(1);
  Signal fired(executor.get());
  executor->ScheduleAfter(60 * kMillisecond, [&fired] { fired.Add("b"); });
  executor->ScheduleAfter(5 * kMillisecond, [&fired] { fired.Add("a"); });
  fired.WaitFor(2);
  EXPECT_EQ(fired.log(), "ab");
}

TEST(ThreadPoolExecutor, ACancelledTimerNeverRuns) {
  const auto executor = NewThreadPoolExecutor(1);
  Signal fired(executor.get());
  const Executor::TimerId cancelled =
      executor->ScheduleAfter(kHour, [&fired] { fired.Add("cancelled"); });
  EXPECT_TRUE(executor->Cancel(cancelled));
  EXPECT_FALSE(executor->Cancel(cancelled));
  const Executor::TimerId run = executor->ScheduleAfter(0, [&fired] { fired.Add("run"); });
  fired.WaitFor(1);
  EXPECT_FALSE(executor->Cancel(run));
  EXPECT_EQ(fired.log(), "run");
}

TEST(ThreadPoolExecutor, TheLongestDelayDoesNotOverflow) {
  const auto executor = NewThreadPoolExecutor(2);
  Signal done(executor.get());
  executor->ScheduleAfter(std::numeric_limits<int64_t>::max(), [&done] { done.Add("never"); });
  executor->Schedule(TaskPriority::kLow, [&done] { done.Add("low"); });
  done.WaitFor(1);
  EXPECT_EQ(done.log(), "low");
}

TEST(ThreadPoolExecutor, AwaitForEndsWhenTheTimeHasPassed) {
  const auto executor = NewThreadPoolExecutor(1);
  Mutex mutex;
  CondVar never;
  MutexLock lock(mutex);
  while (executor->AwaitFor(mutex, never, kMillisecond)) {
    // Woken without a notification: allowed, but not for ever.
  }
}

TEST(ThreadPoolExecutor, DestroyingItWaitsForRunningTasksAndDropsTheOthers) {
  auto executor = NewThreadPoolExecutor(1);
  Signal events(executor.get());
  const auto held = std::make_shared<int>(0);
  executor->Schedule(TaskPriority::kHigh, [&events, executor = executor.get()] {
    events.Add("started ");
    Mutex mutex;
    CondVar never;
    MutexLock lock(mutex);
    while (executor->AwaitFor(mutex, never, 20 * kMillisecond)) {
    }
    events.Add("ended ");
  });
  events.WaitFor(1);
  executor->Schedule(TaskPriority::kLow, [&events, held] { events.Add("dropped "); });
  executor->ScheduleAfter(kHour, [&events, held] { events.Add("dropped "); });
  executor.reset();
  EXPECT_EQ(events.log(), "started ended ");
  EXPECT_EQ(held.use_count(), 1);
}

TEST(ThreadPoolExecutor, TasksMayScheduleTasks) {
  const auto executor = NewThreadPoolExecutor(2);
  Signal done(executor.get());
  std::function<void(int)> chain = [&](int left) {
    if (left == 0) {
      done.Add();
      return;
    }
    const TaskPriority priority = left % 2 == 0 ? TaskPriority::kHigh : TaskPriority::kLow;
    executor->Schedule(priority, [&chain, left] { chain(left - 1); });
  };
  chain(200);
  done.WaitFor(1);
}

TEST(DefaultExecutor, IsOneSharedPool) {
  EXPECT_EQ(DefaultExecutor(), DefaultExecutor());
  Signal done(DefaultExecutor());
  DefaultExecutor()->Schedule(TaskPriority::kLow, [&done] { done.Add(); });
  done.WaitFor(1);
}

// Whichever of its requests for memory fails: there is no pool, or a pool that does all that it is
// asked to do.
TEST(ThreadPoolExecutor, WithoutMemoryForAllThreadsHasFewer) {
  for (uint64_t nth = 1, failed = 1; failed > 0; ++nth) {
    std::unique_ptr<Executor> executor;
    FailAllocations(nth, 1);
    {
      const AllocationsCount count;
      try {
        executor = NewThreadPoolExecutor(3);
      } catch (const std::bad_alloc&) {
      }
    }
    failed = AllocationsFailed();
    StopFailingAllocations();
    if (executor == nullptr) {
      continue;
    }
    Mutex mutex;
    CondVar done;
    int ran = 0;
    const auto task = [&] {
      MutexLock lock(mutex);
      ++ran;
      done.NotifyAll();
    };
    executor->Schedule(TaskPriority::kLow, task);
    executor->Schedule(TaskPriority::kHigh, task);
    executor->ScheduleAfter(0, task);
    {
      MutexLock lock(mutex);
      while (ran < 3) {
        executor->Await(mutex, done);
      }
    }
    executor.reset();
  }
}

}  // namespace
}  // namespace veralith
