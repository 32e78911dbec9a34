// SPDX-License-Identifier: Apache-2.0

// Changes one region of a Parquet file that another tool wrote. Repairs what would reveal the
// change before it is reached: lengths, page checksums, and every offset that the change moves.
//
// As segment_mutator.h, for files without a segment block. Compressed pages are decompressed,
// changed and compressed again. Works on damaged files too, as long as the footer can be decoded.
#ifndef VERALITH_FUZZ_FOREIGN_MUTATOR_H_
#define VERALITH_FUZZ_FOREIGN_MUTATOR_H_

#include <cstdint>
#include <string>

#include "fuzz/parquet_edit.h"

namespace veralith {

enum class ForeignRegion : uint8_t {
  kFooter,      // FileMetaData; its length repaired
  kPageHeader,  // of any page, dictionary pages too; its chunk's size and offsets repaired
  kLevels,      // of a data page v2, their number of bytes as it was
  kValues,      // the body after them: header sizes and CRC-32 repaired
};
inline constexpr int kForeignRegions = 4;

// `choice` selects the page, and whether its size may change. Returns false if the file has no such
// region; *file is then unchanged.
bool MutateForeign(ForeignRegion region, uint32_t choice, const PieceMutation& mutate,
                   std::string* file);

}  // namespace veralith

#endif  // VERALITH_FUZZ_FOREIGN_MUTATOR_H_
