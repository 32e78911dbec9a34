// SPDX-License-Identifier: Apache-2.0

#include "core/version_set/segment_opener.h"

#include <memory>
#include <utility>

#include "core/base/status.h"
#include "core/fs/file_helpers.h"
#include "core/manifest/file_names.h"

namespace veralith {
namespace {

bool IsAsRecorded(const SegmentSummary& found, const FileMeta& recorded) {
  return found.file_bytes == recorded.bytes && found.entries == recorded.entries &&
         found.tombstones == recorded.tombstones &&
         found.range_tombstones == recorded.range_tombstones &&
         found.smallest_ns == recorded.smallest_ns && found.smallest_key == recorded.smallest_key &&
         found.largest == recorded.largest && found.min_ts == recorded.min_ts &&
         found.max_ts == recorded.max_ts;
}

FileMeta AsFound(const SegmentSummary& found, uint64_t number) {
  FileMeta meta;
  meta.number = number;
  meta.bytes = found.file_bytes;
  meta.entries = found.entries;
  meta.tombstones = found.tombstones;
  meta.range_tombstones = found.range_tombstones;
  meta.smallest_ns = found.smallest_ns;
  meta.smallest_key = found.smallest_key;
  meta.largest = found.largest;
  meta.min_ts = found.min_ts;
  meta.max_ts = found.max_ts;
  return meta;
}

}  // namespace

absl::Status CheckIsAsRecorded(const std::string& path, const SegmentSummary& found,
                               const FileMeta& recorded) {
  if (IsAsRecorded(found, recorded)) {
    return absl::OkStatus();
  }
  return DataLoss(path + " is not the segment that the manifest records: it is " +
                  DebugString(AsFound(found, recorded.number)) + ", recorded is " +
                  DebugString(recorded));
}

SegmentOpener DefaultSegmentOpener(std::shared_ptr<FileTable> files, std::string directory,
                                   SegmentReaderOptions options) {
  return [files = std::move(files), directory = std::move(directory),
          options](const FileMeta& meta) -> absl::StatusOr<std::shared_ptr<SegmentReader>> {
    const std::string path = JoinPath(directory, SegmentFileName(meta.number));
    VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> file, files->Open(path));
    SegmentReaderOptions with_size = options;
    with_size.expected_file_bytes = meta.bytes;
    VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<SegmentReader> reader,
                              SegmentReader::Open(std::move(file), with_size));
    VERALITH_RETURN_IF_ERROR(CheckIsAsRecorded(path, reader->summary(), meta));
    return std::shared_ptr<SegmentReader>(std::move(reader));
  };
}

}  // namespace veralith
