// SPDX-License-Identifier: Apache-2.0

#include "core/base/fork.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/epoch.h"
#include "core/base/per_process.h"
#include "core/base/random.h"
#include "core/base/sync.h"
#include "core/base/testing/in_child.h"
#include "gtest/gtest.h"
#include "veralith/executor.h"

namespace veralith {
namespace {

// Runs a task and a timer, and waits for both. Hangs if the executor has no threads.
void RunTasksOn(Executor& executor) {
  Mutex mutex;
  CondVar done;
  int ran = 0;
  const auto task = [&] {
    MutexLock lock(mutex);
    ++ran;
    done.NotifyAll();
  };
  executor.Schedule(TaskPriority::kHigh, task);
  executor.Schedule(TaskPriority::kLow, task);
  executor.ScheduleAfter(1, task);
  MutexLock lock(mutex);
  while (ran < 3) {
    executor.Await(mutex, done);
  }
}

TEST(Fork, IsSeenInTheChildAndNotInTheParent) {
  const uint64_t here = ForkGeneration();
  EXPECT_EQ(InChild([here] {
              const bool seen = IsForkedSince(here);
              const uint64_t in_child = ForkGeneration();
              const std::string again =
                  InChild([in_child] { return IsForkedSince(in_child) ? "" : "not seen again"; });
              return seen ? again : "not seen";
            }),
            "");
  EXPECT_FALSE(IsForkedSince(here));
}

// Their children run another program in the parent's memory, or none of the library's code.
TEST(Fork, IsNotWhatSystemAndSpawnDo) {
  const uint64_t here = ForkGeneration();
  ASSERT_EQ(system("true"), 0);
  char name[] = "true";
  char* const arguments[] = {name, nullptr};
  pid_t child = 0;
  ASSERT_EQ(posix_spawnp(&child, "true", nullptr, nullptr, arguments, environ), 0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_FALSE(IsForkedSince(here));
  RunTasksOn(*DefaultExecutor());
}

TEST(Fork, LeavesTheDefaultExecutorUsableInParentChildAndGrandchild) {
  RunTasksOn(*DefaultExecutor());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(InChild([] {
                RunTasksOn(*DefaultExecutor());
                return InChild([] {
                  RunTasksOn(*DefaultExecutor());
                  return "";
                });
              }),
              "");
    RunTasksOn(*DefaultExecutor());
  }
}

TEST(Fork, DropsInTheChildWhatTheParentHadQueued) {
  const std::unique_ptr<Executor> executor = NewThreadPoolExecutor(1);
  Mutex mutex;
  int ran = 0;
  const Executor::TimerId timer = executor->ScheduleAfter(INT64_MAX, [] {});
  {
    MutexLock lock(mutex);
    for (int i = 0; i < 2; ++i) {  // one waits for the mutex, one in the queue
      executor->Schedule(TaskPriority::kLow, [&] {
        MutexLock relock(mutex);
        ++ran;
      });
    }
    EXPECT_EQ(InChild([&] {
                RunTasksOn(*executor);
                return executor->Cancel(timer) ? "has the parent's timer" : ran == 0 ? "" : "ran";
              }),
              "");
  }
  EXPECT_TRUE(executor->Cancel(timer));
  RunTasksOn(*executor);
  MutexLock lock(mutex);
  EXPECT_EQ(ran, 2);
}

TEST(Fork, AnExecutorCanBeDestroyedInTheChildWhetherUsedThereOrNot) {
  for (const bool use : {false, true}) {
    std::unique_ptr<Executor> executor = NewThreadPoolExecutor(3);
    RunTasksOn(*executor);
    EXPECT_EQ(InChild([&executor, use] {
                if (use) {
                  RunTasksOn(*executor);
                }
                executor.reset();
                return "";
              }),
              "");
    RunTasksOn(*executor);
  }
}

// Neither the guards of the parent's other threads nor what it retired are the child's.
TEST(Fork, EpochsBeginAnewInTheChild) {
  Atomic<int> stage{0};
  std::thread holder([&stage] {
    EpochGuard guard;
    stage.Store(1);
    while (stage.Load() != 2) {
      std::this_thread::yield();
    }
  });
  while (stage.Load() != 1) {
    std::this_thread::yield();
  }
  bool parents = false;
  RetireAfterEpoch([&parents] { parents = true; });
  EXPECT_EQ(InChild([&parents]() -> std::string {
              bool childs = false;
              {
                EpochGuard guard;
                RetireAfterEpoch([&childs] { childs = true; });
                ReclaimRetired();
                if (childs) {
                  return "freed under a guard";
                }
              }
              ReclaimRetired();
              return !childs ? "never freed" : parents ? "freed what is the parent's" : "";
            }),
            "");
  EXPECT_FALSE(parents);
  stage.Store(2);
  holder.join();
  ReclaimRetired();
  EXPECT_TRUE(parents);
}

TEST(Fork, ComesAtAnyMomentOfOtherThreads) {
  Atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&stop] {
      while (!stop.Load()) {
        EpochGuard guard;
        RetireAfterEpoch([] {});
        DefaultExecutor()->Schedule(TaskPriority::kHigh, [] {});
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(InChild([] {
                {
                  EpochGuard guard;
                }
                RetireAfterEpoch([] {});
                RunTasksOn(*DefaultExecutor());
                return "";
              }),
              "");
  }
  stop.Store(true);
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST(Fork, ParentAndChildDrawDifferentSeeds) {
  const std::string childs = InChild([] { return std::to_string(EntropySeed()); });
  EXPECT_NE(childs, std::to_string(EntropySeed()));
  EXPECT_NE(childs, InChild([] { return std::to_string(EntropySeed()); }));
}

TEST(PerProcess, IsTheSameObjectInOneProcessAndAnotherInItsChild) {
  PerProcess<int> number;
  number.Get() = 7;
  EXPECT_EQ(InChild([&number] {
              const int before = number.Get()++;
              return std::to_string(before) + std::to_string(number.Get());
            }),
            "01");
  EXPECT_EQ(number.Get(), 7);
}

}  // namespace
}  // namespace veralith
