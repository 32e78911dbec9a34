// SPDX-License-Identifier: Apache-2.0

#include "core/compaction/outputs.h"

#include <string>
#include <utility>

#include "core/base/check.h"
#include "core/base/no_memory.h"
#include "core/base/status.h"
#include "core/format/key_range.h"
#include "core/fs/file_helpers.h"
#include "core/manifest/file_names.h"

namespace veralith {
namespace {

constexpr uint64_t kProgressBytes = 64 << 10;

}  // namespace

Outputs::Outputs(const JobEnvironment& environment, const OutputPlan& plan,
                 RangeTombstoneSurvivors* tombstones, ValuePageOffers* offers)
    : environment_(environment), plan_(plan), tombstones_(tombstones), offers_(offers) {}

Outputs::~Outputs() {
  if (!finished_) {
    RemoveAll();
  }
}

absl::Status Outputs::Add(const EntryView& entry, bool first_of_key) {
  VERALITH_CHECK(!finished_);
  if (first_of_key && writer_ != nullptr && CutIsDue(entry)) {
    VERALITH_RETURN_IF_ERROR(Close(tombstones_->CutAt(entry.ns, entry.key)));
  }
  if (writer_ == nullptr) {
    VERALITH_CHECK(first_of_key);
    PassGrandparents(entry);
    VERALITH_RETURN_IF_ERROR(Begin());
  }
  VERALITH_RETURN_IF_ERROR(
      writer_->Add(entry, offers_ == nullptr ? nullptr : offers_->Take(entry)));
  tombstones_->Kept(entry);
  superseded_ += first_of_key ? 0 : 1;
  estimated_bytes_ = writer_->EstimatedBytes();
  if (estimated_bytes_ >= reported_bytes_ + kProgressBytes) {
    ReportProgress(estimated_bytes_);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<FileMeta>> Outputs::Finish() {
  VERALITH_CHECK(!finished_);
  const std::vector<OwnedRangeTombstone> tombstones = tombstones_->Finish();
  if (writer_ == nullptr && !tombstones.empty()) {
    VERALITH_RETURN_IF_ERROR(Begin());
  }
  if (writer_ != nullptr) {
    VERALITH_RETURN_IF_ERROR(Close(tombstones));
  }
  if (!files_.empty()) {
    VERALITH_RETURN_IF_ERROR(environment_.fs->SyncDirectory(environment_.directory));
  }
  finished_ = true;
  return std::move(files_);
}

bool Outputs::CutIsDue(const EntryView& next) {
  PassGrandparents(next);
  return estimated_bytes_ >= plan_.target_file_bytes ||
         grandparent_bytes_ > plan_.max_grandparent_overlap_bytes;
}

void Outputs::PassGrandparents(const EntryView& next) {
  while (grandparent_ < plan_.grandparents.size() &&
         !IsWithin(next.ns, next.key, plan_.grandparents[grandparent_]->largest)) {
    grandparent_bytes_ += plan_.grandparents[grandparent_++]->bytes;
  }
}

absl::Status Outputs::Begin() {
  created_.reserve(created_.size() + 1);
  number_ = environment_.new_file_number();
  superseded_ = 0;
  estimated_bytes_ = 0;
  reported_bytes_ = 0;
  grandparent_bytes_ = 0;
  absl::StatusOr<std::unique_ptr<File>> file = environment_.fs->Open(
      JoinPath(environment_.directory, SegmentFileName(number_)), OpenMode::kCreate);
  if (file.status().code() == absl::StatusCode::kAlreadyExists) {
    return std::move(file).status();  // it is not ours to remove
  }
  created_.push_back(number_);
  VERALITH_RETURN_IF_ERROR(file.status());
  VERALITH_ASSIGN_OR_RETURN(
      writer_, SegmentWriter::Create(*std::move(file),
                                     environment_.segment_options(plan_.level, plan_.bottommost)));
  return absl::OkStatus();
}

absl::Status Outputs::Close(const std::vector<OwnedRangeTombstone>& tombstones) {
  for (const OwnedRangeTombstone& tombstone : tombstones) {
    VERALITH_RETURN_IF_ERROR(writer_->AddRangeTombstone(tombstone.view()));
  }
  VERALITH_ASSIGN_OR_RETURN(const SegmentSummary summary, writer_->Finish());
  copied_ += writer_->copied_value_pages();
  writer_.reset();
  files_.push_back(MetaOf(summary));
  bytes_written_ += summary.file_bytes;
  ReportProgress(summary.file_bytes);
  return absl::OkStatus();
}

FileMeta Outputs::MetaOf(const SegmentSummary& summary) const {
  FileMeta meta;
  meta.number = number_;
  meta.bytes = summary.file_bytes;
  meta.entries = summary.entries;
  meta.tombstones = summary.tombstones;
  meta.superseded = superseded_;
  meta.range_tombstones = summary.range_tombstones;
  meta.smallest_ns = summary.smallest_ns;
  meta.smallest_key = summary.smallest_key;
  meta.largest = summary.largest;
  meta.min_ts = summary.min_ts;
  meta.max_ts = summary.max_ts;
  meta.created_by_job = environment_.job_id;
  return meta;
}

void Outputs::ReportProgress(uint64_t bytes_of_open_file) {
  if (environment_.progress != nullptr && bytes_of_open_file > reported_bytes_) {
    environment_.progress(bytes_of_open_file - reported_bytes_);
  }
  reported_bytes_ = bytes_of_open_file;
}

void Outputs::RemoveAll() {
  writer_.reset();
  for (const uint64_t number : created_) {
    CatchNoMemory("the removal of a segment", [&] {
      return environment_.fs->Remove(JoinPath(environment_.directory, SegmentFileName(number)));
    }).IgnoreError();  // invariant 4
  }
}

}  // namespace veralith
