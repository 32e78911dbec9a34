// Taking pages of a Parquet file apart and putting them together again with their lengths and
// checksums right: what the mutators of segments and of other writers' files share.
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

// Lets `mutate` change the piece; its size too unless keep_size.
void ChangePiece(const PieceMutation& mutate, bool keep_size, std::string* piece);

// Where the footer begins; nullopt where the file is too short for what its tail says.
std::optional<size_t> FooterStart(std::string_view file);

// `data`, the footer's bytes, and the tail.
std::string WithFooter(std::string_view data, std::string_view footer);

// A page taken apart. `values` are raw: decompressed where that was possible. Definition levels
// stand apart only in a data page v2.
struct PageParts {
  parquet::PageHeader header;
  std::string levels;
  std::string values;
  std::optional<parquet::Codec> codec;  // when values were decompressed
};

// `page`: header and body, no more. `parquet_codec`: as the footer numbers it.
std::optional<PageParts> SplitPage(std::string_view page, int32_t parquet_codec);

// Compressed again where it was; sizes right, and the CRC-32 where `with_crc` or the header had
// one.
std::string JoinPage(const PageParts& parts, bool with_crc);

// Adds `delta` to every place in the footer behind `offset`, in the page (group, column) of which
// something grew, and to the size of that chunk.
void MoveInFooter(size_t offset, size_t group, size_t column, int64_t delta,
                  parquet::FileMetaData* footer);

}  // namespace veralith

#endif  // VERALITH_FUZZ_PARQUET_EDIT_H_
