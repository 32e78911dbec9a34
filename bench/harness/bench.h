// SPDX-License-Identifier: Apache-2.0

// A Bench is one engine, the data that it was given, and the row that is being measured. Workloads
// (workloads.h) are functions over it. It prints a line of JSON for each row; bench/run reads them.
//
// One thread uses it. readwhilewriting has a second one, which uses the engine alone.
#ifndef VERALITH_BENCH_HARNESS_BENCH_H_
#define VERALITH_BENCH_HARNESS_BENCH_H_

#include <cstdint>
#include <memory>
#include <string>

#include "bench/engine.h"
#include "bench/harness/data.h"
#include "bench/harness/latencies.h"
#include "bench/harness/process.h"

namespace veralith::bench {

struct Settings {
  uint64_t entries = 1'000'000;
  uint64_t reads = 0;  // 0: as many as entries
  size_t value_size = 100;
  size_t key_size = 16;  // or 60
  uint64_t seed = 0;     // added to every seed: other random keys
  EngineOptions engine;
};

struct Workload;

class Bench {
 public:
  // Opens the engine, and prints the line that describes it and the row of opening. `exists`: the
  // database is that of an earlier process, which has left beside it what it holds.
  Bench(const Settings& settings, bool exists);
  // Measures one workload and prints its row.
  void Run(const Workload& workload);

  // Closes the engine, and leaves beside the database what it holds.
  void Close();

  // --- For workloads ---
  // What one row says. A workload sets operations, and records a latency for each.
  struct Row {
    uint64_t operations = 0;
    Latencies latencies;
    bool has_answers = false;
    Answers answers;
    // Of a thread beside the one measured, which has a row of its own; or null.
    std::unique_ptr<Latencies> beside;
    std::string beside_name;
  };
  // What the database holds: so that the right answers are known, or that they are not.
  struct Contents {
    uint64_t keys = 0;     // numbers [0, keys) were written
    uint64_t version = 0;  // of the values, if they are not mixed
    bool mixed = false;    // values of several versions
    bool raced = false;    // values by who was faster: from then on there is nothing to compare
    uint64_t drawn = 0;    // random overwrites so far: each has a seed and a version of its own
  };

  Engine& engine() { return *engine_; }
  const Settings& settings() const { return settings_; }
  const Values& values() const { return values_; }
  Keys MakeKeys() const { return Keys(settings_.key_size); }
  Random MakeRandom(uint64_t seed) const { return Random(seed + settings_.seed * 1000); }
  uint64_t reads() const { return settings_.reads > 0 ? settings_.reads : settings_.entries; }
  Row& row() { return row_; }
  Contents& contents() { return contents_; }
  // Begins the row's time anew: for what a workload makes ready and does not measure.
  void RestartClock() { before_ = Before(); }
  // The row's memory is that from now on.
  void ForgetPeak() { memory_.TakePeak(); }

 private:
  std::string ContentsPath() const { return settings_.engine.directory + ".contents"; }
  void LoadContents();

  // What was known before a row, for differences.
  struct Before {
    double now = Now();
    uint64_t ticks = Ticks();
    double cpu = CpuSeconds();
    IoBytes io = IoSoFar();
  };
  void Print(const std::string& name, const std::string& kind, const std::string& state);

  const Settings settings_;
  const Values values_;
  MemorySampler memory_;
  std::unique_ptr<Engine> engine_;
  Contents contents_;
  Row row_;
  Before before_;
  bool is_compacted_ = false;
  std::string last_write_;
};

}  // namespace veralith::bench

#endif  // VERALITH_BENCH_HARNESS_BENCH_H_
