// SPDX-License-Identifier: Apache-2.0

#include "tools/soak_run.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/base/status.h"
#include "veralith/db.h"

namespace veralith {
namespace {

constexpr int kWriters = 2;
constexpr int kPairsPerWriter = 2000;

struct Expected {
  std::atomic<uint64_t> acknowledged{0};
  std::atomic<uint64_t> begun{0};
};

std::string Key(int pair, bool twin) {
  char key[32];
  std::snprintf(key, sizeof(key), "key/%06d/%c", pair, twin ? 'b' : 'a');
  return key;
}

bool IsDelete(uint64_t sequence) { return sequence % 8 == 0; }  // so 0, never written, is one

class Soak {
 public:
  explicit Soak(const SoakOptions& options)
      : directory_(options.directory),
        open_database_(options.open != nullptr ? options.open : Db::Open),
        end_(std::chrono::steady_clock::now() +
             std::chrono::milliseconds(static_cast<int64_t>(options.seconds * 1000))),
        expected_(kWriters * kPairsPerWriter) {
    options_.write_buffer_bytes = size_t{1} << 20;
    options_.cache_bytes = size_t{1} << 20;
    options_.target_segment_bytes = size_t{1} << 19;
    options_.level_base_bytes = size_t{4} << 20;
  }

  bool Run() {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    if (!Open()) {
      return false;
    }
    std::vector<std::thread> threads;
    for (int w = 0; w < kWriters; ++w) {
      threads.emplace_back(
          [this, w] { Repeat([&, n = uint64_t{0}]() mutable { Write(w, n++); }); });
    }
    threads.emplace_back([this] { Repeat([&, n = uint64_t{0}]() mutable { Get(n++); }); });
    threads.emplace_back([this] { Repeat([&, n = uint64_t{0}]() mutable { Scan(n++); }); });
    threads.emplace_back([this] { Repeat([&, n = uint64_t{0}]() mutable { Hold(n++); }); });
    threads.emplace_back([this] { Repeat([&, n = uint64_t{0}]() mutable { Maintain(n++); }); });
    Watch();
    for (std::thread& thread : threads) {
      thread.join();
    }
    Reopen();
    Require(db_ != nullptr && db_->Close().ok(), "Close failed");
    db_.reset();
    Print();
    return !failed_.load();
  }

 private:
  static uint64_t Mix(uint64_t n) {
    n = (n + 1) * 0x9e3779b97f4a7c15u;
    return (n ^ (n >> 29)) * 0xbf58476d1ce4e5b9u >> 16;
  }

  bool Over() const { return failed_.load() || std::chrono::steady_clock::now() >= end_; }

  template <typename Step>
  void Repeat(Step step) {
    while (!Over()) {
      while (reopening_.load() && !Over()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      std::shared_lock<std::shared_mutex> open(open_);
      if (Over()) {  // a reopening may have failed since
        break;
      }
      step();
    }
  }

  void Require(bool condition, const std::string& what) {
    if (!condition && !failed_.exchange(true)) {
      std::fprintf(stderr, "soak: DIFFERENCE: %s (database kept in %s)\n", what.c_str(),
                   directory_.c_str());
    }
  }
  void Ok(const absl::Status& status, const char* what) {
    Require(status.ok(), std::string(what) + ": " + ToString(status));
  }

  bool Open() {
    absl::StatusOr<std::unique_ptr<Db>> db = open_database_(directory_ + "/db", options_);
    Ok(db.status(), "Open");
    db_ = db.ok() ? *std::move(db) : nullptr;
    return db_ != nullptr;
  }

  // `found` is empty if the key was absent.
  void Judge(int pair, const std::string& found, uint64_t from, uint64_t to, const char* how) {
    ++checked_;
    bool right = false;
    if (found.empty()) {
      right = IsDelete(from) || from / 8 != to / 8;  // a delete lies between
    } else {
      const uint64_t sequence = std::strtoull(found.c_str(), nullptr, 10);
      right = sequence >= from && sequence <= to && !IsDelete(sequence);
    }
    Require(right, std::string(how) + " shows " + Key(pair, false) + " = '" + found.substr(0, 20) +
                       "', between writes " + std::to_string(from) + " and " + std::to_string(to));
  }

  Expected& Of(int pair) { return expected_[static_cast<size_t>(pair)]; }
  int AnyPair(uint64_t n) { return static_cast<int>(Mix(n) % expected_.size()); }

  void Write(int writer, uint64_t n) {
    const int pair = writer * kPairsPerWriter + static_cast<int>(Mix(n) % kPairsPerWriter);
    const uint64_t sequence = Of(pair).begun.fetch_add(1) + 1;
    WriteBatch batch;
    for (const bool twin : {false, true}) {
      if (IsDelete(sequence)) {
        batch.Delete(Key(pair, twin));
      } else {
        batch.Put(Key(pair, twin), std::to_string(sequence) + std::string(100, '.'));
      }
    }
    const SyncMode sync = n % 64 == 0 ? SyncMode::kCommit : SyncMode::kManual;
    Ok(db_->Write({.sync = sync}, batch).status(), "Write");
    Of(pair).acknowledged.store(sequence);
    ++writes_;
  }

  void Get(uint64_t n) {
    const int pair = AnyPair(n * 7 + 1);
    const uint64_t from = Of(pair).acknowledged.load();
    PinnedValue value;
    const absl::StatusOr<bool> found = db_->Get({}, Key(pair, n % 2 == 0), &value);
    Ok(found.status(), "Get");
    if (found.ok()) {
      Judge(pair, *found ? value.ToString() : std::string(), from, Of(pair).begun.load(), "Get");
    }
  }

  // Reads rows [first, first + pairs) with one iterator; both twins must be alike.
  std::vector<std::string> Rows(Db& db, int first, int pairs, const Snapshot* snapshot) {
    ScanOptions options;
    options.snapshot = snapshot;
    options.lower = Bound::Inclusive(Key(first, false));
    options.upper = Bound::Exclusive(Key(first + pairs, false));
    std::vector<std::string> rows(static_cast<size_t>(pairs) * 2);
    const std::unique_ptr<DbIterator> it = db.NewIterator(options);
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      const int pair = std::atoi(std::string(it->key().substr(4, 6)).c_str());
      const bool twin = it->key().back() == 'b';
      Require(pair >= first && pair < first + pairs, "a scan leaves its bounds");
      if (pair >= first && pair < first + pairs) {
        rows[static_cast<size_t>(pair - first) * 2 + (twin ? 1 : 0)] = it->value();
      }
    }
    Ok(it->status(), "Scan");
    for (size_t i = 0; i < rows.size(); i += 2) {
      Require(rows[i] == rows[i + 1],
              "half a batch is visible at " + Key(first + static_cast<int>(i / 2), false));
    }
    return rows;
  }

  void CheckRows(Db& db, int first, int pairs, const Snapshot* snapshot,
                 const std::vector<uint64_t>& from, const std::vector<uint64_t>& to,
                 const char* how) {
    const std::vector<std::string> rows = Rows(db, first, pairs, snapshot);
    for (int i = 0; i < pairs; ++i) {
      const auto at = static_cast<size_t>(i);
      Judge(first + i, rows[at * 2], from[at], to.empty() ? Of(first + i).begun.load() : to[at],
            how);
    }
  }

  std::vector<uint64_t> Acknowledged(int first, int pairs) {
    std::vector<uint64_t> numbers;
    for (int i = 0; i < pairs; ++i) {
      numbers.push_back(Of(first + i).acknowledged.load());
    }
    return numbers;
  }
  std::vector<uint64_t> Begun(int first, int pairs) {
    std::vector<uint64_t> numbers;
    for (int i = 0; i < pairs; ++i) {
      numbers.push_back(Of(first + i).begun.load());
    }
    return numbers;
  }

  void Scan(uint64_t n) {
    const int pairs = 50;
    const int first = static_cast<int>(Mix(n) % (expected_.size() - pairs));
    CheckRows(*db_, first, pairs, nullptr, Acknowledged(first, pairs), {}, "a scan");
    ++scans_;
  }

  // A snapshot shows the same state, later and again.
  void Hold(uint64_t n) {
    const int pairs = 200;
    const int first = static_cast<int>(Mix(n) % (expected_.size() - pairs));
    const std::vector<uint64_t> from = Acknowledged(first, pairs);
    const ScopedSnapshot snapshot(*db_);
    const std::vector<uint64_t> to = Begun(first, pairs);
    CheckRows(*db_, first, pairs, snapshot.get(), from, to, "a snapshot");
    const std::vector<std::string> before = Rows(*db_, first, pairs, snapshot.get());
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    Require(Rows(*db_, first, pairs, snapshot.get()) == before, "a held snapshot changed");
    ++snapshots_;
  }

  void Maintain(uint64_t n) {
    switch (n % 8) {
      case 0:
        Ok(db_->CompactAll(), "CompactAll");
        break;
      case 3:
        Checkpoint();
        break;
      case 5:
        Ok(db_->Check(), "Check");
        break;
      default:
        Ok(db_->Flush(), "Flush");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }

  void Checkpoint() {
    const std::string copy = directory_ + "/checkpoint";
    std::filesystem::remove_all(copy);
    const int pairs = static_cast<int>(expected_.size());
    const std::vector<uint64_t> from = Acknowledged(0, pairs);
    Ok(db_->Checkpoint(copy), "Checkpoint");
    const std::vector<uint64_t> to = Begun(0, pairs);
    Options options = options_;
    options.read_only = true;
    absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(copy, options);
    Ok(db.status(), "opening a checkpoint");
    if (db.ok()) {
      CheckRows(**db, 0, pairs, nullptr, from, to, "a checkpoint");
      Ok((*db)->Close(), "closing a checkpoint");
      ++checkpoints_;
    }
  }

  // Runs alone: no call is under way, so every key has exactly one right answer.
  void Reopen() {
    reopening_ = true;
    std::unique_lock<std::shared_mutex> alone(open_);
    Ok(db_->Close(), "Close");
    db_.reset();
    if (Open()) {
      const int pairs = static_cast<int>(expected_.size());
      CheckRows(*db_, 0, pairs, nullptr, Acknowledged(0, pairs), {}, "a reopened database");
      ++reopenings_;
    }
    reopening_ = false;
  }

  // Prints progress every five seconds, reopens every twenty.
  void Watch() {
    for (int i = 1; !Over(); ++i) {
      for (int tick = 0; tick < 50 && !Over(); ++tick) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }
      Print();
      if (i % 4 == 0 && !Over()) {
        Reopen();
      }
    }
  }

  void Print() {
    const auto left =
        std::chrono::duration_cast<std::chrono::seconds>(end_ - std::chrono::steady_clock::now());
    std::printf(
        "soak: %lld s left, %llu commits, %llu answers checked, %llu scans, %llu snapshots, "
        "%llu checkpoints, %llu reopenings%s\n",
        std::max(0LL, static_cast<long long>(left.count())),
        static_cast<unsigned long long>(writes_.load()),
        static_cast<unsigned long long>(checked_.load()),
        static_cast<unsigned long long>(scans_.load()),
        static_cast<unsigned long long>(snapshots_.load()),
        static_cast<unsigned long long>(checkpoints_.load()),
        static_cast<unsigned long long>(reopenings_.load()),
        failed_.load() ? ", FAILED" : ", no difference");
    std::fflush(stdout);
  }

  const std::string directory_;
  const decltype(SoakOptions::open) open_database_;
  const std::chrono::steady_clock::time_point end_;
  Options options_;
  std::vector<Expected> expected_;
  std::unique_ptr<Db> db_;
  std::shared_mutex open_;  // shared by calls, alone to reopen
  std::atomic<bool> reopening_{false};
  std::atomic<bool> failed_{false};
  std::atomic<uint64_t> writes_{0}, checked_{0}, scans_{0}, snapshots_{0}, checkpoints_{0},
      reopenings_{0};
};

}  // namespace

bool RunSoak(const SoakOptions& options) { return Soak(options).Run(); }

}  // namespace veralith
