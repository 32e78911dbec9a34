// SPDX-License-Identifier: Apache-2.0

#include "core/base/sync.h"

#include <cstdint>
#include <limits>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace veralith {
namespace {

struct Counter {
  Mutex mutex;
  CondVar changed;
  int value ABSL_GUARDED_BY(mutex) = 0;
};

TEST(Mutex, LetsOneThreadInAtATime) {
  Counter counter;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&counter] {
      for (int j = 0; j < 1000; ++j) {
        MutexLock lock(counter.mutex);
        ++counter.value;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  MutexLock lock(counter.mutex);
  EXPECT_EQ(counter.value, 4000);
}

TEST(Mutex, TryLockFailsWhileAnotherThreadHoldsIt) {
  Mutex mutex;
  const auto try_it = [&mutex] {
    if (mutex.TryLock()) {
      mutex.Unlock();
      return true;
    }
    return false;
  };
  bool locked = true;
  {
    MutexLock lock(mutex);
    std::thread([&] { locked = try_it(); }).join();
  }
  EXPECT_FALSE(locked);
  EXPECT_TRUE(try_it());
}

TEST(MutexUnlock, GivesTheMutexAwayForItsScope) {
  Counter counter;
  MutexLock lock(counter.mutex);
  {
    MutexUnlock unlock(counter.mutex);
    std::thread([&counter] {
      MutexLock inner(counter.mutex);
      counter.value = 7;
    }).join();
  }
  EXPECT_EQ(counter.value, 7);
}

TEST(CondVar, WakesAWaiterWhoseConditionBecameTrue) {
  Counter counter;
  std::thread waker([&counter] {
    MutexLock lock(counter.mutex);
    counter.value = 1;
    counter.changed.NotifyAll();
  });
  {
    MutexLock lock(counter.mutex);
    while (counter.value == 0) {
      counter.changed.Wait(counter.mutex);
    }
    EXPECT_EQ(counter.value, 1);
  }
  waker.join();
}

TEST(CondVar, WaitForReturnsFalseWhenTheTimePassed) {
  Counter counter;
  MutexLock lock(counter.mutex);
  while (counter.changed.WaitFor(counter.mutex, 1'000'000)) {
    // Woken without a notification: allowed, but not for ever.
  }
}

TEST(CondVar, WaitForTreatsNegativeTimesAsPassed) {
  Counter counter;
  MutexLock lock(counter.mutex);
  EXPECT_FALSE(counter.changed.WaitFor(counter.mutex, -1));
}

TEST(CondVar, WaitForCopesWithTheLongestTime) {
  Counter counter;
  std::thread waker([&counter] {
    MutexLock lock(counter.mutex);
    counter.value = 1;
    counter.changed.NotifyOne();
  });
  {
    MutexLock lock(counter.mutex);
    while (counter.value == 0) {
      counter.changed.WaitFor(counter.mutex, std::numeric_limits<int64_t>::max());
    }
  }
  waker.join();
}

TEST(Atomic, CompareExchangeReportsTheValueFound) {
  Atomic<int> value(3);
  int expected = 2;
  EXPECT_FALSE(value.CompareExchange(expected, 9));
  EXPECT_EQ(expected, 3);
  EXPECT_TRUE(value.CompareExchange(expected, 9));
  EXPECT_EQ(value.Load(), 9);
}

TEST(Atomic, PublishesWhatWasWrittenBeforeAReleaseStore) {
  for (int round = 0; round < 100; ++round) {
    int payload = 0;
    Atomic<bool> ready(false);
    std::thread writer([&] {
      payload = 42;
      ready.StoreRelease(true);
    });
    while (!ready.LoadAcquire()) {
      std::this_thread::yield();
    }
    EXPECT_EQ(payload, 42);
    writer.join();
  }
}

TEST(Atomic, CountsFromManyThreads) {
  Atomic<uint64_t> counter(0);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&counter] {
      for (int j = 0; j < 1000; ++j) {
        counter.FetchAddRelaxed(1);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(counter.Load(), 4000u);
}

}  // namespace
}  // namespace veralith
