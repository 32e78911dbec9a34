// The slow structure check of one segment: reads everything and compares what this engine believes
// (the block) with what Parquet's structures say and with the rows themselves. Shares the codecs
// with the readers, but none of their search structures.
#ifndef VERALITH_CORE_SEGMENT_SEGMENT_CHECK_H_
#define VERALITH_CORE_SEGMENT_SEGMENT_CHECK_H_

#include <cstddef>

#include "absl/status/status.h"
#include "core/segment/segment_file.h"

namespace veralith {

// DataLoss for the first disagreement, naming its place. Holds a few pages at a time.
absl::Status CheckSegment(const SegmentFile& segment, size_t readahead_bytes);

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_SEGMENT_CHECK_H_
