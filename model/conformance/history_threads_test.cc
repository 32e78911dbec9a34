// SPDX-License-Identifier: Apache-2.0

// Real threads: what clients of one database saw during flushes and compactions is linearizable.
#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "gtest/gtest.h"
#include "model/conformance/recording_client.h"
#include "model/linearizability.h"
#include "veralith/db.h"
#include "veralith/executor.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {
namespace {

using model::RecordingClient;

// Over a hundred thousand keys, clients would never meet; over eight they do.
void Work(RecordingClient& client, Db& db, int id) {
  Random random(static_cast<uint64_t>(id) + 1);
  const auto key = [&random] { return "k" + std::to_string(random.Below(8)); };
  for (int i = 0; i < 600; ++i) {
    const std::string value = std::to_string(id) + "/" + std::to_string(i);
    absl::Status status;
    switch (random.Below(8)) {
      case 0:
      case 1:
        status = client.Write({{model::Write::Kind::kPut, 0, key(), value, std::nullopt},
                               {model::Write::Kind::kPut, 0, key(), value, std::nullopt}});
        break;
      case 2:
        status = client.Write({{model::Write::Kind::kDelete, 0, key(), {}, std::nullopt}});
        break;
      case 3:
        status = client.Write({{model::Write::Kind::kDeleteRange, 0, "k2", {}, "k5"}});
        break;
      case 4:
        status = client.Scan();
        break;
      case 5: {
        const Snapshot* snapshot = client.Hold();
        status = client.Scan(snapshot);
        EXPECT_EQ(ToString(client.Get(key(), snapshot)), "OK");
        db.ReleaseSnapshot(snapshot);
        break;
      }
      default:
        status = client.Get(key());
    }
    ASSERT_EQ(ToString(status), "OK");
  }
}

TEST(HistoryThreads, WhatRealThreadsSeeIsLinearizable) {
  SimulatedFileSystem disk;
  const std::unique_ptr<Executor> executor = NewThreadPoolExecutor(2);
  Options options;
  options.file_system = &disk;
  options.executor = executor.get();
  options.write_buffer_bytes = 8192;
  options.cache_bytes = 4096;
  options.key_page_bytes = options.value_page_bytes = 256;
  options.target_segment_bytes = 4096;
  std::atomic<uint64_t> ticks{0};
  const auto tick = [&ticks] { return ticks.fetch_add(1) + 1; };
  std::vector<model::Call> history;
  for (int life = 0; life < 2; ++life) {  // the second one reads what the first one wrote
    absl::StatusOr<std::unique_ptr<Db>> db = Db::Open("db", options);
    ASSERT_EQ(ToString(db.status()), "OK");
    std::deque<RecordingClient> clients;
    std::vector<std::thread> threads;
    std::atomic<bool> stop{false};
    for (int id = 0; id < 4; ++id) {
      RecordingClient& client = clients.emplace_back(**db, tick);
      threads.emplace_back([&client, &db, id, life] { Work(client, **db, 10 * life + id); });
    }
    std::thread maintenance([&] {
      while (!stop.load()) {
        EXPECT_EQ(ToString((*db)->Flush()), "OK");
        EXPECT_EQ(ToString((*db)->CompactAll()), "OK");
      }
    });
    for (std::thread& thread : threads) {
      thread.join();
    }
    stop = true;
    maintenance.join();
    EXPECT_EQ(ToString((*db)->Close()), "OK");
    for (const RecordingClient& client : clients) {
      history.insert(history.end(), client.calls().begin(), client.calls().end());
    }
  }
  EXPECT_GE(history.size(), 4800u);
  const std::optional<std::string> wrong = model::CheckLinearizable(history);
  EXPECT_FALSE(wrong.has_value()) << *wrong;
}

}  // namespace
}  // namespace veralith
