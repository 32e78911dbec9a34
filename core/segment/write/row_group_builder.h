// SPDX-License-Identifier: Apache-2.0

// One row group while it is written: four columns filled in parallel, each cut into pages on its
// own, written in schema order when the group ends.
//
// Thread rule: one thread at a time. Buffers are reused from group to group.
#ifndef VERALITH_CORE_SEGMENT_WRITE_ROW_GROUP_BUILDER_H_
#define VERALITH_CORE_SEGMENT_WRITE_ROW_GROUP_BUILDER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/format/entry.h"
#include "core/format/parquet_metadata.h"
#include "core/format/segment_block.h"
#include "core/segment/segment_options.h"
#include "core/segment/write/column_builders.h"
#include "core/segment/write/value_column.h"

namespace veralith {

class RowGroupBuilder {
 public:
  explicit RowGroupBuilder(const SegmentOptions& options);

  // How an entry stands to the one before it, in the whole file.
  struct Relation {
    size_t shared_key_bytes = 0;
    bool new_namespace = true;
    bool new_user_key = true;
  };
  // `stored_page`: a stored value page whose first row the entry is, or null (value_column.h).
  absl::Status Add(const EntryView& entry, const Relation& relation, StoredValuePage* stored_page);

  // True when the group has reached its rows or bytes, and the next entry should begin another;
  // `new_user_key`: of that entry.
  bool IsFull(bool new_user_key) const;
  bool empty() const { return rows_ == 0; }
  uint64_t rows() const { return rows_; }
  // True when the next Add begins a key page.
  // True when the next entry, of this relation, will begin a key page (the open one ends before).
  bool WillBeginKeyPage(const Relation& relation) const;

  // Encoded and open bytes.
  uint64_t BufferedBytes() const;

  absl::Status FinishPages();

  const EncodedChunk& chunk(SegmentColumn column) const;
  // With statistics; the chunks begin at `file_offset`, back to back. Places of indexes and bloom
  // filter are the caller's.
  parquet::RowGroup Describe(uint64_t file_offset) const;
  // Only for columns that have an index (all except value).
  parquet::ColumnIndex MakeColumnIndex(SegmentColumn column) const;
  const CopiedPages& copied_value_pages() const { return values_.copied(); }  // in all groups
  const std::vector<uint64_t>& bloom_hashes() const { return bloom_hashes_; }

  void Clear();

 private:
  bool KeyPageIsFull(bool new_user_key) const;

  const SegmentOptions options_;
  IntegerColumnBuilder namespaces_;
  KeyColumnBuilder keys_;
  IntegerColumnBuilder timestamps_;
  ValueColumn values_;
  std::vector<uint64_t> bloom_hashes_;
  uint64_t rows_ = 0;
  uint64_t raw_bytes_ = 0;
};

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_WRITE_ROW_GROUP_BUILDER_H_
