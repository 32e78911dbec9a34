// SPDX-License-Identifier: Apache-2.0

// How a segment is written. Files written under any options can be read by any reader.
#ifndef VERALITH_CORE_SEGMENT_SEGMENT_OPTIONS_H_
#define VERALITH_CORE_SEGMENT_SEGMENT_OPTIONS_H_

#include <cstddef>
#include <cstdint>

#include "core/format/compression.h"

namespace veralith {

// What a row of a value page counts as, besides its value: a length.
inline constexpr uint64_t kValueRowRawBytes = 4;

inline constexpr size_t kMaxSegmentPageBytes = size_t{64} << 20;

struct SegmentOptions {
  // A page ends once it holds this many raw (unencoded, uncompressed) bytes; an entry is never
  // split, so a page can be larger by one entry (key pages: by the versions of one user key). Value
  // pages that are copied from another segment may be smaller: value_column.h says how far.
  size_t key_page_bytes = 4096;
  size_t value_page_bytes = 4096;
  size_t timestamp_page_rows = 256;
  size_t namespace_page_rows = 20480;
  // Codec of value pages; the other columns are never compressed.
  parquet::Codec value_codec = parquet::Codec::kLz4Raw;
  double filter_bits_per_key = 10;  // 0: no filter
  // Parquet's own split-block bloom filter on `key`, for other readers.
  bool write_parquet_bloom_filter = true;
  // Also writes the sparse index as lower-case hex under the footer key merutable.kv_index.v1.
  bool write_hex_index = false;
  uint64_t row_group_rows = 122'880;
  // Raw. What is held of a segment while it is written is mostly an encoded row group.
  uint64_t row_group_bytes = uint64_t{8} << 20;
  uint32_t sparse_index_interval = 16;
};

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_SEGMENT_OPTIONS_H_
