// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "bench/harness/bench.h"
#include "bench/harness/workloads.h"

namespace veralith::bench {
namespace {

constexpr uint64_t kMostSyncedPuts = 20'000;
constexpr size_t kBatch = 100;
constexpr uint64_t kOverwritten = 7;  // the version that overwrite leaves

// Puts every key at one version.
void Fill(Bench& bench, bool shuffled, uint64_t version) {
  const uint64_t entries = bench.settings().entries;
  const Shuffle shuffle(entries);
  Keys keys = bench.MakeKeys();
  Stopwatch watch(&bench.row().latencies);
  for (uint64_t i = 0; i < entries; ++i) {
    const uint64_t k = shuffled ? shuffle(i) : i;
    bench.engine().Put(keys.Of(k), bench.values().Of(k, version), false);
    watch.Lap();
  }
  bench.row().operations = entries;
  bench.contents() = {.keys = entries, .version = version};
}

void Batches(Bench& bench, bool shuffled) {
  const uint64_t entries = bench.settings().entries;
  const Shuffle shuffle(entries);
  Keys keys = bench.MakeKeys();
  std::vector<std::pair<std::string, std::string>> batch;
  Stopwatch watch(&bench.row().latencies);
  for (uint64_t i = 0; i < entries; ++i) {
    const uint64_t k = shuffled ? shuffle(i) : i;
    batch.emplace_back(keys.Of(k), bench.values().Of(k, 0));
    if (batch.size() == kBatch || i + 1 == entries) {
      bench.engine().PutBatch(batch);
      batch.clear();
      watch.Lap();
    }
  }
  bench.row().operations = entries;
  bench.contents() = {.keys = entries};
}

}  // namespace

void FillSeq(Bench& bench) { Fill(bench, false, 0); }
void FillRandom(Bench& bench) { Fill(bench, true, 0); }
void Overwrite(Bench& bench) { Fill(bench, true, kOverwritten); }
void FillBatch(Bench& bench) { Batches(bench, false); }
void FillBatchRandom(Bench& bench) { Batches(bench, true); }

void OverwriteRandom(Bench& bench) {
  const uint64_t entries = bench.settings().entries;
  Bench::Contents& contents = bench.contents();
  ++contents.drawn;
  Random random = bench.MakeRandom(100 + contents.drawn);
  Keys keys = bench.MakeKeys();
  Stopwatch watch(&bench.row().latencies);
  for (uint64_t i = 0; i < entries; ++i) {
    const uint64_t k = random.Below(entries);
    bench.engine().Put(keys.Of(k), bench.values().Of(k, contents.drawn), false);
    watch.Lap();
  }
  bench.row().operations = entries;
  contents.mixed = true;
}

void FillSync(Bench& bench) {
  const uint64_t puts = std::clamp<uint64_t>(bench.settings().entries / 10, 1, kMostSyncedPuts);
  const Shuffle shuffle(bench.settings().entries);
  Keys keys = bench.MakeKeys();
  Stopwatch watch(&bench.row().latencies);
  for (uint64_t i = 0; i < puts; ++i) {
    const uint64_t k = shuffle(i);
    bench.engine().Put(keys.Of(k), bench.values().Of(k, 0), true);
    watch.Lap();
  }
  bench.row().operations = puts;
  bench.contents().mixed = true;
}

void DeleteRandom(Bench& bench) {
  const uint64_t entries = bench.settings().entries;
  const Shuffle shuffle(entries);
  Keys keys = bench.MakeKeys();
  Stopwatch watch(&bench.row().latencies);
  for (uint64_t i = 0; i < entries; ++i) {
    bench.engine().Delete(keys.Of(shuffle(i)));
    watch.Lap();
  }
  bench.row().operations = entries;
  bench.contents() = {.mixed = true};
}

}  // namespace veralith::bench
