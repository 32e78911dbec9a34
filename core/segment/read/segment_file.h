// SPDX-License-Identifier: Apache-2.0

// A segment file whose metadata was read and found consistent: footer, block, sparse index, filter,
// range tombstones. What every reader of its pages stands on.
//
// Thread rule: immutable after OpenSegmentFile; any thread.
#ifndef VERALITH_CORE_SEGMENT_READ_SEGMENT_FILE_H_
#define VERALITH_CORE_SEGMENT_READ_SEGMENT_FILE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/status.h"
#include "core/format/compression.h"
#include "core/format/entry.h"
#include "core/format/filter.h"
#include "core/format/parquet_metadata.h"
#include "core/format/segment_block.h"
#include "core/iterator/range_tombstones.h"
#include "core/segment/read/key_index.h"
#include "core/segment/segment_summary.h"
#include "veralith/file_system.h"
#include "veralith/types.h"

namespace veralith {

struct SegmentFile {
  std::unique_ptr<File> file;
  uint64_t file_bytes = 0;
  uint64_t memory_limit = 0;

  std::unique_ptr<char[]> block_bytes;  // what the views below point into
  SegmentBlockView block;
  uint64_t block_at = 0;
  uint64_t block_size = 0;
  std::vector<parquet::Codec> value_codecs;  // by row group

  std::optional<FilterView> filter;
  KeyIndex key_index;  // one entry per key page
  std::vector<RangeTombstoneView> range_tombstones;
  std::shared_ptr<const FragmentedRangeTombstones> fragmented_range_tombstones;
  SegmentSummary summary;

  const std::string& path() const { return file->path(); }
  // The first row whose namespace is >= ns; the number of rows when there is none.
  uint64_t FirstRowOfNamespace(NamespaceId ns) const;
  // "path: message".
  absl::Status InFile(const absl::Status& status) const { return Annotate(status, path()); }
  absl::Status InFile(const absl::Status& status, uint64_t offset) const;
};

// Reads and checks the metadata. See segment_reader.h for errors.
absl::StatusOr<std::unique_ptr<SegmentFile>> OpenSegmentFile(
    std::unique_ptr<File> file, uint64_t memory_limit, std::optional<uint64_t> expected_file_bytes);

// The footer, decoded and with its checksum verified, and where it stands. `known`: the manifest
// names the file as a segment. A footer that does not match is then always DataLoss. Otherwise it
// may be Unimplemented: a file of another writer.
struct SegmentFooter {
  parquet::FileMetaData metadata;
  uint64_t offset = 0;
  std::string bytes;  // what metadata was decoded from
};
absl::StatusOr<SegmentFooter> ReadSegmentFooter(const File& file, uint64_t file_bytes,
                                                uint64_t memory_limit, bool known);

// The footer of any Parquet file, decoded and not verified.
absl::StatusOr<SegmentFooter> ReadParquetFooter(const File& file, uint64_t file_bytes,
                                                uint64_t memory_limit);

// True when another tool wrote the file, whatever metadata it copied from a segment: it names
// itself, and no segment block ends where the footer begins.
bool IsForeign(const SegmentFooter& footer);

// Fills `out` from `offset`; DataLoss when the file ends before.
absl::Status ReadFully(const File& file, uint64_t offset, std::span<char> out);

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_READ_SEGMENT_FILE_H_
