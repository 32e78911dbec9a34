// SPDX-License-Identifier: Apache-2.0

// What a read writes: a hit takes no lock and writes nothing that threads share (super_version.h,
// 3). Every operation of Mutex, CondVar and Atomic is counted, which only --config=explore can do.
#include <cstdio>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/sync.h"
#include "core/base/testing/explorer.h"
#include "gtest/gtest.h"
#include "veralith/db.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {
namespace {

using explored::Step;

// Counts what goes to the scheduler of the run.
class Counter final : public explored::Scheduler {
 public:
  Counter() : inner_(std::exchange(explored::active, this)) {}
  ~Counter() { explored::active = inner_; }

  void Point(Step step, const void* place) override {
    (step == Step::kLoad ? loads : step == Step::kStore ? stores : updates) += 1;
    inner_->Point(step, place);
  }
  void Effect(const void* place) override { inner_->Effect(place); }
  void Lock(bool* held) override {
    ++locks;
    inner_->Lock(held);
  }
  bool Wait(const void* condition, bool* held, int64_t nanos) override {
    ++locks;
    return inner_->Wait(condition, held, nanos);
  }
  void Notify(const void* condition, bool all) override {
    ++updates;
    inner_->Notify(condition, all);
  }
  std::shared_ptr<void>& FiberPlace(const void* key) override { return inner_->FiberPlace(key); }
  std::shared_ptr<void>& LastingFiberPlace(const void* key) override {
    return inner_->LastingFiberPlace(key);
  }
  std::shared_ptr<void>& ExecutionPlace(const void* key) override {
    return inner_->ExecutionPlace(key);
  }

  int loads = 0;
  int stores = 0;
  int updates = 0;  // read-modify-write
  int locks = 0;

 private:
  explored::Scheduler* const inner_;
};

struct Writes {
  int stores = 0;
  int updates = 0;
  int locks = 0;
  bool operator==(const Writes&) const = default;
};
void PrintTo(const Writes& writes, std::ostream* out) {
  *out << writes.stores << " stores, " << writes.updates << " updates, " << writes.locks
       << " locks";
}

template <typename Body>
Writes WritesOf(const char* what, const Body& body) {
  const Counter counter;
  body();
  if (what != nullptr) {
    std::printf("writes | %s | %d loads, %d stores, %d updates, %d locks\n", what, counter.loads,
                counter.stores, counter.updates, counter.locks);
  }
  return {counter.stores, counter.updates, counter.locks};
}

std::string KeyOf(int i) { return "key " + std::to_string(1000 + i); }

// Rows 0..199 small, "large" of 1,000 bytes, all in one segment; "memory" in the memtable.
std::unique_ptr<Db> FilledDatabase(Explored& run, SimulatedFileSystem& disk) {
  Options options;
  options.file_system = &disk;
  options.clock = &run.clock();
  options.executor = &run.executor();
  options.key_page_bytes = options.value_page_bytes = 1024;
  options.disable_automatic_compaction = true;
  std::unique_ptr<Db> db = *Db::Open("db", options);
  for (int i = 0; i < 200; ++i) {
    EXPECT_TRUE(db->Put({}, KeyOf(i), "small " + std::to_string(i)).ok());
  }
  EXPECT_TRUE(db->Put({}, "large", std::string(1000, 'x')).ok());
  EXPECT_TRUE(db->Flush().ok());
  EXPECT_TRUE(db->Put({}, "memory", "1").ok());
  return db;
}

// All pages are in the cache.
template <typename Body>
void InAFilledDatabase(const Body& body) {
  ExploreOptions options;
  options.preemptions = 0;
  const ExploreResult result = Explore(options, [&body](Explored& run) {
    SimulatedFileSystem disk;
    const std::unique_ptr<Db> db = FilledDatabase(run, disk);
    const std::unique_ptr<DbIterator> it = db->NewIterator({});
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      PinnedValue value;
      Timestamp timestamp = 0;
      EXPECT_TRUE(*db->Get({}, 0, it->key(), &value, &timestamp));
    }
    EXPECT_TRUE(it->status().ok());
    body(*db);
  });
  EXPECT_FALSE(result.failure.has_value());
}

// An outermost guard makes two stores, to a cache line of the thread's own.
constexpr Writes kOnlyItsGuard{2, 0, 0};

void ExpectGet(Db& db, const ReadOptions& options, std::string_view key, bool found,
               const Writes& expected) {
  PinnedValue value;
  const std::string what = "get of " + std::string(key);
  EXPECT_EQ(WritesOf(what.c_str(), [&] { EXPECT_EQ(*db.Get(options, key, &value), found); }),
            expected)
      << what;
}

TEST(HotPath, AGetThatHitsWritesNothingThatIsShared) {
  InAFilledDatabase([](Db& db) {
    for (const char* key : {"memory", "key 1000", "key 1117", "key 1199"}) {
      ExpectGet(db, {}, key, true, kOnlyItsGuard);
    }
    for (const char* key : {"a", "key 1100x", "z"}) {
      ExpectGet(db, {}, key, false, kOnlyItsGuard);
    }
    const ScopedSnapshot snapshot(db);
    ReadOptions options;
    options.snapshot = snapshot.get();
    ExpectGet(db, options, "memory", true, kOnlyItsGuard);
    ExpectGet(db, options, "key 1117", true, kOnlyItsGuard);
  });
}

TEST(HotPath, AGetOfALargeValueTakesOneReference) {
  InAFilledDatabase([](Db& db) {
    ExpectGet(db, {}, "large", true, {2, 1, 0});  // the value gives the pin back when it goes
  });
}

TEST(HotPath, MultiGetTakesOneReferenceOfItsOwn) {
  InAFilledDatabase([](Db& db) {
    const std::vector<std::string_view> keys = {"memory", "key 1000", "key 1117", "key 1199", "z"};
    const Writes writes =
        WritesOf("multi-get of 5", [&] { EXPECT_EQ(db.MultiGet({}, 0, keys)->size(), 5u); });
    EXPECT_EQ(writes.updates, 2);
    EXPECT_EQ(writes.locks, 0);
  });
}

TEST(HotPath, AnIteratorTakesAReferenceOfEachPageAndNoneOfARow) {
  InAFilledDatabase([](Db& db) {
    const std::unique_ptr<DbIterator> it = db.NewIterator({});
    it->Seek(KeyOf(100));
    int steps_that_wrote = 0;
    int updates = 0;
    for (int row = 100; row < 199; ++row) {
      const Writes writes = WritesOf(nullptr, [&] {
        it->Next();
        EXPECT_EQ(it->value(), "small " + std::to_string(row + 1));
      });
      EXPECT_EQ(writes.locks, 0);
      steps_that_wrote += writes == Writes{} ? 0 : 1;
      updates += writes.updates;
    }
    EXPECT_GT(steps_that_wrote, 0);  // there are several pages
    EXPECT_LT(steps_that_wrote, 12);
    EXPECT_LE(updates, 4 * steps_that_wrote);
    it->Seek(KeyOf(198));
    EXPECT_EQ(WritesOf("seek within the pages it stands on", [&] { it->Seek(KeyOf(197)); }),
              Writes{});
  });
}

}  // namespace
}  // namespace veralith
