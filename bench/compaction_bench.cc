// SPDX-License-Identifier: Apache-2.0

// One compaction: of runs whose keys interleave row by row, and of a large run with a small one
// whose keys lie close together; in one piece and in two, with and without copying value pages.
//
//   ./dev bench micro compaction --benchmark_filter=clusters --benchmark_repetitions=3
//
// A name says load, bytes of a value, "copied" or "encoded" (again), and pieces. Each is a database
// of its own, made anew for every repetition; the time is that of the compaction. Counters: input
// in bytes and bytes a second, processor seconds of all threads, and the share of the output's
// bytes that was copied. Jobs of less than 64 MiB are not cut. Compare rows of one run.
//
//   three_runs     three runs of every key; two versions of three are dropped
//   odd_and_even   a run of every second key, and one of the others; all stay
//   single_keys    a run of every key, and one of every thousandth
//   clusters       a run of every key, and one of a hundred keys in every ten thousand
#include <time.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bench/micro.h"
#include "core/base/check.h"
#include "core/base/random.h"
#include "veralith/db.h"

namespace veralith {
namespace {

// As many bytes of values, few large or many small ones.
constexpr uint64_t kValueBytesInAll = 200'000'000;
constexpr uint64_t kValueSizes[] = {100, 1000};

double ProcessSeconds() {
  timespec now;
  VERALITH_CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

std::string Key(uint64_t i) {
  char text[32];
  std::snprintf(text, sizeof(text), "key%013llu", static_cast<unsigned long long>(i));
  return text;
}

using Holds = bool (*)(uint64_t key);

struct Load {
  const char* name;
  // The oldest run is merged into the last level before the others come.
  std::vector<Holds> runs;
};

bool Every(uint64_t) { return true; }

const std::vector<Load>& Loads() {
  static const auto& loads = *new std::vector<Load>{
      {"three_runs", {Every, Every, Every}},
      {"odd_and_even",
       {[](uint64_t key) { return key % 2 == 0; }, [](uint64_t key) { return key % 2 == 1; }}},
      {"single_keys", {Every, [](uint64_t key) { return key % 1000 == 0; }}},
      {"clusters", {Every, [](uint64_t key) { return key % 10'000 < 100; }}},
  };
  return loads;
}

struct Way {
  bool copies;
  int pieces;
};
constexpr Way kWays[] = {{false, 1}, {true, 1}, {false, 2}, {true, 2}};

class Database {
 public:
  Database(uint64_t value_bytes, const Way& way) : value_bytes_(value_bytes) {
    std::filesystem::remove_all(directory_);
    Options options;
    options.disable_automatic_compaction = true;
    options.write_buffer_bytes = size_t{2} << 30;
    options.upper_codec = options.middle_codec = options.bottom_codec = Codec::kLz4;
    options.max_subcompactions = way.pieces;
    options.copy_value_pages = way.copies;
    auto db = Db::Open(directory_, options);
    VERALITH_CHECK(db.ok());
    db_ = *std::move(db);
  }
  ~Database() {
    VERALITH_CHECK(db_->Close().ok());
    db_.reset();
    std::filesystem::remove_all(directory_);
  }

  void AddRun(Holds holds) {
    std::string value(value_bytes_, 'v');
    for (uint64_t i = 0; i < kValueBytesInAll / value_bytes_; ++i) {
      if (!holds(i)) {
        continue;
      }
      for (size_t at = 0; at < value.size() / 2; ++at) {
        value[at] = static_cast<char>(random_.Next());
      }
      VERALITH_CHECK(db_->Put({}, Key(i), value).ok());
    }
    VERALITH_CHECK(db_->Flush().ok());
  }
  void Compact() { VERALITH_CHECK(db_->CompactAll().ok()); }
  Statistics Counters() const { return db_->GetStatistics(); }

 private:
  const std::string directory_ = bench::ScratchPath("compaction_bench");
  const uint64_t value_bytes_;
  std::unique_ptr<Db> db_;
  Random random_{1};
};

void Measure(benchmark::State& state, Database* database) {
  using Clock = std::chrono::steady_clock;
  const Statistics before = database->Counters();
  const double cpu_before = ProcessSeconds();
  const Clock::time_point start = Clock::now();
  database->Compact();
  state.SetIterationTime(std::chrono::duration<double>(Clock::now() - start).count());
  state.counters["cpu_s"] = ProcessSeconds() - cpu_before;
  const Statistics after = database->Counters();
  const auto since = [&](uint64_t Statistics::* counter) {
    return static_cast<double>(after.*counter - before.*counter);
  };
  state.counters["input"] = since(&Statistics::compaction_bytes_read);
  state.SetBytesProcessed(static_cast<int64_t>(since(&Statistics::compaction_bytes_read)));
  state.counters["copied"] =
      since(&Statistics::compaction_bytes_copied) / since(&Statistics::compaction_bytes_written);
  state.counters["pieces"] = since(&Statistics::subcompactions);
}

void Run(benchmark::State& state, const Load& load, uint64_t value_bytes, const Way& way) {
  for (auto _ : state) {
    Database database(value_bytes, way);
    for (const Holds& holds : load.runs) {
      database.AddRun(holds);
      if (&holds == &load.runs.front()) {
        database.Compact();
      }
    }
    Measure(state, &database);
  }
}

void RegisterAll() {
  for (const Load& load : Loads()) {
    for (const uint64_t value_bytes : kValueSizes) {
      for (const Way& way : kWays) {
        const std::string name = std::string(load.name) + "/" + std::to_string(value_bytes) +
                                 (way.copies ? "/copied/" : "/encoded/") +
                                 std::to_string(way.pieces);
        benchmark::RegisterBenchmark(
            name.c_str(),
            [&load, value_bytes, &way](auto& state) { Run(state, load, value_bytes, way); })
            ->Iterations(1)
            ->UseManualTime()
            ->Unit(benchmark::kMillisecond);
      }
    }
  }
}

}  // namespace
}  // namespace veralith

int main(int argc, char** argv) {
  veralith::RegisterAll();
  return veralith::bench::RunBenchmarks(argc, argv);
}
