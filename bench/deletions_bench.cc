// SPDX-License-Identifier: Apache-2.0

// The cost of deletes that overlap each other, and of deletes at the head of a queue.
//
//   ./dev bench micro deletions --benchmark_filter=ranges
//
// ranges/SHAPE: 100,000 range deletes over as many keys in a segment; the time is that of the
// deletes. Counters: bytes of the memtable, and microseconds of a lookup and of a seek, before and
// after the flush, which takes flush_s seconds.
// queue/SNAPSHOT: a step takes the first key, deletes it and appends one; a million steps. Counters
// are microseconds a step, by how many came before.
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "bench/micro.h"
#include "core/base/check.h"
#include "veralith/db.h"

namespace veralith {
namespace {

constexpr uint64_t kRanges = 100'000;
constexpr uint64_t kSteps = 1'000'000;

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string Key(uint64_t number) {
  std::string key = std::to_string(number);
  return "key" + std::string(12 - key.size(), '0') + key;
}

// A database in an empty directory, which is removed afterwards.
class Scratch {
 public:
  explicit Scratch(const Options& options) {
    std::filesystem::remove_all(directory_);
    auto db = Db::Open(directory_, options);
    VERALITH_CHECK(db.ok());
    db_ = *std::move(db);
  }
  ~Scratch() {
    db_.reset();
    std::filesystem::remove_all(directory_);
  }
  Db& db() { return *db_; }

 private:
  const std::string directory_ = bench::ScratchPath("deletions_bench");
  std::unique_ptr<Db> db_;
};

struct Shape {
  const char* name;
  uint64_t (*begin)(uint64_t i, uint64_t n);
  uint64_t (*end)(uint64_t i, uint64_t n);
};

constexpr Shape kShapes[] = {
    {"grow", [](uint64_t, uint64_t) { return uint64_t{0}; },
     [](uint64_t i, uint64_t) { return i; }},
    {"nest", [](uint64_t i, uint64_t) { return i / 2; },
     [](uint64_t i, uint64_t n) { return n - i / 2; }},
    {"shrink", [](uint64_t i, uint64_t n) { return (n - i) / 2; },
     [](uint64_t i, uint64_t n) { return (n + i) / 2; }},
    {"overlap", [](uint64_t i, uint64_t) { return i; },
     [](uint64_t i, uint64_t) { return i + 1000; }},
    {"apart", [](uint64_t i, uint64_t) { return 2 * i; },
     [](uint64_t i, uint64_t) { return 2 * i + 1; }},
};

double MicrosPerLookup(Db& db, uint64_t n) {
  constexpr uint64_t kLookups = 2000;
  PinnedValue value;
  const Clock::time_point start = Clock::now();
  for (uint64_t i = 0; i < kLookups; ++i) {
    VERALITH_CHECK(db.Get({}, Key(i * 7919 % n), &value).ok());
  }
  return SecondsSince(start) / kLookups * 1e6;
}

double MicrosPerSeek(Db& db, uint64_t n) {
  constexpr uint64_t kSeeks = 300;
  const Clock::time_point start = Clock::now();
  const std::unique_ptr<DbIterator> it = db.NewIterator({});
  for (uint64_t i = 0; i < kSeeks; ++i) {
    it->Seek(Key(i * 7919 % n));
  }
  return SecondsSince(start) / kSeeks * 1e6;
}

// Makes kRanges range deletes over as many keys in a segment, in the memtable and flushed.
void RangeDeletes(benchmark::State& state, const Shape& shape) {
  for (auto _ : state) {
    Options options;
    options.write_buffer_bytes = size_t{256} << 20;
    Scratch scratch(options);
    Db& db = scratch.db();
    for (uint64_t i = 0; i < kRanges; ++i) {
      VERALITH_CHECK(db.Put({}, Key(i), "value").ok());
    }
    VERALITH_CHECK(db.Flush().ok());
    Clock::time_point start = Clock::now();
    for (uint64_t i = 0; i < kRanges; ++i) {
      VERALITH_CHECK(db.DeleteRange({}, kDefaultNamespace, Key(shape.begin(i, kRanges)),
                                    Key(shape.end(i, kRanges)))
                         .ok());
    }
    state.SetIterationTime(SecondsSince(start));
    state.counters["memory"] = static_cast<double>(db.GetStatistics().memtable_bytes);
    state.counters["lookup_us"] = MicrosPerLookup(db, kRanges);
    state.counters["seek_us"] = MicrosPerSeek(db, kRanges);
    start = Clock::now();
    VERALITH_CHECK(db.Flush().ok());
    state.counters["flush_s"] = SecondsSince(start);
    state.counters["flushed_lookup_us"] = MicrosPerLookup(db, kRanges);
    state.counters["flushed_seek_us"] = MicrosPerSeek(db, kRanges);
  }
}

void Step(Db& db, uint64_t head, uint64_t tail, const std::string& value) {
  {
    const std::unique_ptr<DbIterator> it = db.NewIterator({});
    it->SeekToFirst();
    VERALITH_CHECK(it->Valid() && it->key() == Key(head));
  }
  VERALITH_CHECK(db.Delete({}, Key(head)).ok() && db.Put({}, Key(tail), value).ok());
}

void Queue(benchmark::State& state, bool holds_snapshot) {
  constexpr uint64_t kLength = 100;
  const std::string value(100, 'v');
  for (auto _ : state) {
    Scratch scratch{Options()};
    Db& db = scratch.db();
    for (uint64_t i = 0; i < kLength; ++i) {
      VERALITH_CHECK(db.Put({}, Key(i), value).ok());
    }
    const Snapshot* const snapshot = holds_snapshot ? db.GetSnapshot() : nullptr;
    const Clock::time_point begin = Clock::now();
    uint64_t done = 0;
    for (uint64_t until = 1000; until <= kSteps; until *= 10) {
      const uint64_t since = done;
      const Clock::time_point start = Clock::now();
      for (; done < until; ++done) {
        Step(db, done, kLength + done, value);
      }
      state.counters["us_to_" + std::to_string(until)] =
          SecondsSince(start) / static_cast<double>(until - since) * 1e6;
    }
    state.SetIterationTime(SecondsSince(begin));
    db.ReleaseSnapshot(snapshot);
  }
}

void Register(const std::string& name, void (*run)(benchmark::State&, size_t), size_t which) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [run, which](benchmark::State& state) { run(state, which); })
      ->Iterations(1)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace
}  // namespace veralith

int main(int argc, char** argv) {
  using namespace veralith;  // NOLINT: a tool
  for (size_t i = 0; i < std::size(kShapes); ++i) {
    Register(
        std::string("ranges/") + kShapes[i].name,
        [](benchmark::State& state, size_t which) { RangeDeletes(state, kShapes[which]); }, i);
  }
  for (const size_t holds : {0, 1}) {
    Register(
        holds != 0 ? "queue/snapshot_held" : "queue/no_snapshot",
        [](benchmark::State& state, size_t which) { Queue(state, which != 0); }, holds);
  }
  return bench::RunBenchmarks(argc, argv);
}
