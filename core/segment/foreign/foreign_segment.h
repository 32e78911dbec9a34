// SPDX-License-Identifier: Apache-2.0

// Reads a Parquet file of a segment's schema that another tool wrote, through Parquet's own
// structures: there is no segment block to believe.
//
// What is read: columns ns (INT64), key (BYTE_ARRAY), ts (INT64), value (BYTE_ARRAY, null is a
// tombstone), in any order, required or optional, no others; encodings and codecs as
// foreign_chunk.h says. Statistics, page indexes and bloom filters are not believed and not used.
//
// 1. Opening reads the whole file once, a row group at a time. Rows must ascend strictly in the
//    order of core/format/entry.h and lie within the limits of veralith/types.h. Otherwise
//    InvalidArgument names the first row that does not. So every later answer is right.
// 2. Each later read decodes a row group anew (the last one is kept) and compares it with what
//    opening saw: DataLoss where the file changed.
// 3. What this reader does not know is Unimplemented, naming it; bytes no writer makes are
//    DataLoss; a row group that does not fit the memory limit is ResourceExhausted.
// 4. A file has no range tombstones but those a segment block holds. One whose footer says that it
//    was made from a segment with some (`veralith.range_tombstones`) is Unimplemented: without them
//    deleted keys would come back.
//
// For imports, checks and tests, not for a database's own files: rows come in order, and that is
// all. Thread rule: everything const is safe from any thread; a lock guards the row group kept.
#ifndef VERALITH_CORE_SEGMENT_FOREIGN_FOREIGN_SEGMENT_H_
#define VERALITH_CORE_SEGMENT_FOREIGN_FOREIGN_SEGMENT_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/iterator/version_stream.h"
#include "core/segment/read/segment_reader.h"
#include "core/segment/segment_summary.h"
#include "veralith/file_system.h"

namespace veralith {

class ForeignSegment {
 public:
  virtual ~ForeignSegment() = default;
  // All rows in order. Must not outlive the segment.
  virtual std::unique_ptr<VersionStream> NewStream() const = 0;
  virtual const SegmentSummary& summary() const = 0;
  // Reads every row group again.
  virtual absl::Status Check() const = 0;
};

// A file with the schema of a segment; one of the two is there.
struct AnySegment {
  std::unique_ptr<SegmentReader> ours;
  std::unique_ptr<ForeignSegment> foreign;
};

// Opens a file whoever wrote it. One that Veralith wrote is opened as SegmentReader::Open does, and
// its damage is never taken for another writer's file. A foreign file heeds only memory_limit_bytes
// of `options`.
absl::StatusOr<AnySegment> OpenAnySegment(std::unique_ptr<File> file,
                                          const SegmentReaderOptions& options);

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_FOREIGN_FOREIGN_SEGMENT_H_
