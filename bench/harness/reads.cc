// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "bench/harness/bench.h"
#include "bench/harness/workloads.h"

namespace veralith::bench {
namespace {

// Ends the program if a value has another size than those that were written.
void RequireWholeValues(const Bench& bench, const Answers& answers) {
  if (answers.value_bytes() != answers.rows() * bench.values().size()) {
    Die("wrong answers: " + std::to_string(answers.rows()) + " values have " +
        std::to_string(answers.value_bytes()) + " bytes");
  }
}

// Gets random keys among the first `range`.
void Gets(Bench& bench, uint64_t range, bool missing) {
  Random random = bench.MakeRandom(42);
  Keys keys = bench.MakeKeys();
  Bench::Row& row = bench.row();
  Stopwatch watch(&row.latencies);
  for (uint64_t i = 0; i < bench.reads(); ++i) {
    const uint64_t k = random.Below(range);
    bench.engine().Get(missing ? keys.MissingAfter(k) : keys.Of(k), &row.answers);
    watch.Lap();
  }
  row.operations = bench.reads();
  row.has_answers = true;
  RequireWholeValues(bench, row.answers);
}

void FullScan(Bench& bench, bool reverse, bool whole) {
  Bench::Row& row = bench.row();
  Stopwatch watch(&row.latencies);
  row.answers = Answers(whole, &watch);
  bench.engine().Scan("", UINT64_MAX, reverse, &row.answers);
  row.operations = row.answers.rows();
  row.has_answers = true;
  RequireWholeValues(bench, row.answers);
}

}  // namespace

void ReadRandom(Bench& bench) { Gets(bench, bench.settings().entries, false); }
void ReadMissing(Bench& bench) {
  Gets(bench, bench.settings().entries, true);
  if (bench.row().answers.rows() > 0) {
    Die("wrong answers: keys that were never written are there");
  }
}
void ReadHot(Bench& bench) {
  Gets(bench, std::max<uint64_t>(1, bench.settings().entries / 100), false);
}

void SeekRandom(Bench& bench) {
  constexpr uint64_t kRows = 11;
  Random random = bench.MakeRandom(43);
  Keys keys = bench.MakeKeys();
  Bench::Row& row = bench.row();
  row.operations = std::max<uint64_t>(1, bench.reads() / 4);
  row.has_answers = true;
  Stopwatch watch(&row.latencies);
  for (uint64_t i = 0; i < row.operations; ++i) {
    const uint64_t k = random.Below(bench.settings().entries);
    bench.engine().Scan(keys.Of(k), kRows, false, &row.answers);
    watch.Lap();
  }
  RequireWholeValues(bench, row.answers);
}

void ReadSeq(Bench& bench) { FullScan(bench, false, false); }
void ReadReverse(Bench& bench) { FullScan(bench, true, false); }
void Check(Bench& bench) { FullScan(bench, false, true); }

// The writer puts the value that a key has already: so answers do not depend on who was faster. If
// values are mixed, there is nothing to compare from then on.
void ReadWhileWriting(Bench& bench) {
  std::atomic<bool> writes_have_begun{false};
  std::atomic<bool> stop{false};
  auto writes = std::make_unique<Latencies>();
  std::thread writer([&] {
    Random random = bench.MakeRandom(44);
    Keys keys = bench.MakeKeys();
    Stopwatch watch(writes.get());
    while (!stop.load(std::memory_order_relaxed)) {
      const uint64_t k = random.Below(bench.settings().entries);
      bench.engine().Put(keys.Of(k), bench.values().Of(k, bench.contents().version), false);
      watch.Lap();
      writes_have_begun.store(true, std::memory_order_relaxed);
    }
  });
  while (!writes_have_begun) {
    std::this_thread::yield();
  }
  bench.RestartClock();
  Gets(bench, bench.settings().entries, false);
  stop = true;
  writer.join();
  Bench::Row& row = bench.row();
  row.beside = std::move(writes);
  row.beside_name = "readwhilewriting, writer";
  bench.contents().raced = bench.contents().mixed;
}

}  // namespace veralith::bench
