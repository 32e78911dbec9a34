// SPDX-License-Identifier: Apache-2.0

// Takes pages of a Parquet file apart and puts them together again with correct lengths and
// checksums. The mutators of segments and of other writers' files share this.
//
// Everything is total: the files are hostile.
#ifndef VERALITH_FUZZ_PARQUET_EDIT_H_
#define VERALITH_FUZZ_PARQUET_EDIT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/format/compression.h"
#include "core/format/parquet_metadata.h"

namespace veralith {

// The length of the footer and the magic bytes, which end the file.
inline constexpr size_t kParquetTailBytes = 8;

// Changes *piece, to at most `max_bytes` bytes.
using PieceMutation = std::function<void(std::string* piece, size_t max_bytes)>;

// Lets `mutate` change the piece, and its size unless keep_size.
void ChangePiece(const PieceMutation& mutate, bool keep_size, std::string* piece);

// Returns where the footer begins; nullopt if the file is too short for what its tail says.
std::optional<size_t> FooterStart(std::string_view file);

// Returns `data`, the footer's bytes, and the tail.
std::string WithFooter(std::string_view data, std::string_view footer);

// The parts of a page. `values` are raw: decompressed if that was possible. Definition levels are
// apart only in a data page v2.
struct PageParts {
  parquet::PageHeader header;
  std::string levels;
  std::string values;
  std::optional<parquet::Codec> codec;  // set if values were decompressed
};

// `page`: header and body, no more. `parquet_codec`: as the footer numbers it.
std::optional<PageParts> SplitPage(std::string_view page, int32_t parquet_codec);

// Puts the parts together, compressed again if the page was, with correct sizes, and with the
// CRC-32 if `with_crc` is set or the header had one.
std::string JoinPage(const PageParts& parts, bool with_crc);

// Adds `delta` to every place in the footer after `offset`, where the page (group, column) has
// grown, and to the size of that chunk.
void MoveInFooter(size_t offset, size_t group, size_t column, int64_t delta,
                  parquet::FileMetaData* footer);

}  // namespace veralith

#endif  // VERALITH_FUZZ_PARQUET_EDIT_H_
