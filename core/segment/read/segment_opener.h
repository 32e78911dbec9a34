// SPDX-License-Identifier: Apache-2.0

// How jobs and version sets come by the segment of a file.
#ifndef VERALITH_CORE_SEGMENT_READ_SEGMENT_OPENER_H_
#define VERALITH_CORE_SEGMENT_READ_SEGMENT_OPENER_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "core/format/version_edit.h"

namespace veralith {

class SegmentReader;

// Opens the segment of a live file and checks that it is that file (size, counts, bounds). Errors
// name the file. Tests may return a null reader.
using SegmentOpener =
    std::function<absl::StatusOr<std::shared_ptr<SegmentReader>>(const FileMeta& file)>;

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_READ_SEGMENT_OPENER_H_
