// SPDX-License-Identifier: Apache-2.0

// In which Parquet encodings the columns of a segment are (FORMAT.md, "Segment file"), and the
// codecs of those that hold integers.
//
// Writers use the first encoding of a column. Readers, `check` and salvage take each of them, and
// go by what the header of a page says, so a column can change its encoding and old segments stay
// readable.
#ifndef VERALITH_CORE_FORMAT_COLUMN_ENCODING_H_
#define VERALITH_CORE_FORMAT_COLUMN_ENCODING_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/format/delta_encoding.h"
#include "core/format/parquet_metadata.h"
#include "core/format/plain_encoding.h"
#include "core/format/segment_block.h"

namespace veralith {

// --- Columns -------------------------------------------------------------------------------------

inline constexpr parquet::Encoding kIntegerColumnEncodings[] = {
    parquet::Encoding::kDeltaBinaryPacked};
inline constexpr parquet::Encoding kKeyColumnEncodings[] = {parquet::Encoding::kDeltaByteArray};
inline constexpr parquet::Encoding kValueColumnEncodings[] = {
    parquet::Encoding::kDeltaLengthByteArray};

constexpr std::span<const parquet::Encoding> EncodingsOf(SegmentColumn column) {
  switch (column) {
    case SegmentColumn::kNamespace:
    case SegmentColumn::kTimestamp:
      break;
    case SegmentColumn::kKey:
      return kKeyColumnEncodings;
    case SegmentColumn::kValue:
      return kValueColumnEncodings;
  }
  return kIntegerColumnEncodings;
}

// Returns the encoding that writers use.
constexpr parquet::Encoding EncodingOf(SegmentColumn column) { return EncodingsOf(column).front(); }

constexpr bool IsEncodingOf(SegmentColumn column, parquet::Encoding encoding) {
  const std::span<const parquet::Encoding> encodings = EncodingsOf(column);
  return std::find(encodings.begin(), encodings.end(), encoding) != encodings.end();
}

// --- Integers ------------------------------------------------------------------------------------

struct IntegerEncoding {
  parquet::Encoding id;
  void (*append)(std::span<const int64_t> values, std::string* out);
  // Fills all of `out` and returns how many bytes it used; DataLoss for bytes that are damaged.
  absl::StatusOr<size_t> (*decode)(std::string_view bytes, std::span<int64_t> out);
};

// Those that segments of this or another writer can have, except dictionaries.
inline constexpr IntegerEncoding kIntegerEncodings[] = {
    {parquet::Encoding::kDeltaBinaryPacked, parquet::AppendDeltaBinaryPacked,
     parquet::DecodeDeltaBinaryPacked},
    {parquet::Encoding::kPlain, parquet::AppendPlain, parquet::DecodePlain},
};

// Returns null for an encoding that is not in the table.
constexpr const IntegerEncoding* FindIntegerEncoding(parquet::Encoding id) {
  for (const IntegerEncoding& encoding : kIntegerEncodings) {
    if (encoding.id == id) {
      return &encoding;
    }
  }
  return nullptr;
}

static_assert(std::all_of(std::begin(kIntegerColumnEncodings), std::end(kIntegerColumnEncodings),
                          [](parquet::Encoding id) { return FindIntegerEncoding(id) != nullptr; }));

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_COLUMN_ENCODING_H_
