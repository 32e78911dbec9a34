// SPDX-License-Identifier: Apache-2.0

// The slow structure check of one segment: reads everything and compares what this engine believes
// (the block) with what Parquet's structures say and with the rows themselves. Shares the codecs
// with the readers, but none of their search structures.
#ifndef VERALITH_CORE_SEGMENT_CHECK_SEGMENT_CHECK_H_
#define VERALITH_CORE_SEGMENT_CHECK_SEGMENT_CHECK_H_

#include "absl/status/status.h"
#include "core/segment/read/segment_reader.h"

namespace veralith {

// Reads everything and compares: every page's CRC-32 and CRC-32C, the order of all entries, the
// filter's membership of every key, counts and bounds. It also compares the block with Parquet's
// own structures: row groups, offset and column indexes, statistics, bloom filter, hex index.
// DataLoss for the first disagreement, naming its place. Holds a few pages at a time.
absl::Status CheckSegment(const SegmentReader& reader);

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_CHECK_SEGMENT_CHECK_H_
