// SPDX-License-Identifier: Apache-2.0

#include "fuzz/parquet_edit.h"

#include <algorithm>
#include <utility>

#include "core/format/checksum.h"
#include "core/format/coding.h"

namespace veralith {
namespace {

constexpr size_t kMaxPieceBytes = 4096;
constexpr int64_t kMaxBodyBytes = 1 << 16;

// Returns how many bytes of the body are levels, which are stored uncompressed.
size_t LevelBytes(const parquet::PageHeader& header) {
  return header.type == parquet::PageType::kDataPageV2
             ? static_cast<size_t>(std::max(header.data_v2.definition_levels_byte_length, 0))
             : 0;
}

// Wraps around: hostile sums must not be undefined.
void Add(int64_t delta, int64_t* sum) {
  *sum = static_cast<int64_t>(static_cast<uint64_t>(*sum) + static_cast<uint64_t>(delta));
}

bool IsCompressed(const parquet::PageHeader& header) {
  return header.type != parquet::PageType::kDataPageV2 || header.data_v2.is_compressed;
}

}  // namespace

void ChangePiece(const PieceMutation& mutate, bool keep_size, std::string* piece) {
  const size_t size = piece->size();
  if (size == 0 && keep_size) {
    return;
  }
  mutate(piece, keep_size ? size : std::max(size, kMaxPieceBytes));
  if (keep_size) {
    piece->resize(size, '\0');
  }
}

std::optional<size_t> FooterStart(std::string_view file) {
  const size_t magic_bytes = parquet::kMagic.size();
  if (file.size() < magic_bytes + kParquetTailBytes) {
    return std::nullopt;
  }
  const size_t footer_bytes = LoadLe32(file.data() + file.size() - kParquetTailBytes);
  if (footer_bytes > file.size() - magic_bytes - kParquetTailBytes) {
    return std::nullopt;
  }
  return file.size() - kParquetTailBytes - footer_bytes;
}

std::string WithFooter(std::string_view data, std::string_view footer) {
  std::string file(data);
  file += footer;
  AppendFixed32(&file, static_cast<uint32_t>(footer.size()));
  file += parquet::kMagic;
  return file;
}

std::optional<PageParts> SplitPage(std::string_view page, int32_t parquet_codec) {
  size_t header_bytes = 0;
  const auto header = parquet::DecodePageHeader(page, &header_bytes);
  if (!header.ok()) {
    return std::nullopt;
  }
  PageParts parts;
  parts.header = *header;
  const std::string_view body = page.substr(header_bytes);
  const size_t levels = LevelBytes(*header);
  if (levels > body.size()) {
    return std::nullopt;
  }
  parts.levels = body.substr(0, levels);
  parts.values = body.substr(levels);
  const auto codec = parquet::CodecFromParquetId(parquet_codec);
  const int64_t raw = int64_t{header->uncompressed_page_size} - static_cast<int64_t>(levels);
  if (IsCompressed(*header) && codec.ok() && *codec != parquet::Codec::kNone && raw >= 0 &&
      raw <= kMaxBodyBytes) {
    std::string values(static_cast<size_t>(raw), '\0');
    if (parquet::Decompress(*codec, parts.values, values).ok()) {
      parts.codec = *codec;
      parts.values = std::move(values);
    }
  }
  return parts;
}

std::string JoinPage(const PageParts& parts, bool with_crc) {
  std::string stored = parts.values;
  if (parts.codec.has_value()) {
    stored.clear();
    (void)parquet::Compressor(*parts.codec).Compress(parts.values, &stored);
  }
  const std::string body = parts.levels + stored;
  parquet::PageHeader header = parts.header;
  header.uncompressed_page_size = static_cast<int32_t>(parts.levels.size() + parts.values.size());
  header.compressed_page_size = static_cast<int32_t>(body.size());
  if (with_crc || header.crc.has_value()) {
    header.crc = Crc32(body);
  }
  std::string page;
  AppendPageHeader(header, &page);
  return page + body;
}

void MoveInFooter(size_t offset, size_t group, size_t column, int64_t delta,
                  parquet::FileMetaData* footer) {
  const auto move = [&](int64_t* place) {
    if (*place > static_cast<int64_t>(offset)) {
      Add(delta, place);
    }
  };
  for (parquet::RowGroup& row_group : footer->row_groups) {
    for (parquet::ColumnChunk& chunk : row_group.columns) {
      move(&chunk.meta_data.data_page_offset);
      for (std::optional<int64_t>* place :
           {&chunk.meta_data.dictionary_page_offset, &chunk.meta_data.bloom_filter_offset,
            &chunk.offset_index_offset, &chunk.column_index_offset}) {
        if (place->has_value()) {
          move(&**place);
        }
      }
    }
  }
  if (group < footer->row_groups.size() && column < footer->row_groups[group].columns.size()) {
    Add(delta, &footer->row_groups[group].columns[column].meta_data.total_compressed_size);
  }
}

}  // namespace veralith
