// SPDX-License-Identifier: Apache-2.0

// What a compaction policy costs on a tree of some size, and what theory says it should.
//
// A measurement starts with all data in one run. It writes until every level above has filled and
// has been worked through once, and measures from then on. Compaction keeps up: after each memtable
// all jobs that are due run.
#ifndef VERALITH_TOOLS_COMPACTION_SIMULATION_MEASURE_H_
#define VERALITH_TOOLS_COMPACTION_SIMULATION_MEASURE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "core/compaction/testing/large_tree.h"
#include "core/compaction/testing/test_options.h"

namespace veralith::simulation {

struct Case {
  CompactionPolicyKind policy = CompactionPolicyKind::kLeveled;
  LargeLoad load = LargeLoad::kUniform;
  uint64_t data_bytes = uint64_t{1} << 30;
  CompactionOptions options = TestCompactionOptions();
  uint64_t memtable_bytes = uint64_t{64} << 20;
  // The tree is simulated with files of at least data_bytes / most_files. That only makes the small
  // levels above coarser.
  uint64_t most_files = 16'384;
  // The most writes before and during a measurement, in multiples of the data: for trees whose
  // cycles are that long, or that have none.
  uint64_t most_writes = 6;
};

struct Costs {
  // Bytes of files written per byte of user data, flush included, log not.
  double write = 0;
  double lookup_files = 0;  // on average over time
  double most_lookup_files = 0;
  double space = 0;  // bytes of files per byte of live data, on average over time
  double most_space = 0;
  uint64_t most_level0_runs = 0;
  uint64_t largest_job_bytes = 0;
  uint64_t jobs = 0;
  double measured_writes = 0;  // during the measurement, in multiples of the data
  std::string problem;         // "": none
};

Costs Measure(const Case& subject);

// For uniform overwrites, by the usual arithmetic.
//
// Leveled: a merge from one level into the next rewrites, per byte that moves, the byte itself and
// between half of and all of the bytes of the next level that lie beneath. (It is half if round
// robin always takes the stretch that has filled longest.) Hybrid adds one write per tier. Tiered:
// one write per doubling from a memtable to the data.
struct Theory {
  double least_write = 0;
  double most_write = 0;
  double most_lookup_files = 0;
  double most_space = 0;
};
Theory Expected(const Case& subject);

std::string_view LoadName(LargeLoad load);

}  // namespace veralith::simulation

#endif  // VERALITH_TOOLS_COMPACTION_SIMULATION_MEASURE_H_
