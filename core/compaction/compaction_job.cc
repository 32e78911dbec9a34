// SPDX-License-Identifier: Apache-2.0

#include "core/compaction/compaction_job.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "core/base/check.h"
#include "core/base/no_memory.h"
#include "core/base/parallel.h"
#include "core/base/status.h"
#include "core/base/sync.h"
#include "core/compaction/merge.h"
#include "core/compaction/pieces.h"
#include "core/compaction/reclaim.h"
#include "core/format/key_range.h"
#include "core/iterator/concatenating_stream.h"
#include "core/iterator/range_tombstones.h"
#include "core/segment/page/stored_value_page.h"

namespace veralith {
namespace {

// Opens an input, and refuses a file that does not match the manifest.
absl::StatusOr<std::shared_ptr<SegmentReader>> OpenInput(const SegmentOpener& open,
                                                         const FileMeta& file) {
  VERALITH_ASSIGN_OR_RETURN(std::shared_ptr<SegmentReader> reader, open(file));
  const SegmentSummary& summary = reader->summary();
  if (summary.entries != file.entries || summary.range_tombstones != file.range_tombstones) {
    return Annotate(DataLoss("the segment's counts are not those of the manifest"), reader->path());
  }
  return reader;
}

class InputParts final : public StreamParts {
 public:
  InputParts(std::vector<FileRef> files, SegmentOpener open, ValuePageOffers::Place* offers)
      : files_(std::move(files)), open_(std::move(open)), offers_(offers) {}

  size_t size() const override { return files_.size(); }
  bool EndsBefore(size_t i, NamespaceId ns, std::string_view key) const override {
    return !IsWithin(ns, key, files_[i]->largest);
  }
  absl::StatusOr<std::unique_ptr<VersionStream>> Open(size_t i) override {
    VERALITH_ASSIGN_OR_RETURN(std::shared_ptr<SegmentReader> reader, OpenInput(open_, *files_[i]));
    const SegmentReader& segment = *reader;
    return segment.NewJobStream(std::move(reader), offers_);
  }

 private:
  const std::vector<FileRef> files_;
  const SegmentOpener open_;
  ValuePageOffers::Place* const offers_;
};

// Collects the range tombstones of the inputs: they are needed before the first entry is judged.
absl::StatusOr<RangeTombstoneLists> CollectTombstones(const CompactionRequest& request) {
  RangeTombstoneLists lists;
  for (const Pick::Input& input : request.pick.inputs) {
    for (const FileRef& file : input.files) {
      if (file->range_tombstones == 0) {
        continue;
      }
      VERALITH_ASSIGN_OR_RETURN(const std::shared_ptr<SegmentReader> reader,
                                OpenInput(request.open_segment, *file));
      lists.push_back(reader->fragmented_range_tombstones());
    }
  }
  return lists;
}

struct InputTotals {
  uint64_t files = 0;
  uint64_t bytes = 0;
  uint64_t entries = 0;
};

InputTotals TotalsOf(const Pick& pick) {
  InputTotals totals;
  for (const Pick::Input& input : pick.inputs) {
    for (const FileRef& file : input.files) {
      ++totals.files;
      totals.bytes += file->bytes;
      totals.entries += file->entries;
    }
  }
  return totals;
}

std::vector<uint64_t> NumbersOf(const Pick& pick) {
  std::vector<uint64_t> numbers;
  for (const Pick::Input& input : pick.inputs) {
    for (const FileRef& file : input.files) {
      numbers.push_back(file->number);
    }
  }
  return numbers;
}

// Whether nothing older than the output stays: neither in deeper levels nor in older runs of its
// own level.
bool IsBottommost(const Version& version, const Pick& pick) {
  const std::vector<Run>& runs = version.runs(pick.output_level);
  return version.DeepestLevel() <= pick.output_level &&
         std::all_of(runs.begin(), runs.end(), [&](const Run& run) {
           return run.id >= pick.output_run_id || pick.Has(run.files.front()->number);
         });
}

OutputPlan PlanOf(const Version& version, const Pick& pick, const CompactionOptions& options) {
  OutputPlan plan;
  plan.level = pick.output_level;
  plan.bottommost = IsBottommost(version, pick);
  plan.target_file_bytes = options.target_file_bytes;
  plan.max_grandparent_overlap_bytes = options.max_grandparent_overlap_bytes;
  if (pick.into_one_file) {
    plan.target_file_bytes = plan.max_grandparent_overlap_bytes = ~uint64_t{0};
    return plan;
  }
  const int below = pick.output_level + 1;
  if (pick.output_run_id == kLeveledRunId && below < kLevels && version.runs(below).size() == 1) {
    plan.grandparents = version.runs(below).front().files;
  }
  return plan;
}

// Adds to the edit of the outputs what leaves, and where the round robin goes on.
void AddRemovals(const Pick& pick, VersionEdit* edit) {
  for (const Pick::Input& input : pick.inputs) {
    for (const FileRef& file : input.files) {
      edit->removed_files.push_back({input.level, file->number});
    }
  }
  if (pick.cursor.has_value()) {
    edit->cursors.push_back(*pick.cursor);
  }
}

// A drop needs proof that range deletes hide the inputs: those of the version's other segments,
// which are open. The inputs are not.
absl::StatusOr<JobResult> Drop(const CompactionRequest& request) {
  RangeTombstoneLists range_deletes;
  for (const uint64_t number : request.version->FileNumbers()) {
    const FileRef file = request.version->FindFile(number);
    if (file->range_tombstones > 0 && !request.pick.Has(number)) {
      VERALITH_ASSIGN_OR_RETURN(const std::shared_ptr<SegmentReader> reader,
                                OpenInput(request.open_segment, *file));
      range_deletes.push_back(reader->fragmented_range_tombstones());
    }
  }
  for (const Pick::Input& input : request.pick.inputs) {
    for (const FileRef& file : input.files) {
      if (!IsCovered(range_deletes, request.points, *file)) {
        return FailedPrecondition("no range delete hides all of " + DebugString(*file));
      }
    }
  }
  JobResult result;
  result.edit = DropEdit(request.pick, request.points);
  return result;
}

// Enough samples of each file that pieces differ little in size.
constexpr size_t kSamplesPerPiece = 16;

absl::StatusOr<std::vector<SampledKey>> SampleInputs(const CompactionRequest& request,
                                                     size_t samples_per_file) {
  std::vector<SampledKey> samples;
  for (const Pick::Input& input : request.pick.inputs) {
    for (const FileRef& file : input.files) {
      VERALITH_ASSIGN_OR_RETURN(const std::shared_ptr<SegmentReader> reader,
                                OpenInput(request.open_segment, *file));
      std::vector<UserKey> keys = reader->SampleKeys(samples_per_file);
      for (UserKey& key : keys) {
        samples.push_back({std::move(key), file->bytes / keys.size()});
      }
    }
  }
  return samples;
}

absl::StatusOr<std::vector<Piece>> PiecesOf(const JobEnvironment& environment,
                                            const CompactionOptions& options,
                                            const CompactionRequest& request) {
  const uint64_t worthwhile =
      request.pick.InputBytes() / std::max<uint64_t>(options.target_file_bytes, 1);
  const auto most = std::min<uint64_t>(
      worthwhile, static_cast<uint64_t>(std::max(options.max_subcompactions, 1)));
  if (environment.executor == nullptr || most <= 1 || request.pick.into_one_file) {
    return std::vector<Piece>(1);
  }
  VERALITH_ASSIGN_OR_RETURN(std::vector<SampledKey> samples,
                            SampleInputs(request, kSamplesPerPiece * most));
  return CutIntoPieces(std::move(samples), most);
}

// What all pieces of a merge share.
struct Whole {
  const CompactionRequest& request;
  const OlderFiles& older;
  RangeTombstoneLists tombstones;
  OutputPlan plan;
  std::optional<SegmentOptions> copied_as;  // the options of value pages that may be copied
};

MergeRequest PieceOf(const Whole& whole, const Piece& piece) {
  MergeRequest merge;
  if (whole.copied_as.has_value()) {
    merge.offers = std::make_unique<ValuePageOffers>(*whole.copied_as);
  }
  for (const Pick::Input& input : whole.request.pick.inputs) {
    ValuePageOffers::Place* const offers =
        merge.offers == nullptr ? nullptr : merge.offers->AddInput();
    merge.inputs.push_back(NewConcatenatingStream(
        std::make_unique<InputParts>(input.files, whole.request.open_segment, offers)));
  }
  merge.tombstones = whole.tombstones;
  merge.points = whole.request.points;
  merge.older = &whole.older;
  merge.piece = piece;
  merge.plan = whole.plan;
  merge.output_run_id = whole.request.pick.output_run_id;
  return merge;
}

void Add(const JobResult& piece, JobResult* sum) {
  sum->edit.added_files.insert(sum->edit.added_files.end(), piece.edit.added_files.begin(),
                               piece.edit.added_files.end());
  if (piece.edit.history_floor.has_value()) {
    sum->edit.history_floor = piece.edit.history_floor;
  }
  const JobStatistics& more = piece.statistics;
  JobStatistics& all = sum->statistics;
  all.files_written += more.files_written;
  all.bytes_written += more.bytes_written;
  all.value_pages_copied += more.value_pages_copied;
  all.value_bytes_copied += more.value_bytes_copied;
  all.versions_read += more.versions_read;
  all.versions_written += more.versions_written;
  all.versions_hidden += more.versions_hidden;
  all.tombstones_dropped += more.tombstones_dropped;
}

// Adds the results of the pieces that succeeded. The error is the first, in the order of the
// pieces, that was not only a stop caused by another.
struct PieceResults {
  JobResult sum;
  absl::Status status;
};

PieceResults Join(const std::vector<absl::StatusOr<JobResult>>& results) {
  PieceResults joined;
  joined.sum.statistics.pieces = results.size();
  for (const absl::StatusOr<JobResult>& result : results) {
    if (result.ok()) {
      Add(*result, &joined.sum);
    } else if (joined.status.ok() || absl::IsAborted(joined.status)) {
      joined.status = result.status();
    }
  }
  return joined;
}

// Checks that every version of the inputs is in some piece (hazards C3, P4).
absl::Status CheckAllRead(const Pick& pick, const JobStatistics& statistics) {
  const uint64_t expected = TotalsOf(pick).entries;
  if (statistics.versions_read == expected) {
    return absl::OkStatus();
  }
  return DataLoss("inputs of a job hold " + std::to_string(expected) + " versions, but " +
                  std::to_string(statistics.versions_read) + " were read");
}

absl::StatusOr<JobResult> Merge(const JobEnvironment& environment, const CompactionOptions& options,
                                const CompactionRequest& request) {
  const OlderFiles older(request.version, NumbersOf(request.pick));
  Whole whole{request, older, {}, PlanOf(*request.version, request.pick, options), {}};
  if (options.copy_value_pages) {
    whole.copied_as = environment.segment_options(whole.plan.level, whole.plan.bottommost);
  }
  VERALITH_ASSIGN_OR_RETURN(whole.tombstones, CollectTombstones(request));
  VERALITH_ASSIGN_OR_RETURN(const std::vector<Piece> pieces,
                            PiecesOf(environment, options, request));

  Atomic<bool> failed{false};
  JobEnvironment of_piece = environment;
  of_piece.cancel.push_back(&failed);
  std::vector<absl::StatusOr<JobResult>> results(pieces.size());
  RunInParallel(environment.executor, TaskPriority::kLow, pieces.size(), [&](size_t i) {
    results[i] = CatchNoMemory("a compaction",
                               [&] { return MergeToOutputs(of_piece, PieceOf(whole, pieces[i])); });
    if (!results[i].ok()) {
      failed.Store(true);
    }
  });
  PieceResults joined = Join(results);
  if (joined.status.ok()) {
    joined.status = CheckAllRead(request.pick, joined.sum.statistics);
  }
  if (!joined.status.ok()) {
    RemoveOutputs(environment, joined.sum);
    return joined.status;
  }
  return std::move(joined.sum);
}

}  // namespace

absl::StatusOr<OutputMeasure> MeasureCompaction(const JobEnvironment& environment,
                                                const CompactionRequest& request,
                                                uint64_t most_bytes) {
  const OlderFiles older(request.version, NumbersOf(request.pick));
  Whole whole{request, older, {}, {}, {}};
  VERALITH_ASSIGN_OR_RETURN(whole.tombstones, CollectTombstones(request));
  return MeasureOutputs(environment, PieceOf(whole, Piece()), most_bytes);
}

absl::StatusOr<JobResult> RunCompaction(const JobEnvironment& environment,
                                        const CompactionOptions& options,
                                        const CompactionRequest& request) {
  VERALITH_CHECK(request.version != nullptr);
  const Pick& pick = request.pick;
  VERALITH_RETURN_IF_ERROR(CheckPick({request.version.get(), {}, request.points, {}}, pick));
  if (pick.trivial_move) {
    JobResult result;
    result.edit = TrivialMoveEdit(pick);
    return result;
  }
  if (pick.drop) {
    return Drop(request);
  }
  VERALITH_ASSIGN_OR_RETURN(JobResult result, Merge(environment, options, request));
  const InputTotals totals = TotalsOf(pick);
  result.statistics.files_read = totals.files;
  result.statistics.bytes_read = totals.bytes;
  AddRemovals(pick, &result.edit);
  return result;
}

}  // namespace veralith
