// SPDX-License-Identifier: Apache-2.0

// RocksDB as a benchmark engine: its own defaults (leveled), Snappy, a 10-bit bloom filter, the
// same write buffer and cache.
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/version.h>
#include <rocksdb/write_batch.h>

#include <chrono>
#include <thread>

#include "bench/engine.h"

namespace veralith::bench {
namespace {

rocksdb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view View(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

void Check(const rocksdb::Status& status) {
  if (!status.ok()) {
    Die(status.ToString());
  }
}

class RocksdbEngine final : public Engine {
 public:
  explicit RocksdbEngine(const EngineOptions& options) {
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(options.cache_bytes);
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    rocksdb::Options db;
    db.create_if_missing = true;
    db.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    db.write_buffer_size = options.write_buffer_bytes;
    db.compression = options.compress ? rocksdb::kSnappyCompression : rocksdb::kNoCompression;
#if ROCKSDB_MAJOR >= 10  // some release after 7.8 has this form instead of the other
    Check(rocksdb::DB::Open(db, options.directory, &db_));
#else
    rocksdb::DB* opened = nullptr;
    Check(rocksdb::DB::Open(db, options.directory, &opened));
    db_.reset(opened);
#endif
  }
  ~RocksdbEngine() override { Check(db_->Close()); }

  std::string Description() const override {
    return "rocksdb " + std::to_string(ROCKSDB_MAJOR) + "." + std::to_string(ROCKSDB_MINOR) + "." +
           std::to_string(ROCKSDB_PATCH) + ", leveled, Snappy, 10-bit bloom filter";
  }
  void Put(std::string_view key, std::string_view value, bool sync) override {
    rocksdb::WriteOptions options;
    options.sync = sync;
    Check(db_->Put(options, ToSlice(key), ToSlice(value)));
  }
  void PutBatch(const std::vector<std::pair<std::string, std::string>>& entries) override {
    rocksdb::WriteBatch batch;
    for (const auto& [key, value] : entries) {
      Check(batch.Put(key, value));
    }
    Check(db_->Write({}, &batch));
  }
  void Delete(std::string_view key) override { Check(db_->Delete({}, ToSlice(key))); }
  bool Get(std::string_view key, Answers* answers) override {
    const rocksdb::Status status = db_->Get({}, db_->DefaultColumnFamily(), ToSlice(key), &value_);
    if (status.IsNotFound()) {
      return false;
    }
    Check(status);
    answers->Value(View(value_));
    value_.Reset();
    return true;
  }
  void Scan(std::string_view start, uint64_t limit, bool reverse, Answers* answers) override {
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}));
    reverse ? it->SeekToLast() : start.empty() ? it->SeekToFirst() : it->Seek(ToSlice(start));
    uint64_t seen = 0;
    for (; seen < limit && it->Valid(); reverse ? it->Prev() : it->Next(), ++seen) {
      answers->Row(View(it->key()), View(it->value()));
    }
    Check(it->status());
  }
  void Settle() override {
    while (Number("rocksdb.mem-table-flush-pending") + Number("rocksdb.num-running-flushes") +
               Number("rocksdb.compaction-pending") + Number("rocksdb.num-running-compactions") >
           0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  void CompactAll() override {
    Check(db_->CompactRange(rocksdb::CompactRangeOptions(), nullptr, nullptr));
  }

 private:
  uint64_t Number(const char* property) const {
    uint64_t number = 0;
    return db_->GetIntProperty(property, &number) ? number : 0;
  }

  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::PinnableSlice value_;
};

}  // namespace

std::unique_ptr<Engine> OpenEngine(const EngineOptions& options) {
  return std::make_unique<RocksdbEngine>(options);
}

}  // namespace veralith::bench
