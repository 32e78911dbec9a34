// SPDX-License-Identifier: Apache-2.0

// Opens the segments of a version set from a directory, and compares each with what the manifest
// says of it. A whole file that is not the one that was recorded is DataLoss: another database's,
// or an older one restored under its name.
#ifndef VERALITH_CORE_VERSION_SET_SEGMENT_OPENER_H_
#define VERALITH_CORE_VERSION_SET_SEGMENT_OPENER_H_

#include <memory>
#include <string>

#include "core/fs/file_table.h"
#include "core/segment/read/segment_opener.h"
#include "core/segment/read/segment_reader.h"
#include "core/version_set/segment_set.h"

namespace veralith {

// DataLoss when the segment at `path` is not the one of which `recorded` was written.
absl::Status CheckIsAsRecorded(const std::string& path, const SegmentSummary& found,
                               const FileMeta& recorded);

// The cache of `options` must outlive every segment opened. expected_file_bytes is set for each
// file. Metadata is read here and stays in memory; the file itself is open while `files` has room
// for it. NotFound when there is no such file; DataLoss, naming it, when it is not as recorded.
SegmentOpener DefaultSegmentOpener(std::shared_ptr<FileTable> files, std::string directory,
                                   SegmentReaderOptions options);

}  // namespace veralith

#endif  // VERALITH_CORE_VERSION_SET_SEGMENT_OPENER_H_
