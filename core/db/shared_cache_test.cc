// SPDX-License-Identifier: Apache-2.0

// Databases that share a cache: right answers, pages within one capacity, and what a database had
// of it is free once the database is gone.
#include "veralith/cache.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/status.h"
#include "core/base/testing/in_child.h"
#include "core/base/text.h"
#include "core/db/testing/simulation.h"
#include "gtest/gtest.h"
#include "veralith/db.h"
#include "veralith/executor.h"

namespace veralith {
namespace {

#define ASSERT_OK(expression) ASSERT_EQ(ToString(expression), "OK")

constexpr int kKeys = 1000;
constexpr size_t kCapacity = 16'384;

std::string Key(int i) { return StrCat("key", 10000 + i); }
std::string Value(const std::string& database, int i) {
  return StrCat("value ", i, " of ", database, std::string(40, '.'));
}

// Every answer is this database's own, whatever the other's pages are numbered.
void ExpectAll(Db& db, const std::string& name, int step) {
  PinnedValue value;
  for (int i = 0; i < kKeys; i += step) {
    const absl::StatusOr<bool> found = db.Get({}, Key(i), &value);
    ASSERT_OK(found.status());
    ASSERT_TRUE(*found);
    ASSERT_EQ(value.view(), Value(name, i));
  }
  const std::unique_ptr<DbIterator> it = db.NewIterator({});
  int i = 0;
  for (it->SeekToFirst(); it->Valid(); it->Next(), ++i) {
    ASSERT_EQ(it->value(), Value(name, i));
  }
  ASSERT_OK(it->status());
  ASSERT_EQ(i, kKeys);
}

class SharedCache : public ::testing::Test {
 protected:
  SharedCache() : cache_(MakeCache(kCapacity)) {}

  Options Sharing() {
    Options options = simulation_.SmallOptions();
    options.cache = cache_;
    return options;
  }
  std::unique_ptr<Db> Make(const std::string& name, const Options& options) {
    absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(name, options);
    EXPECT_EQ(ToString(db.status()), "OK");
    for (int i = 0; i < kKeys; ++i) {
      EXPECT_EQ(ToString((*db)->Put({}, Key(i), Value(name, i))), "OK");
    }
    EXPECT_EQ(ToString((*db)->Flush()), "OK");
    return *std::move(db);
  }

  Simulation simulation_;
  std::shared_ptr<Cache> cache_;
};

TEST_F(SharedCache, HoldsThePagesOfBothWithinOneCapacity) {
  const std::unique_ptr<Db> one = Make("one", Sharing());
  const std::unique_ptr<Db> other = Make("other", Sharing());
  for (int round = 0; round < 20; ++round) {
    ExpectAll(*one, "one", 7);
    ExpectAll(*other, "other", 3);
    const size_t ones = one->GetStatistics().cache_bytes;
    const size_t others = other->GetStatistics().cache_bytes;
    EXPECT_GT(others, 0u);
    EXPECT_EQ(ones + others, cache_->charged_bytes());
    EXPECT_LE(cache_->charged_bytes(), kCapacity);
  }
  EXPECT_GT(cache_->charged_bytes(), kCapacity / 2);
  EXPECT_GT(one->GetStatistics().cache_misses, 0u);
  EXPECT_EQ(cache_->capacity_bytes(), kCapacity);
}

TEST_F(SharedCache, RoomGoesToTheOneThatIsRead) {
  const std::unique_ptr<Db> one = Make("one", Sharing());
  const std::unique_ptr<Db> other = Make("other", Sharing());
  ExpectAll(*one, "one", 1);
  EXPECT_GT(one->GetStatistics().cache_bytes, kCapacity / 2);
  for (int round = 0; round < 5; ++round) {
    ExpectAll(*other, "other", 1);
  }
  EXPECT_EQ(one->GetStatistics().cache_bytes, 0u);
  EXPECT_GT(other->GetStatistics().cache_bytes, kCapacity / 2);
}

TEST_F(SharedCache, ADatabaseThatIsGoneTakesItsPagesOut) {
  const std::unique_ptr<Db> one = Make("one", Sharing());
  std::unique_ptr<Db> other = Make("other", Sharing());
  ExpectAll(*other, "other", 1);
  ExpectAll(*one, "one", 50);
  PinnedValue value;
  ASSERT_TRUE(*other->Get({}, Key(5), &value));
  EXPECT_GT(other->GetStatistics().cache_bytes, 0u);
  ASSERT_OK(other->Close());
  other.reset();
  EXPECT_EQ(cache_->charged_bytes(), one->GetStatistics().cache_bytes);
  EXPECT_EQ(value.view(), Value("other", 5));
  ExpectAll(*one, "one", 1);
}

TEST_F(SharedCache, OutlivesItsUsersAndIsOutlivedByThem) {
  std::weak_ptr<Cache> watched = cache_;
  std::unique_ptr<Db> one = Make("one", Sharing());
  cache_.reset();
  ExpectAll(*one, "one", 1);
  EXPECT_FALSE(watched.expired());
  ASSERT_OK(one->Close());
  one.reset();
  EXPECT_TRUE(watched.expired());
}

TEST_F(SharedCache, OfNoBytesHoldsNothing) {
  cache_ = MakeCache(0);
  const std::unique_ptr<Db> one = Make("one", Sharing());
  ExpectAll(*one, "one", 1);
  EXPECT_EQ(cache_->charged_bytes(), 0u);
}

TEST_F(SharedCache, OfTheParentIsRefusedInAChildOfFork) {
  const Options options = Sharing();
  EXPECT_EQ(InChild([&options] { return ToString(Db::Open("child", options).status()); }),
            ToString(FailedPrecondition("Options: cache belongs to the process that this one was "
                                        "forked from; make another one here")));
}

// What a scan with fill_cache = false reads displaces nobody's pages.
TEST_F(SharedCache, ALargeScanOfOneLeavesThePagesOfTheOther) {
  const std::unique_ptr<Db> one = Make("one", Sharing());
  const std::unique_ptr<Db> other = Make("other", Sharing());
  for (int round = 0; round < 5; ++round) {
    ExpectAll(*one, "one", 1);
  }
  const size_t before = one->GetStatistics().cache_bytes;
  ScanOptions scan;
  scan.fill_cache = false;
  const std::unique_ptr<DbIterator> it = other->NewIterator(scan);
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
  }
  ASSERT_OK(it->status());
  EXPECT_EQ(one->GetStatistics().cache_bytes, before);
}

TEST(SharedCacheThreads, ReadersAndWritersOfThreeDatabasesKeepTheCapacity) {
  constexpr int kDatabases = 3;
  SimulatedFileSystem disk;
  const std::unique_ptr<Executor> executor = NewThreadPoolExecutor(3);
  const std::shared_ptr<Cache> cache = MakeCache(kCapacity);
  Options options;
  options.file_system = &disk;
  options.executor = executor.get();
  options.cache = cache;
  options.write_buffer_bytes = 8192;
  options.key_page_bytes = options.value_page_bytes = 256;
  options.target_segment_bytes = 4096;
  options.min_free_bytes = 0;
  std::atomic<bool> stop{false};
  std::thread watcher([&] {
    while (!stop.load()) {
      EXPECT_LE(cache->charged_bytes(), kCapacity);
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
          ASSERT_OK((*db)->Put({}, Key(i), Value(name, i)));
        }
        std::thread reader([&db, &name] { ExpectAll(**db, name, 3); });
        ExpectAll(**db, name, 1);
        reader.join();
        ASSERT_OK((*db)->Close());
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  stop.store(true);
  watcher.join();
  EXPECT_EQ(cache->charged_bytes(), 0u);
}

}  // namespace
}  // namespace veralith
