// SPDX-License-Identifier: Apache-2.0

#include "core/base/per_thread.h"

#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace veralith {
namespace {

struct Scratch {
  static inline int made = 0;
  static inline int alive = 0;
  std::vector<int> values = {0};
  Scratch() { ++made, ++alive; }
  ~Scratch() { --alive; }
};

TEST(PerThread, IsOneObjectPerThread) {
  std::thread([] {
    Scratch::made = 0;
    PerThread<Scratch>()->values.push_back(1);
    const PerThread<Scratch> again;
    EXPECT_EQ(again->values.size(), 2u);
    EXPECT_EQ(Scratch::made, 1);
  }).join();
  EXPECT_EQ(Scratch::alive, 0);
}

// Uses an object when its own thread ends, after the thread's object has gone.
struct Last {
  int* uses = nullptr;
  ~Last() {
    for (int i = 0; i < 2; ++i) {
      const PerThread<Scratch> scratch;
      scratch->values.push_back(1);
      *uses += static_cast<int>(scratch->values.size());
    }
  }
};

TEST(PerThread, CanBeUsedByDestructorsThatComeAfterItsObjectsOwn) {
  int uses = 0;
  std::thread([&uses] {
    thread_local Last last;  // made first: destroyed last
    last.uses = &uses;
    PerThread<Scratch>()->values.push_back(1);
  }).join();
  EXPECT_EQ(uses, 4);  // two elements each time: a new object for each use
  EXPECT_EQ(Scratch::alive, 0);
}

}  // namespace
}  // namespace veralith
