// SPDX-License-Identifier: Apache-2.0

// One segment, measured in the thread's processor time: build, lookups (cached, cold, missing),
// scans, seeks. In the directory given (a memory file system shows processor time only).
//
//   bazel run --config=release //bench:segment_bench -- DIRECTORY [rows] [none|lz4|snappy|zstd]
//       [dec16|comp60] [value bytes]
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/base/epoch.h"
#include "core/base/random.h"
#include "core/base/text.h"
#include "core/format/key_hash.h"
#include "core/fs/file_helpers.h"
#include "core/segment/page/page_cache.h"
#include "core/segment/read/segment_reader.h"
#include "core/segment/write/segment_writer.h"
#include "veralith/posix_file_system.h"

namespace veralith {
namespace {

struct Settings {
  std::string directory;
  uint64_t rows = 1'000'000;
  parquet::Codec codec = parquet::Codec::kLz4Raw;
  bool composite_keys = false;
  size_t value_bytes = 100;
};

// A value keeps the optimizer from dropping what it measures.
uint64_t g_sink = 0;

// Processor time of this thread, which other work on the machine disturbs least.
double ThreadNanos() {
  timespec now;
  VERALITH_CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

double Measure(const std::function<void()>& work) {
  const double start = ThreadNanos();
  work();
  return ThreadNanos() - start;
}

void PrintPer(const char* what, double nanos, uint64_t operations) {
  std::printf("%-34s %9.1f ns  %9.0f k/s\n", what, nanos / static_cast<double>(operations),
              static_cast<double>(operations) * 1e6 / nanos);
}

std::string Key(const Settings& settings, uint64_t i, bool present) {
  char buffer[80];
  const unsigned long long n = 2 * i + (present ? 0 : 1);
  if (!settings.composite_keys) {
    std::snprintf(buffer, sizeof(buffer), "%016llu", n);
  } else {
    std::snprintf(buffer, sizeof(buffer), "tenant/%04llu/table/users/pk/%016llx/%016llx",
                  (n * 10) / (2 * settings.rows), n, n * 0x9e3779b97f4a7c15ull);
  }
  return buffer;
}

void Build(const Settings& settings, const std::string& path,
           const std::vector<std::string>& keys) {
  Random random(1);
  std::string pool(1 << 20, '\0');
  for (char& byte : pool) {
    byte = static_cast<char>(random.Next());
  }
  FileSystem* const fs = PosixFileSystem();
  (void)fs->Remove(path);
  auto file = fs->Open(path, OpenMode::kCreate);
  VERALITH_CHECK(file.ok());
  SegmentOptions options;
  options.value_codec = settings.codec;
  auto writer = SegmentWriter::Create(*std::move(file), options);
  VERALITH_CHECK(writer.ok());
  std::string value(settings.value_bytes, 'v');
  SegmentSummary summary;
  const double nanos = Measure([&] {
    for (uint64_t i = 0; i < settings.rows; ++i) {
      const size_t half = settings.value_bytes / 2;
      value.replace(0, half, pool, (i * 7919) % (pool.size() - half), half);
      const Timestamp ts = 1'700'000'000'000'000'000 + random.Below(1'000'000'000);
      VERALITH_CHECK((*writer)->Add({0, keys[i], ts, EntryKind::kPut, value}).ok());
    }
    auto finished = (*writer)->Finish();
    VERALITH_CHECK(finished.ok());
    summary = *finished;
  });
  PrintPer("build", nanos, settings.rows);
  std::printf("%-34s %9.1f MB  %7.2f bytes/row\n", "size",
              static_cast<double>(summary.file_bytes) / 1e6,
              static_cast<double>(summary.file_bytes) / static_cast<double>(settings.rows));
}

std::unique_ptr<SegmentReader> Open(const std::string& path, PageCache* cache) {
  auto file = PosixFileSystem()->Open(path, OpenMode::kRead);
  VERALITH_CHECK(file.ok());
  SegmentReaderOptions options;
  options.cache = cache;
  auto reader = SegmentReader::Open(*std::move(file), options);
  VERALITH_CHECK(reader.ok());
  return *std::move(reader);
}

void Lookups(const char* what, const SegmentReader& reader, const std::vector<std::string>& keys,
             uint64_t count, LookupResult::Kind expected, LookupOptions options,
             Timestamp snapshot = kMaxTimestamp) {
  Random random(9);
  const double nanos = Measure([&] {
    for (uint64_t i = 0; i < count; ++i) {
      const std::string& key = keys[random.Below(keys.size())];
      LookupResult result;
      EpochGuard guard;
      const absl::Status status =
          reader.Get(0, key, HashUserKey(0, key), snapshot, options, &result);
      VERALITH_CHECK(status.ok() && (result.kind == expected || snapshot != kMaxTimestamp));
      g_sink += result.value.size();
    }
  });
  PrintPer(what, nanos, count);
}

void Scan(const char* what, const SegmentReader& reader, bool fill_cache, bool backward) {
  uint64_t rows = 0;
  const double nanos = Measure([&] {
    const auto cursor = reader.NewCursor(0, kMaxTimestamp, fill_cache);
    backward ? cursor->SeekToLast() : cursor->SeekToFirst();
    while (cursor->Valid() && cursor->Load()) {
      g_sink += cursor->key().size() + cursor->value().size();
      ++rows;
      backward ? cursor->Prev() : cursor->Next();
    }
    VERALITH_CHECK(cursor->status().ok());
  });
  PrintPer(what, nanos, rows);
}

// As jobs read.
void ReadAll(const char* what, const SegmentReader& reader) {
  uint64_t rows = 0;
  const double nanos = Measure([&] {
    const auto iterator = reader.NewStream(/*fill_cache=*/false);
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
      g_sink += iterator->entry().key.size() + iterator->entry().value.size();
      ++rows;
    }
    VERALITH_CHECK(iterator->status().ok());
  });
  PrintPer(what, nanos, rows);
}

void Seeks(const char* what, const SegmentReader& reader, const std::vector<std::string>& keys,
           uint64_t count) {
  Random random(11);
  const double nanos = Measure([&] {
    const auto cursor = reader.NewCursor(0, kMaxTimestamp, true);
    for (uint64_t i = 0; i < count; ++i) {
      cursor->Seek(keys[random.Below(keys.size())]);
      for (int step = 0; step < 10 && cursor->Valid() && cursor->Load(); ++step) {
        g_sink += cursor->value().size();
        cursor->Next();
      }
    }
  });
  PrintPer(what, nanos, count);
}

void Run(const Settings& settings) {
  std::vector<std::string> keys;
  std::vector<std::string> absent;
  for (uint64_t i = 0; i < settings.rows; ++i) {
    keys.push_back(Key(settings, i, true));
    absent.push_back(Key(settings, i, false));
  }
  const std::string path = JoinPath(settings.directory, "segment_bench.parquet");
  Build(settings, path, keys);

  PageCache small(8 << 20);
  PageCache large(size_t{1} << 30);
  std::unique_ptr<SegmentReader> cold;
  PrintPer("open", Measure([&] { cold = Open(path, &small); }), 1);
  std::printf("%-34s %9.2f MB\n", "metadata in memory",
              static_cast<double>(cold->memory_bytes()) / 1e6);
  const auto cached = Open(path, &large);
  constexpr auto kPut = LookupResult::Kind::kPut;
  constexpr auto kAbsent = LookupResult::Kind::kAbsent;

  Lookups("get, nothing cached", *cold, keys, 200'000, kPut, {.fill_cache = false});
  Lookups("get, 8 MiB cache", *cold, keys, 200'000, kPut, {});
  Scan("scan, nothing cached", *cold, false, false);
  Scan("scan backward, nothing cached", *cold, false, true);
  ReadAll("read all, nothing cached", *cold);
  Scan("scan, filling the cache", *cached, true, false);
  std::printf("%-34s %9.2f MB\n", "cache holds", static_cast<double>(large.charged_bytes()) / 1e6);
  for (int round = 0; round < 2; ++round) {
    Lookups("get, cached", *cached, keys, 1'000'000, kPut, {});
  }
  Lookups("get with timestamp, cached", *cached, keys, 1'000'000, kPut, {.want_timestamp = true});
  Lookups("get, absent", *cached, absent, 1'000'000, kAbsent, {});
  Scan("scan, cached", *cached, true, false);
  Scan("scan backward, cached", *cached, true, true);
  Seeks("seek + 10 next, cached", *cached, keys, 200'000);
  Seeks("seek + 10 next, 8 MiB cache", *cold, keys, 50'000);
}

Settings Parse(int argc, char** argv) {
  Settings settings;
  settings.directory = argc > 1 ? argv[1] : "/dev/shm";
  if (argc > 2) {
    settings.rows = std::strtoull(argv[2], nullptr, 10);
  }
  const std::string codec = argc > 3 ? argv[3] : "lz4";
  settings.codec = codec == "none"     ? parquet::Codec::kNone
                   : codec == "snappy" ? parquet::Codec::kSnappy
                   : codec == "zstd"   ? parquet::Codec::kZstd
                                       : parquet::Codec::kLz4Raw;
  settings.composite_keys = argc > 4 && std::string_view(argv[4]) == "comp60";
  if (argc > 5) {
    settings.value_bytes = std::strtoull(argv[5], nullptr, 10);
  }
  return settings;
}

}  // namespace
}  // namespace veralith

int main(int argc, char** argv) {
  veralith::Run(veralith::Parse(argc, argv));
  return veralith::g_sink == 1 ? 1 : 0;
}
