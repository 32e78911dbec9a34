// SPDX-License-Identifier: Apache-2.0

// Epoch reclamation, schedule by schedule: nothing is freed while a guard that could have found it
// is active, and everything is freed in the end.
#include <cstdio>
#include <memory>
#include <string>

#include "core/base/epoch.h"
#include "core/base/sync.h"
#include "core/base/testing/epoch_programs.h"
#include "core/base/testing/explorer.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

enum class Fault { kNone, kLoadBeforeGuard, kFreeAtOnce, kRetireBeforeUnlink };

// `freed` stands for the memory that a real free would have given away.
struct Object {
  bool freed = false;
};

ExploredProgram GuardAgainstRetire(Fault fault, int readers) {
  return [fault, readers](Explored& run) {
    Object objects[2];
    Atomic<Object*> shared{&objects[0]};
    for (int i = 0; i < readers; ++i) {
      run.Spawn("reader " + std::to_string(i), [&] {
        Object* early = fault == Fault::kLoadBeforeGuard ? shared.Load() : nullptr;
        EpochGuard guard;
        Object* object = early != nullptr ? early : shared.Load();
        Atomic<int> elsewhere{0};
        elsewhere.Load();  // a use takes time
        run.Check(!object->freed, "freed under a guard");
      });
    }
    run.Spawn("writer", [&] {
      Object* old = &objects[0];
      if (fault == Fault::kRetireBeforeUnlink) {
        RetireAfterEpoch([old] { old->freed = true; });
      }
      shared.Exchange(&objects[1]);
      if (fault == Fault::kFreeAtOnce) {
        old->freed = true;
      } else if (fault != Fault::kRetireBeforeUnlink) {
        RetireAfterEpoch([old] { old->freed = true; });
      }
    });
    run.Join();
    ReclaimRetired();
    run.Check(objects[0].freed, "never freed");
  };
}

ExploreResult ExploreUpTo(const char* name, int preemptions, const ExploredProgram& program) {
  ExploreOptions options;
  options.preemptions = preemptions;
  ExploreResult result = Explore(options, program);
  std::puts(result.Summary(name).c_str());
  return result;
}

TEST(EpochSchedules, NothingIsFreedUnderAGuardThatCouldHaveFoundIt) {
  const ExploreResult one =
      ExploreUpTo("epoch guard vs retire", 3, GuardAgainstRetire(Fault::kNone, 1));
  EXPECT_FALSE(one.failure.has_value());
  EXPECT_TRUE(one.complete);
  const ExploreResult two =
      ExploreUpTo("epoch guard vs retire, two readers", 2, GuardAgainstRetire(Fault::kNone, 2));
  EXPECT_FALSE(two.failure.has_value());
  EXPECT_TRUE(two.complete);
}

// (That threads which share a place are found: hazard E7 in broken_schedules_test.)
TEST(EpochSchedules, AThreadThatEndsReadsInAPlaceOfItsOwn) {
  const ExploreResult result = ExploreUpTo("reads at a thread's end", 2, ReadsAtAThreadsEnd());
  EXPECT_FALSE(result.failure.has_value());
  EXPECT_TRUE(result.complete);
}

TEST(EpochSchedules, BrokenOrdersAreFound) {
  for (const Fault fault :
       {Fault::kLoadBeforeGuard, Fault::kFreeAtOnce, Fault::kRetireBeforeUnlink}) {
    const ExploreResult result =
        ExploreUpTo("broken: epoch guard vs retire", 3, GuardAgainstRetire(fault, 1));
    ASSERT_TRUE(result.failure.has_value()) << static_cast<int>(fault);
    EXPECT_EQ(Replay(result.failure->schedule, GuardAgainstRetire(fault, 1)).failure->message,
              result.failure->message);
  }
}

}  // namespace
}  // namespace veralith
