// SPDX-License-Identifier: Apache-2.0

#include "core/compaction/flush_job.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/base/check.h"
#include "core/compaction/merge.h"
#include "core/iterator/range_tombstones.h"
#include "core/memtable/memtable.h"

namespace veralith {
namespace {

Timestamp NewestOf(const std::vector<const Memtable*>& memtables) {
  Timestamp newest = 0;
  for (const Memtable* memtable : memtables) {
    newest = std::max(newest, memtable->max_ts());
  }
  return newest;
}

// The memtables, as one run on top of `older`.
MergeRequest MergeOf(const FlushRequest& request, const OlderFiles& older) {
  MergeRequest merge;
  for (auto memtable = request.memtables.rbegin(); memtable != request.memtables.rend();
       ++memtable) {
    merge.inputs.push_back((*memtable)->NewStream());
    merge.tombstones.push_back((*memtable)->range_tombstones());
  }
  merge.points = request.points;
  merge.older = &older;
  return merge;
}

}  // namespace

absl::StatusOr<OutputMeasure> MeasureFlush(const JobEnvironment& environment,
                                           const FlushRequest& request, uint64_t most_bytes) {
  const OlderFiles older(request.version);
  return MeasureOutputs(environment, MergeOf(request, older), most_bytes);
}

absl::StatusOr<JobResult> RunFlush(const JobEnvironment& environment,
                                   const CompactionOptions& options, const FlushRequest& request) {
  VERALITH_CHECK(request.version != nullptr);
  const Timestamp newest = NewestOf(request.memtables);
  if (newest == 0) {
    return JobResult{};
  }
  VERALITH_CHECK(!request.points.empty() && newest <= request.points.back());
  VERALITH_CHECK(request.run_id != kLeveledRunId);

  const OlderFiles older(request.version);
  MergeRequest merge = MergeOf(request, older);
  merge.plan.level = 0;
  merge.plan.bottommost = request.version->DeepestLevel() < 0;
  merge.plan.target_file_bytes = options.target_file_bytes;
  merge.output_run_id = request.run_id;
  absl::StatusOr<JobResult> result = MergeToOutputs(environment, std::move(merge));
  if (result.ok()) {
    result->edit.last_timestamp = newest;
  }
  return result;
}

}  // namespace veralith
