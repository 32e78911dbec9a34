// SPDX-License-Identifier: Apache-2.0

// What the benchmarks of single components share: Google Benchmark's main, a directory for their
// files, shuffling. They are built only where libbenchmark-dev is: tagged "manual".
#ifndef VERALITH_BENCH_MICRO_H_
#define VERALITH_BENCH_MICRO_H_

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"

namespace veralith::bench {

// Returns a path in TEST_TMPDIR, or in /tmp. Nothing is made or removed.
inline std::string ScratchPath(const std::string& name) {
  const char* const directory = std::getenv("TEST_TMPDIR");
  return std::string(directory == nullptr ? "/tmp" : directory) + "/" + name;
}

template <typename Item>
void ShuffleItems(Random& random, std::vector<Item>* items) {
  for (size_t i = items->size(); i > 1; --i) {
    std::swap((*items)[i - 1], (*items)[random.Below(i)]);
  }
}

// Sets items a second: `items` in each iteration.
inline void CountItems(benchmark::State& state, uint64_t items = 1) {
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(items));
}

// Runs what was registered, with Google Benchmark's flags.
inline int RunBenchmarks(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
    return 2;
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace veralith::bench

#endif  // VERALITH_BENCH_MICRO_H_
