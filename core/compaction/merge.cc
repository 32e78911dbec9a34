// SPDX-License-Identifier: Apache-2.0

#include "core/compaction/merge.h"

#include <algorithm>
#include <utility>

#include "core/base/status.h"
#include "core/base/sync.h"
#include "core/compaction/point_tombstones.h"
#include "core/format/key_range.h"
#include "core/fs/file_helpers.h"
#include "core/iterator/merging_stream.h"
#include "core/manifest/file_names.h"

namespace veralith {
namespace {

class OlderFilesData final : public OlderData {
 public:
  explicit OlderFilesData(const OlderFiles* files) : files_(files) {}
  bool MayHold(NamespaceId ns, std::string_view key) override {
    return files_->MayContain(ns, key);
  }
  bool MayHoldIn(const RangeTombstoneView& range) override {
    return files_->MayOverlap(RangeOf(range));
  }

 private:
  const OlderFiles* const files_;
};

std::vector<RangeTombstoneView> AllOf(const RangeTombstoneLists& lists) {
  std::vector<RangeTombstoneView> all;
  for (const auto& list : lists) {
    const std::vector<RangeTombstoneView> its = list->ToTombstones();
    all.insert(all.end(), its.begin(), its.end());
  }
  return all;
}

// An upper bound of what key index, filter and timestamps add to an entry.
constexpr uint64_t kEntryBytes = 24;

bool IsCancelled(const JobEnvironment& environment) {
  return std::any_of(environment.cancel.begin(), environment.cancel.end(),
                     [](const Atomic<bool>* cancel) { return cancel->LoadRelaxed(); });
}

absl::Status Drain(const JobEnvironment& environment, Survivors* survivors, Outputs* outputs) {
  for (; survivors->Valid(); survivors->Next()) {
    if (IsCancelled(environment)) {
      return Aborted("job was cancelled");
    }
    VERALITH_RETURN_IF_ERROR(outputs->Add(survivors->entry(), survivors->first_of_key()));
  }
  return survivors->status();
}

}  // namespace

absl::StatusOr<JobResult> MergeToOutputs(const JobEnvironment& environment, MergeRequest request) {
  const PointTombstones tombstones(ClipToPiece(AllOf(request.tombstones), request.piece),
                                   request.points);
  OlderFilesData older(request.older);
  RangeTombstoneSurvivors surviving_ranges(&tombstones, &older);
  Outputs outputs(environment, request.plan, &surviving_ranges, request.offers.get());
  Survivors survivors(NewPieceStream(NewMergingStream(std::move(request.inputs)), request.piece),
                      &tombstones, request.points, &older);
  VERALITH_RETURN_IF_ERROR(Drain(environment, &survivors, &outputs));
  VERALITH_ASSIGN_OR_RETURN(std::vector<FileMeta> files, outputs.Finish());

  JobResult result;
  const Survivors::Counts& counts = survivors.counts();
  result.statistics.files_written = files.size();
  result.statistics.bytes_written = outputs.bytes_written();
  result.statistics.value_pages_copied = outputs.copied_value_pages().pages;
  result.statistics.value_bytes_copied = outputs.copied_value_pages().bytes;
  result.statistics.versions_read = counts.read;
  result.statistics.versions_written = counts.kept;
  result.statistics.versions_hidden = counts.hidden;
  result.statistics.tombstones_dropped = counts.dropped_tombstones;
  for (FileMeta& file : files) {
    result.edit.added_files.push_back({request.plan.level, request.output_run_id, std::move(file)});
  }
  if (counts.hidden + counts.dropped_tombstones + surviving_ranges.dropped() > 0) {
    result.edit.history_floor = request.points.back();
  }
  return result;
}

absl::StatusOr<OutputMeasure> MeasureOutputs(const JobEnvironment& environment,
                                             MergeRequest request, uint64_t most_bytes) {
  const PointTombstones tombstones(AllOf(request.tombstones), request.points);
  OlderFilesData older(request.older);
  RangeTombstoneSurvivors surviving_ranges(&tombstones, &older);
  Survivors survivors(NewMergingStream(std::move(request.inputs)), &tombstones, request.points,
                      &older);
  OutputMeasure measure;
  for (; survivors.Valid() && measure.bytes <= most_bytes; survivors.Next()) {
    if (IsCancelled(environment)) {
      return Aborted("job was cancelled");
    }
    const EntryView& entry = survivors.entry();
    surviving_ranges.Kept(entry);
    ++(entry.kind == EntryKind::kPut ? measure.puts : measure.deletions);
    measure.bytes += entry.key.size() + entry.value.size() + kEntryBytes;
  }
  VERALITH_RETURN_IF_ERROR(survivors.status());
  measure.dropped = survivors.counts().hidden + survivors.counts().dropped_tombstones;
  for (const OwnedRangeTombstone& range : surviving_ranges.Finish()) {
    ++measure.deletions;
    measure.bytes += range.begin.size() + range.end.size() + kEntryBytes;
  }
  return measure;
}

void RemoveOutputs(const JobEnvironment& environment, const JobResult& result) {
  for (const VersionEdit::AddedFile& added : result.edit.added_files) {
    environment.fs->Remove(JoinPath(environment.directory, SegmentFileName(added.file.number)))
        .IgnoreError();  // as Outputs does: what stays is garbage that no version names
  }
}

}  // namespace veralith
