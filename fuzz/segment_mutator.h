// SPDX-License-Identifier: Apache-2.0

// Changes one region of a segment file. Repairs everything around it that would reveal the change
// before it is reached: checksums, lengths, and every offset that the change moves.
//
// A function of the caller changes a piece of the region (libFuzzer's mutations, or a test's).
// Nothing is repaired inside the region: its bytes are as hostile as the function made them. Works
// on damaged segments too, as long as footer, block table and the piece can be found.
#ifndef VERALITH_FUZZ_SEGMENT_MUTATOR_H_
#define VERALITH_FUZZ_SEGMENT_MUTATOR_H_

#include <cstdint>
#include <functional>
#include <string>

#include "core/format/parquet_metadata.h"
#include "fuzz/parquet_edit.h"

namespace veralith {

enum class SegmentRegion : uint8_t {
  kFooter,         // FileMetaData, sealed again
  kPageHeader,     // of any page; the page's CRC-32C repaired
  kNamespacePage,  // bodies of pages: header sizes, CRC-32 and CRC-32C repaired; compressed ones
  kKeyPage,        // are decompressed, changed and compressed again
  kTimestampPage,
  kValuePage,
  kBlockTable,  // header and section table of the segment block; its checksum repaired
  kCounts,      // sections of the block: its lengths and checksum repaired
  kRowGroups,
  kPageTables,
  kKeyPageFlags,
  kNamespaces,
  kSparseIndex,
  kFilter,
  kRangeTombstones,
  kParquetIndexes,  // column index, offset index or bloom filter, which only Check reads
};
inline constexpr int kSegmentRegions = 16;

const char* RegionName(SegmentRegion region);

// `choice` selects the piece if a region has several, and whether its size may change. Returns
// false if the file has no such region; *file is then unchanged.
bool MutateSegment(SegmentRegion region, uint32_t choice, const PieceMutation& mutate,
                   std::string* file);

// Changes the decoded footer and seals it. Returns false if *file is no segment.
bool EditFooter(const std::function<void(parquet::FileMetaData*)>& edit, std::string* file);

}  // namespace veralith

#endif  // VERALITH_FUZZ_SEGMENT_MUTATOR_H_
