// SPDX-License-Identifier: Apache-2.0

// Turns frozen memtables into one new run of level 0.
//
// Contract
//   1. The memtables are frozen, wholly visible (no timestamp above the largest point: CHECKed),
//      and the oldest that are not flushed yet, given oldest first; one flush job runs at a time.
//      Hence everything older is in `version`, and its tombstones are dropped where `version` holds
//      nothing beneath (hazard C9: the caller allots run ids in the order of flushes).
//   2. The edit adds the run's files, raises last_timestamp to the newest timestamp flushed (also
//      when nothing of it survives), and raises history_floor to the largest point when versions
//      were dropped. The caller adds what it knows of logs before installing it.
//   3. Empty memtables write nothing: the edit then is empty too.
//   4. On an error no output is left and the memtables are untouched.
//
// Thread rule: runs on the caller's thread; reads the memtables beside other readers.
#ifndef VERALITH_CORE_COMPACTION_FLUSH_JOB_H_
#define VERALITH_CORE_COMPACTION_FLUSH_JOB_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "core/compaction/job.h"
#include "core/compaction/merge.h"
#include "core/compaction/options.h"
#include "core/manifest/version.h"
#include "veralith/types.h"

namespace veralith {

class Memtable;

struct FlushRequest {
  std::vector<const Memtable*> memtables;  // oldest first; borrowed
  std::vector<Timestamp> points;           // ascending; the visible timestamp last
  std::shared_ptr<const Version> version;  // current when the job starts
  uint64_t run_id = 0;                     // the new run's id: larger than every earlier one
};

absl::StatusOr<JobResult> RunFlush(const JobEnvironment& environment,
                                   const CompactionOptions& options, const FlushRequest& request);
// What the job would write, as far as `most_bytes` (MeasureOutputs).
absl::StatusOr<OutputMeasure> MeasureFlush(const JobEnvironment& environment,
                                           const FlushRequest& request, uint64_t most_bytes);

}  // namespace veralith

#endif  // VERALITH_CORE_COMPACTION_FLUSH_JOB_H_
