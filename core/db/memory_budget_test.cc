// SPDX-License-Identifier: Apache-2.0

// Databases that share a budget for memtables and pages (cache.h, invariants 4 to 7): both keep to
// it, pages give way, the largest memtable is flushed, and all of it is given back.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/db/testing/simulation.h"
#include "gtest/gtest.h"
#include "veralith/cache.h"
#include "veralith/db.h"
#include "veralith/executor.h"

namespace veralith {
namespace {

#define ASSERT_OK(expression) ASSERT_EQ(ToString(expression), "OK")

constexpr size_t kMemtables = size_t{2} << 20;
constexpr size_t kCapacity = size_t{4} << 20;
// By which memtables of these sizes grow (arena.cc): 16 KiB first, then this. One put needs one.
constexpr size_t kBlock = size_t{128} << 10;
constexpr size_t kValueBytes = 1000;

std::string Value(int i) { return StrCat("value ", i, std::string(kValueBytes, '.')); }

class MemoryBudgetDbTest : public ::testing::Test {
 protected:
  // Write buffers that are never full: what freezes a memtable is the budget.
  Options Large() {
    Options options = simulation_.SmallOptions();
    options.write_buffer_bytes = options.recovery_buffer_bytes = size_t{64} << 20;
    options.key_page_bytes = options.value_page_bytes = 4096;
    options.target_segment_bytes = size_t{1} << 20;
    options.disable_automatic_compaction = true;
    return options;
  }
  Options Sharing() {
    Options options = Large();
    options.cache = cache_;
    return options;
  }
  static std::unique_ptr<Db> Make(const std::string& name, const Options& options) {
    absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(name, options);
    EXPECT_EQ(ToString(db.status()), "OK");
    return *std::move(db);
  }
  static void Put(Db& db, int i) {
    EXPECT_EQ(ToString(db.Put({}, StrCat("key", i), Value(i))), "OK");
  }
  // Puts so many bytes of values under new keys.
  void Fill(Db& db, size_t bytes) {
    for (size_t done = 0; done < bytes; done += kValueBytes) {
      Put(db, next_++);
    }
  }
  static void ExpectValues(Db& db, int begin, int end) {
    PinnedValue value;
    for (int i = begin; i < end; ++i) {
      const absl::StatusOr<bool> found = db.Get({}, StrCat("key", i), &value);
      ASSERT_OK(found.status());
      ASSERT_TRUE(*found) << i;
      ASSERT_EQ(value.view(), Value(i));
    }
  }
  static uint64_t Flushes(Db& db) { return db.GetStatistics().flushes; }
  static uint64_t Charged(Db& db) { return db.GetStatistics().memtable_charged_bytes; }
  // Background work that keeps up.
  void Settle() { simulation_.executor().RunUntilIdle(); }

  Simulation simulation_;
  std::shared_ptr<Cache> cache_ = MakeCache(kCapacity, kMemtables);
  int next_ = 0;
};

TEST_F(MemoryBudgetDbTest, OneDatabaseKeepsToThePartHoweverLateItsFlushes) {
  const std::unique_ptr<Db> db = Make("one", Sharing());
  size_t most = 0;
  for (int i = 0; i < 8000; ++i) {
    Put(*db, i);
    ASSERT_LE(cache_->memtable_charged_bytes(), kMemtables + 2 * kBlock);
    ASSERT_EQ(cache_->memtable_charged_bytes(), Charged(*db));
    most = std::max(most, cache_->memtable_charged_bytes());
  }
  EXPECT_GT(most, kMemtables / 2);
  EXPECT_GE(Flushes(*db), 4u);
  EXPECT_LE(Flushes(*db), 12u);  // and no more than need be
  ExpectValues(*db, 0, 8000);
}

TEST_F(MemoryBudgetDbTest, ABusyAndAnIdleOneKeepToTheCapacityTogether) {
  const std::unique_ptr<Db> idle = Make("idle", Sharing());
  const std::unique_ptr<Db> busy = Make("busy", Sharing());
  Fill(*idle, kMemtables / 3);
  Settle();
  EXPECT_EQ(Flushes(*idle), 0u);
  const int begin = next_;
  for (int round = 0; round < 100; ++round) {
    Fill(*busy, 50 * kValueBytes);
    Settle();
    ASSERT_LE(cache_->memtable_charged_bytes(), kMemtables + 2 * kBlock);
    ExpectValues(*busy, begin, next_);
    ExpectValues(*idle, 0, begin);
    ASSERT_LE(cache_->charged_bytes() + cache_->memtable_charged_bytes(), kCapacity);
  }
  // Nothing was written to it, and it gave its room back.
  EXPECT_EQ(Flushes(*idle), 1u);
  EXPECT_EQ(Charged(*idle), 0u);
  EXPECT_GT(Flushes(*busy), 4u);
  EXPECT_GT(cache_->charged_bytes(), kCapacity / 4);
}

TEST_F(MemoryBudgetDbTest, TheLargestMemtableIsFlushed) {
  const std::unique_ptr<Db> small = Make("small", Sharing());
  const std::unique_ptr<Db> large = Make("large", Sharing());
  const std::unique_ptr<Db> last = Make("last", Sharing());
  Fill(*small, 100'000);
  Fill(*large, 400'000);
  Settle();
  EXPECT_EQ(Flushes(*small) + Flushes(*large), 0u);
  const uint64_t charged = Charged(*large);
  while (Flushes(*large) == 0 && Charged(*last) < charged) {
    Fill(*last, kValueBytes);
    Settle();
  }
  EXPECT_EQ(Flushes(*large), 1u);
  EXPECT_EQ(Charged(*large), 0u);
  EXPECT_EQ(Flushes(*small) + Flushes(*last), 0u);
}

TEST_F(MemoryBudgetDbTest, PagesGiveWayToMemtablesAndComeBack) {
  const std::unique_ptr<Db> read = Make("read", Sharing());
  Fill(*read, 3 * kCapacity);
  ASSERT_OK(read->Flush());
  const int end = next_;
  ExpectValues(*read, 0, end);
  EXPECT_GT(cache_->charged_bytes(), kCapacity - (64 << 10));
  const std::unique_ptr<Db> written = Make("written", Sharing());
  Fill(*written, kMemtables / 4);  // no page is read meanwhile
  const size_t charged = Charged(*written);
  EXPECT_GT(charged, kMemtables / 4);
  EXPECT_LE(cache_->charged_bytes(), kCapacity - charged);
  EXPECT_GT(cache_->charged_bytes(), kCapacity - charged - (64 << 10));
  ASSERT_OK(written->Flush());
  EXPECT_EQ(cache_->memtable_charged_bytes(), 0u);
  ExpectValues(*read, 0, end);
  EXPECT_GT(cache_->charged_bytes(), kCapacity - (64 << 10));
}

TEST_F(MemoryBudgetDbTest, PagesKeepAnEighth) {
  cache_ = MakeCache(size_t{256} << 10, kMemtables);
  const std::unique_ptr<Db> db = Make("one", Sharing());
  Fill(*db, kMemtables);
  ASSERT_OK(db->Flush());
  const int end = next_;
  ExpectValues(*db, 0, end);
  Fill(*db, kMemtables / 3);
  EXPECT_GT(cache_->memtable_charged_bytes(), size_t{256} << 10);
  EXPECT_LE(cache_->charged_bytes(), size_t{32} << 10);
  ExpectValues(*db, 0, end);
  EXPECT_LE(cache_->charged_bytes(), size_t{32} << 10);
  EXPECT_GT(cache_->charged_bytes(), size_t{16} << 10);
}

TEST_F(MemoryBudgetDbTest, OfLessThanAMemtableStillWorks) {
  cache_ = MakeCache(0, 1);
  {
    const std::unique_ptr<Db> db = Make("one", Sharing());
    const std::unique_ptr<Db> other = Make("other", Sharing());
    Fill(*db, 50 * kValueBytes);
    ExpectValues(*db, 0, 50);
    EXPECT_GE(Flushes(*db), 25u);  // a flush takes all that are frozen
    Put(*other, 7);
    Settle();
    EXPECT_EQ(Flushes(*other), 1u);
    ASSERT_OK(db->DeleteRange({}, kDefaultNamespace, "key", "key2"));
    ASSERT_OK(db->Close());
  }
  EXPECT_EQ(cache_->memtable_charged_bytes(), 0u);
  const std::unique_ptr<Db> again = Make("one", Sharing());
  ExpectValues(*again, 20, 30);
  PinnedValue value;
  EXPECT_FALSE(*again->Get({}, "key19", &value));
}

TEST_F(MemoryBudgetDbTest, RangeTombstonesCount) {
  const std::unique_ptr<Db> db = Make("one", Sharing());
  for (int i = 0; i < 3000; ++i) {
    ASSERT_OK(db->DeleteRange({}, kDefaultNamespace, StrCat("key", i), StrCat("key", i, "/")));
  }
  const Statistics statistics = db->GetStatistics();
  EXPECT_GE(statistics.memtable_charged_bytes, statistics.memtable_bytes);
  EXPECT_LE(statistics.memtable_charged_bytes, statistics.memtable_bytes + kBlock);
  EXPECT_GT(statistics.memtable_bytes, 200'000u);
}

TEST_F(MemoryBudgetDbTest, EachDatabaseGivesBackWhatItHadWhenItGoes) {
  std::unique_ptr<Db> one = Make("one", Sharing());
  std::unique_ptr<Db> other = Make("other", Sharing());
  Fill(*one, 200'000);
  Fill(*other, 100'000);
  EXPECT_EQ(cache_->memtable_charged_bytes(), Charged(*one) + Charged(*other));
  const size_t others = Charged(*other);
  ASSERT_OK(one->Close());
  one.reset();
  EXPECT_EQ(cache_->memtable_charged_bytes(), others);
  Fill(*other, 450'000);  // the half is its own now
  Settle();
  EXPECT_EQ(Flushes(*other), 0u);
  other.reset();
  EXPECT_EQ(cache_->memtable_charged_bytes(), 0u);
  EXPECT_EQ(simulation_.executor().pending(), 0u);
  EXPECT_EQ(simulation_.executor().timers(), 0u);
}

TEST_F(MemoryBudgetDbTest, WhatAReaderHoldsIsChargedUntilItLetsGo) {
  std::unique_ptr<Db> one = Make("one", Sharing());
  Fill(*one, 100'000);
  const size_t charged = cache_->memtable_charged_bytes();
  std::unique_ptr<DbIterator> it = one->NewIterator({});
  it->SeekToFirst();
  ASSERT_OK(one->Flush());
  EXPECT_EQ(cache_->memtable_charged_bytes(), charged);
  it.reset();
  EXPECT_EQ(cache_->memtable_charged_bytes(), 0u);

  Fill(*one, 100'000);
  ASSERT_OK(one->Put({}, "large", std::string(50'000, 'v')));
  PinnedValue value;
  ASSERT_TRUE(*one->Get({}, "large", &value));
  std::weak_ptr<Cache> watched = cache_;
  ASSERT_OK(one->Close());
  one.reset();
  EXPECT_GT(cache_->memtable_charged_bytes(), 0u);
  cache_.reset();
  EXPECT_FALSE(watched.expired());
  EXPECT_EQ(value.view(), std::string(50'000, 'v'));
  value.Reset();
  EXPECT_TRUE(watched.expired());
}

TEST_F(MemoryBudgetDbTest, WhatIsPausedWritesOnAndGivesBackLater) {
  const std::unique_ptr<Db> db = Make("one", Sharing());
  ASSERT_OK(db->PauseBackgroundWork());
  Fill(*db, kMemtables);  // would wait for a flush otherwise
  EXPECT_GT(Charged(*db), kMemtables);
  simulation_.executor().AdvanceBy(1'000'000'000);
  EXPECT_EQ(Flushes(*db), 0u);
  ASSERT_OK(db->ContinueBackgroundWork());
  simulation_.executor().AdvanceBy(10'000'000'000);
  EXPECT_EQ(Flushes(*db), 1u);
  EXPECT_EQ(Charged(*db), 0u);
  EXPECT_EQ(simulation_.executor().timers(), 0u);
}

// An idle database that is asked while another memtable of it waits: once that one is flushed.
TEST_F(MemoryBudgetDbTest, WhoHasNoFreeWriteBufferGivesBackLater) {
  const std::unique_ptr<Db> idle = Make("idle", Sharing());
  const std::unique_ptr<Db> busy = Make("busy", Sharing());
  Fill(*idle, kMemtables / 8);
  simulation_.disk().SetFaults(*ParseFaultPlan("create@idle/#1+=eio"));
  EXPECT_FALSE(idle->Flush().ok());
  simulation_.disk().SetFaults(*ParseFaultPlan("create@.parquet#1+=eio"));
  EXPECT_FALSE(idle->Flush().ok());
  Fill(*idle, kMemtables / 4);
  EXPECT_LE(Charged(*idle), kMemtables * 3 / 4);
  const uint64_t charged = Charged(*idle);
  for (int i = 0; Charged(*busy) < kMemtables / 8 * 3; ++i) {
    Put(*busy, i);
  }
  Settle();
  EXPECT_EQ(Charged(*idle), charged);
  simulation_.disk().SetFaults({});
  simulation_.executor().AdvanceBy(100'000'000'000);
  EXPECT_EQ(Flushes(*idle), 2u);
  EXPECT_EQ(Charged(*idle), 0u);
  EXPECT_EQ(Flushes(*busy), 0u);
  EXPECT_EQ(simulation_.executor().timers(), 0u);
}

TEST_F(MemoryBudgetDbTest, RecoveryKeepsToTheHalf) {
  std::unique_ptr<SimulatedFileSystem> disk;
  std::unique_ptr<SimulatedFileSystem> failing;
  {
    const std::unique_ptr<Db> db = Make("one", Large());
    Fill(*db, 2 * kMemtables);
    EXPECT_EQ(Flushes(*db), 0u);
    disk = simulation_.disk().CloneWithEverything();
    failing = simulation_.disk().CloneWithEverything();
  }
  Options options = Sharing();
  options.file_system = disk.get();
  {
    const std::unique_ptr<Db> again = Make("one", options);
    EXPECT_GE(again->GetStatistics().levels[0].runs, 4);
    EXPECT_EQ(Charged(*again), 0u);
    ExpectValues(*again, 0, next_);
  }
  // One that fails gives back what it had replayed.
  options.file_system = failing.get();
  failing->SetFaults(*ParseFaultPlan("create@.parquet#1+=eio"));
  EXPECT_FALSE(Db::Open("one", options).ok());
  EXPECT_EQ(cache_->memtable_charged_bytes(), 0u);
}

TEST_F(MemoryBudgetDbTest, OfAReadOnlyDatabaseCountsAndIsNeverAsked) {
  std::unique_ptr<SimulatedFileSystem> disk;
  {
    const std::unique_ptr<Db> db = Make("one", Large());
    Fill(*db, kMemtables);
    disk = simulation_.disk().CloneWithEverything();
  }
  Options options = Sharing();
  options.file_system = disk.get();
  options.read_only = true;
  {
    const std::unique_ptr<Db> reader = Make("one", options);
    EXPECT_GT(Charged(*reader), kMemtables);
    Settle();
    ExpectValues(*reader, 0, next_);
    EXPECT_EQ(simulation_.executor().timers(), 0u);
  }
  EXPECT_EQ(cache_->memtable_charged_bytes(), 0u);
}

TEST_F(MemoryBudgetDbTest, ACacheWithoutAPartForMemtablesChargesNone) {
  cache_ = MakeCache(kCapacity);
  const std::unique_ptr<Db> db = Make("one", Sharing());
  Fill(*db, 2 * kMemtables);
  EXPECT_EQ(cache_->memtable_charged_bytes(), 0u);
  EXPECT_EQ(Flushes(*db), 0u);
}

TEST_F(MemoryBudgetDbTest, TheSameCallsGiveTheSameFlushes) {
  const auto run = [] {
    Simulation simulation;
    Options options = simulation.SmallOptions();
    options.write_buffer_bytes = size_t{64} << 20;
    options.cache = MakeCache(kCapacity, kMemtables);
    std::vector<std::unique_ptr<Db>> databases;
    for (const char* name : {"one", "two", "three"}) {
      databases.push_back(Make(name, options));
    }
    for (int i = 0; i < 6000; ++i) {
      Put(*databases[static_cast<size_t>(i * i % 7 % 3)], i);
    }
    std::string seen;
    for (const auto& db : databases) {
      seen += StrCat(Flushes(*db), " ", db->GetStatistics().flush_bytes_written, "; ");
    }
    return StrCat(seen, simulation.executor().choices());
  };
  EXPECT_EQ(run(), run());
}

TEST(MemoryBudgetThreads, WritersAndReadersOfThreeDatabasesKeepToIt) {
  constexpr int kDatabases = 3;
  constexpr int kKeys = 3000;
  SimulatedFileSystem disk;
  const std::unique_ptr<Executor> executor = NewThreadPoolExecutor(3);
  const std::shared_ptr<Cache> cache = MakeCache(kCapacity, kMemtables);
  Options options;
  options.file_system = &disk;
  options.executor = executor.get();
  options.cache = cache;
  options.key_page_bytes = options.value_page_bytes = 1024;
  options.min_free_bytes = 0;
  std::atomic<bool> stop{false};
  std::thread watcher([&] {
    while (!stop.load()) {
      EXPECT_LE(cache->charged_bytes(), kCapacity);
      // Twice the part, and blocks, and what is just being given back: half of it of each at most.
      ASSERT_LE(cache->memtable_charged_bytes(),
                2 * kMemtables + kDatabases * (2 * kBlock + kMemtables / 2));
    }
  });
  std::vector<std::thread> threads;
  for (int number = 0; number < kDatabases; ++number) {
    threads.emplace_back([&, number] {
      const std::string name = StrCat("db", number);
      for (int life = 0; life < 3; ++life) {
        absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(name, options);
        ASSERT_OK(db.status());
        for (int i = 0; i < kKeys; ++i) {
          ASSERT_OK((*db)->Put({}, StrCat("key", i), Value(i)));
        }
        PinnedValue value;
        for (int i = 0; i < kKeys; ++i) {
          ASSERT_TRUE(*(*db)->Get({}, StrCat("key", i), &value));
          ASSERT_EQ(value.view(), Value(i));
        }
        EXPECT_GT((*db)->GetStatistics().flushes, 1u);
        value.Reset();
        ASSERT_OK((*db)->Close());
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  stop.store(true);
  watcher.join();
  EXPECT_EQ(cache->memtable_charged_bytes(), 0u);
  EXPECT_EQ(cache->charged_bytes(), 0u);
}

}  // namespace
}  // namespace veralith
