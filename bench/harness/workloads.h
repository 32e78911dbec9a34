// SPDX-License-Identifier: Apache-2.0

// The workloads, as a table: to add one is a row here and a function.
#ifndef VERALITH_BENCH_HARNESS_WORKLOADS_H_
#define VERALITH_BENCH_HARNESS_WORKLOADS_H_

#include <span>
#include <string_view>

namespace veralith::bench {

class Bench;

struct Workload {
  // Rows of reads say whether everything was compacted since the last write; kMixed both reads and
  // writes; a kWait has no operations.
  enum class Kind { kWrite, kRead, kMixed, kWait, kCompact };
  std::string_view name;
  Kind kind;
  std::string_view what;  // for --help
  void (*run)(Bench& bench);
};

std::span<const Workload> Workloads();
// Returns null if there is none of that name.
const Workload* FindWorkload(std::string_view name);

// --- writes.cc ---
void FillSeq(Bench& bench);
void FillRandom(Bench& bench);
void Overwrite(Bench& bench);
void OverwriteRandom(Bench& bench);
void FillBatch(Bench& bench);
void FillBatchRandom(Bench& bench);
void FillSync(Bench& bench);
void DeleteRandom(Bench& bench);

// --- reads.cc ---
void ReadRandom(Bench& bench);
void ReadMissing(Bench& bench);
void ReadHot(Bench& bench);
void SeekRandom(Bench& bench);
void ReadSeq(Bench& bench);
void ReadReverse(Bench& bench);
void ReadWhileWriting(Bench& bench);
void Check(Bench& bench);

// --- ycsb.cc ---
void YcsbA(Bench& bench);
void YcsbB(Bench& bench);
void YcsbC(Bench& bench);
void YcsbD(Bench& bench);
void YcsbE(Bench& bench);
void YcsbF(Bench& bench);

}  // namespace veralith::bench

#endif  // VERALITH_BENCH_HARNESS_WORKLOADS_H_
