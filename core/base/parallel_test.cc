// SPDX-License-Identifier: Apache-2.0

#include "core/base/parallel.h"

#include <memory>
#include <vector>

#include "core/base/sync.h"
#include "gtest/gtest.h"
#include "veralith/testing/simulated_clock.h"
#include "veralith/testing/simulated_executor.h"

namespace veralith {
namespace {

TEST(RunInParallel, RunsEachPartOnceOnRealThreads) {
  const std::unique_ptr<Executor> executor = NewThreadPoolExecutor(4);
  for (const size_t count : {0, 1, 2, 50}) {
    std::vector<Atomic<int>> runs(count);
    RunInParallel(executor.get(), TaskPriority::kLow, count,
                  [&](size_t i) { runs[i].FetchAdd(1); });
    for (const Atomic<int>& ran : runs) {
      EXPECT_EQ(ran.Load(), 1);
    }
  }
}

// Apart from the caller's thread, only the reserved thread of this pool is free: none for kLow.
TEST(RunInParallel, EndsThoughThePoolHasNoFreeThread) {
  const std::unique_ptr<Executor> executor = NewThreadPoolExecutor(2);
  Mutex mutex;
  CondVar changed;
  bool release = false;
  executor->Schedule(TaskPriority::kLow, [&] {
    MutexLock lock(mutex);
    while (!release) {
      executor->Await(mutex, changed);
    }
  });
  int sum = 0;
  RunInParallel(executor.get(), TaskPriority::kLow, 4,
                [&](size_t i) { sum += static_cast<int>(i); });
  EXPECT_EQ(sum, 6);
  MutexLock lock(mutex);
  release = true;
  changed.NotifyAll();
}

TEST(RunInParallel, RunsInOrderOnTheCallersThreadWithoutAnExecutor) {
  std::vector<size_t> order;
  RunInParallel(nullptr, TaskPriority::kLow, 3, [&](size_t i) { order.push_back(i); });
  EXPECT_EQ(order, (std::vector<size_t>{0, 1, 2}));
}

TEST(RunInParallel, InASimulationItsTasksFindNothingLeftAndOtherPartsRunAtWaits) {
  SimulatedClock clock;
  SimulatedExecutor executor(1, &clock);
  Mutex mutex;
  CondVar never;
  std::vector<size_t> begun;
  {
    const auto part = [&](size_t i) {
      begun.push_back(i);
      MutexLock lock(mutex);
      executor.AwaitFor(mutex, never, 10);
    };
    RunInParallel(&executor, TaskPriority::kLow, 3, part);
    EXPECT_EQ(begun, (std::vector<size_t>{0, 1, 2}));
  }
  executor.RunUntilIdle();  // `part` is gone
  EXPECT_EQ(begun.size(), 3u);
}

}  // namespace
}  // namespace veralith
