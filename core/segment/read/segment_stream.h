// SPDX-License-Identifier: Apache-2.0

// The entries of one segment in order, page at a time.
//
// Holds a reference on the current page of each column; keys are put together in a buffer of its
// own, values are views into their page. Pages that are not in the cache are read in runs.
//
// A stream of places (row_place.h) has no values: it reads value pages only in a segment that has
// tombstones, to tell them from puts.
#ifndef VERALITH_CORE_SEGMENT_READ_SEGMENT_STREAM_H_
#define VERALITH_CORE_SEGMENT_READ_SEGMENT_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/iterator/version_stream.h"
#include "core/segment/read/page_column.h"
#include "core/segment/read/row_key.h"
#include "core/segment/read/row_place.h"
#include "core/segment/read/segment_pages.h"

namespace veralith {

class SegmentStream : public VersionStream {
 public:
  // `offers`: where value pages are offered as the stream comes to their first rows; they are
  // then read past the cache, always. Null: nowhere. `keep`: what the stream keeps alive.
  SegmentStream(SegmentPages* pages, size_t readahead_bytes, bool fill_cache,
                ValuePageOffers::Place* offers = nullptr,
                std::shared_ptr<const void> keep = nullptr);
  // A stream of places, past the cache, with less read ahead: many are merged.
  static std::unique_ptr<SegmentStream> OfPlaces(SegmentPages* pages, uint64_t source);

  absl::Status status() const override { return status_; }
  void SeekToFirst() override { MoveTo(0); }
  void Seek(NamespaceId ns, std::string_view key) override;
  void Next() override;

 private:
  uint64_t rows() const { return segment_.block.rows(); }
  bool Fail(absl::Status status);
  // To the row, reading what is needed; beyond the last row: invalid.
  void MoveTo(uint64_t row);
  // With the key page in place: everything else of the current row. False after an error.
  bool FillEntry();
  bool FillTimestamp();
  bool FillValue(uint32_t key_row);
  void FillPlace();
  absl::Status BringValues(size_t number);
  void FindNamespace();

  // The first row at or after the user key.
  absl::StatusOr<uint64_t> FindRow(NamespaceId ns, std::string_view key);

  const std::shared_ptr<const void> keep_;  // destroyed last
  const SegmentFile& segment_;
  absl::Status status_;

  PageColumn<KeyPage> keys_;
  PageColumn<TimestampPage> timestamps_;
  PageColumn<ValuePage> values_;
  ValuePageOffers::Place* const offers_;
  std::optional<RowPlace> place_;  // of the current row, in a stream of places
  uint64_t row_ = 0;
  // Rows of the current namespace.
  uint64_t namespace_begin_ = 0;
  uint64_t namespace_end_ = 0;
  RowKey row_key_;  // holds the current key
};

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_READ_SEGMENT_STREAM_H_
