// SPDX-License-Identifier: Apache-2.0

// Merges the inputs of a pick into new segments of its output level.
//
// Contract
//   1. The edit removes every input, adds every output (hazard C10: one record) and moves the
//      pick's cursor. If versions were dropped, it raises history_floor to the largest point: a
//      read between held snapshots, below the visible timestamp of the job's start, may then have
//      lost its version. Held snapshots are points, and lose nothing.
//   2. A trivial move is the edit alone, without I/O.
//   3. An error of any input, at any entry, ends the job with that error: no outputs are left, the
//      inputs stay (hazards C2, P4). So does `cancel`, with Aborted.
//   4. A large job is cut into pieces at user keys of its inputs (pieces.h), which run side by side
//      on the environment's executor and become one edit. The first piece that fails stops the
//      others, and no piece's outputs are left. What is merged does not depend on the pieces; where
//      files end does.
//   5. Value pages of which all rows survive next to each other are copied as they stand, each
//      verified and decoded by this job before. The entries are the same with and without it.
//   6. The decision that nothing lies beneath a tombstone is taken on `version`. It stays right
//      while the job runs: other jobs only move data down, and the picker keeps them apart.
//
// Memory, for each piece: page buffers of the inputs (one open file per leveled input and per level
// 0 run), one output's buffers, and its share of the job's range tombstones. Thread rule: any
// thread; it waits for the pieces that others run.
#ifndef VERALITH_CORE_COMPACTION_COMPACTION_JOB_H_
#define VERALITH_CORE_COMPACTION_COMPACTION_JOB_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "core/compaction/job.h"
#include "core/compaction/merge.h"
#include "core/compaction/options.h"
#include "core/compaction/picker.h"
#include "core/manifest/version.h"
#include "core/segment/read/segment_opener.h"
#include "core/segment/read/segment_reader.h"
#include "veralith/types.h"

namespace veralith {

struct CompactionRequest {
  std::shared_ptr<const Version> version;  // the one the pick was made from, or a later one
  Pick pick;
  std::vector<Timestamp> points;  // ascending; the visible timestamp last
  SegmentOpener open_segment;
};

absl::StatusOr<JobResult> RunCompaction(const JobEnvironment& environment,
                                        const CompactionOptions& options,
                                        const CompactionRequest& request);
// What the job would write, as far as `most_bytes` (MeasureOutputs). Reads the inputs.
absl::StatusOr<OutputMeasure> MeasureCompaction(const JobEnvironment& environment,
                                                const CompactionRequest& request,
                                                uint64_t most_bytes);

}  // namespace veralith

#endif  // VERALITH_CORE_COMPACTION_COMPACTION_JOB_H_
