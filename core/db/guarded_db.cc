// SPDX-License-Identifier: Apache-2.0

#include "core/db/guarded_db.h"

#include <utility>

#include "core/base/no_memory.h"

namespace veralith {
namespace {

// Calls that throw nothing themselves are passed on unchanged.
class GuardedDb final : public Db {
 public:
  explicit GuardedDb(std::unique_ptr<DbImpl> db) : db_(std::move(db)) {}

  absl::Status Put(const WriteOptions& options, NamespaceId ns, std::string_view key,
                   std::string_view value) override {
    return CatchNoMemory("Put", [&] { return db_->Put(options, ns, key, value); });
  }
  absl::Status Delete(const WriteOptions& options, NamespaceId ns, std::string_view key) override {
    return CatchNoMemory("Delete", [&] { return db_->Delete(options, ns, key); });
  }
  absl::Status DeleteRange(const WriteOptions& options, NamespaceId ns, std::string_view begin,
                           std::optional<std::string_view> end) override {
    return CatchNoMemory("DeleteRange", [&] { return db_->DeleteRange(options, ns, begin, end); });
  }
  absl::StatusOr<Timestamp> Write(const WriteOptions& options, const WriteBatch& batch) override {
    return CatchNoMemory("Write", [&] { return db_->Write(options, batch); });
  }
  absl::Status Sync() override {
    return CatchNoMemory("Sync", [&] { return db_->Sync(); });
  }

  absl::StatusOr<bool> Get(const ReadOptions& options, NamespaceId ns, std::string_view key,
                           PinnedValue* value, Timestamp* entry_timestamp) override {
    return CatchNoMemory("Get", [&] { return db_->Get(options, ns, key, value, entry_timestamp); });
  }
  absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(
      const ReadOptions& options, NamespaceId ns, std::span<const std::string_view> keys) override {
    return CatchNoMemory("MultiGet", [&] { return db_->MultiGet(options, ns, keys); });
  }
  std::unique_ptr<DbIterator> NewIterator(const ScanOptions& options) override {
    return db_->NewIterator(options);
  }
  absl::StatusOr<std::vector<NamespaceId>> ListNamespaces(const ReadOptions& options) override {
    return CatchNoMemory("ListNamespaces", [&] { return db_->ListNamespaces(options); });
  }
  const Snapshot* GetSnapshot() override { return db_->GetSnapshot(); }
  absl::StatusOr<const Snapshot*> GetSnapshotAt(Timestamp timestamp) override {
    return CatchNoMemory("GetSnapshotAt", [&] { return db_->GetSnapshotAt(timestamp); });
  }
  void ReleaseSnapshot(const Snapshot* snapshot) override { db_->ReleaseSnapshot(snapshot); }

  absl::Status Flush() override {
    return CatchNoMemory("Flush", [&] { return db_->Flush(); });
  }
  using Db::Compact;
  absl::Status Compact(const CompactOptions& options, std::optional<NamespaceId> ns,
                       const Bound& lower, const Bound& upper) override {
    return CatchNoMemory("Compact", [&] { return db_->Compact(options, ns, lower, upper); });
  }
  absl::Status WaitForBackgroundWork() override {
    return CatchNoMemory("WaitForBackgroundWork", [&] { return db_->WaitForBackgroundWork(); });
  }
  absl::Status Resume() override {
    return CatchNoMemory("Resume", [&] { return db_->Resume(); });
  }
  void SetBackgroundRate(uint64_t bytes_per_second) override {
    db_->SetBackgroundRate(bytes_per_second);
  }
  absl::Status PauseBackgroundWork() override {
    return CatchNoMemory("PauseBackgroundWork", [&] { return db_->PauseBackgroundWork(); });
  }
  absl::Status ContinueBackgroundWork() override {
    return CatchNoMemory("ContinueBackgroundWork", [&] { return db_->ContinueBackgroundWork(); });
  }
  absl::Status Checkpoint(const std::string& directory) override {
    return CatchNoMemory("Checkpoint", [&] { return db_->Checkpoint(directory); });
  }
  absl::StatusOr<PublishReport> PublishIceberg(const std::string& table,
                                               const PublishOptions& options) override {
    return CatchNoMemory("PublishIceberg", [&] { return db_->PublishIceberg(table, options); });
  }
  absl::Status Check() override {
    return CatchNoMemory("Check", [&] { return db_->Check(); });
  }
  Timestamp LastTimestamp() const override { return db_->LastTimestamp(); }
  absl::Status AdvanceClock(Timestamp remote) override {
    return CatchNoMemory("AdvanceClock", [&] { return db_->AdvanceClock(remote); });
  }
  Statistics GetStatistics() override {
    try {
      return db_->GetStatistics();
    } catch (const std::bad_alloc&) {
      Statistics none;
      none.background_error = "out of memory";  // short enough to need none
      return none;
    }
  }
  absl::Status Close() override {
    return CatchNoMemory("Close", [&] { return db_->Close(); });
  }

 private:
  const std::unique_ptr<DbImpl> db_;
};

}  // namespace

std::unique_ptr<Db> NewGuardedDb(std::unique_ptr<DbImpl> db) {
  return std::make_unique<GuardedDb>(std::move(db));
}

}  // namespace veralith
