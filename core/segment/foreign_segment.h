// Reads a Parquet file of a segment's schema that another tool wrote, through Parquet's own
// structures: there is no segment block to believe.
//
// What is read: columns ns (INT64), key (BYTE_ARRAY), ts (INT64), value (BYTE_ARRAY, null is a
// tombstone), in any order, required or optional, no others; encodings and codecs as
// foreign_chunk.h says. Statistics, page indexes and bloom filters are not believed and not used.
//
// 1. Opening reads the whole file once, a row group at a time: rows must ascend strictly in the
//    order of core/format/entry.h and lie within the limits of veralith/types.h, else
//    InvalidArgument names the first row that does not. So every later answer is right.
// 2. Each later read decodes a row group anew (the last one is kept) and compares it with what
//    opening saw: DataLoss where the file changed.
// 3. What this reader does not know is Unimplemented, naming it; bytes no writer makes are
//    DataLoss; a row group that does not fit the memory limit is ResourceExhausted.
// 4. A file has no range tombstones but those a segment block holds. One whose footer says that it
//    was made from a segment with some (`veralith.range_tombstones`) is Unimplemented: without them
//    deleted keys would come back.
//
// For imports, checks and tests, not for a database's own files: a lookup costs a row group.
// Thread rule: as SegmentReader's; a lock guards the row group kept.
#ifndef VERALITH_CORE_SEGMENT_FOREIGN_SEGMENT_H_
#define VERALITH_CORE_SEGMENT_FOREIGN_SEGMENT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "core/segment/segment_file.h"
#include "core/segment/segment_reader.h"
#include "veralith/file_system.h"

namespace veralith {

// `footer`: as ReadParquetFooter read it from `file`.
absl::StatusOr<std::unique_ptr<SegmentReader>> OpenForeignSegment(
    std::unique_ptr<File> file, const SegmentFooter& footer, const SegmentReaderOptions& options);

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_FOREIGN_SEGMENT_H_
