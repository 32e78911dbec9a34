// SPDX-License-Identifier: Apache-2.0

// DESIGN promise 9, Limits are errors, not hangs: "Key 0 to 32,000 bytes (so that its encoding fits
// the sparse index's 65,535), value to 256 MiB, batch to 1 GiB: beyond them InvalidArgument before
// anything is written. Every wait ends by progress, error, close or a stall timeout."
//
// The model says which batches are legal (model/limits.h); the engine must agree at the exact
// edges.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/base/sync.h"
#include "core/base/text.h"
#include "core/db/testing/simulation.h"
#include "core/fs/testing/intercepted_file_system.h"
#include "core/fs/testing/temporary_directory.h"
#include "gtest/gtest.h"
#include "model/kv_model.h"
#include "model/limits.h"
#include "property_tests/generators/traces.h"
#include "rapidcheck/gtest.h"
#include "veralith/posix_file_system.h"

namespace veralith::model {
namespace {

WriteBatch BatchOf(const std::vector<Write>& writes) {
  WriteBatch batch;
  for (const Write& write : writes) {
    if (write.kind == Write::Kind::kPut) {
      batch.Put(write.ns, write.key, write.value);
    } else if (write.kind == Write::Kind::kDelete) {
      batch.Delete(write.ns, write.key);
    } else {
      batch.DeleteRange(write.ns, write.key,
                        write.end ? std::optional<std::string_view>(*write.end) : std::nullopt);
    }
  }
  return batch;
}

// Makes keys of lengths on both sides of each edge.
rc::Gen<std::string> KeyNearAnEdge() {
  return rc::gen::map(
      rc::gen::pair(rc::gen::element<size_t>(0, 1, 2, kMaxKeyBytes - 1, kMaxKeyBytes,
                                             kMaxKeyBytes + 1, kMaxKeyBytes + 768, 65'535, 65'536),
                    rc::gen::element('\0', 'k', '\xff')),
      [](const std::pair<size_t, char>& drawn) { return std::string(drawn.first, drawn.second); });
}

rc::Gen<Write> WriteNearAnEdge() {
  return rc::gen::apply(
      [](int kind, NamespaceId ns, std::string key, std::string end, bool open) {
        Write write{static_cast<Write::Kind>(kind), ns, std::move(key), "", std::nullopt};
        if (write.kind == Write::Kind::kPut) {
          write.value = "v";
        } else if (write.kind == Write::Kind::kDeleteRange && !open) {
          write.end = std::move(end);
        }
        return write;
      },
      rc::gen::inRange(0, 3),
      rc::gen::weightedElement<NamespaceId>(
          {{8, 0}, {2, 1}, {2, kMaxNamespace}, {1, kMaxNamespace + 1}, {1, UINT64_MAX}}),
      KeyNearAnEdge(), KeyNearAnEdge(), rc::gen::arbitrary<bool>());
}

RC_GTEST_PROP(Limits, AreInvalidArgumentBeforeAnythingIsWritten, ()) {
  Simulation simulation;
  std::unique_ptr<Db> db = *simulation.Open();
  KvModel model;
  const auto batches =
      *rc::gen::resize(12, rc::gen::container<std::vector<std::vector<Write>>>(
                               rc::gen::container<std::vector<Write>>(WriteNearAnEdge())));
  for (const std::vector<Write>& writes : batches) {
    const uint64_t steps = simulation.disk().steps();
    const Timestamp last = db->LastTimestamp();
    const absl::StatusOr<Timestamp> timestamp = db->Write({}, BatchOf(writes));
    if (!BatchIsLegal(writes)) {
      RC_ASSERT(timestamp.status().code() == absl::StatusCode::kInvalidArgument);
      RC_ASSERT(simulation.disk().steps() == steps);
      RC_ASSERT(db->LastTimestamp() == last);
      continue;
    }
    RC_ASSERT(timestamp.ok());
    if (!Reduce(writes).empty()) {
      model.Commit(*timestamp, writes);
    }
  }
  const auto expect_everything = [&] {
    for (const NamespaceId ns : model.Namespaces()) {
      ScanOptions options;
      options.ns = ns;
      const std::unique_ptr<DbIterator> it = db->NewIterator(options);
      std::vector<Row> rows;
      for (it->SeekToFirst(); it->Valid(); it->Next()) {
        rows.push_back({std::string(it->key()), std::string(it->value()), it->timestamp()});
      }
      RC_ASSERT(it->status().ok());
      RC_ASSERT(rows == model.Scan(ns, Bound::Open(), Bound::Open(), kMaxTimestamp));
    }
  };
  expect_everything();
  RC_ASSERT(db->CompactAll().ok());  // the longest keys also go through segments
  expect_everything();
  RC_ASSERT(db->Close().ok());
  db = *simulation.Open();
  expect_everything();
}

TEST(Limits, AValueOf256MebibytesIsTakenAndOneByteMoreIsNot) {
  Simulation simulation;
  Options options = simulation.SmallOptions();
  options.value_page_bytes = 4096;
  const std::unique_ptr<Db> db = *simulation.Open(options);
  std::string value(kMaxValueBytes + 1, 'v');
  const uint64_t steps = simulation.disk().steps();
  EXPECT_EQ(db->Put({}, "a", value).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(simulation.disk().steps(), steps);
  value.pop_back();
  ASSERT_TRUE(db->Put({}, "a", value).ok());
  PinnedValue read;
  ASSERT_TRUE(*db->Get({}, "a", &read));
  EXPECT_TRUE(read.view() == value);
}

// The size is the sum over its operations, as they were asked for.
TEST(Limits, ABatchOfMoreThanOneGibibyteIsRefusedToTheByte) {
  Simulation simulation;
  const std::unique_ptr<Db> db = *simulation.Open();
  const std::string quarter(kMaxValueBytes, 'v');
  WriteBatch batch;
  for (const char* key : {"a", "b", "c"}) {
    batch.Put(key, quarter);
  }
  batch.Put("d", std::string_view(quarter).substr(4));
  EXPECT_EQ(batch.bytes(), kMaxBatchBytes);
  batch.Delete("e");
  EXPECT_EQ(batch.bytes(), kMaxBatchBytes + 1);
  const uint64_t steps = simulation.disk().steps();
  EXPECT_EQ(db->Write({}, batch).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(simulation.disk().steps(), steps);
  EXPECT_TRUE(db->Put({}, "beside", "v").ok());
}

// --- Every wait ends -----------------------------------------------------------------------------

// Whatever fails for ever, every call returns, and in simulated time: a wait without end would
// never return.
RC_GTEST_PROP(Waits, EndWhateverFails, ()) {
  using enum OperationKind;
  Profile profile = Only({{kPut, 80},
                          {kBatch, 20},
                          {kFlush, 6},
                          {kCompact, 4},
                          {kSync, 4},
                          {kWaitIdle, 4},
                          {kRunBackground, 3},
                          {kFail, 15},
                          {kHeal, 4},
                          {kResume, 4},
                          {kReopen, 4},
                          {kCheckpoint, 2},
                          {kClose, 2}});
  profile.max_large_length = 10'000;
  CheckAgrees(*AnyTrace(profile));
}

// Real files whose segments nobody can create until Release.
class BlockedSegments final : public InterceptedFileSystem {
 public:
  BlockedSegments() : InterceptedFileSystem(PosixFileSystem()) {}
  void Release() {
    MutexLock lock(mutex_);
    released_ = true;
    changed_.NotifyAll();
  }

 private:
  absl::Status Before(const Call& call) override {
    if (call.kind == FsCall::kCreate && call.path.ends_with(".parquet")) {
      MutexLock lock(mutex_);
      while (!released_) {
        changed_.Wait(mutex_);
      }
    }
    return absl::OkStatus();
  }

  Mutex mutex_;
  CondVar changed_;
  bool released_ = false;
};

class StalledWriter : public ::testing::Test {
 protected:
  void Open(int64_t stall_timeout_nanos) {
    Options options;
    options.file_system = &files_;
    options.write_buffer_bytes = 4096;
    options.max_write_buffers = 2;
    options.stall_timeout_nanos = stall_timeout_nanos;
    db_ = *Db::Open(directory_.path() + "/db", options);
  }
  // Writes until a write fails.
  absl::Status Write() {
    for (int i = 0;; ++i) {
      if (const absl::Status status = db_->Put({}, StrCat("key", i), std::string(3000, 'v'));
          !status.ok() || i > 100) {
        return status;
      }
    }
  }

  TemporaryDirectory directory_;
  BlockedSegments files_;
  std::unique_ptr<Db> db_;
};

TEST_F(StalledWriter, GetsUnavailableWhenNothingProgressesForTheTimeout) {
  Open(100'000'000);
  const absl::Status status = Write();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << ToString(status);
  EXPECT_NE(Message(status).find("waited"), std::string::npos) << ToString(status);
  files_.Release();
  EXPECT_TRUE(db_->WaitForBackgroundWork().ok());
  EXPECT_TRUE(db_->Put({}, "after", "v").ok());
}

TEST_F(StalledWriter, IsEndedByClose) {
  Open(600'000'000'000);
  absl::Status status;
  std::thread writer([&] { status = Write(); });
  while (db_->GetStatistics().stall_reason.empty()) {
    std::this_thread::yield();
  }
  std::thread closer([&] { EXPECT_TRUE(db_->Close().ok()); });
  writer.join();     // though nothing progresses
  files_.Release();  // Close itself waits for its flush
  closer.join();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << ToString(status);
}

TEST_F(StalledWriter, GoesOnWhenTheWorkProgresses) {
  Open(600'000'000'000);
  absl::Status status;
  std::thread writer([&] { status = Write(); });
  while (db_->GetStatistics().stall_reason.empty()) {
    std::this_thread::yield();
  }
  files_.Release();
  writer.join();
  EXPECT_TRUE(status.ok()) << ToString(status);
}

}  // namespace
}  // namespace veralith::model
