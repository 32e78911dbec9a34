// SPDX-License-Identifier: Apache-2.0

#include "core/iceberg/hidden_rows.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/status.h"
#include "core/format/key_range.h"
#include "core/iterator/concatenating_stream.h"
#include "core/iterator/merging_stream.h"
#include "core/iterator/range_tombstones.h"
#include "core/segment/read/row_place.h"

namespace veralith::iceberg {
namespace {

constexpr uint64_t kRowsBetweenAsking = 65536;

class PlaceParts final : public StreamParts {
 public:
  PlaceParts(const RunOfReaders& run, uint64_t first_source)
      : run_(run), first_source_(first_source) {}

  size_t size() const override { return run_.size(); }
  bool EndsBefore(size_t i, NamespaceId ns, std::string_view key) const override {
    return !IsWithin(ns, key, run_[i]->summary().largest);
  }
  absl::StatusOr<std::unique_ptr<VersionStream>> Open(size_t i) override {
    return run_[i]->NewPlaceStream(first_source_ + i);
  }

 private:
  const RunOfReaders& run_;
  const uint64_t first_source_;
};

// Judges versions in the order of entries.
class Judge {
 public:
  Judge(const HiddenRowsRequest& request, RangeTombstoneLists tombstones)
      : at_(request.at), only_ns_(request.ns), tombstones_(std::move(tombstones)) {}

  bool Hides(const EntryView& entry) {
    if (entry.ts > at_ || (only_ns_.has_value() && entry.ns != *only_ns_)) {
      return true;
    }
    if (any_key_ && entry.ns == ns_ && entry.key == key_) {
      return true;  // a newer version decided
    }
    if (!any_key_ || entry.ns != ns_) {
      cover_.emplace(tombstones_, entry.ns, at_);
    }
    any_key_ = true;
    ns_ = entry.ns;
    key_.assign(entry.key);
    return entry.kind == EntryKind::kDelete ||
           (!cover_->empty() && cover_->MaxCovering(entry.key) > entry.ts);
  }

 private:
  const Timestamp at_;
  const std::optional<NamespaceId> only_ns_;
  const RangeTombstoneLists tombstones_;
  // The last key that had a version at or below `at_`.
  bool any_key_ = false;
  NamespaceId ns_ = 0;
  std::string key_;
  std::optional<RangeTombstoneCursor> cover_;  // of ns_
};

}  // namespace

absl::StatusOr<std::vector<PositionSet>> FindHiddenRows(const HiddenRowsRequest& request) {
  std::vector<std::unique_ptr<VersionStream>> streams;
  RangeTombstoneLists tombstones;
  size_t segments = 0;
  for (const RunOfReaders& run : request.runs) {
    for (const SegmentReader* reader : run) {
      if (reader->fragmented_range_tombstones() != nullptr) {
        tombstones.push_back(reader->fragmented_range_tombstones());
      }
    }
    streams.push_back(NewConcatenatingStream(std::make_unique<PlaceParts>(run, segments)));
    segments += run.size();
  }
  std::vector<PositionSet> hidden(segments);
  Judge judge(request, std::move(tombstones));
  const std::unique_ptr<VersionStream> merged = NewMergingStream(std::move(streams));
  uint64_t rows = 0;
  for (merged->SeekToFirst(); merged->Valid(); merged->Next()) {
    if (judge.Hides(merged->entry())) {
      const RowPlace place = PlaceOf(merged->entry());
      hidden[place.source].Add(place.row);
    }
    if (++rows % kRowsBetweenAsking == 0 && request.cancelled && request.cancelled()) {
      return Aborted("a publication was cancelled");
    }
  }
  VERALITH_RETURN_IF_ERROR(merged->status());
  for (PositionSet& set : hidden) {
    set.Finish();
  }
  return hidden;
}

}  // namespace veralith::iceberg
