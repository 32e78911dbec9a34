// SPDX-License-Identifier: Apache-2.0

#include "core/base/epoch.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/sync.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

TEST(Epoch, FreesAtOnceWhenNobodyReads) {
  bool freed = false;
  RetireAfterEpoch([&freed] { freed = true; });
  EXPECT_TRUE(freed);
}

TEST(Epoch, KeepsWhatAnActiveGuardMayHaveSeen) {
  bool freed = false;
  {
    EpochGuard guard;
    RetireAfterEpoch([&freed] { freed = true; });
    ReclaimRetired();
    EXPECT_FALSE(freed);
  }
  ReclaimRetired();
  EXPECT_TRUE(freed);
}

TEST(Epoch, OnlyTheOutermostOfNestedGuardsCounts) {
  bool freed = false;
  {
    EpochGuard outer;
    {
      EpochGuard inner;
    }
    RetireAfterEpoch([&freed] { freed = true; });
    {
      EpochGuard inner;
    }
    ReclaimRetired();
    EXPECT_FALSE(freed);
  }
  ReclaimRetired();
  EXPECT_TRUE(freed);
}

TEST(Epoch, AGuardThatBeganAfterTheRetirementHoldsNothingBack) {
  bool freed = false;
  Atomic<int> stage(0);
  std::thread reader([&stage] {
    EpochGuard guard;
    stage.Store(1);
    while (stage.Load() != 2) {
      std::this_thread::yield();
    }
  });
  while (stage.Load() != 1) {
    std::this_thread::yield();
  }
  RetireAfterEpoch([&freed] { freed = true; });
  EXPECT_FALSE(freed);
  {
    EpochGuard later;
    stage.Store(2);
    reader.join();
    ReclaimRetired();
    EXPECT_TRUE(freed);
  }
}

TEST(Epoch, FreeingMayRetireMore) {
  int freed = 0;
  RetireAfterEpoch([&freed] {
    ++freed;
    RetireAfterEpoch([&freed] { ++freed; });
  });
  ReclaimRetired();
  EXPECT_EQ(freed, 2);
}

struct Node {
  explicit Node(uint64_t v) : value(v), copy(v) {}
  ~Node() { value = ~copy; }
  uint64_t value;
  uint64_t copy;
};

// Under ThreadSanitizer and AddressSanitizer this is the test of the memory orders.
TEST(Epoch, ReadersNeverSeeAFreedObjectWhileAWriterReplacesIt) {
  constexpr uint64_t kWrites = 3000;
  Atomic<Node*> shared(new Node(0));
  Atomic<bool> stop(false);
  Atomic<uint64_t> freed(0);
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&shared, &stop] {
      uint64_t last = 0;
      while (!stop.Load()) {
        EpochGuard guard;
        const Node* node = shared.Load();
        EXPECT_EQ(node->value, node->copy);
        EXPECT_GE(node->value, last);
        last = node->value;
      }
    });
  }
  for (uint64_t i = 1; i <= kWrites; ++i) {
    Node* old = shared.Exchange(new Node(i));
    RetireAfterEpoch([old, &freed] {
      delete old;
      freed.FetchAdd(1);
    });
  }
  stop.Store(true);
  for (std::thread& reader : readers) {
    reader.join();
  }
  ReclaimRetired();
  EXPECT_EQ(freed.Load(), kWrites);
  delete shared.Load();
}

struct Last {
  std::function<void()> act;
  ~Last() { act(); }
};

// Runs `act` as the last act of a new thread, when what the epochs keep of the thread is gone.
void AtTheEndOfAThread(std::function<void()> act) {
  std::thread([&act] {
    thread_local Last last;  // made first: destroyed last
    last.act = std::move(act);
    EpochGuard guard;
  }).join();
}

TEST(Epoch, AThreadThatEndsIsKeptFromWhatItsOwnGuardsProtect) {
  AtTheEndOfAThread([] {
    bool freed = false;
    {
      EpochGuard outer;
      EpochGuard inner;
      std::thread([] { EpochGuard other; }).join();  // would take a place that was given back
      RetireAfterEpoch([&freed] { freed = true; });
      ReclaimRetired();
      EXPECT_FALSE(freed);
    }
    ReclaimRetired();
    EXPECT_TRUE(freed);
  });
}

TEST(Epoch, ManyThreadsThatReadAsTheyEndNeedFewPlaces) {
  const size_t before = EpochPlaces();
  for (int i = 0; i < 300; ++i) {
    AtTheEndOfAThread([] { EpochGuard guard; });
  }
  EXPECT_LE(EpochPlaces(), before + 2);
}

TEST(Epoch, ThreadsThatEndGiveTheirPlaceBack) {
  for (int i = 0; i < 100; ++i) {
    std::thread([] { EpochGuard guard; }).join();
  }
  bool freed = false;
  RetireAfterEpoch([&freed] { freed = true; });
  EXPECT_TRUE(freed);
}

}  // namespace
}  // namespace veralith
