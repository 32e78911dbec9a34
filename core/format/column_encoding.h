// SPDX-License-Identifier: Apache-2.0

// In which Parquet encoding each column of a segment is: FORMAT.md, "Segment file".
#ifndef VERALITH_CORE_FORMAT_COLUMN_ENCODING_H_
#define VERALITH_CORE_FORMAT_COLUMN_ENCODING_H_

#include "core/format/parquet_metadata.h"
#include "core/format/segment_block.h"

namespace veralith {

constexpr parquet::Encoding EncodingOf(SegmentColumn column) {
  switch (column) {
    case SegmentColumn::kNamespace:
    case SegmentColumn::kTimestamp:
      break;
    case SegmentColumn::kKey:
      return parquet::Encoding::kDeltaByteArray;
    case SegmentColumn::kValue:
      return parquet::Encoding::kDeltaLengthByteArray;
  }
  return parquet::Encoding::kDeltaBinaryPacked;
}

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_COLUMN_ENCODING_H_
