// SPDX-License-Identifier: Apache-2.0

#include "core/repair/repair_rewrite.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/compaction/job.h"
#include "core/compaction/outputs.h"
#include "core/compaction/point_tombstones.h"
#include "core/db/option_mapping.h"
#include "core/format/checksum.h"
#include "core/format/key_range.h"
#include "core/fs/file_helpers.h"
#include "core/iterator/concatenating_stream.h"
#include "core/iterator/merging_stream.h"
#include "core/manifest/file_names.h"
#include "core/segment/read/segment_reader.h"

namespace veralith {
namespace {

constexpr size_t kReadaheadBytes = size_t{64} << 10;  // per column of each open source
constexpr size_t kMostConflictsNamed = 20;

// Opens one source after the other; only the current one is open.
class SourceParts final : public StreamParts {
 public:
  SourceParts(FileTable& files, std::vector<std::string> paths)
      : files_(files), paths_(std::move(paths)) {}
  size_t size() const override { return paths_.size(); }
  bool EndsBefore(size_t, NamespaceId, std::string_view) const override { return false; }
  absl::StatusOr<std::unique_ptr<VersionStream>> Open(size_t i) override {
    VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> file, files_.Open(paths_[i]));
    SegmentReaderOptions options;
    options.readahead_bytes = kReadaheadBytes;
    VERALITH_ASSIGN_OR_RETURN(reader_, SegmentReader::Open(std::move(file), options));
    return reader_->NewStream(/*fill_cache=*/false);
  }

 private:
  FileTable& files_;
  const std::vector<std::string> paths_;
  std::unique_ptr<SegmentReader> reader_;
};

// Drops nothing: whatever lies outside may be needed.
class Everything final : public OlderData {
 public:
  bool MayHold(NamespaceId, std::string_view) override { return true; }
  bool MayHoldIn(const RangeTombstoneView&) override { return true; }
};

// Lets each version pass once, whatever the number of files that hold it.
class Deduplicator {
 public:
  explicit Deduplicator(RepairReport* report) : report_(*report) {}

  // Call it after the last entry: it counts the conflicts that were not named.
  void Finish() {
    if (conflicts_ > kMostConflictsNamed) {
      report_.risks.push_back(StrCat("two files hold different values of ",
                                     conflicts_ - kMostConflictsNamed,
                                     " more versions; one of each was kept"));
    }
  }

  // Returns false if seen before. `first_of_key`: no earlier entry had the user key.
  bool Admit(const EntryView& entry, bool* first_of_key) {
    const bool same_key = any_ && CompareUserKeys(ns_, key_, entry.ns, entry.key) == 0;
    const uint32_t checksum = Crc32c(static_cast<uint32_t>(entry.kind), entry.value);
    if (same_key && entry.ts == ts_) {
      ++report_.duplicates;
      if (checksum != checksum_ && ++conflicts_ <= kMostConflictsNamed) {
        report_.risks.push_back(StrCat("two files hold different values of ", entry.ns, ":",
                                       QuoteKey(entry.key), " at timestamp ", entry.ts,
                                       "; one of them was kept"));
      }
      return false;
    }
    *first_of_key = !same_key;
    any_ = true;
    ns_ = entry.ns;
    key_.assign(entry.key);
    ts_ = entry.ts;
    checksum_ = checksum;
    return true;
  }

 private:
  RepairReport& report_;
  bool any_ = false;
  NamespaceId ns_ = 0;
  std::string key_;
  Timestamp ts_ = 0;
  uint32_t checksum_ = 0;
  size_t conflicts_ = 0;
};

}  // namespace

absl::Status StagingSegment::Add(const EntryView& entry) {
  if (writer_ == nullptr) {
    VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> file, fs_.Open(path_, OpenMode::kCreate));
    VERALITH_ASSIGN_OR_RETURN(writer_, SegmentWriter::Create(std::move(file), options_));
  }
  return writer_->Add(entry);
}

absl::StatusOr<bool> StagingSegment::Finish(SegmentSummary* summary) {
  if (writer_ == nullptr) {
    return false;
  }
  VERALITH_ASSIGN_OR_RETURN(*summary, writer_->Finish());
  writer_.reset();
  return true;
}

RepairRewrite::RepairRewrite(const Options& options, FileSystem& fs, std::string target,
                             uint64_t first_number)
    : options_(options),
      fs_(fs),
      files_(std::make_shared<FileTable>(&fs, MaxOpenSegments(options, fs.MaxOpenFiles(), 1))),
      target_(std::move(target)),
      next_number_(first_number) {}

void RepairRewrite::AddSource(std::string path, const SegmentSummary& summary) {
  if (summary.entries > 0) {
    sources_.push_back({std::move(path), summary});
  }
}

StagingSegment RepairRewrite::NewStaging() {
  staging_.push_back(JoinPath(target_, SegmentFileName(NewNumber())));
  return StagingSegment(fs_, staging_.back(),
                        ToSegmentOptions(options_, /*level=*/0, /*bottommost=*/false));
}

absl::Status RepairRewrite::FinishStaging(StagingSegment* staging) {
  SegmentSummary summary;
  VERALITH_ASSIGN_OR_RETURN(const bool any, staging->Finish(&summary));
  if (any) {
    AddSource(staging->path(), summary);
  }
  return absl::OkStatus();
}

void RepairRewrite::AddRangeTombstone(const RangeTombstoneView& tombstone) {
  range_tombstones_.push_back({tombstone.ns, std::string(tombstone.begin),
                               std::string(tombstone.end), tombstone.open_end, tombstone.ts});
}

uint64_t RepairRewrite::source_bytes() const {
  uint64_t bytes = 0;
  for (const Source& source : sources_) {
    bytes += source.summary.file_bytes;
  }
  return bytes;
}

// Makes at most as many runs as sources overlap at one key: takes the sources in the order of their
// first keys, and appends each to a run that ends before it.
std::vector<std::vector<RepairRewrite::Source>> RepairRewrite::Runs() const {
  std::vector<Source> sorted = sources_;
  std::sort(sorted.begin(), sorted.end(), [](const Source& a, const Source& b) {
    const int order = CompareUserKeys(a.summary.smallest_ns, a.summary.smallest_key,
                                      b.summary.smallest_ns, b.summary.smallest_key);
    return order != 0 ? order < 0 : a.path < b.path;
  });
  std::vector<std::vector<Source>> runs;
  for (Source& source : sorted) {
    const auto run = std::find_if(runs.begin(), runs.end(), [&](const std::vector<Source>& r) {
      return !IsWithin(source.summary.smallest_ns, source.summary.smallest_key,
                       r.back().summary.largest);
    });
    if (run == runs.end()) {
      runs.push_back({std::move(source)});
    } else {
      run->push_back(std::move(source));
    }
  }
  return runs;
}

std::unique_ptr<VersionStream> RepairRewrite::NewMergedStream() const {
  std::vector<std::unique_ptr<VersionStream>> children;
  for (const std::vector<Source>& run : Runs()) {
    std::vector<std::string> paths;
    for (const Source& source : run) {
      paths.push_back(source.path);
    }
    children.push_back(
        NewConcatenatingStream(std::make_unique<SourceParts>(*files_, std::move(paths))));
  }
  return NewMergingStream(std::move(children));
}

absl::StatusOr<std::vector<FileMeta>> RepairRewrite::Merge(
    const std::function<void(uint64_t bytes)>& progress, RepairReport* report) {
  std::vector<RangeTombstoneView> views;
  std::vector<Timestamp> points = {kMaxTimestamp};  // each range tombstone is seen by its own point
  for (const OwnedRangeTombstone& tombstone : range_tombstones_) {
    views.push_back(tombstone.view());
    points.push_back(tombstone.ts);
  }
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  const PointTombstones by_point(views, points);
  Everything everything;
  RangeTombstoneSurvivors tombstones(&by_point, &everything);
  JobEnvironment environment;
  environment.fs = &fs_;
  environment.directory = target_;
  environment.new_file_number = [this] { return NewNumber(); };
  environment.segment_options = [this](int level, bool bottommost) {
    return ToSegmentOptions(options_, level, bottommost);
  };
  environment.progress = progress;
  OutputPlan plan;
  plan.level = kLevels - 1;
  plan.bottommost = true;
  plan.target_file_bytes = options_.target_segment_bytes;
  Outputs outputs(environment, plan, &tombstones, nullptr);
  Deduplicator deduplicator(report);
  const std::unique_ptr<VersionStream> merged = NewMergedStream();
  bool first_of_key = false;
  for (merged->SeekToFirst(); merged->Valid(); merged->Next()) {
    if (deduplicator.Admit(merged->entry(), &first_of_key)) {
      VERALITH_RETURN_IF_ERROR(outputs.Add(merged->entry(), first_of_key));
    }
  }
  VERALITH_RETURN_IF_ERROR(
      Annotate(merged->status(), "a file that was whole before could not be read again"));
  deduplicator.Finish();
  VERALITH_ASSIGN_OR_RETURN(std::vector<FileMeta> files, outputs.Finish());
  VERALITH_RETURN_IF_ERROR(RemoveStaging());
  return files;
}

absl::Status RepairRewrite::RemoveStaging() {
  for (const std::string& path : staging_) {
    const absl::Status status = fs_.Remove(path);
    if (!status.ok() && !absl::IsNotFound(status)) {
      return status;
    }
  }
  return fs_.SyncDirectory(target_);
}

}  // namespace veralith
