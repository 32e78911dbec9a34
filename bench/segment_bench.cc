// SPDX-License-Identifier: Apache-2.0

// One segment: build, lookups (cached, cold, missing), scans, seeks. Read the column CPU: other
// work on the machine disturbs it least.
//
//   ./dev bench micro segment --benchmark_filter=lz4/dec16     (a name: codec, keys, operation)
//
// 1,000,000 rows, values of 100 bytes of which half are random; keys of 16 bytes or 60 with long
// shared prefixes. Counters: rows or operations a second; sizes in bytes.
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/micro.h"
#include "core/base/check.h"
#include "core/base/epoch.h"
#include "core/base/random.h"
#include "core/format/key_hash.h"
#include "core/segment/page/page_cache.h"
#include "core/segment/read/segment_reader.h"
#include "core/segment/write/segment_writer.h"
#include "veralith/posix_file_system.h"

namespace veralith {
namespace {

constexpr uint64_t kRows = 1'000'000;
constexpr size_t kValueBytes = 100;
constexpr size_t kSmallCache = size_t{8} << 20;
constexpr size_t kLargeCache = size_t{1} << 30;

struct Form {
  std::string name;
  parquet::Codec codec;
  bool has_long_keys;
};

// Even numbers are present, odd ones are not.
std::string Key(const Form& form, uint64_t i, bool present) {
  char buffer[80];
  const unsigned long long n = 2 * i + (present ? 0 : 1);
  if (!form.has_long_keys) {
    std::snprintf(buffer, sizeof(buffer), "%016llu", n);
  } else {
    std::snprintf(buffer, sizeof(buffer), "tenant/%04llu/table/users/pk/%016llx/%016llx",
                  (n * 10) / (2 * kRows), n, n * 0x9e3779b97f4a7c15ull);
  }
  return buffer;
}

std::string RandomBytes(size_t size) {
  Random random(1);
  std::string pool(size, '\0');
  for (char& byte : pool) {
    byte = static_cast<char>(random.Next());
  }
  return pool;
}

SegmentSummary Build(const Form& form, const std::string& path,
                     const std::vector<std::string>& keys) {
  static const std::string& pool = *new std::string(RandomBytes(1 << 20));
  FileSystem* const fs = PosixFileSystem();
  (void)fs->Remove(path);
  auto file = fs->Open(path, OpenMode::kCreate);
  VERALITH_CHECK(file.ok());
  SegmentOptions options;
  options.value_codec = form.codec;
  auto writer = SegmentWriter::Create(*std::move(file), options);
  VERALITH_CHECK(writer.ok());
  constexpr size_t kHalf = kValueBytes / 2;
  std::string value(kValueBytes, 'v');
  Random random(1);
  for (uint64_t i = 0; i < kRows; ++i) {
    value.replace(0, kHalf, pool, (i * 7919) % (pool.size() - kHalf), kHalf);
    const Timestamp ts = 1'700'000'000'000'000'000 + random.Below(1'000'000'000);
    VERALITH_CHECK((*writer)->Add({0, keys[i], ts, EntryKind::kPut, value}).ok());
  }
  auto finished = (*writer)->Finish();
  VERALITH_CHECK(finished.ok());
  return *finished;
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

// One segment, and readers of it whose caches are too small and large enough.
struct Subject {
  explicit Subject(const Form& form) : name(form.name) {
    for (uint64_t i = 0; i < kRows; ++i) {
      keys.push_back(Key(form, i, true));
      absent.push_back(Key(form, i, false));
    }
    Build(form, path, keys);
    cold = Open(path, &small);
    cached = Open(path, &large);
  }
  ~Subject() { (void)PosixFileSystem()->Remove(path); }

  const std::string name;
  const std::string path = bench::ScratchPath("segment_bench.parquet");
  std::vector<std::string> keys;
  std::vector<std::string> absent;
  PageCache small{kSmallCache};
  PageCache large{kLargeCache};
  std::unique_ptr<SegmentReader> cold;
  std::unique_ptr<SegmentReader> cached;
};

// Makes the segment of a form; it stays until another form's is asked for.
Subject& SubjectOf(const Form& form) {
  static std::unique_ptr<Subject> subject;
  if (subject == nullptr || subject->name != form.name) {
    subject.reset();
    subject = std::make_unique<Subject>(form);
  }
  return *subject;
}

void BuildAll(benchmark::State& state, const Form& form) {
  const Subject& subject = SubjectOf(form);
  const std::string path = bench::ScratchPath("segment_bench_build.parquet");
  SegmentSummary summary;
  for (auto _ : state) {
    summary = Build(form, path, subject.keys);
  }
  (void)PosixFileSystem()->Remove(path);
  bench::CountItems(state, kRows);
  state.counters["bytes/row"] = static_cast<double>(summary.file_bytes) / kRows;
}

void OpenOnce(benchmark::State& state, const Form& form) {
  Subject& subject = SubjectOf(form);
  size_t bytes = 0;
  for (auto _ : state) {
    bytes = Open(subject.path, &subject.small)->memory_bytes();
  }
  state.counters["metadata"] = static_cast<double>(bytes);
}

void Lookups(benchmark::State& state, const SegmentReader& reader,
             const std::vector<std::string>& keys, LookupResult::Kind expected,
             LookupOptions options) {
  Random random(9);
  for (auto _ : state) {
    const std::string& key = keys[random.Below(keys.size())];
    LookupResult result;
    EpochGuard guard;
    const absl::Status status =
        reader.Get(0, key, HashUserKey(0, key), kMaxTimestamp, options, &result);
    VERALITH_CHECK(status.ok() && result.kind == expected);
    benchmark::DoNotOptimize(result.value.size());
  }
  bench::CountItems(state);
}

void Scan(benchmark::State& state, const SegmentReader& reader, bool fill_cache, bool backward) {
  for (auto _ : state) {
    uint64_t rows = 0;
    const auto cursor = reader.NewCursor(0, kMaxTimestamp, fill_cache);
    backward ? cursor->SeekToLast() : cursor->SeekToFirst();
    while (cursor->Valid() && cursor->Load()) {
      benchmark::DoNotOptimize(cursor->key().size() + cursor->value().size());
      ++rows;
      backward ? cursor->Prev() : cursor->Next();
    }
    VERALITH_CHECK(cursor->status().ok() && rows == kRows);
  }
  bench::CountItems(state, kRows);
}

// Reads everything as jobs do.
void ReadAll(benchmark::State& state, const SegmentReader& reader) {
  for (auto _ : state) {
    uint64_t rows = 0;
    const auto iterator = reader.NewStream(/*fill_cache=*/false);
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
      benchmark::DoNotOptimize(iterator->entry().key.size() + iterator->entry().value.size());
      ++rows;
    }
    VERALITH_CHECK(iterator->status().ok() && rows == kRows);
  }
  bench::CountItems(state, kRows);
}

void Seeks(benchmark::State& state, const SegmentReader& reader,
           const std::vector<std::string>& keys) {
  Random random(11);
  const auto cursor = reader.NewCursor(0, kMaxTimestamp, true);
  for (auto _ : state) {
    cursor->Seek(keys[random.Below(keys.size())]);
    for (int step = 0; step < 10 && cursor->Valid() && cursor->Load(); ++step) {
      benchmark::DoNotOptimize(cursor->value().size());
      cursor->Next();
    }
  }
  VERALITH_CHECK(cursor->status().ok());
  bench::CountItems(state);
}

// Fills the large cache, and says what it holds.
void FillCache(benchmark::State& state, const Form& form) {
  Subject& subject = SubjectOf(form);
  Scan(state, *subject.cached, true, false);
  state.counters["cached"] = static_cast<double>(subject.large.charged_bytes());
}

using Run = std::function<void(benchmark::State&, Subject&)>;

void Register(const Form& form) {
  const auto add = [&](const char* what, const Run& run) {
    benchmark::RegisterBenchmark((form.name + "/" + what).c_str(),
                                 [form, run](auto& state) { run(state, SubjectOf(form)); });
  };
  constexpr auto kPut = LookupResult::Kind::kPut;
  constexpr auto kAbsent = LookupResult::Kind::kAbsent;
  add("build", [form](auto& state, Subject&) { BuildAll(state, form); });
  add("open", [form](auto& state, Subject&) { OpenOnce(state, form); });
  add("get_nothing_cached", [](auto& state, Subject& s) {
    Lookups(state, *s.cold, s.keys, kPut, {.fill_cache = false});
  });
  add("get_small_cache",
      [](auto& state, Subject& s) { Lookups(state, *s.cold, s.keys, kPut, {}); });
  add("scan_nothing_cached", [](auto& state, Subject& s) { Scan(state, *s.cold, false, false); });
  add("scan_backward_nothing_cached",
      [](auto& state, Subject& s) { Scan(state, *s.cold, false, true); });
  add("read_all_nothing_cached", [](auto& state, Subject& s) { ReadAll(state, *s.cold); });
  add("scan_filling_cache", [form](auto& state, Subject&) { FillCache(state, form); });
  add("get_cached", [](auto& state, Subject& s) { Lookups(state, *s.cached, s.keys, kPut, {}); });
  add("get_with_timestamp_cached", [](auto& state, Subject& s) {
    Lookups(state, *s.cached, s.keys, kPut, {.want_timestamp = true});
  });
  add("get_absent",
      [](auto& state, Subject& s) { Lookups(state, *s.cached, s.absent, kAbsent, {}); });
  add("scan_cached", [](auto& state, Subject& s) { Scan(state, *s.cached, true, false); });
  add("scan_backward_cached", [](auto& state, Subject& s) { Scan(state, *s.cached, true, true); });
  add("seek_10_next_cached", [](auto& state, Subject& s) { Seeks(state, *s.cached, s.keys); });
  add("seek_10_next_small_cache", [](auto& state, Subject& s) { Seeks(state, *s.cold, s.keys); });
}

}  // namespace
}  // namespace veralith

int main(int argc, char** argv) {
  using veralith::parquet::Codec;
  for (const bool has_long_keys : {false, true}) {
    const std::string keys = has_long_keys ? "/comp60" : "/dec16";
    veralith::Register({"lz4" + keys, Codec::kLz4Raw, has_long_keys});
    veralith::Register({"none" + keys, Codec::kNone, has_long_keys});
    veralith::Register({"snappy" + keys, Codec::kSnappy, has_long_keys});
    veralith::Register({"zstd" + keys, Codec::kZstd, has_long_keys});
  }
  return veralith::bench::RunBenchmarks(argc, argv);
}
