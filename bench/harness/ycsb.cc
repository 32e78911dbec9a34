// SPDX-License-Identifier: Apache-2.0

// The core workloads of YCSB by their shares: reads and updates of keys drawn zipfian and
// scattered (A, B, C, F), reads of recent keys (D), short scans (E). Keys come on top of those that
// a fill has put; D and E add some.
#include <algorithm>

#include "bench/harness/bench.h"
#include "bench/harness/workloads.h"
#include "bench/harness/zipfian.h"

namespace veralith::bench {
namespace {

constexpr uint64_t kLongestScan = 100;

// Shares of a hundred; the rest are reads.
struct Mix {
  uint64_t seed;
  uint64_t updates = 0;
  uint64_t inserts = 0;
  uint64_t scans = 0;
  uint64_t writes_back = 0;  // a read, then an update
  bool recent = false;       // the newest keys are the most frequent
  uint64_t divisor = 1;      // of the number of operations
};

class Client {
 public:
  Client(Bench& bench, const Mix& mix)
      : bench_(bench),
        mix_(mix),
        random_(bench.MakeRandom(200 + mix.seed)),
        zipfian_(std::max<uint64_t>(2, bench.settings().entries)),
        keys_(bench.MakeKeys()) {}

  void Step() {
    const uint64_t draw = random_.Below(100);
    if (draw < mix_.inserts) {
      Put(bench_.contents().keys++);
      return;
    }
    const uint64_t k = Draw();
    if (draw < mix_.inserts + mix_.updates) {
      Put(k);
    } else if (draw < mix_.inserts + mix_.updates + mix_.scans) {
      Scan(k);
    } else {
      bench_.engine().Get(keys_.Of(k), &bench_.row().answers);
      if (draw >= 100 - mix_.writes_back) {
        Put(k);
      }
    }
  }

 private:
  uint64_t Draw() {
    if (mix_.recent) {
      const uint64_t keys = bench_.contents().keys;
      return keys - 1 - zipfian_.Rank(random_) % keys;
    }
    return zipfian_.Scattered(random_);
  }
  void Put(uint64_t k) {
    bench_.engine().Put(keys_.Of(k), bench_.values().Of(k, ++version_), false);
  }
  void Scan(uint64_t k) {
    const uint64_t rows = 1 + random_.Below(kLongestScan);
    bench_.engine().Scan(keys_.Of(k), rows, false, &bench_.row().answers);
  }

  Bench& bench_;
  const Mix mix_;
  Random random_;
  const Zipfian zipfian_;
  Keys keys_;
  uint64_t version_ = 0;
};

void Run(Bench& bench, const Mix& mix) {
  if (bench.contents().keys == 0) {
    Die("ycsb: there are no keys: put a fill before it");
  }
  Client client(bench, mix);
  Bench::Row& row = bench.row();
  row.operations = std::max<uint64_t>(1, bench.reads() / mix.divisor);
  row.has_answers = true;
  bench.RestartClock();  // without what the zipfian took to make
  Stopwatch watch(&row.latencies);
  for (uint64_t i = 0; i < row.operations; ++i) {
    client.Step();
    watch.Lap();
  }
  bench.contents().mixed = true;
}

}  // namespace

void YcsbA(Bench& bench) { Run(bench, {.seed = 1, .updates = 50}); }
void YcsbB(Bench& bench) { Run(bench, {.seed = 2, .updates = 5}); }
void YcsbC(Bench& bench) { Run(bench, {.seed = 3}); }
void YcsbD(Bench& bench) { Run(bench, {.seed = 4, .inserts = 5, .recent = true}); }
void YcsbE(Bench& bench) { Run(bench, {.seed = 5, .inserts = 5, .scans = 95, .divisor = 4}); }
void YcsbF(Bench& bench) { Run(bench, {.seed = 6, .writes_back = 50}); }

}  // namespace veralith::bench
