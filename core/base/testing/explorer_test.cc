// SPDX-License-Identifier: Apache-2.0

// The explorer explored: it finds what it must, finds nothing where nothing is, and what it found
// happens again.
#include "core/base/testing/explorer.h"

#include <array>
#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "core/base/random.h"
#include "core/base/sync.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

using Kind = ExploreFailure::Kind;

ExploreResult Exhaustive(int preemptions, const ExploredProgram& program) {
  ExploreOptions options;
  options.preemptions = preemptions;
  return Explore(options, program);
}

void LostIncrement(Explored& run) {
  Atomic<int> x{0};
  for (const char* name : {"a", "b"}) {
    run.Spawn(name, [&x] { x.Store(x.Load() + 1); });
  }
  run.Join();
  run.Check(x.Load() == 2, "an increment was lost");
}

TEST(Explorer, FindsALostIncrementWithOnePreemption) {
  EXPECT_FALSE(Exhaustive(0, LostIncrement).failure.has_value());
  const ExploreResult result = Exhaustive(1, LostIncrement);
  ASSERT_TRUE(result.failure.has_value());
  EXPECT_EQ(result.failure->kind, Kind::kCheck);
  EXPECT_EQ(result.failure->preemptions, 1);
  EXPECT_LE(result.failure->schedules, 10u);
}

TEST(Explorer, AFailureReplaysFromItsString) {
  const std::string schedule = Exhaustive(1, LostIncrement).failure->schedule;
  EXPECT_LT(schedule.size(), 20u);
  const ExploreResult again = Replay(schedule, LostIncrement);
  ASSERT_TRUE(again.failure.has_value());
  EXPECT_EQ(again.failure->message, "an increment was lost");
  EXPECT_EQ(again.failure->schedule, schedule);
  EXPECT_EQ(again.schedules, 1u);
  EXPECT_FALSE(Replay("-", LostIncrement).failure.has_value());
}

// Three threads take four random steps each on three atomics, a mutex with what it guards, and a
// condition. What they saw goes into `outcomes`.
ExploredProgram RandomProgram(uint64_t seed, std::set<std::string>* outcomes) {
  return [=](Explored& run) {
    std::array<Atomic<int>, 3> cells{};
    Mutex mutex;
    CondVar changed;
    int guarded = 0;
    std::array<std::string, 3> seen;
    for (size_t t = 0; t < seen.size(); ++t) {
      run.Spawn("t" + std::to_string(t), [&, t, random = Random(seed * 3 + t)]() mutable {
        for (int step = 0; step < 4; ++step) {
          const auto value = static_cast<int>(10 * t) + step;
          Atomic<int>& cell = cells[random.Below(cells.size())];
          switch (random.Below(6)) {
            case 0:
              seen[t] += std::to_string(cell.Load()) + " ";
              break;
            case 1:
              cell.Store(value);
              break;
            case 2:
              seen[t] += std::to_string(cell.Exchange(value)) + " ";
              break;
            case 3: {
              MutexLock lock(mutex);
              seen[t] += "g" + std::to_string(std::exchange(guarded, value)) + " ";
              changed.NotifyOne();
              break;
            }
            case 4:
              if (mutex.TryLock()) {
                seen[t] += "t" + std::to_string(guarded) + " ";
                mutex.Unlock();
              }
              break;
            default: {
              MutexLock lock(mutex);
              if (guarded == 0) {
                seen[t] += run.executor().AwaitFor(mutex, changed, 1000) ? "n " : "o ";
              }
            }
          }
        }
      });
    }
    run.Join();
    outcomes->insert(seen[0] + "/" + seen[1] + "/" + seen[2]);
  };
}

TEST(Explorer, TheReductionLosesNoOutcome) {
  uint64_t with = 0;
  uint64_t known = 0;
  uint64_t without = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    for (int bound = 1; bound <= 2; ++bound) {
      ExploreOptions options;
      options.preemptions = bound;
      options.reduce = true;
      std::set<std::string> reduced;
      const ExploreResult less = Explore(options, RandomProgram(seed, &reduced));
      options.reduce = false;
      std::set<std::string> all;
      const ExploreResult more = Explore(options, RandomProgram(seed, &all));
      ASSERT_TRUE(less.complete && more.complete);
      ASSERT_EQ(reduced, all) << "program " << seed << " at bound " << bound;
      with += less.schedules;
      known += less.known;
      without += more.schedules;
    }
  }
  std::printf("reduction: %llu schedules instead of %llu\n", static_cast<unsigned long long>(with),
              static_cast<unsigned long long>(without));
  EXPECT_LT(with, without);
  EXPECT_GT(known, 0u);
}

TEST(Explorer, RandomPrioritiesFindItToo) {
  ExploreOptions options;
  options.strategy = ExploreOptions::Strategy::kRandom;
  options.random_schedules = 200;
  const ExploreResult result = Explore(options, LostIncrement);
  ASSERT_TRUE(result.failure.has_value());
  EXPECT_EQ(Replay(result.failure->schedule, LostIncrement).failure->message,
            result.failure->message);
}

TEST(Explorer, FindsNothingWhereAMutexGuards) {
  const ExploreResult result = Exhaustive(3, [](Explored& run) {
    Mutex mutex;
    int x = 0;
    for (const char* name : {"a", "b", "c"}) {
      run.Spawn(name, [&] {
        MutexLock lock(mutex);
        ++x;
      });
    }
    run.Join();
    run.Check(x == 3, "an increment was lost");
  });
  EXPECT_FALSE(result.failure.has_value());
  EXPECT_TRUE(result.complete);
}

// Two threads of two steps each interleave in 6 ways; with bounds 0, 1, 2 the explorer must see
// exactly 2, 4 and 6 of them (the last steps leave no choice).
TEST(Explorer, CountsTheSchedulesThatThereAre) {
  const auto count = [](int bound) {
    std::set<std::string> orders;
    const ExploreResult result = Exhaustive(bound, [&orders](Explored& run) {
      Atomic<int> x{0};
      std::string order;
      for (const char name : {'a', 'b'}) {
        run.Spawn(std::string(1, name), [&, name] {
          x.Load();
          order += name;
          x.Load();
          order += name;
        });
      }
      run.Join();
      orders.insert(order);
    });
    EXPECT_TRUE(result.complete);
    return orders.size();
  };
  EXPECT_EQ(count(0), 2u);
  EXPECT_EQ(count(1), 4u);
  EXPECT_EQ(count(2), 6u);
}

TEST(Explorer, FindsADeadlockOfTwoMutexes) {
  const auto program = [](Explored& run) {
    auto a = std::make_shared<Mutex>();
    auto b = std::make_shared<Mutex>();
    run.Spawn("ab", [a, b] {
      MutexLock first(*a);
      MutexLock second(*b);
    });
    run.Spawn("ba", [a, b] {
      MutexLock first(*b);
      MutexLock second(*a);
    });
    run.Join();
  };
  const ExploreResult result = Exhaustive(2, program);
  ASSERT_TRUE(result.failure.has_value());
  EXPECT_EQ(result.failure->kind, Kind::kDeadlock);
  EXPECT_NE(result.failure->message.find("'ab' waits for a mutex"), std::string::npos);
  EXPECT_EQ(Replay(result.failure->schedule, program).failure->kind, Kind::kDeadlock);
}

// The condition is looked at without the mutex: the notification can come in between.
void LostWakeup(Explored& run, bool broken) {
  struct State {
    Mutex mutex;
    CondVar changed;
    Atomic<bool> ready{false};
  };
  auto state = std::make_shared<State>();
  run.Spawn("waiter", [&run, state, broken] {
    if (broken && state->ready.Load()) {
      return;
    }
    MutexLock lock(state->mutex);
    while (broken || !state->ready.Load()) {
      run.executor().Await(state->mutex, state->changed);
      if (broken) {
        return;
      }
    }
  });
  run.Spawn("waker", [state] {
    MutexLock lock(state->mutex);
    state->ready.Store(true);
    state->changed.NotifyOne();
  });
  run.Join();
}

TEST(Explorer, FindsALostWakeUp) {
  const ExploreResult result = Exhaustive(2, [](Explored& run) { LostWakeup(run, true); });
  ASSERT_TRUE(result.failure.has_value());
  EXPECT_EQ(result.failure->kind, Kind::kDeadlock);
  EXPECT_NE(result.failure->message.find("came while none waited"), std::string::npos)
      << result.failure->message;
  EXPECT_FALSE(Exhaustive(3, [](Explored& run) { LostWakeup(run, false); }).failure.has_value());
}

TEST(Explorer, DetectsNondeterminismThatItDoesNotControl) {
  int runs = 0;
  const ExploreResult result = Exhaustive(2, [&runs](Explored& run) {
    Atomic<int> x{0};
    const int loads = 2 + ++runs % 3;
    for (const char* name : {"a", "b"}) {
      run.Spawn(name, [&x, loads] {
        for (int i = 0; i < loads; ++i) {
          x.Load();
        }
      });
    }
    run.Join();
  });
  ASSERT_TRUE(result.failure.has_value());
  EXPECT_EQ(result.failure->kind, Kind::kNondeterminism);
}

TEST(Explorer, AReplayThatGoesAnotherWayIsDetected) {
  int runs = 0;
  const ExploreResult result =
      Exhaustive(0, [&runs](Explored& run) { run.Check(++runs != 1, "only the first time"); });
  ASSERT_TRUE(result.failure.has_value());
  EXPECT_EQ(result.failure->kind, Kind::kNondeterminism);
}

TEST(Explorer, AnEndlessRunIsAFailure) {
  ExploreOptions options;
  options.most_steps = 1000;
  const ExploreResult result = Explore(options, [](Explored& run) {
    auto stop = std::make_shared<Atomic<bool>>(false);
    run.Spawn("spinner", [stop] {
      while (!stop->Load()) {
      }
    });
    run.Join();
  });
  ASSERT_TRUE(result.failure.has_value());
  EXPECT_EQ(result.failure->kind, Kind::kEndless);
}

TEST(Explorer, TimePassesOnlyWhenNothingElseCanRun) {
  const ExploreResult result = Exhaustive(2, [](Explored& run) {
    Mutex mutex;
    CondVar changed;
    bool done = false;
    run.executor().ScheduleAfter(1'000, [&] { run.Fail("a cancelled timer fired"); });
    run.Check(run.executor().Cancel(1 + 1), "a timer that waits can be cancelled");
    run.Spawn("waiter", [&] {
      MutexLock lock(mutex);
      run.Check(run.executor().AwaitFor(mutex, changed, 1'000'000) || done, "timed out early");
      while (!done) {
        run.Check(run.executor().AwaitFor(mutex, changed, 1'000'000), "timed out early");
      }
      run.Check(!run.executor().AwaitFor(mutex, changed, 5'000), "nobody was to notify");
      run.Check(run.clock().MonotonicNanos() % 1'000'000 == 5'000, "time went elsewhere");
    });
    run.executor().Schedule(TaskPriority::kHigh, [&] {
      MutexLock lock(mutex);
      done = true;
      changed.NotifyAll();
    });
    run.Join();
  });
  // If the task comes first, the waiter's first wait is one of its own, and ends by time.
  EXPECT_FALSE(result.failure.has_value()) << result.failure->message;
}

}  // namespace
}  // namespace veralith
