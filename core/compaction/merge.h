// SPDX-License-Identifier: Apache-2.0

// The middle of every job: surviving versions of merged inputs, written to outputs.
#ifndef VERALITH_CORE_COMPACTION_MERGE_H_
#define VERALITH_CORE_COMPACTION_MERGE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "core/compaction/job.h"
#include "core/compaction/outputs.h"
#include "core/compaction/pieces.h"
#include "core/compaction/survivors.h"
#include "core/iterator/range_tombstones.h"
#include "core/iterator/version_stream.h"
#include "core/manifest/version.h"
#include "core/segment/page/stored_value_page.h"
#include "veralith/types.h"

namespace veralith {

struct MergeRequest {
  std::vector<std::unique_ptr<VersionStream>> inputs;  // newest first
  RangeTombstoneLists tombstones;                      // the inputs'
  std::span<const Timestamp> points;
  const OlderFiles* older = nullptr;
  // The keys to merge: what inputs and tombstones hold beyond it is left out.
  Piece piece;
  OutputPlan plan;
  uint64_t output_run_id = 0;
  // Where the inputs show their value pages; may be null.
  std::unique_ptr<ValuePageOffers> offers;
};

// Runs the job: the edit has the added files, and history_floor when something was dropped. On an
// error nothing it wrote is left. Several may run at once, over inputs of their own.
absl::StatusOr<JobResult> MergeToOutputs(const JobEnvironment& environment, MergeRequest request);

// What a job would write.
struct OutputMeasure {
  uint64_t puts = 0;
  uint64_t deletions = 0;  // tombstones and range tombstones
  uint64_t dropped = 0;    // versions that it would read and not write
  uint64_t bytes = 0;      // size of the entries written, uncompressed
};

// Reads the inputs, writes nothing, and stops once there are more than `most_bytes`.
absl::StatusOr<OutputMeasure> MeasureOutputs(const JobEnvironment& environment,
                                             MergeRequest request, uint64_t most_bytes);

// For a result that will not be installed: removes its outputs, as far as that is possible.
void RemoveOutputs(const JobEnvironment& environment, const JobResult& result);

}  // namespace veralith

#endif  // VERALITH_CORE_COMPACTION_MERGE_H_
