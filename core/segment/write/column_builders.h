// SPDX-License-Identifier: Apache-2.0

// The columns of a row group while it is written: values go in one by one, pages are cut by the
// caller, encoded pages and what Parquet's indexes say of them come out.
//
// Steady state allocates per page, not per value. Thread rule: one thread at a time.
#ifndef VERALITH_CORE_SEGMENT_WRITE_COLUMN_BUILDERS_H_
#define VERALITH_CORE_SEGMENT_WRITE_COLUMN_BUILDERS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/format/delta_encoding.h"
#include "core/format/parquet_metadata.h"
#include "core/segment/segment_options.h"
#include "core/segment/write/encoded_chunk.h"

namespace veralith {

// Longest bounds in the page index and in chunk statistics; longer ones are cut (a lower bound to a
// prefix, an upper bound to a prefix whose last byte is one higher).
inline constexpr size_t kPageBoundBytes = 64;
inline constexpr size_t kChunkBoundBytes = 256;

std::string CutLowerBound(std::string_view key, size_t limit);
// The shortest string of at most `limit` bytes that is >= every key starting like `key`; all of
// `key` when there is none (all bytes FF).
std::string CutUpperBound(std::string_view key, size_t limit);

// The boundary order that the bounds really have. Bounds are compared as `less` says.
parquet::BoundaryOrder ComputeBoundaryOrder(const parquet::ColumnIndex& index, bool as_int64);

// A required INT64 column.
class IntegerColumnBuilder {
 public:
  IntegerColumnBuilder();

  void Add(int64_t value) { values_.push_back(value); }
  size_t open_rows() const { return values_.size(); }
  absl::Status FinishPage();  // of at least one row
  void Clear();

  const EncodedChunk& chunk() const { return chunk_; }
  parquet::Statistics MakeStatistics() const;
  parquet::ColumnIndex MakeColumnIndex() const;

 private:
  EncodedChunk chunk_;
  std::vector<int64_t> values_;  // the open page's
  std::string encoded_;          // scratch
  std::vector<int64_t> page_min_;
  std::vector<int64_t> page_max_;
};

// The key column, DELTA_BYTE_ARRAY.
class KeyColumnBuilder {
 public:
  KeyColumnBuilder();

  // `shared` bytes are common with the previous key added (to any page); ignored for the first row
  // of a page. `restart`: the key may be below the previous one (a new namespace).
  void Add(std::string_view key, size_t shared, bool restart);
  size_t open_rows() const { return prefix_lengths_.size(); }
  size_t open_raw_bytes() const { return open_raw_bytes_; }
  absl::Status FinishPage();  // of at least one row
  void Clear();

  const EncodedChunk& chunk() const { return chunk_; }
  parquet::Statistics MakeStatistics() const;
  parquet::ColumnIndex MakeColumnIndex() const;

 private:
  void CloseAscendingRun();

  EncodedChunk chunk_;
  // The open page.
  std::vector<int32_t> prefix_lengths_;
  std::vector<int32_t> suffix_lengths_;
  std::string suffixes_;
  size_t open_raw_bytes_ = 0;
  std::string last_;      // the last key added
  std::string open_min_;  // over closed ascending runs, and the first key of the open one
  std::string open_max_;  // over closed ascending runs
  bool has_open_max_ = false;
  std::string encoded_;  // scratch
  // The chunk's closed pages.
  std::vector<std::string> page_min_;  // cut to kPageBoundBytes
  std::vector<std::string> page_max_;
  std::string chunk_min_;
  std::string chunk_max_;
};

// The optional value column, DELTA_LENGTH_BYTE_ARRAY with a codec; a tombstone is a null.
class ValueColumnBuilder {
 public:
  explicit ValueColumnBuilder(parquet::Codec codec);

  void Add(std::string_view value) {
    values_.Add(value);
    levels_.push_back(1);
    open_raw_bytes_ += value.size() + kValueRowRawBytes;
  }
  void AddNull() {
    levels_.push_back(0);
    open_raw_bytes_ += kValueRowRawBytes;
  }
  size_t open_raw_bytes() const { return open_raw_bytes_; }
  absl::Status FinishPage();  // does nothing without open rows
  // A page of another chunk, as EncodedChunk::AppendStored says. No rows are open.
  void AppendStored(uint64_t rows, uint64_t nulls, std::string_view page, uint32_t crc32c,
                    uint64_t uncompressed_bytes);
  void Clear();

  const EncodedChunk& chunk() const { return chunk_; }
  parquet::Statistics MakeStatistics() const;

 private:
  EncodedChunk chunk_;
  parquet::DeltaLengthByteArrayEncoder values_;
  std::vector<uint8_t> levels_;
  size_t open_raw_bytes_ = 0;
  std::string encoded_levels_;  // scratch
  std::string encoded_values_;  // scratch
};

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_WRITE_COLUMN_BUILDERS_H_
