// SPDX-License-Identifier: Apache-2.0

// The soak's canary: databases that lie must make it fail, and an honest one must not. A soak that
// passes them all has checked nothing.
#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/db/write_batch_reader.h"
#include "gtest/gtest.h"
#include "tools/soak_run.h"
#include "veralith/db.h"

namespace veralith {
namespace {

enum class Lie {
  kNone,
  kStaleValue,        // a lookup sometimes sees an older state of the database
  kStaleScan,         // so does a scan
  kLostWrite,         // a write is sometimes acknowledged and dropped
  kHalfBatch,         // only the first operation of a batch is written
  kRestlessSnapshot,  // a read at a snapshot sees the newest state
  kLossByReopening,   // a key is gone after Close and Open
  kPoorCheckpoint,    // a key is missing in a checkpoint
};

// Calls between one lie and the next: rare enough that most answers are right.
constexpr uint64_t kEvery = 1000;

class LyingDb final : public Db {
 public:
  LyingDb(std::unique_ptr<Db> db, Lie lie) : db_(std::move(db)), lie_(lie) {}
  ~LyingDb() override { Forget(); }

  absl::Status Put(const WriteOptions& options, NamespaceId ns, std::string_view key,
                   std::string_view value) override {
    return db_->Put(options, ns, key, value);
  }
  absl::Status Delete(const WriteOptions& options, NamespaceId ns, std::string_view key) override {
    return db_->Delete(options, ns, key);
  }
  absl::Status DeleteRange(const WriteOptions& options, NamespaceId ns, std::string_view begin,
                           std::optional<std::string_view> end) override {
    return db_->DeleteRange(options, ns, begin, end);
  }
  absl::StatusOr<Timestamp> Write(const WriteOptions& options, const WriteBatch& batch) override {
    if (LieNow(Lie::kLostWrite)) {
      return db_->LastTimestamp();
    }
    if (LieNow(Lie::kHalfBatch)) {
      const WriteBatchReader::Operation first = WriteBatchReader::At(batch, 0);
      WriteBatch half;
      first.kind == WriteBatchReader::Kind::kPut ? half.Put(first.ns, first.key, first.value)
                                                 : half.Delete(first.ns, first.key);
      return db_->Write(options, half);
    }
    return db_->Write(options, batch);
  }
  absl::Status Sync() override { return db_->Sync(); }
  absl::StatusOr<bool> Get(const ReadOptions& options, NamespaceId ns, std::string_view key,
                           PinnedValue* value, Timestamp* entry_timestamp) override {
    return db_->Get(LieNow(Lie::kStaleValue) ? InThePast(options) : options, ns, key, value,
                    entry_timestamp);
  }
  absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(
      const ReadOptions& options, NamespaceId ns, std::span<const std::string_view> keys) override {
    return db_->MultiGet(options, ns, keys);
  }
  std::unique_ptr<DbIterator> NewIterator(const ScanOptions& options) override {
    ScanOptions changed = options;
    if (LieNow(Lie::kStaleScan, 20)) {
      static_cast<ReadOptions&>(changed) = InThePast(options);
    } else if (options.snapshot != nullptr && LieNow(Lie::kRestlessSnapshot, 5)) {
      changed.snapshot = nullptr;
    }
    return db_->NewIterator(changed);
  }
  absl::StatusOr<std::vector<NamespaceId>> ListNamespaces(const ReadOptions& options) override {
    return db_->ListNamespaces(options);
  }
  const Snapshot* GetSnapshot() override { return db_->GetSnapshot(); }
  absl::StatusOr<const Snapshot*> GetSnapshotAt(Timestamp timestamp) override {
    return db_->GetSnapshotAt(timestamp);
  }
  void ReleaseSnapshot(const Snapshot* snapshot) override { db_->ReleaseSnapshot(snapshot); }
  absl::Status Flush() override { return db_->Flush(); }
  absl::Status Compact(const CompactOptions& options, std::optional<NamespaceId> ns,
                       const Bound& lower, const Bound& upper) override {
    return db_->Compact(options, ns, lower, upper);
  }
  absl::Status WaitForBackgroundWork() override { return db_->WaitForBackgroundWork(); }
  absl::Status Resume() override { return db_->Resume(); }
  void SetBackgroundRate(uint64_t bytes_per_second) override {
    db_->SetBackgroundRate(bytes_per_second);
  }
  absl::Status PauseBackgroundWork() override { return db_->PauseBackgroundWork(); }
  absl::Status ContinueBackgroundWork() override { return db_->ContinueBackgroundWork(); }
  absl::StatusOr<PublishReport> PublishIceberg(const std::string& table,
                                               const PublishOptions& options) override {
    return db_->PublishIceberg(table, options);
  }
  absl::Status Checkpoint(const std::string& directory) override {
    absl::Status status = db_->Checkpoint(directory);
    if (status.ok() && lie_ == Lie::kPoorCheckpoint) {
      absl::StatusOr<std::unique_ptr<Db>> copy = Db::Open(directory, {});
      VERALITH_RETURN_IF_ERROR(copy.status());
      VERALITH_RETURN_IF_ERROR((*copy)->DeleteRange({}, 0, "key/", "key/001000"));
      return (*copy)->Close();
    }
    return status;
  }
  absl::Status Check() override { return db_->Check(); }
  Timestamp LastTimestamp() const override { return db_->LastTimestamp(); }
  absl::Status AdvanceClock(Timestamp remote) override { return db_->AdvanceClock(remote); }
  Statistics GetStatistics() override { return db_->GetStatistics(); }
  absl::Status Close() override {
    Forget();
    if (lie_ == Lie::kLossByReopening) {
      db_->DeleteRange({}, 0, "key/", "key/001000").IgnoreError();
    }
    return db_->Close();
  }

 private:
  bool LieNow(Lie lie, uint64_t every = kEvery) {
    return lie_ == lie && calls_.fetch_add(1) % every == every - 1;
  }
  // The state at the first lie.
  ReadOptions InThePast(ReadOptions options) {
    const Snapshot* past = past_.load();
    if (past == nullptr) {
      past = db_->GetSnapshot();
      const Snapshot* none = nullptr;
      if (!past_.compare_exchange_strong(none, past)) {
        db_->ReleaseSnapshot(std::exchange(past, none));
      }
    }
    options.snapshot = past;
    return options;
  }
  void Forget() {
    if (const Snapshot* past = past_.exchange(nullptr); past != nullptr) {
      db_->ReleaseSnapshot(past);
    }
  }

  const std::unique_ptr<Db> db_;
  const Lie lie_;
  std::atomic<uint64_t> calls_{0};
  std::atomic<const Snapshot*> past_{nullptr};
};

bool SoakOf(Lie lie, double seconds) {
  SoakOptions options;
  options.directory = ::testing::TempDir() + "/soak_" + std::to_string(static_cast<int>(lie));
  options.seconds = seconds;
  options.open = [lie](const std::string& directory,
                       const Options& db_options) -> absl::StatusOr<std::unique_ptr<Db>> {
    VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<Db> db, Db::Open(directory, db_options));
    return std::make_unique<LyingDb>(std::move(db), lie);
  };
  const bool passed = RunSoak(options);
  std::filesystem::remove_all(options.directory);
  return passed;
}

TEST(Soak, AnHonestDatabasePasses) { EXPECT_TRUE(SoakOf(Lie::kNone, 2)); }

class SoakCanary : public ::testing::TestWithParam<Lie> {};

TEST_P(SoakCanary, ALieIsFound) { EXPECT_FALSE(SoakOf(GetParam(), 10)); }

INSTANTIATE_TEST_SUITE_P(Lies, SoakCanary,
                         ::testing::Values(Lie::kStaleValue, Lie::kStaleScan, Lie::kLostWrite,
                                           Lie::kHalfBatch, Lie::kRestlessSnapshot,
                                           Lie::kPoorCheckpoint));

// Found by the reopening at the end, if not before.
TEST(Soak, ALossByReopeningIsFound) { EXPECT_FALSE(SoakOf(Lie::kLossByReopening, 1)); }

}  // namespace
}  // namespace veralith
