// SPDX-License-Identifier: Apache-2.0

#include "fuzz/foreign_mutator.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "core/format/parquet_metadata.h"

namespace veralith {
namespace {

struct PagePlace {
  size_t group = 0;
  size_t column = 0;
  size_t offset = 0;
  size_t header_bytes = 0;
  size_t bytes = 0;  // including the header
  int32_t codec = 0;
  bool has_levels = false;
};

// Adds the pages of one column chunk, as far as headers can be read.
void AddPagesOf(const parquet::ColumnMetaData& chunk, size_t group, size_t column,
                std::string_view data, std::vector<PagePlace>* places) {
  int64_t start = chunk.data_page_offset;
  if (chunk.dictionary_page_offset.value_or(0) > 0) {
    start = std::min(start, *chunk.dictionary_page_offset);
  }
  if (start < 0 || static_cast<uint64_t>(start) > data.size() || chunk.total_compressed_size < 0) {
    return;
  }
  auto at = static_cast<size_t>(start);
  std::string_view left = data.substr(at, static_cast<size_t>(chunk.total_compressed_size));
  while (!left.empty()) {
    size_t header_bytes = 0;
    const auto header = parquet::DecodePageHeader(left, &header_bytes);
    if (!header.ok() || header->compressed_page_size < 0 ||
        static_cast<size_t>(header->compressed_page_size) > left.size() - header_bytes) {
      return;
    }
    const size_t bytes = header_bytes + static_cast<size_t>(header->compressed_page_size);
    const bool has_levels = header->type == parquet::PageType::kDataPageV2 &&
                            header->data_v2.definition_levels_byte_length > 0;
    places->push_back({group, column, at, header_bytes, bytes, chunk.codec, has_levels});
    at += bytes;
    left.remove_prefix(bytes);
  }
}

std::vector<PagePlace> PagesOf(const parquet::FileMetaData& footer, std::string_view data) {
  std::vector<PagePlace> places;
  for (size_t g = 0; g < footer.row_groups.size(); ++g) {
    const std::vector<parquet::ColumnChunk>& columns = footer.row_groups[g].columns;
    for (size_t c = 0; c < columns.size(); ++c) {
      AddPagesOf(columns[c].meta_data, g, c, data, &places);
    }
  }
  return places;
}

// Returns the page with its header, its levels or its values changed; nullopt if it cannot be
// split.
std::optional<std::string> ChangedPage(ForeignRegion region, const PagePlace& place, bool keep_size,
                                       const PieceMutation& mutate, std::string_view page) {
  if (region == ForeignRegion::kPageHeader) {
    std::string header(page.substr(0, place.header_bytes));
    ChangePiece(mutate, keep_size, &header);
    return header + std::string(page.substr(place.header_bytes));
  }
  std::optional<PageParts> parts = SplitPage(page, place.codec);
  if (!parts.has_value()) {
    return std::nullopt;
  }
  const bool levels = region == ForeignRegion::kLevels;
  ChangePiece(mutate, keep_size || levels, levels ? &parts->levels : &parts->values);
  return JoinPage(*parts, /*with_crc=*/false);
}

}  // namespace

bool MutateForeign(ForeignRegion region, uint32_t choice, const PieceMutation& mutate,
                   std::string* file) {
  const std::optional<size_t> footer_at = FooterStart(*file);
  if (!footer_at.has_value()) {
    return false;
  }
  const bool keep_size = choice % 2 == 0;
  std::string data = file->substr(0, *footer_at);
  std::string footer = file->substr(*footer_at, file->size() - kParquetTailBytes - *footer_at);
  if (region == ForeignRegion::kFooter) {
    ChangePiece(mutate, keep_size, &footer);
    *file = WithFooter(data, footer);
    return true;
  }
  auto metadata = parquet::DecodeFileMetaData(footer);
  if (!metadata.ok()) {
    return false;
  }
  std::vector<PagePlace> places = PagesOf(*metadata, data);
  if (region == ForeignRegion::kLevels) {
    std::erase_if(places, [](const PagePlace& place) { return !place.has_levels; });
  }
  if (places.empty()) {
    return false;
  }
  const PagePlace& place = places[choice / 2 % places.size()];
  const auto page = ChangedPage(region, place, keep_size, mutate,
                                std::string_view(data).substr(place.offset, place.bytes));
  if (!page.has_value()) {
    return false;
  }
  data.replace(place.offset, place.bytes, *page);
  MoveInFooter(place.offset, place.group, place.column,
               static_cast<int64_t>(page->size()) - static_cast<int64_t>(place.bytes), &*metadata);
  footer.clear();
  parquet::AppendFileMetaData(*metadata, &footer);
  *file = WithFooter(data, footer);
  return true;
}

}  // namespace veralith
