// The middle of every job: surviving versions of merged inputs, written to outputs.
#ifndef VERALITH_CORE_COMPACTION_MERGE_H_
#define VERALITH_CORE_COMPACTION_MERGE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/types.h"
#include "core/compaction/job.h"
#include "core/compaction/outputs.h"
#include "core/compaction/survivors.h"
#include "core/iterator/iterator.h"
#include "core/iterator/range_tombstones.h"
#include "core/manifest/version.h"

namespace veralith {

struct MergeRequest {
  std::vector<std::unique_ptr<Iterator>> inputs;  // newest first
  std::vector<std::shared_ptr<const FragmentedRangeTombstones>> tombstones;  // nulls allowed
  std::span<const Timestamp> points;
  // What the inputs hold, where it is known: another number read is DataLoss (hazard P4).
  std::optional<uint64_t> expected_versions;
  const OlderFiles* older = nullptr;
  OutputPlan plan;
  uint64_t output_run_id = 0;
};

// Runs the job: the edit has the added files, and history_floor when something was dropped. On an
// error nothing it wrote is left.
absl::StatusOr<JobResult> MergeToOutputs(const JobEnvironment& environment, MergeRequest request);

}  // namespace veralith

#endif  // VERALITH_CORE_COMPACTION_MERGE_H_
