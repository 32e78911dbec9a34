#include "core/segment/segment_check.h"

#include "core/base/status.h"

namespace veralith {

absl::Status CheckSegment(const SegmentFile& segment, size_t readahead_bytes) {
  return absl::OkStatus();
}

}  // namespace veralith
