// SPDX-License-Identifier: Apache-2.0

// One column chunk of a Parquet file that another tool wrote, decoded: what foreign_segment.h
// stands on.
//
// Known: data pages v1 and v2 and dictionary pages; PLAIN, RLE_DICTIONARY, DELTA_BINARY_PACKED,
// DELTA_LENGTH_BYTE_ARRAY and DELTA_BYTE_ARRAY; the codecs of compression.h; required and optional
// columns without nesting. Everything else is Unimplemented, naming it.
//
// 1. The bytes are hostile: every length and count is checked before it is believed; DataLoss names
//    the offset in the file of the page.
// 2. Memory is charged against a budget before it is asked for: ResourceExhausted.
// 3. A page's CRC-32 is verified where the writer put one.
//
// Thread rule: pure functions.
#ifndef VERALITH_CORE_SEGMENT_FOREIGN_FOREIGN_CHUNK_H_
#define VERALITH_CORE_SEGMENT_FOREIGN_FOREIGN_CHUNK_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/format/compression.h"
#include "core/format/parquet_metadata.h"

namespace veralith {

// Where a chunk lies and how it is stored; the caller has checked that it lies inside the file.
struct ForeignChunkPlace {
  uint64_t offset = 0;  // of the first page, dictionary or data
  uint64_t bytes = 0;
  uint64_t rows = 0;
  parquet::Type type = parquet::Type::kInt64;  // kInt64 or kByteArray
  bool optional = false;
  parquet::Codec codec = parquet::Codec::kNone;
};

// Bytes that may still be asked for.
class MemoryBudget {
 public:
  explicit MemoryBudget(uint64_t bytes) : left_(bytes) {}
  absl::Status Charge(uint64_t bytes);

 private:
  uint64_t left_;
};

struct ForeignColumn {
  std::vector<int64_t> integers;  // of an INT64 column; a null is 0
  std::string bytes;              // of a BYTE_ARRAY column: its values back to back
  std::vector<uint64_t> ends;     // of a BYTE_ARRAY column: where each value ends; a null is empty
  std::vector<uint8_t> present;   // 1 per value, 0 per null; empty: no nulls

  bool IsNull(size_t row) const { return !present.empty() && present[row] == 0; }
  std::string_view value(size_t row) const {
    const uint64_t begin = row == 0 ? 0 : ends[row - 1];
    return std::string_view(bytes).substr(begin, ends[row] - begin);
  }
};

// `chunk`: the place.bytes bytes at place.offset.
absl::StatusOr<ForeignColumn> DecodeForeignChunk(std::string_view chunk,
                                                 const ForeignChunkPlace& place,
                                                 MemoryBudget* budget);

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_FOREIGN_FOREIGN_CHUNK_H_
