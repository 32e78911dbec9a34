// SPDX-License-Identifier: Apache-2.0

// The cost of deletes that overlap each other, and of deletes at the head of a queue:
//   bazel run --config=release //bench:deletions_bench -- NEW_DIRECTORY [RANGE_DELETES]
//       [QUEUE_STEPS]
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "core/base/check.h"
#include "veralith/db.h"

namespace veralith {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string Key(uint64_t number) {
  std::string key = std::to_string(number);
  return "key" + std::string(12 - key.size(), '0') + key;
}

std::unique_ptr<Db> Create(const std::string& directory, const Options& options) {
  auto db = Db::Open(directory, options);
  VERALITH_CHECK(db.ok());
  return *std::move(db);
}

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

// Makes n range deletes over n keys in a segment, in the memtable and flushed.
void RangeDeletes(const std::string& directory, const Shape& shape, uint64_t n) {
  Options options;
  options.write_buffer_bytes = size_t{256} << 20;
  const std::unique_ptr<Db> db = Create(directory, options);
  for (uint64_t i = 0; i < n; ++i) {
    VERALITH_CHECK(db->Put({}, Key(i), "value").ok());
  }
  VERALITH_CHECK(db->Flush().ok());
  Clock::time_point start = Clock::now();
  for (uint64_t i = 0; i < n; ++i) {
    VERALITH_CHECK(
        db->DeleteRange({}, kDefaultNamespace, Key(shape.begin(i, n)), Key(shape.end(i, n))).ok());
  }
  const double writes = SecondsSince(start);
  const uint64_t memory = db->GetStatistics().memtable_bytes;
  const double lookup = MicrosPerLookup(*db, n);
  const double seek = MicrosPerSeek(*db, n);
  start = Clock::now();
  VERALITH_CHECK(db->Flush().ok());
  std::printf("| %s | %.2f s | %.1f MB | %.2f us | %.2f us | %.2f s | %.2f us | %.2f us |\n",
              shape.name, writes, static_cast<double>(memory) / 1e6, lookup, seek,
              SecondsSince(start), MicrosPerLookup(*db, n), MicrosPerSeek(*db, n));
  std::fflush(stdout);
}

// Takes the first key, deletes it, appends one.
void Queue(const std::string& directory, uint64_t steps, bool holds_snapshot) {
  const std::unique_ptr<Db> db = Create(directory, Options());
  const std::string value(100, 'v');
  uint64_t tail = 0;
  while (tail < 100) {
    VERALITH_CHECK(db->Put({}, Key(tail++), value).ok());
  }
  const Snapshot* const snapshot = holds_snapshot ? db->GetSnapshot() : nullptr;
  uint64_t since = 0;
  uint64_t until = 1000;
  Clock::time_point start = Clock::now();
  for (uint64_t i = 1; i <= steps; ++i) {
    {
      const std::unique_ptr<DbIterator> it = db->NewIterator({});
      it->SeekToFirst();
      VERALITH_CHECK(it->Valid() && it->key() == Key(i - 1));
    }
    VERALITH_CHECK(db->Delete({}, Key(i - 1)).ok() && db->Put({}, Key(tail++), value).ok());
    if (i == until || i == steps) {
      std::printf("| %s | %llu to %llu | %.2f us |\n", holds_snapshot ? "held" : "none",
                  static_cast<unsigned long long>(since), static_cast<unsigned long long>(i),
                  SecondsSince(start) / static_cast<double>(i - since) * 1e6);
      std::fflush(stdout);
      since = i;
      until *= 10;
      start = Clock::now();
    }
  }
  db->ReleaseSnapshot(snapshot);
}

}  // namespace
}  // namespace veralith

int main(int argc, char** argv) {
  if (argc < 2 || std::filesystem::exists(argv[1])) {
    std::fprintf(stderr, "usage: deletions_bench NEW_DIRECTORY [RANGE_DELETES] [QUEUE_STEPS]\n"
                         "The directory must not exist, and is removed after each database.\n");
    return 2;
  }
  const std::string directory = argv[1];
  const uint64_t ranges = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 20'000;
  const uint64_t steps = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1'000'000;
  std::printf("%llu range deletes: in the memtable, flush, in a segment\n",
              static_cast<unsigned long long>(ranges));
  for (const veralith::Shape& shape : veralith::kShapes) {
    veralith::RangeDeletes(directory, shape, ranges);
    std::filesystem::remove_all(directory);
  }
  std::printf("queue: snapshot, steps, per step\n");
  for (const bool holds_snapshot : {false, true}) {
    veralith::Queue(directory, steps, holds_snapshot);
    std::filesystem::remove_all(directory);
  }
  return 0;
}
