// SPDX-License-Identifier: Apache-2.0

// LMDB as a benchmark engine: a transaction per put, MDB_NOSYNC but for synced puts, which have its
// default durability; reads reuse one transaction and cursor, as its authors advise. With
// VERALITH_BENCH_WRITE_MAP the file is written through a mapping, too (MDB_WRITEMAP): faster, and a
// stray pointer of the program can destroy it. It has no cache of its own, codec, log or
// compaction: the file is mapped whole, and only ever grows.
#include <lmdb.h>

#include <filesystem>

#include "bench/engine.h"

namespace veralith::bench {
namespace {

#ifdef VERALITH_BENCH_WRITE_MAP
constexpr unsigned kFlags = MDB_WRITEMAP | MDB_NOSYNC;
#else
constexpr unsigned kFlags = MDB_NOSYNC;
#endif

// Room for the file to grow; addresses only, and with a writable map a sparse file.
constexpr size_t kMapBytes = size_t{64} << 30;

MDB_val ToVal(std::string_view bytes) {
  return {bytes.size(), const_cast<char*>(bytes.data())};  // LMDB does not write there
}
std::string_view View(const MDB_val& bytes) {
  return {static_cast<const char*>(bytes.mv_data), bytes.mv_size};
}

void Check(int result) {
  if (result != MDB_SUCCESS) {
    Die(mdb_strerror(result));
  }
}

// Returns false if there is no such entry.
bool Found(int result) {
  if (result == MDB_NOTFOUND) {
    return false;
  }
  Check(result);
  return true;
}

class LmdbEngine final : public Engine {
 public:
  explicit LmdbEngine(const EngineOptions& options) {
    std::filesystem::create_directories(options.directory);
    Check(mdb_env_create(&env_));
    Check(mdb_env_set_mapsize(env_, kMapBytes));
    Check(mdb_env_open(env_, options.directory.c_str(), kFlags, 0644));
    MDB_txn* txn = Begin();
    Check(mdb_dbi_open(txn, nullptr, MDB_CREATE, &dbi_));
    Check(mdb_txn_commit(txn));
    Check(mdb_txn_begin(env_, nullptr, MDB_RDONLY, &reader_));
    Check(mdb_cursor_open(reader_, dbi_, &cursor_));
    mdb_txn_reset(reader_);
  }
  ~LmdbEngine() override {
    mdb_cursor_close(cursor_);
    mdb_txn_abort(reader_);
    mdb_env_close(env_);
  }

  std::string Description() const override {
    const std::string version = std::to_string(MDB_VERSION_MAJOR) + "." +
                                std::to_string(MDB_VERSION_MINOR) + "." +
                                std::to_string(MDB_VERSION_PATCH);
    return "lmdb " + version + ((kFlags & MDB_WRITEMAP) != 0 ? ", MDB_WRITEMAP" : "") +
           ", MDB_NOSYNC, a transaction per put";
  }
  void Put(std::string_view key, std::string_view value, bool sync) override {
    if (sync != is_synced_) {
      Check(mdb_env_set_flags(env_, MDB_NOSYNC, sync ? 0 : 1));
      is_synced_ = sync;
    }
    MDB_txn* const txn = Begin();
    PutIn(txn, key, value);
    Check(mdb_txn_commit(txn));
  }
  void PutBatch(const std::vector<std::pair<std::string, std::string>>& entries) override {
    MDB_txn* const txn = Begin();
    for (const auto& [key, value] : entries) {
      PutIn(txn, key, value);
    }
    Check(mdb_txn_commit(txn));
  }
  void Delete(std::string_view key) override {
    MDB_txn* const txn = Begin();
    MDB_val k = ToVal(key);
    Found(mdb_del(txn, dbi_, &k, nullptr));
    Check(mdb_txn_commit(txn));
  }
  bool Get(std::string_view key, Answers* answers) override {
    Check(mdb_txn_renew(reader_));
    MDB_val k = ToVal(key);
    MDB_val value;
    const bool found = Found(mdb_get(reader_, dbi_, &k, &value));
    if (found) {
      answers->Value(View(value));
    }
    mdb_txn_reset(reader_);
    return found;
  }
  void Scan(std::string_view start, uint64_t limit, bool reverse, Answers* answers) override {
    Check(mdb_txn_renew(reader_));
    Check(mdb_cursor_renew(reader_, cursor_));
    MDB_val key = ToVal(start);
    MDB_val value;
    MDB_cursor_op op = reverse ? MDB_LAST : start.empty() ? MDB_FIRST : MDB_SET_RANGE;
    for (; limit > 0 && Found(mdb_cursor_get(cursor_, &key, &value, op)); --limit) {
      answers->Row(View(key), View(value));
      op = reverse ? MDB_PREV : MDB_NEXT;
    }
    mdb_txn_reset(reader_);
  }
  void Settle() override {}
  void CompactAll() override {}

 private:
  MDB_txn* Begin() {
    MDB_txn* txn = nullptr;
    Check(mdb_txn_begin(env_, nullptr, 0, &txn));
    return txn;
  }
  void PutIn(MDB_txn* txn, std::string_view key, std::string_view value) {
    MDB_val k = ToVal(key);
    MDB_val v = ToVal(value);
    Check(mdb_put(txn, dbi_, &k, &v, 0));
  }

  MDB_env* env_ = nullptr;
  MDB_dbi dbi_ = 0;
  MDB_txn* reader_ = nullptr;  // between reads it is reset
  MDB_cursor* cursor_ = nullptr;
  bool is_synced_ = false;
};

}  // namespace

std::unique_ptr<Engine> OpenEngine(const EngineOptions& options) {
  return std::make_unique<LmdbEngine>(options);
}

}  // namespace veralith::bench
