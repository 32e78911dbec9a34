// SPDX-License-Identifier: Apache-2.0

#include "core/segment/foreign/foreign_chunk.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/checksum.h"
#include "core/format/column_encoding.h"
#include "core/format/delta_encoding.h"
#include "core/format/plain_encoding.h"
#include "core/format/rle_encoding.h"
#include "veralith/types.h"

namespace veralith {
namespace {

using parquet::Encoding;
using parquet::PageType;

// Bytes that decoding holds per row of a column, besides values: ends or integers, levels, views,
// indices.
constexpr uint64_t kBytesPerRow = 48;

// The parts of a data page, with its values decompressed.
struct DataPage {
  uint32_t rows = 0;
  Encoding encoding = Encoding::kPlain;
  std::optional<std::string_view> levels;  // in an optional column
  std::string_view values;
};

absl::Status UnknownEncoding(Encoding encoding, parquet::Type type) {
  return Unimplemented(StrCat("encoding ", Name(encoding), " of ", Name(type)));
}

class ChunkDecoder {
 public:
  ChunkDecoder(std::string_view chunk, const ForeignChunkPlace& place, MemoryBudget* budget)
      : chunk_(chunk), place_(place), budget_(*budget) {}

  absl::StatusOr<ForeignColumn> Run() {
    VERALITH_RETURN_IF_ERROR(budget_.Charge(place_.rows * kBytesPerRow));
    while (rows_ < place_.rows) {
      const size_t start = position_;
      if (absl::Status status = ReadPage(); !status.ok()) {
        return Annotate(status, StrCat("page at offset ", place_.offset + start));
      }
    }
    return std::move(column_);
  }

 private:
  absl::Status ReadPage() {
    if (position_ >= chunk_.size()) {
      return DataLoss(StrCat("the chunk ends after ", rows_, " of ", place_.rows, " rows"));
    }
    size_t header_bytes = 0;
    VERALITH_ASSIGN_OR_RETURN(const parquet::PageHeader header,
                              parquet::DecodePageHeader(chunk_.substr(position_), &header_bytes));
    const std::string_view rest = chunk_.substr(position_ + header_bytes);
    if (header.compressed_page_size < 0 || header.uncompressed_page_size < 0 ||
        static_cast<size_t>(header.compressed_page_size) > rest.size()) {
      return DataLoss("page header with impossible sizes");
    }
    const std::string_view body = rest.substr(0, static_cast<size_t>(header.compressed_page_size));
    if (header.crc.has_value() && Crc32(0, body) != *header.crc) {
      return DataLoss("page checksum mismatch");
    }
    position_ += header_bytes + body.size();
    switch (header.type) {
      case PageType::kDictionaryPage:
        return ReadDictionary(header, body);
      case PageType::kDataPage:
        return ReadDataV1(header, body);
      case PageType::kDataPageV2:
        return ReadDataV2(header, body);
      case PageType::kIndexPage:
        return absl::OkStatus();
    }
    return Unimplemented(StrCat("a page of type ", Name(header.type)));
  }

  // Decompresses `stored` to `raw_bytes` into `buffer`; returns `stored` itself if it has no codec.
  absl::StatusOr<std::string_view> Inflate(std::string_view stored, uint64_t raw_bytes,
                                           bool compressed, std::string* buffer) {
    if (!compressed || place_.codec == parquet::Codec::kNone) {
      if (stored.size() != raw_bytes) {
        return DataLoss("page header with impossible sizes");
      }
      return stored;
    }
    if (raw_bytes > buffer->capacity()) {
      VERALITH_RETURN_IF_ERROR(budget_.Charge(raw_bytes));
    }
    buffer->resize(raw_bytes);
    if (raw_bytes > 0) {
      VERALITH_RETURN_IF_ERROR(
          parquet::Decompress(place_.codec, stored, {buffer->data(), buffer->size()}));
    }
    return std::string_view(*buffer);
  }

  absl::Status ReadDictionary(const parquet::PageHeader& header, std::string_view body) {
    const Encoding encoding = header.dictionary.encoding;
    if (has_dictionary_ || rows_ > 0) {
      return DataLoss("a dictionary page that is not the first page");
    }
    if (encoding != Encoding::kPlain && encoding != Encoding::kPlainDictionary) {
      return Unimplemented(StrCat("a dictionary in encoding ", Name(encoding)));
    }
    has_dictionary_ = true;
    VERALITH_ASSIGN_OR_RETURN(const std::string_view values,
                              Inflate(body, static_cast<uint64_t>(header.uncompressed_page_size),
                                      true, &dictionary_bytes_));
    // Every value takes at least 4 bytes.
    const int32_t count = header.dictionary.num_values;
    if (count < 0 || static_cast<uint64_t>(count) > values.size() / 4) {
      return DataLoss("a dictionary with more values than bytes");
    }
    VERALITH_RETURN_IF_ERROR(budget_.Charge(static_cast<uint64_t>(count) * 24));
    if (place_.type == parquet::Type::kInt64) {
      dictionary_integers_.resize(static_cast<size_t>(count));
      return parquet::DecodePlain(values, std::span<int64_t>(dictionary_integers_)).status();
    }
    return DecodePlainStrings(values, static_cast<size_t>(count), &dictionary_strings_);
  }

  absl::Status ReadDataV1(const parquet::PageHeader& header, std::string_view body) {
    DataPage page;
    VERALITH_RETURN_IF_ERROR(CheckRows(header.data.num_values, &page.rows));
    page.encoding = header.data.encoding;
    VERALITH_ASSIGN_OR_RETURN(
        page.values,
        Inflate(body, static_cast<uint64_t>(header.uncompressed_page_size), true, &page_bytes_));
    if (place_.optional) {
      if (header.data.definition_level_encoding != Encoding::kRle) {
        return Unimplemented(
            StrCat("levels in encoding ", Name(header.data.definition_level_encoding)));
      }
      VERALITH_ASSIGN_OR_RETURN(const parquet::LevelsV1 parts, parquet::SplitLevelsV1(page.values));
      page.levels = parts.levels;
      page.values = parts.values;
    }
    return ReadValues(page);
  }

  absl::Status ReadDataV2(const parquet::PageHeader& header, std::string_view body) {
    const parquet::DataPageHeaderV2& v2 = header.data_v2;
    DataPage page;
    VERALITH_RETURN_IF_ERROR(CheckRows(v2.num_values, &page.rows));
    page.encoding = v2.encoding;
    if (v2.repetition_levels_byte_length != 0 || v2.num_rows != v2.num_values ||
        v2.definition_levels_byte_length < 0 ||
        v2.definition_levels_byte_length > header.compressed_page_size ||
        v2.definition_levels_byte_length > header.uncompressed_page_size) {
      return DataLoss("page header with impossible levels");
    }
    const auto levels = static_cast<size_t>(v2.definition_levels_byte_length);
    if (place_.optional) {
      page.levels = body.substr(0, levels);
    }
    VERALITH_ASSIGN_OR_RETURN(
        page.values,
        Inflate(body.substr(levels), static_cast<uint64_t>(header.uncompressed_page_size) - levels,
                v2.is_compressed && body.size() > levels, &page_bytes_));
    return ReadValues(page);
  }

  absl::Status CheckRows(int32_t count, uint32_t* rows) const {
    if (count < 0 || static_cast<uint64_t>(count) > place_.rows - rows_) {
      return DataLoss("pages with more rows than their row group");
    }
    *rows = static_cast<uint32_t>(count);
    return absl::OkStatus();
  }

  absl::Status ReadValues(const DataPage& page) {
    size_t values = page.rows;
    levels_.assign(page.rows, 1);
    if (page.levels.has_value() && page.rows > 0) {
      VERALITH_RETURN_IF_ERROR(
          parquet::DecodeRleLevels(*page.levels, std::span<uint8_t>(levels_), &values).status());
    }
    if (values < page.rows || !column_.present.empty()) {
      column_.present.resize(rows_, 1);
      column_.present.insert(column_.present.end(), levels_.begin(), levels_.end());
    }
    VERALITH_RETURN_IF_ERROR(place_.type == parquet::Type::kInt64 ? ReadIntegers(page, values)
                                                                  : ReadStrings(page, values));
    rows_ += page.rows;
    return absl::OkStatus();
  }

  absl::Status DecodeIntegers(const DataPage& page, std::span<int64_t> out) const {
    const IntegerEncoding* const encoding = FindIntegerEncoding(page.encoding);
    if (encoding == nullptr) {
      return UnknownEncoding(page.encoding, place_.type);
    }
    return out.empty() ? absl::OkStatus() : encoding->decode(page.values, out).status();
  }

  absl::Status ReadIntegers(const DataPage& page, size_t count) {
    integers_.resize(count);
    switch (page.encoding) {
      case Encoding::kPlainDictionary:
      case Encoding::kRleDictionary:
        VERALITH_RETURN_IF_ERROR(ReadIndices(page, count, dictionary_integers_.size()));
        std::transform(indices_.begin(), indices_.end(), integers_.begin(),
                       [this](uint32_t i) { return dictionary_integers_[i]; });
        break;
      default:
        VERALITH_RETURN_IF_ERROR(DecodeIntegers(page, integers_));
    }
    size_t next = 0;
    for (const uint8_t level : levels_) {
      column_.integers.push_back(level != 0 ? integers_[next++] : 0);
    }
    return absl::OkStatus();
  }

  absl::Status ReadIndices(const DataPage& page, size_t count, size_t dictionary_size) {
    indices_.resize(count);
    if (!has_dictionary_) {
      return DataLoss("indices without a dictionary");
    }
    if (count == 0) {
      return absl::OkStatus();
    }
    return parquet::DecodeDictionaryIndices(page.values, static_cast<uint32_t>(dictionary_size),
                                            std::span<uint32_t>(indices_))
        .status();
  }

  static absl::Status DecodePlainStrings(std::string_view values, size_t count,
                                         std::vector<std::string_view>* out) {
    std::vector<uint32_t> offsets(count);
    std::vector<uint32_t> lengths(count);
    VERALITH_RETURN_IF_ERROR(parquet::DecodePlainByteArray(values, std::span<uint32_t>(offsets),
                                                           std::span<uint32_t>(lengths))
                                 .status());
    out->clear();
    for (size_t i = 0; i < count; ++i) {
      out->push_back(values.substr(offsets[i], lengths[i]));
    }
    return absl::OkStatus();
  }

  absl::Status DecodeDeltaLengthStrings(std::string_view values, size_t count) {
    std::vector<uint32_t> offsets(count + 1);
    std::string_view data;
    VERALITH_RETURN_IF_ERROR(
        parquet::DecodeDeltaLengthByteArray(values, std::span<uint32_t>(offsets), &data).status());
    for (size_t i = 0; i < count; ++i) {
      strings_.push_back(data.substr(offsets[i], offsets[i + 1] - offsets[i]));
    }
    return absl::OkStatus();
  }

  absl::Status DecodeDeltaStrings(std::string_view values, size_t count) {
    std::vector<uint32_t> prefixes(count);
    std::vector<uint32_t> suffixes(count + 1);
    VERALITH_ASSIGN_OR_RETURN(
        const parquet::DeltaByteArrayView view,
        parquet::DecodeDeltaByteArray(values, std::span<uint32_t>(prefixes),
                                      std::span<uint32_t>(suffixes), kMaxValueBytes));
    if (view.total_bytes > materialized_.capacity()) {
      VERALITH_RETURN_IF_ERROR(budget_.Charge(view.total_bytes));
    }
    materialized_.resize(view.total_bytes);
    std::vector<uint64_t> ends(count + 1);
    parquet::MaterializeDeltaByteArray(view, materialized_.data(), ends.data());
    for (size_t i = 0; i < count; ++i) {
      strings_.push_back(std::string_view(materialized_).substr(ends[i], ends[i + 1] - ends[i]));
    }
    return absl::OkStatus();
  }

  // Decodes the page's values that are not null into strings_.
  absl::Status DecodeStrings(const DataPage& page, size_t count) {
    strings_.clear();
    switch (page.encoding) {
      case Encoding::kPlain:
        return DecodePlainStrings(page.values, count, &strings_);
      case Encoding::kDeltaLengthByteArray:
        return count == 0 ? absl::OkStatus() : DecodeDeltaLengthStrings(page.values, count);
      case Encoding::kDeltaByteArray:
        return count == 0 ? absl::OkStatus() : DecodeDeltaStrings(page.values, count);
      case Encoding::kPlainDictionary:
      case Encoding::kRleDictionary:
        VERALITH_RETURN_IF_ERROR(ReadIndices(page, count, dictionary_strings_.size()));
        for (const uint32_t i : indices_) {
          strings_.push_back(dictionary_strings_[i]);
        }
        return absl::OkStatus();
      default:
        return UnknownEncoding(page.encoding, place_.type);
    }
  }

  absl::Status ReadStrings(const DataPage& page, size_t count) {
    VERALITH_RETURN_IF_ERROR(DecodeStrings(page, count));
    uint64_t bytes = 0;
    for (const std::string_view value : strings_) {
      bytes += value.size();
    }
    VERALITH_RETURN_IF_ERROR(budget_.Charge(bytes));
    size_t next = 0;
    for (const uint8_t level : levels_) {
      if (level != 0) {
        column_.bytes.append(strings_[next++]);
      }
      column_.ends.push_back(column_.bytes.size());
    }
    return absl::OkStatus();
  }

  const std::string_view chunk_;
  const ForeignChunkPlace& place_;
  MemoryBudget& budget_;
  size_t position_ = 0;
  uint64_t rows_ = 0;
  ForeignColumn column_;

  bool has_dictionary_ = false;
  std::string dictionary_bytes_;
  std::vector<int64_t> dictionary_integers_;
  std::vector<std::string_view> dictionary_strings_;  // into dictionary_bytes_ or chunk_

  // State of the current page.
  std::string page_bytes_;
  std::string materialized_;
  std::vector<uint8_t> levels_;
  std::vector<int64_t> integers_;
  std::vector<uint32_t> indices_;
  std::vector<std::string_view> strings_;
};

}  // namespace

absl::Status MemoryBudget::Charge(uint64_t bytes) {
  if (bytes > left_) {
    return ResourceExhausted("a row group larger than the memory limit allows");
  }
  left_ -= bytes;
  return absl::OkStatus();
}

absl::StatusOr<ForeignColumn> DecodeForeignChunk(std::string_view chunk,
                                                 const ForeignChunkPlace& place,
                                                 MemoryBudget* budget) {
  return ChunkDecoder(chunk, place, budget).Run();
}

}  // namespace veralith
