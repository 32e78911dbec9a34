// SPDX-License-Identifier: Apache-2.0

// Programs over epoch reclamation that more than one test explores.
#ifndef VERALITH_CORE_BASE_TESTING_EPOCH_PROGRAMS_H_
#define VERALITH_CORE_BASE_TESTING_EPOCH_PROGRAMS_H_

#include <functional>

#include "core/base/epoch.h"
#include "core/base/sync.h"
#include "core/base/testing/explorer.h"

namespace veralith {

// Runs a thread whose last object reads under a guard when the thread ends, after the guards' own
// object of that thread is gone. Beside it: another thread with a guard, and a writer that retires
// what both may read.
inline ExploredProgram ReadsAtAThreadsEnd() {
  return [](Explored& run) {
    struct Object {
      bool freed = false;
    };
    Object objects[2];
    Atomic<Object*> shared{&objects[0]};
    const auto read = [&run, &shared] {
      EpochGuard guard;
      const Object* const object = shared.Load();
      Atomic<int> elsewhere{0};
      elsewhere.Load();  // a use takes time
      run.Check(!object->freed, "freed under a guard");
    };
    struct Last {
      std::function<void()> read;
      ~Last() { read(); }
    };
    run.Spawn("ending", [&read] {
      explored::FiberLocal<Last>().read = read;  // made first: destroyed last
      EpochGuard guard;
    });
    run.Spawn("reader", read);
    run.Spawn("writer", [&] {
      Object* const old = shared.Exchange(&objects[1]);
      RetireAfterEpoch([old] { old->freed = true; });
    });
    run.Join();
    ReclaimRetired();
    run.Check(objects[0].freed, "never freed");
  };
}

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_TESTING_EPOCH_PROGRAMS_H_
