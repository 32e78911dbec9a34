// SPDX-License-Identifier: Apache-2.0

// Veralith as a benchmark engine. With VERALITH_BENCH_MAP_LOG its log is written through a mapping
// (Options::map_log).
#include "bench/engine.h"
#include "core/base/status.h"
#include "veralith/db.h"
#include "veralith/version.h"

namespace veralith::bench {
namespace {

#ifdef VERALITH_BENCH_MAP_LOG
constexpr bool kMapLog = true;
#else
constexpr bool kMapLog = false;
#endif

void Check(const absl::Status& status) {
  if (!status.ok()) {
    Die(ToString(status));
  }
}

class VeralithEngine final : public Engine {
 public:
  explicit VeralithEngine(const EngineOptions& options) {
    Options db;
    db.cache_bytes = options.cache_bytes;
    db.write_buffer_bytes = options.write_buffer_bytes;
    db.map_log = kMapLog;
    if (!options.compress) {
      db.middle_codec = db.bottom_codec = Codec::kNone;
    }
    absl::StatusOr<std::unique_ptr<Db>> opened = Db::Open(options.directory, db);
    Check(opened.status());
    db_ = *std::move(opened);
  }
  ~VeralithEngine() override { Check(db_->Close()); }

  std::string Description() const override {
    return "veralith " + std::string(kVersion) + ", LZ4" + (kMapLog ? ", map_log" : "");
  }
  void Put(std::string_view key, std::string_view value, bool sync) override {
    Check(db_->Put({.sync = sync ? SyncMode::kCommit : SyncMode::kManual}, key, value));
  }
  void PutBatch(const std::vector<std::pair<std::string, std::string>>& entries) override {
    batch_.Clear();
    for (const auto& [key, value] : entries) {
      batch_.Put(key, value);
    }
    Check(db_->Write({}, batch_).status());
  }
  void Delete(std::string_view key) override { Check(db_->Delete({}, key)); }
  bool Get(std::string_view key, Answers* answers) override {
    PinnedValue value;
    const absl::StatusOr<bool> found = db_->Get({}, key, &value);
    Check(found.status());
    if (*found) {
      answers->Value(value.view());
    }
    return *found;
  }
  void Scan(std::string_view start, uint64_t limit, bool reverse, Answers* answers) override {
    const std::unique_ptr<DbIterator> it = db_->NewIterator({});
    reverse ? it->SeekToLast() : start.empty() ? it->SeekToFirst() : it->Seek(start);
    uint64_t seen = 0;
    for (; seen < limit && it->Valid(); reverse ? it->Prev() : it->Next(), ++seen) {
      answers->Row(it->key(), it->value());
    }
    Check(it->status());
  }
  void Settle() override { Check(db_->WaitForBackgroundWork()); }
  void CompactAll() override { Check(db_->CompactAll()); }

 private:
  std::unique_ptr<Db> db_;
  WriteBatch batch_;
};

}  // namespace

std::unique_ptr<Engine> OpenEngine(const EngineOptions& options) {
  return std::make_unique<VeralithEngine>(options);
}

}  // namespace veralith::bench
