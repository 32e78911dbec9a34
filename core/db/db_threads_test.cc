// SPDX-License-Identifier: Apache-2.0

// Real threads on one database: what must hold while writers, readers, scanners, flushes and
// compactions run at the same time. Mostly useful under --config=tsan; the answers are checked in
// every configuration.
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "core/base/status.h"
#include "gtest/gtest.h"
#include "veralith/db.h"
#include "veralith/executor.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {
namespace {

constexpr int kPairs = 16;
constexpr int kCommits = 1500;

std::string Key(int writer, int pair, bool second) {
  return "w" + std::to_string(writer) + "/" + std::to_string(100 + pair) + (second ? "/b" : "/a");
}

class DbThreads : public ::testing::Test {
 protected:
  DbThreads() : executor_(NewThreadPoolExecutor(4)) {
    options_.file_system = &disk_;
    options_.executor = executor_.get();
    options_.write_buffer_bytes = 8192;
    options_.cache_bytes = 8192;
    options_.key_page_bytes = options_.value_page_bytes = 256;
    options_.bottom_codec = Codec::kZstd;
    options_.target_segment_bytes = 4096;
    options_.level_base_bytes = 16384;
    options_.max_subcompactions = 3;
    options_.background_bytes_per_second = 50'000'000;
    absl::StatusOr<std::unique_ptr<Db>> db = Db::Open("db", options_);
    EXPECT_EQ(ToString(db.status()), "OK");
    db_ = *std::move(db);
  }

  // Both keys of a pair get the same number in one batch: any moment that sees them apart is wrong.
  void WritePairs(int writer, bool sync) {
    for (int i = 1; i <= kCommits; ++i) {
      WriteBatch batch;
      const int pair = i % kPairs;
      batch.Put(Key(writer, pair, false), std::to_string(i));
      batch.Put(Key(writer, pair, true), std::to_string(i));
      WriteOptions options;
      options.sync = sync ? SyncMode::kCommit : SyncMode::kManual;
      const absl::StatusOr<Timestamp> written = db_->Write(options, batch);
      ASSERT_EQ(ToString(written.status()), "OK");
    }
  }

  // A key's number never falls, and a scan sees both keys of a pair at one number.
  void ReadForward(const std::atomic<bool>& stop, int writer) {
    std::vector<int> last(kPairs, 0);
    while (!stop.load()) {
      for (int pair = 0; pair < kPairs; ++pair) {
        PinnedValue value;
        const absl::StatusOr<bool> found = db_->Get({}, Key(writer, pair, false), &value);
        ASSERT_EQ(ToString(found.status()), "OK");
        const int now = *found ? std::stoi(value.ToString()) : 0;
        ASSERT_GE(now, last[static_cast<size_t>(pair)]);
        last[static_cast<size_t>(pair)] = now;
      }
      const std::unique_ptr<DbIterator> it = db_->NewIterator({});
      std::string first;
      for (it->SeekToFirst(); it->Valid(); it->Next()) {
        if (it->key().ends_with("/a")) {
          first = it->value();
        } else {
          ASSERT_EQ(it->value(), first) << it->key();
        }
      }
      ASSERT_EQ(ToString(it->status()), "OK");
    }
  }

  // A held snapshot shows the same state, whatever runs at the same time.
  void HoldSnapshots(const std::atomic<bool>& stop) {
    while (!stop.load()) {
      const ScopedSnapshot snapshot(*db_);
      const std::string before = Contents(snapshot.get());
      ASSERT_EQ(Contents(snapshot.get()), before);
    }
  }

  std::string Contents(const Snapshot* snapshot) {
    ScanOptions options;
    options.snapshot = snapshot;
    const std::unique_ptr<DbIterator> it = db_->NewIterator(options);
    std::string contents;
    for (it->SeekToLast(); it->Valid(); it->Prev()) {
      contents.append(it->key()).append("=").append(it->value()).append(" ");
    }
    EXPECT_EQ(ToString(it->status()), "OK");
    return contents;
  }

  void Maintain(const std::atomic<bool>& stop) {
    while (!stop.load()) {
      ASSERT_EQ(ToString(db_->Flush()), "OK");
      ASSERT_EQ(ToString(db_->CompactAll()), "OK");
      db_->GetStatistics();
    }
  }

  SimulatedFileSystem disk_;
  std::unique_ptr<Executor> executor_;
  Options options_;
  std::unique_ptr<Db> db_;
};

TEST_F(DbThreads, ReadersScannersSnapshotsFlushesAndCompactionsAgreeWithWriters) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> beside;
  beside.emplace_back([&] { ReadForward(stop, 0); });
  beside.emplace_back([&] { ReadForward(stop, 1); });
  beside.emplace_back([&] { HoldSnapshots(stop); });
  beside.emplace_back([&] { Maintain(stop); });
  std::vector<std::thread> writers;
  writers.emplace_back([&] { WritePairs(0, false); });
  writers.emplace_back([&] { WritePairs(1, true); });
  writers.emplace_back([&] { WritePairs(2, false); });
  for (std::thread& thread : writers) {
    thread.join();
  }
  stop = true;
  for (std::thread& thread : beside) {
    thread.join();
  }
  EXPECT_EQ(ToString(db_->Check()), "OK");
  EXPECT_EQ(ToString(db_->Close()), "OK");
}

TEST_F(DbThreads, CloseEndsEveryCallAndKeepsEveryAcknowledgedWrite) {
  std::vector<int> acknowledged(4, 0);
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 1;; ++i) {
        const absl::Status status =
            db_->Put({}, "w" + std::to_string(w) + "/" + std::to_string(i), std::string(100, 'x'));
        if (!status.ok()) {
          EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
          return;
        }
        acknowledged[static_cast<size_t>(w)] = i;
      }
    });
  }
  while (db_->LastTimestamp() == 0 || db_->GetStatistics().commits < 500) {
    std::this_thread::yield();
  }
  EXPECT_EQ(ToString(db_->Close()), "OK");
  for (std::thread& writer : writers) {
    writer.join();
  }
  db_.reset();
  const auto survivor = disk_.CloneWithNothingUnsynced();
  options_.file_system = survivor.get();
  absl::StatusOr<std::unique_ptr<Db>> reopened = Db::Open("db", options_);
  ASSERT_EQ(ToString(reopened.status()), "OK");
  for (int w = 0; w < 4; ++w) {
    for (int i = 1; i <= acknowledged[static_cast<size_t>(w)]; ++i) {
      PinnedValue value;
      const absl::StatusOr<bool> found =
          (*reopened)->Get({}, "w" + std::to_string(w) + "/" + std::to_string(i), &value);
      ASSERT_TRUE(found.ok() && *found) << w << "/" << i;
    }
  }
  EXPECT_EQ(ToString((*reopened)->Close()), "OK");
}

TEST_F(DbThreads, WritersThatSyncShareTheirSyncs) {
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(ToString(db_->Put({.sync = SyncMode::kCommit}, "w" + std::to_string(w), "v")),
                  "OK");
      }
    });
  }
  for (std::thread& writer : writers) {
    writer.join();
  }
  const Statistics statistics = db_->GetStatistics();
  EXPECT_EQ(statistics.commits, 400u);
  EXPECT_LE(statistics.log_syncs, statistics.commits);  // fewer if writers met: promises_test
  EXPECT_EQ(ToString(db_->Close()), "OK");
}

// Uses the database as the last act of its thread: after all of the database's own thread_local
// objects are gone, which are made later.
struct Last {
  std::function<void()> act;
  ~Last() { act(); }
};

TEST_F(DbThreads, ThreadsThatEndReadAndWriteInTheirLastDestructors) {
  const std::string value(600, 'v');
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(ToString(db_->Put({}, Key(0, i, false), value)), "OK");
  }
  ASSERT_EQ(ToString(db_->CompactAll()), "OK");  // read from segments, with pages to decode
  std::atomic<int> seen{0};
  const auto read = [&] {
    for (int i = 0; i < 60; ++i) {
      PinnedValue found;
      ASSERT_EQ(ToString(db_->Get({}, Key(0, i * 5, false), &found).status()), "OK");
      ASSERT_EQ(found.view(), value);
    }
    const std::unique_ptr<DbIterator> it = db_->NewIterator({});
    it->SeekToFirst();
    ASSERT_TRUE(it->Valid()) << it->status();
    ++seen;
  };
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 0; !stop.load(); ++i) {
      ASSERT_EQ(ToString(db_->Put({}, "other", std::to_string(i))), "OK");
    }
  });
  for (int round = 0; round < 25; ++round) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        thread_local Last last;
        last.act = [&] {
          read();
          EXPECT_EQ(ToString(db_->Put({}, "last", "words")), "OK");
        };
        read();
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  }
  stop = true;
  writer.join();
  EXPECT_EQ(seen.load(), 25 * 4 * 2);
}

}  // namespace
}  // namespace veralith
