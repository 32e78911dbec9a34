// SPDX-License-Identifier: Apache-2.0

// LevelDB as a benchmark engine: Snappy, a 10-bit bloom filter, the same write buffer.
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>

#include "bench/engine.h"

namespace veralith::bench {
namespace {

leveldb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view View(const leveldb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

void Check(const leveldb::Status& status) {
  if (!status.ok()) {
    Die(status.ToString());
  }
}

class LeveldbEngine final : public Engine {
 public:
  explicit LeveldbEngine(const EngineOptions& options)
      : cache_(leveldb::NewLRUCache(options.cache_bytes)),
        filter_(leveldb::NewBloomFilterPolicy(10)) {
    leveldb::Options db;
    db.create_if_missing = true;
    db.block_cache = cache_.get();
    db.filter_policy = filter_.get();
    db.write_buffer_size = options.write_buffer_bytes;
    db.compression = options.compress ? leveldb::kSnappyCompression : leveldb::kNoCompression;
    leveldb::DB* opened = nullptr;
    Check(leveldb::DB::Open(db, options.directory, &opened));
    db_.reset(opened);
  }

  std::string Description() const override {
    return "leveldb " + std::to_string(leveldb::kMajorVersion) + "." +
           std::to_string(leveldb::kMinorVersion) + ", Snappy, 10-bit bloom filter";
  }
  void Put(std::string_view key, std::string_view value, bool sync) override {
    leveldb::WriteOptions options;
    options.sync = sync;
    Check(db_->Put(options, ToSlice(key), ToSlice(value)));
  }
  void PutBatch(const std::vector<std::pair<std::string, std::string>>& entries) override {
    leveldb::WriteBatch batch;
    for (const auto& [key, value] : entries) {
      batch.Put(key, value);
    }
    Check(db_->Write({}, &batch));
  }
  void Delete(std::string_view key) override { Check(db_->Delete({}, ToSlice(key))); }
  bool Get(std::string_view key, Answers* answers) override {
    const leveldb::Status status = db_->Get({}, ToSlice(key), &value_);
    if (status.IsNotFound()) {
      return false;
    }
    Check(status);
    answers->Value(value_);
    return true;
  }
  void Scan(std::string_view start, uint64_t limit, bool reverse, Answers* answers) override {
    const std::unique_ptr<leveldb::Iterator> it(db_->NewIterator({}));
    reverse ? it->SeekToLast() : start.empty() ? it->SeekToFirst() : it->Seek(ToSlice(start));
    uint64_t seen = 0;
    for (; seen < limit && it->Valid(); reverse ? it->Prev() : it->Next(), ++seen) {
      answers->Row(View(it->key()), View(it->value()));
    }
    Check(it->status());
  }
  // LevelDB has no call for it: compacting an empty range waits for the work that is running.
  void Settle() override {
    const leveldb::Slice before("");
    db_->CompactRange(&before, &before);
  }
  void CompactAll() override { db_->CompactRange(nullptr, nullptr); }

 private:
  const std::unique_ptr<leveldb::Cache> cache_;
  const std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::DB> db_;
  std::string value_;
};

}  // namespace

std::unique_ptr<Engine> OpenEngine(const EngineOptions& options) {
  return std::make_unique<LeveldbEngine>(options);
}

}  // namespace veralith::bench
