// SPDX-License-Identifier: Apache-2.0

// veralith/db.h: "Memory that cannot be had is ResourceExhausted... no exception crosses the
// interface".
//
// Beneath unchanged production code the Nth request for memory fails (failing_allocations.h), alone
// or with all that follow it, in a whole life of a database on real files. Every call returns, with
// a right answer or an error. With memory again, the database opens and is whole.
//
// A life makes some 3,500 requests, by some 1,400 chains of calls. The ordinary run fails the first
// request of every second chain; with VERALITH_EVERY_ALLOCATION=1 (`./dev memory`) it fails every
// request in turn.
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/base/status.h"
#include "core/base/testing/failing_allocations.h"
#include "core/base/text.h"
#include "core/fs/testing/temporary_directory.h"
#include "gtest/gtest.h"
#include "property_tests/life_without_memory.h"
#include "veralith/cache.h"
#include "veralith/db.h"
#include "veralith/testing/simulated_clock.h"
#include "veralith/testing/simulated_executor.h"

namespace veralith::model {
namespace {

bool EveryOne() { return std::getenv("VERALITH_EVERY_ALLOCATION") != nullptr; }

// Returns the Ns to fail, and sets how many requests there are in all.
std::vector<uint64_t> AllocationsToFail(uint64_t* all) {
  const std::vector<uint64_t> sites = AllocationSites();
  std::set<uint64_t> seen;
  std::vector<uint64_t> chosen;
  for (size_t i = 0; i < sites.size(); ++i) {
    if (seen.insert(sites[i]).second || EveryOne()) {
      chosen.push_back(i + 1);
    }
  }
  *all = sites.size();
  std::printf("%zu allocations by %zu ways of calls\n", sites.size(), seen.size());
  return chosen;
}

void Sweep(uint64_t many, size_t stride) {
  ASSERT_EQ(LiveWithoutMemory({}), Agree());
  uint64_t all = 0;
  const std::vector<uint64_t> chosen = AllocationsToFail(&all);
  ASSERT_GT(chosen.size(), 100u) << "no allocation of the engine's was watched";
  size_t lives = 0;
  size_t wrong = 0;
  for (size_t i = 0; i < chosen.size() && wrong < 20; i += stride, ++lives) {
    bool met = false;
    const Difference difference = LiveWithoutMemoryApart({chosen[i], many}, &met);
    const std::string which = StrCat(chosen[i], many == 1 ? "" : "+");
    EXPECT_EQ(difference, Agree()) << "allocation " << which << " of " << all
                                   << "; in one process: bazel test --test_filter=*TheOneToReplay "
                                   << "--test_env=VERALITH_ALLOCATION=" << which;
    EXPECT_TRUE(met) << "allocation " << which << " of " << all;
    wrong += difference.agrees() ? 0 : 1;
  }
  std::printf("%zu lives with a failing allocation\n", lives);
}

TEST(MemoryThatCannotBeHad, AnyOneAllocation) { Sweep(1, EveryOne() ? 1 : 2); }
TEST(MemoryThatCannotBeHad, AnyAllocationAndAllThatFollow) {
  Sweep(kAllOfThem, EveryOne() ? 1 : 6);
}

// Replays one life of a sweep, in this process: VERALITH_ALLOCATION=N, or N+ for all that follow.
TEST(MemoryThatCannotBeHad, TheOneToReplay) {
  const char* const which = std::getenv("VERALITH_ALLOCATION");
  const std::string text = which == nullptr ? "1" : which;
  EXPECT_EQ(LiveWithoutMemory(
                {std::strtoull(text.c_str(), nullptr, 10), text.ends_with("+") ? kAllOfThem : 1}),
            Agree());
}

// A value that needs a memory map of its own, and a log record and a buffer just as large.
TEST(MemoryThatCannotBeHad, ForALargeValue) {
  uint64_t nth = 1;
  for (uint64_t failed = 1; failed > 0; ++nth) {
    const TemporaryDirectory root;
    SimulatedClock clock;
    SimulatedExecutor executor(1, &clock);
    Options options;
    options.clock = &clock;
    options.executor = &executor;
    const std::string value(size_t{3} << 20, 'v');
    std::unique_ptr<Db> db = Db::Open(root.path() + "/db", options).value();
    FailAllocations(nth, 1);
    absl::Status put;
    {
      const AllocationsCount count;
      put = db->Put({}, "key", value);
    }
    failed = AllocationsFailed();
    StopFailingAllocations();
    ASSERT_EQ(put.ok(), failed == 0) << nth;
    ASSERT_TRUE(put.ok() || absl::IsResourceExhausted(put)) << put;
    // The memory was there before the log was written, or nothing was done.
    ASSERT_EQ(ToString(db->Put({}, "small", "value")), "OK") << nth;
    ASSERT_EQ(ToString(db->Close()), "OK") << nth;
    db = Db::Open(root.path() + "/db", options).value();
    PinnedValue found;
    ASSERT_TRUE(*db->Get({}, "key", &found) ? found.view() == value : !put.ok()) << nth;
  }
  ASSERT_GT(nth, 4u);
}

// Each write asks for a freeze, and what asks needs memory. All of it is given back in the end.
TEST(MemoryThatCannotBeHad, ForABudgetForMemtables) {
  constexpr const char* kKeys[] = {"one", "two", "three", "four"};
  uint64_t nth = 1;
  for (uint64_t failed = 1; failed > 0; ++nth) {
    const TemporaryDirectory root;
    const std::string directory = root.path() + "/db";
    SimulatedClock clock;
    SimulatedExecutor executor(1, &clock);
    Options options;
    options.clock = &clock;
    options.executor = &executor;
    options.cache = MakeCache(4096, 1);
    std::set<std::string> acknowledged;
    FailAllocations(nth, 1);
    {
      absl::StatusOr<std::unique_ptr<Db>> db = absl::InternalError("");
      {
        const AllocationsCount count;
        db = Db::Open(directory, options);
      }
      for (const char* key : kKeys) {
        absl::Status put = db.status();
        if (db.ok()) {
          const AllocationsCount count;
          put = (*db)->Put({}, key, key);
        }
        if (put.ok()) {
          acknowledged.insert(key);
        }
      }
      const AllocationsCount count;
      executor.RunUntilIdle();
      if (db.ok()) {
        (*db)->Close().IgnoreError();
      }
    }
    failed = AllocationsFailed();
    StopFailingAllocations();
    ASSERT_EQ(options.cache->memtable_charged_bytes(), 0u) << nth;
    ASSERT_TRUE(failed > 0 || acknowledged.size() == std::size(kKeys)) << nth;
    const std::unique_ptr<Db> again = Db::Open(directory, options).value();
    for (const std::string& key : acknowledged) {
      PinnedValue value;
      ASSERT_TRUE(*again->Get({}, key, &value)) << nth << " " << key;
      ASSERT_EQ(value.view(), key);
    }
  }
  std::printf("%llu allocations of a life with a budget failed\n",
              static_cast<unsigned long long>(nth - 2));
  ASSERT_GT(nth, 100u);
}

// --- Real threads --------------------------------------------------------------------------------

// Writers, a reader and maintenance on threads of their own. Of all requests for memory, including
// those of the executor's threads, one in some hundred fails.
class Crowd {
 public:
  static constexpr int kWriters = 2;
  static constexpr int kWrites = 300;

  explicit Crowd(uint64_t seed) : seed_(seed) {
    options_.write_buffer_bytes = 16384;
    options_.cache_bytes = 8192;
    options_.target_segment_bytes = 8192;
    options_.level0_compaction_trigger = 2;
    options_.max_subcompactions = 3;
    options_.min_free_bytes = 0;
  }

  void Live() {
    db_ = Db::Open(root_.path() + "/db", options_).value();
    FailAllocationsAtRandom(seed_, 50 + 100 * (seed_ % 5));
    std::vector<std::thread> threads;
    for (int writer = 0; writer < kWriters; ++writer) {
      threads.emplace_back([this, writer] { Write(writer); });
    }
    threads.emplace_back([this] { Read(); });
    threads.emplace_back([this] { Maintain(); });
    for (std::thread& thread : threads) {
      thread.join();
    }
    {
      const AllocationsCount count;
      db_->Close().IgnoreError();
      db_.reset();
    }
    StopFailingAllocations();
  }

  size_t acknowledged() const {
    size_t writes = 0;
    for (const std::vector<std::string>& keys : acknowledged_) {
      writes += keys.size();
    }
    return writes;
  }

  // With memory again, everything acknowledged is there, and nothing that was not written.
  void Check() {
    db_ = Db::Open(root_.path() + "/db", options_).value();
    std::set<std::string> found;
    const std::unique_ptr<DbIterator> it = db_->NewIterator({});
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      ASSERT_EQ(it->value(), Value(std::string(it->key())));
      found.emplace(it->key());
    }
    ASSERT_EQ(ToString(it->status()), "OK");
    for (const std::vector<std::string>& keys : acknowledged_) {
      for (const std::string& key : keys) {
        ASSERT_TRUE(found.contains(key)) << key << " was acknowledged; seed " << seed_;
      }
    }
    ASSERT_EQ(ToString(db_->CompactAll()), "OK");
    ASSERT_EQ(ToString(db_->Check()), "OK");
  }

 private:
  static std::string Value(const std::string& key) { return key + std::string(100, '.'); }

  void Write(int writer) {
    SpareThisThread();
    for (int i = 0; i < kWrites; ++i) {
      const std::string key = StrCat(writer, "/", i);
      const std::string value = Value(key);
      absl::Status status;
      {
        const AllocationsCount count;
        status = db_->Put({}, key, value);
      }
      if (status.ok()) {
        acknowledged_[writer].push_back(key);
      }
    }
  }

  void Read() {
    SpareThisThread();
    for (int i = 0; i < 50; ++i) {
      const AllocationsCount count;
      const std::unique_ptr<DbIterator> it = db_->NewIterator({});
      for (it->SeekToFirst(); it->Valid(); it->Next()) {
      }
      PinnedValue value;
      db_->Get({}, "1/1", &value).IgnoreError();
    }
  }

  void Maintain() {
    SpareThisThread();
    for (int i = 0; i < 10; ++i) {
      const AllocationsCount count;
      db_->Flush().IgnoreError();
      db_->CompactAll().IgnoreError();
      db_->WaitForBackgroundWork().IgnoreError();
    }
  }

  const uint64_t seed_;
  TemporaryDirectory root_;
  Options options_;
  std::unique_ptr<Db> db_;
  std::vector<std::string> acknowledged_[kWriters];
};

constexpr uint64_t kCrowds = 50;

TEST(MemoryThatCannotBeHad, AtRandomOnManyThreads) {
  uint64_t failed = 0;
  size_t acknowledged = 0;
  for (uint64_t seed = 1; seed <= kCrowds; ++seed) {
    Crowd crowd(seed);
    crowd.Live();
    failed += AllocationsFailed();
    crowd.Check();
    acknowledged += crowd.acknowledged();
  }
  std::printf("%lu failed allocations, %zu acknowledged writes\n", failed, acknowledged);
  ASSERT_GT(failed, 10 * kCrowds);
  ASSERT_GT(acknowledged, kCrowds * Crowd::kWriters * Crowd::kWrites / 4);
}

}  // namespace
}  // namespace veralith::model
