// SPDX-License-Identifier: Apache-2.0
#include "bench/harness/workloads.h"

#include "bench/harness/bench.h"

namespace veralith::bench {
namespace {

void Settle(Bench& bench) { bench.engine().Settle(); }
// Does nothing, and forgets what memory was needed before.
void Rest(Bench& bench) {
  Pause(3);
  bench.ForgetPeak();
}
void Compact(Bench& bench) { bench.engine().CompactAll(); }

using Kind = Workload::Kind;
constexpr Workload kWorkloads[] = {
    {"fillseq", Kind::kWrite, "puts every key once, in order", FillSeq},
    {"fillrandom", Kind::kWrite, "puts every key once, shuffled", FillRandom},
    {"overwrite", Kind::kWrite, "puts every key again, shuffled, with another value", Overwrite},
    {"overwriterandom", Kind::kWrite, "as many puts of keys drawn at random", OverwriteRandom},
    {"fillbatch", Kind::kWrite, "as fillseq, 100 puts a batch", FillBatch},
    {"fillbatchrandom", Kind::kWrite, "as fillrandom, 100 puts a batch", FillBatchRandom},
    {"fillsync", Kind::kWrite, "a tenth as many puts, at most 20,000, each synced", FillSync},
    {"deleterandom", Kind::kWrite, "deletes every key, shuffled", DeleteRandom},
    {"readrandom", Kind::kRead, "gets of random keys that exist", ReadRandom},
    {"readmissing", Kind::kRead, "gets of keys that never existed, inside the range", ReadMissing},
    {"readhot", Kind::kRead, "gets of random keys of the first 1%", ReadHot},
    {"seekrandom", Kind::kRead, "a quarter as many: a new iterator, a seek, 10 steps", SeekRandom},
    {"readseq", Kind::kRead, "one scan over everything", ReadSeq},
    {"readreverse", Kind::kRead, "the same backward", ReadReverse},
    {"readwhilewriting", Kind::kMixed, "readrandom beside a thread that puts", ReadWhileWriting},
    {"ycsb-a", Kind::kMixed, "YCSB: 50% reads, 50% updates, zipfian keys", YcsbA},
    {"ycsb-b", Kind::kMixed, "YCSB: 95% reads, 5% updates, zipfian keys", YcsbB},
    {"ycsb-c", Kind::kRead, "YCSB: reads, zipfian keys", YcsbC},
    {"ycsb-d", Kind::kMixed, "YCSB: 95% reads of recent keys, 5% inserts", YcsbD},
    {"ycsb-e", Kind::kMixed, "YCSB, a quarter as many: 95% scans of 1 to 100, 5% inserts", YcsbE},
    {"ycsb-f", Kind::kMixed, "YCSB: 50% reads, 50% reads that write back", YcsbF},
    {"settle", Kind::kWait, "waits until no background work is due", Settle},
    {"rest", Kind::kWait, "does nothing for three seconds; memory: what is held then", Rest},
    {"compact", Kind::kCompact, "compacts everything", Compact},
    {"check", Kind::kRead, "one scan that takes every byte into the checksum", Check},
};

}  // namespace

std::span<const Workload> Workloads() { return kWorkloads; }

const Workload* FindWorkload(std::string_view name) {
  for (const Workload& workload : kWorkloads) {
    if (workload.name == name) {
      return &workload;
    }
  }
  return nullptr;
}

}  // namespace veralith::bench
