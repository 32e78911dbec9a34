// SPDX-License-Identifier: Apache-2.0

// Parquet's RLE / bit-packed hybrid: definition levels and dictionary indices.
//
// Functions are total; decoders allocate nothing. `out.size()` is the number of values to expect,
// which the caller has bounded. Returned is the number of input bytes used. DataLoss: runs of equal
// values longer than expected, widths above 32, values wider than the width. The last bit-packed
// run may be padded by any number of values.
#ifndef VERALITH_CORE_FORMAT_RLE_ENCODING_H_
#define VERALITH_CORE_FORMAT_RLE_ENCODING_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace veralith::parquet {

// Values must be < 2^bit_width (0 to 32). Without a length prefix (v1 data pages put 4 bytes of it
// before their levels: see SplitLevelsV1).
void AppendRle(std::span<const uint32_t> values, int bit_width, std::string* out);
// Levels 0 and 1, one byte each.
void AppendRleLevels(std::span<const uint8_t> levels, std::string* out);

absl::StatusOr<size_t> DecodeRle(std::string_view bytes, int bit_width, std::span<uint32_t> out);

// Bit width 1, one byte per level, each 0 or 1. `ones`, if given, is set to the number of ones.
absl::StatusOr<size_t> DecodeRleLevels(std::string_view bytes, std::span<uint8_t> out,
                                       size_t* ones = nullptr);

// The body of a v1 data page of an optional column: its levels, and the bytes after them.
struct LevelsV1 {
  std::string_view levels;
  std::string_view values;
};
absl::StatusOr<LevelsV1> SplitLevelsV1(std::string_view body);

// RLE_DICTIONARY (and PLAIN_DICTIONARY) data: one byte of bit width, then the hybrid. Every index
// is checked to be < dictionary_size.
absl::StatusOr<size_t> DecodeDictionaryIndices(std::string_view bytes, uint32_t dictionary_size,
                                               std::span<uint32_t> out);

}  // namespace veralith::parquet

#endif  // VERALITH_CORE_FORMAT_RLE_ENCODING_H_
