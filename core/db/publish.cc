// SPDX-License-Identifier: Apache-2.0

// PublishIceberg: pins one moment of the database, then publishes its segments as a snapshot of an
// Iceberg table (core/iceberg/publish.h).
//
// The moment is a snapshot that is held before the flush: so everything that it sees is in the
// segments that are pinned after it, and no job between the two has dropped any of it.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/finally.h"
#include "core/base/status.h"
#include "core/db/db_impl.h"
#include "core/fs/file_helpers.h"
#include "core/iceberg/publish.h"
#include "core/manifest/file_names.h"
#include "core/segment/read/segment_reader.h"
#include "veralith/clock.h"

namespace veralith {
namespace {

constexpr uint64_t kNanosPerMilli = 1'000'000;

std::vector<std::vector<iceberg::LiveSegment>> RunsOf(const SegmentSet& segments,
                                                      const std::string& directory) {
  std::vector<std::vector<iceberg::LiveSegment>> runs;
  for (int level = 0; level < kLevels; ++level) {
    for (const SegmentRun& run : segments.runs(level)) {
      std::vector<iceberg::LiveSegment>& live = runs.emplace_back();
      for (const std::shared_ptr<const Segment>& segment : run.segments) {
        const uint64_t number = segment->meta->number;
        live.push_back(
            {number, JoinPath(directory, SegmentFileName(number)), segment->reader.get()});
      }
    }
  }
  return runs;
}

}  // namespace

absl::StatusOr<PublishReport> DbImpl::PublishIceberg(const std::string& table,
                                                     const PublishOptions& options) {
  VERALITH_RETURN_IF_ERROR(RefuseInListener("PublishIceberg"));
  iceberg::PublishRequest request;
  {
    MutexLock lock(state_.mutex());
    VERALITH_RETURN_IF_ERROR(state_.CheckWritable());
  }
  if (table.empty()) {
    return InvalidArgument("PublishIceberg needs the table's folder");
  }
  VERALITH_ASSIGN_OR_RETURN(request.table, state_.fs->Absolute(table));
  while (request.table.size() > 1 && request.table.back() == '/') {
    request.table.pop_back();
  }
  const Snapshot* snapshot = nullptr;
  if (options.at.has_value()) {
    VERALITH_ASSIGN_OR_RETURN(snapshot, GetSnapshotAt(*options.at));
  } else {
    snapshot = GetSnapshot();
  }
  if (static_cast<const HeldSnapshot*>(snapshot)->list() == nullptr) {
    return ResourceExhausted("there was no memory for the snapshot");
  }
  request.at = snapshot->timestamp();
  std::shared_ptr<const SegmentSet> pinned;
  {
    const auto release = Finally([&] { ReleaseSnapshot(snapshot); });
    MutexLock lock(state_.mutex());
    VERALITH_RETURN_IF_ERROR(state_.CheckWritable());
    VERALITH_RETURN_IF_ERROR(FlushLocked());
    pinned = state_.versions->current();  // its files stay until this call ends
    request.database_id = state_.versions->state().database_id;
    request.uuid_seed = state_.random.Next();
  }
  request.fs = state_.fs;
  request.runs = RunsOf(*pinned, state_.directory);
  request.options = options;
  const Timestamp wall = state_.physical_clock->WallNanos();
  request.now_ms =  // a wall clock can read what is no time
      static_cast<int64_t>((wall <= kMaxTimestamp ? wall : request.at) / kNanosPerMilli);
  request.cancelled = [this] { return state_.closed.LoadAcquire(); };
  absl::StatusOr<PublishReport> report = iceberg::PublishTable(request);
  // Close removes what only calls like this one still need.
  if (!report.ok() && state_.closed.LoadAcquire()) {
    return state_.Closed();
  }
  return report;
}

}  // namespace veralith
