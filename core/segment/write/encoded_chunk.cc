// SPDX-License-Identifier: Apache-2.0

#include "core/segment/write/encoded_chunk.h"

#include "core/base/status.h"
#include "core/format/checksum.h"

namespace veralith {

std::string_view EncodedChunk::Compress(std::string_view values, bool* is_compressed,
                                        absl::Status* status) {
  *is_compressed = false;
  if (compressor_.codec() == parquet::Codec::kNone || values.empty()) {
    return values;
  }
  compressed_.clear();
  *status = compressor_.Compress(values, &compressed_);
  if (compressed_.size() > values.size() - values.size() / 8) {
    return values;
  }
  *is_compressed = true;
  return compressed_;
}

absl::Status EncodedChunk::AppendPage(uint64_t rows, uint64_t nulls, std::string_view levels,
                                      std::string_view values) {
  absl::Status status;
  parquet::PageHeader header;
  header.type = parquet::PageType::kDataPageV2;
  const std::string_view stored = Compress(values, &header.data_v2.is_compressed, &status);
  VERALITH_RETURN_IF_ERROR(status);
  header.uncompressed_page_size = static_cast<int32_t>(levels.size() + values.size());
  header.compressed_page_size = static_cast<int32_t>(levels.size() + stored.size());
  header.crc = Crc32(Crc32(0, levels), stored);
  header.data_v2.num_values = static_cast<int32_t>(rows);
  header.data_v2.num_nulls = static_cast<int32_t>(nulls);
  header.data_v2.num_rows = static_cast<int32_t>(rows);
  header.data_v2.encoding = encoding_;
  header.data_v2.definition_levels_byte_length = static_cast<int32_t>(levels.size());

  const size_t start = bytes_.size();
  page_header_.clear();
  parquet::AppendPageHeader(header, &page_header_);
  bytes_.Append(page_header_);
  bytes_.Append(levels);
  bytes_.Append(stored);
  const std::string_view page = bytes_.view().substr(start);
  NotePage(rows, nulls, page.size(), Crc32c(page),
           page_header_.size() + levels.size() + values.size());
  return absl::OkStatus();
}

void EncodedChunk::AppendStored(uint64_t rows, uint64_t nulls, std::string_view page,
                                uint32_t crc32c, uint64_t uncompressed_bytes) {
  bytes_.Append(page);
  NotePage(rows, nulls, page.size(), crc32c, uncompressed_bytes);
}

void EncodedChunk::NotePage(uint64_t rows, uint64_t nulls, uint64_t bytes, uint32_t crc32c,
                            uint64_t uncompressed_bytes) {
  pages_.push_back({static_cast<uint32_t>(bytes), crc32c, rows});
  rows_ += rows;
  nulls_ += nulls;
  uncompressed_bytes_ += uncompressed_bytes;
}

void EncodedChunk::Clear() {
  bytes_.Clear();
  pages_.clear();
  rows_ = nulls_ = uncompressed_bytes_ = 0;
}

parquet::ColumnMetaData EncodedChunk::Describe(uint64_t file_offset) const {
  parquet::ColumnMetaData meta;
  meta.encodings = {encoding_, parquet::Encoding::kRle};
  meta.codec = static_cast<int32_t>(compressor_.codec());
  meta.num_values = static_cast<int64_t>(rows_);
  meta.total_uncompressed_size = static_cast<int64_t>(uncompressed_bytes_);
  meta.total_compressed_size = static_cast<int64_t>(bytes_.size());
  meta.data_page_offset = static_cast<int64_t>(file_offset);
  meta.encoding_stats = {
      {parquet::PageType::kDataPageV2, encoding_, static_cast<int32_t>(pages_.size())}};
  return meta;
}

parquet::OffsetIndex EncodedChunk::MakeOffsetIndex(uint64_t file_offset) const {
  parquet::OffsetIndex index;
  index.page_locations.reserve(pages_.size());
  int64_t row = 0;
  for (const EncodedPage& page : pages_) {
    index.page_locations.push_back(
        {static_cast<int64_t>(file_offset), static_cast<int32_t>(page.bytes), row});
    file_offset += page.bytes;
    row += static_cast<int64_t>(page.rows);
  }
  return index;
}

}  // namespace veralith
