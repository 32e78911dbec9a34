// SPDX-License-Identifier: Apache-2.0

#include "veralith/testing/simulated_executor.h"

#include <cstdint>
#include <limits>
#include <string>

#include "core/base/sync.h"
#include "gtest/gtest.h"
#include "veralith/testing/simulated_clock.h"

namespace veralith {
namespace {

constexpr int64_t kStep = SimulatedExecutor::kStepNanos;

std::string OrderOfTenTasks(uint64_t seed) {
  SimulatedClock clock;
  SimulatedExecutor executor(seed, &clock);
  std::string order;
  for (char name = '0'; name <= '9'; ++name) {
    executor.Schedule(name % 2 == 0 ? TaskPriority::kHigh : TaskPriority::kLow,
                      [&order, name] { order += name; });
  }
  executor.RunUntilIdle();
  return order + " " + std::to_string(executor.choices());
}

TEST(SimulatedExecutor, TheSameSeedMakesTheSameChoices) {
  EXPECT_EQ(OrderOfTenTasks(1), OrderOfTenTasks(1));
  EXPECT_NE(OrderOfTenTasks(1), OrderOfTenTasks(2));
}

TEST(SimulatedExecutor, FifoRunsHighTasksFirstEachInTheirOrder) {
  SimulatedClock clock;
  SimulatedExecutor executor(1, &clock, SimulatedExecutor::Order::kFifo);
  std::string order;
  executor.Schedule(TaskPriority::kLow, [&order] { order += "a"; });
  executor.Schedule(TaskPriority::kHigh, [&order] { order += "B"; });
  executor.Schedule(TaskPriority::kLow, [&order] { order += "c"; });
  executor.Schedule(TaskPriority::kHigh, [&order] { order += "D"; });
  EXPECT_EQ(executor.pending(), 4u);
  executor.RunUntilIdle();
  EXPECT_EQ(order, "BDac");
  EXPECT_EQ(executor.steps(), 4u);
}

TEST(SimulatedExecutor, ScheduleRunsNothing) {
  SimulatedClock clock;
  SimulatedExecutor executor(1, &clock);
  bool ran = false;
  executor.Schedule(TaskPriority::kHigh, [&ran] { ran = true; });
  executor.ScheduleAfter(0, [&ran] { ran = true; });
  EXPECT_FALSE(ran);
  EXPECT_EQ(executor.pending(), 2u);
}

TEST(SimulatedExecutor, AwaitRunsOneTaskWithTheMutexReleased) {
  SimulatedClock clock;
  SimulatedExecutor executor(1, &clock);
  Mutex mutex;
  CondVar changed;
  int done = 0;
  for (int i = 0; i < 3; ++i) {
    executor.Schedule(TaskPriority::kLow, [&] {
      MutexLock lock(mutex);
      ++done;
    });
  }
  MutexLock lock(mutex);
  for (int i = 1; i <= 3; ++i) {
    executor.Await(mutex, changed);
    EXPECT_EQ(done, i);
  }
}

TEST(SimulatedExecutor, AwaitGoesToTheNextTimerWhenNothingElseCanRun) {
  SimulatedClock clock;
  SimulatedExecutor executor(1, &clock);
  Mutex mutex;
  CondVar changed;
  std::string order;
  executor.ScheduleAfter(5'000'000, [&order] { order += "b"; });
  executor.ScheduleAfter(1'000'000, [&order] { order += "a"; });
  MutexLock lock(mutex);
  executor.Await(mutex, changed);
  EXPECT_EQ(order, "a");
  EXPECT_EQ(clock.MonotonicNanos(), 1'000'000 + kStep);
  executor.Await(mutex, changed);
  EXPECT_EQ(order, "ab");
}

TEST(SimulatedExecutor, AwaitForEndsAtItsTimeWhenNothingHappens) {
  SimulatedClock clock;
  SimulatedExecutor executor(1, &clock);
  Mutex mutex;
  CondVar changed;
  bool late = false;
  executor.ScheduleAfter(10'000'000, [&late] { late = true; });
  MutexLock lock(mutex);
  EXPECT_FALSE(executor.AwaitFor(mutex, changed, 2'000'000));
  EXPECT_EQ(clock.MonotonicNanos(), 2'000'000);
  EXPECT_FALSE(late);
  EXPECT_TRUE(executor.AwaitFor(mutex, changed, 20'000'000));
  EXPECT_TRUE(late);
}

TEST(SimulatedExecutor, AwaitForEndsThoughTasksNeverRunOut) {
  SimulatedClock clock;
  SimulatedExecutor executor(1, &clock);
  Mutex mutex;
  CondVar changed;
  std::function<void()> again = [&] { executor.Schedule(TaskPriority::kLow, again); };
  again();
  const int64_t end = clock.MonotonicNanos() + 1'000'000;
  MutexLock lock(mutex);
  while (executor.AwaitFor(mutex, changed, end - clock.MonotonicNanos())) {
  }
  EXPECT_GE(clock.MonotonicNanos(), end);
}

TEST(SimulatedExecutor, CancelKeepsATimerFromRunningEvenWhenItIsDue) {
  SimulatedClock clock;
  SimulatedExecutor executor(1, &clock);
  std::string order;
  const Executor::TimerId a = executor.ScheduleAfter(10, [&order] { order += "a"; });
  const Executor::TimerId b = executor.ScheduleAfter(20, [&order] { order += "b"; });
  clock.Advance(100);
  EXPECT_EQ(executor.pending(), 2u);
  EXPECT_TRUE(executor.Cancel(a));
  EXPECT_FALSE(executor.Cancel(a));
  executor.RunUntilIdle();
  EXPECT_FALSE(executor.Cancel(b));
  EXPECT_EQ(order, "b");
}

TEST(SimulatedExecutor, AdvanceByFiresWhatBecomesDueOnTheWay) {
  SimulatedClock clock;
  SimulatedExecutor executor(1, &clock);
  int ticks = 0;
  std::function<void()> tick = [&] {
    ++ticks;
    executor.ScheduleAfter(1'000'000, tick);
  };
  executor.ScheduleAfter(1'000'000, tick);
  executor.RunUntilIdle();
  EXPECT_EQ(ticks, 0);
  executor.AdvanceBy(10'500'000);
  EXPECT_EQ(ticks, 10);
  EXPECT_EQ(clock.MonotonicNanos(), 10'500'000);
  EXPECT_EQ(executor.timers(), 1u);
}

TEST(SimulatedExecutor, ATaskMayWaitForAnother) {
  SimulatedClock clock;
  SimulatedExecutor executor(1, &clock, SimulatedExecutor::Order::kFifo);
  Mutex mutex;
  CondVar changed;
  std::string order;
  bool inner = false;
  executor.Schedule(TaskPriority::kHigh, [&] {
    order += "(";
    MutexLock lock(mutex);
    while (!inner) {
      executor.Await(mutex, changed);
    }
    order += ")";
  });
  executor.Schedule(TaskPriority::kLow, [&] {
    MutexLock lock(mutex);
    inner = true;
    order += "inner";
  });
  executor.RunUntilIdle();
  EXPECT_EQ(order, "(inner)");
}

TEST(SimulatedExecutor, DropAllForgetsTasksAndTimers) {
  SimulatedClock clock;
  SimulatedExecutor executor(1, &clock);
  bool ran = false;
  executor.Schedule(TaskPriority::kLow, [&ran] { ran = true; });
  executor.ScheduleAfter(0, [&ran] { ran = true; });
  executor.DropAll();
  executor.AdvanceBy(1'000);
  EXPECT_FALSE(ran);
}

TEST(SimulatedExecutorDeathTest, AWaitThatNothingCanEndIsReported) {
  SimulatedClock clock;
  SimulatedExecutor executor(1, &clock);
  Mutex mutex;
  CondVar never;
  executor.Schedule(TaskPriority::kLow, [&] {
    MutexLock lock(mutex);
    executor.Await(mutex, never);
  });
  EXPECT_DEATH(executor.RunUntilIdle(), "simulated deadlock.*\n.*inside task 1 \\(low\\)");
}

TEST(SimulatedClock, WallTimeStepsBackAndMonotonicTimeDoesNot) {
  SimulatedClock clock(1'000);
  clock.Advance(500);
  clock.StepBack(700);
  EXPECT_EQ(clock.WallNanos(), 800u);
  EXPECT_EQ(clock.MonotonicNanos(), 500);
  clock.StepBack(std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(clock.WallNanos(), 0u);
  clock.SetWall(42);
  EXPECT_EQ(clock.WallNanos(), 42u);
  EXPECT_EQ(clock.MonotonicNanos(), 500);
}

}  // namespace
}  // namespace veralith
