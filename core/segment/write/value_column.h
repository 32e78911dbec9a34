// SPDX-License-Identifier: Apache-2.0

// The value column of a row group while it is written. Values go in one by one and are cut into
// pages. A page of another segment is copied as it is if all its rows come one after the other.
//
// From its first row on, the rows of such a page are only counted; the open page stays as it is.
// With the last one, the open page ends and the stored page follows, with the checksums, sizes and
// counts it has. When another row comes first, or the group ends, the rows counted are encoded in
// the ordinary way.
//
// Invariants
//   1. The rows are those that were added, in order, whatever is copied: a row is counted as one of
//      a stored page only where the page holds that very value.
//   2. A page has less than `page_bytes` raw bytes before its last row, copied or not. Two
//      neighbours in a group together hold at least `page_bytes`, except the last page of the
//      group. So pages hold at least half of it on average.
//   3. Pages never straddle row groups: a page is copied only when all its rows are in the group.
//   4. What is copied depends on the rows added and the pages offered alone. Where none is copied,
//      the bytes are those without any offer.
//   5. Holds one stored page besides what it encodes.
//
// Thread rule: one thread at a time.
#ifndef VERALITH_CORE_SEGMENT_WRITE_VALUE_COLUMN_H_
#define VERALITH_CORE_SEGMENT_WRITE_VALUE_COLUMN_H_

#include <cstdint>

#include "absl/status/status.h"
#include "core/format/entry.h"
#include "core/format/parquet_metadata.h"
#include "core/segment/page/stored_value_page.h"
#include "core/segment/segment_options.h"
#include "core/segment/segment_summary.h"
#include "core/segment/write/column_builders.h"

namespace veralith {

class ValueColumn {
 public:
  explicit ValueColumn(const SegmentOptions& options)
      : options_(options), builder_(options.value_codec), last_page_bytes_(page_bytes()) {}

  // `stored_page`: a page whose first row the entry is, or null. It is taken away where it may be
  // copied.
  absl::Status Add(const EntryView& entry, StoredValuePage* stored_page);
  // Encodes what is left.
  absl::Status FinishPages();
  void Clear();  // after FinishPages

  // Raw bytes that are not in the chunk yet.
  uint64_t open_raw_bytes() const { return builder_.open_raw_bytes() + counted_bytes_; }
  const EncodedChunk& chunk() const { return builder_.chunk(); }
  parquet::Statistics MakeStatistics() const { return builder_.MakeStatistics(); }
  // Pages copied in all groups.
  const CopiedPages& copied() const { return copied_; }

 private:
  uint64_t page_bytes() const { return options_.value_page_bytes; }
  bool MayFollow(const StoredValuePage& stored) const;
  absl::Status Encode(const EntryView& entry);
  absl::Status EncodeCounted();
  absl::Status Count(const EntryView& entry);
  absl::Status Copy();
  absl::Status FinishPage();

  const SegmentOptions options_;
  ValueColumnBuilder builder_;
  uint64_t last_page_bytes_;  // raw, of the last page finished; as a full one before the first

  // The page being counted, if counted_ > 0.
  StoredValuePage stored_;
  uint32_t counted_ = 0;
  uint64_t counted_bytes_ = 0;  // raw
  CopiedPages copied_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_WRITE_VALUE_COLUMN_H_
