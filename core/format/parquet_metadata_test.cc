// SPDX-License-Identifier: Apache-2.0

#include "core/format/parquet_metadata.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/base/text.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace veralith::parquet {
namespace {

// --- Generators ---------------------------------------------------------------------------------

template <typename T>
T Any() {
  return *rc::gen::arbitrary<T>();
}

template <typename T>
std::optional<T> Maybe() {
  return Any<bool>() ? std::optional<T>(Any<T>()) : std::nullopt;
}

template <typename Enum>
Enum AnyEnum() {
  return static_cast<Enum>(Any<std::underlying_type_t<Enum>>());
}

template <typename Make>
auto Several(Make make) {
  std::vector<decltype(make())> out;
  for (int left = *rc::gen::inRange(0, 4); left > 0; --left) {
    out.push_back(make());
  }
  return out;
}

LogicalType AnyLogicalType() {
  LogicalType type;
  type.kind = static_cast<LogicalType::Kind>(*rc::gen::inRange(0, 20));
  switch (type.kind) {
    case LogicalType::Kind::kDecimal:
      type.scale = Any<int32_t>();
      type.precision = Any<int32_t>();
      break;
    case LogicalType::Kind::kTime:
    case LogicalType::Kind::kTimestamp:
      type.adjusted_to_utc = Any<bool>();
      type.unit = static_cast<LogicalType::Unit>(*rc::gen::inRange(0, 4));
      break;
    case LogicalType::Kind::kInteger:
      type = LogicalType::Integer(Any<int8_t>(), Any<bool>());
      break;
    default:
      break;
  }
  return type;
}

SchemaElement AnySchemaElement() {
  SchemaElement element;
  if (Any<bool>()) {
    element.type = AnyEnum<Type>();
    element.repetition = AnyEnum<Repetition>();
    element.logical_type = AnyLogicalType();
  }
  element.type_length = Maybe<int32_t>();
  element.name = Any<std::string>();
  element.num_children = Maybe<int32_t>();
  element.converted_type = Maybe<int32_t>();
  element.scale = Maybe<int32_t>();
  element.precision = Maybe<int32_t>();
  element.field_id = Maybe<int32_t>();
  return element;
}

KeyValue AnyKeyValue() { return {.key = Any<std::string>(), .value = Maybe<std::string>()}; }

Statistics AnyStatistics() {
  return {.max = Maybe<std::string>(),
          .min = Maybe<std::string>(),
          .null_count = Maybe<int64_t>(),
          .distinct_count = Maybe<int64_t>(),
          .max_value = Maybe<std::string>(),
          .min_value = Maybe<std::string>(),
          .is_max_value_exact = Maybe<bool>(),
          .is_min_value_exact = Maybe<bool>()};
}

ColumnMetaData AnyColumnMetaData() {
  ColumnMetaData meta;
  meta.type = AnyEnum<Type>();
  meta.encodings = Several(AnyEnum<Encoding>);
  meta.path_in_schema = Several(Any<std::string>);
  meta.codec = Any<int32_t>();
  meta.num_values = Any<int64_t>();
  meta.total_uncompressed_size = Any<int64_t>();
  meta.total_compressed_size = Any<int64_t>();
  meta.key_value_metadata = Several(AnyKeyValue);
  meta.data_page_offset = Any<int64_t>();
  meta.index_page_offset = Maybe<int64_t>();
  meta.dictionary_page_offset = Maybe<int64_t>();
  if (Any<bool>()) {
    meta.statistics = AnyStatistics();
    meta.size_statistics =
        SizeStatistics{.unencoded_byte_array_data_bytes = Maybe<int64_t>(),
                       .repetition_level_histogram = Maybe<std::vector<int64_t>>(),
                       .definition_level_histogram = Maybe<std::vector<int64_t>>()};
  }
  meta.encoding_stats = Several(
      [] { return PageEncodingStats{AnyEnum<PageType>(), AnyEnum<Encoding>(), Any<int32_t>()}; });
  meta.bloom_filter_offset = Maybe<int64_t>();
  meta.bloom_filter_length = Maybe<int32_t>();
  return meta;
}

ColumnChunk AnyColumnChunk() {
  return {.file_path = Maybe<std::string>(),
          .file_offset = Any<int64_t>(),
          .meta_data = AnyColumnMetaData(),
          .offset_index_offset = Maybe<int64_t>(),
          .offset_index_length = Maybe<int32_t>(),
          .column_index_offset = Maybe<int64_t>(),
          .column_index_length = Maybe<int32_t>()};
}

RowGroup AnyRowGroup() {
  return {.columns = Several(AnyColumnChunk),
          .total_byte_size = Any<int64_t>(),
          .num_rows = Any<int64_t>(),
          .sorting_columns =
              Several([] { return SortingColumn{Any<int32_t>(), Any<bool>(), Any<bool>()}; }),
          .file_offset = Maybe<int64_t>(),
          .total_compressed_size = Maybe<int64_t>(),
          .ordinal = Maybe<int16_t>()};
}

FileMetaData AnyFileMetaData() {
  return {.version = Any<int32_t>(),
          .schema = Several(AnySchemaElement),
          .num_rows = Any<int64_t>(),
          .row_groups = Several(AnyRowGroup),
          .key_value_metadata = Several(AnyKeyValue),
          .created_by = Maybe<std::string>(),
          .column_orders = Several(AnyEnum<ColumnOrder>)};
}

PageHeader AnyPageHeader() {
  PageHeader header;
  header.type = static_cast<PageType>(*rc::gen::inRange(0, 6));
  header.uncompressed_page_size = Any<int32_t>();
  header.compressed_page_size = Any<int32_t>();
  header.crc = Maybe<uint32_t>();
  header.data = {Any<int32_t>(), AnyEnum<Encoding>(), AnyEnum<Encoding>(), AnyEnum<Encoding>()};
  header.data_v2 = {Any<int32_t>(), Any<int32_t>(), Any<int32_t>(), AnyEnum<Encoding>(),
                    Any<int32_t>(), Any<int32_t>(), Any<bool>()};
  header.dictionary = {Any<int32_t>(), AnyEnum<Encoding>(), Maybe<bool>()};
  return header;
}

// --- Round trips --------------------------------------------------------------------------------

RC_GTEST_PROP(FileMetaData, DecodesToWhatWasEncoded, ()) {
  const FileMetaData value = AnyFileMetaData();
  std::string bytes;
  AppendFileMetaData(value, &bytes);
  RC_ASSERT(DecodeFileMetaData(bytes).value() == value);
  RC_ASSERT(!DecodeFileMetaData(bytes + '\0').ok());
  RC_ASSERT(!DecodeFileMetaData(std::string_view(bytes).substr(0, bytes.size() - 1)).ok());
}

RC_GTEST_PROP(PageHeader, DecodesToWhatWasEncodedAndSaysItsLength, (const std::string& after)) {
  const PageHeader value = AnyPageHeader();
  std::string bytes;
  AppendPageHeader(value, &bytes);
  const size_t length = bytes.size();
  size_t consumed = 0;
  RC_ASSERT(DecodePageHeader(bytes + after, &consumed).value() == value);
  RC_ASSERT(consumed == length);
}

RC_GTEST_PROP(OffsetIndex, DecodesToWhatWasEncoded, ()) {
  const OffsetIndex value = {.page_locations = Several([] {
                               return PageLocation{Any<int64_t>(), Any<int32_t>(), Any<int64_t>()};
                             }),
                             .unencoded_byte_array_data_bytes = Several(Any<int64_t>)};
  std::string bytes;
  AppendOffsetIndex(value, &bytes);
  RC_ASSERT(DecodeOffsetIndex(bytes).value() == value);
}

RC_GTEST_PROP(ColumnIndex, DecodesToWhatWasEncoded, (const std::vector<bool>& null_pages)) {
  const ColumnIndex value = {.null_pages = null_pages,
                             .min_values = Several(Any<std::string>),
                             .max_values = Several(Any<std::string>),
                             .boundary_order = AnyEnum<BoundaryOrder>(),
                             .null_counts = Several(Any<int64_t>),
                             .repetition_level_histograms = Several(Any<int64_t>),
                             .definition_level_histograms = Several(Any<int64_t>)};
  std::string bytes;
  AppendColumnIndex(value, &bytes);
  RC_ASSERT(DecodeColumnIndex(bytes).value() == value);
}

RC_GTEST_PROP(BloomFilterHeader, DecodesToWhatWasEncoded, (int32_t num_bytes)) {
  std::string bytes;
  AppendBloomFilterHeader({num_bytes}, &bytes);
  size_t consumed = 0;
  RC_ASSERT(DecodeBloomFilterHeader(bytes + "after", &consumed)->num_bytes == num_bytes);
  RC_ASSERT(consumed == bytes.size());
}

// --- Fields of later versions -------------------------------------------------------------------

// Copies Thrift data with one more field at the end of every struct: id 3200, of type binary.
// Unions (structs that hold nothing except one struct) stay as they are, because there the field
// would be the choice. It has a parser of its own, so that it cannot share a fault with the reader.
class FieldAdder {
 public:
  explicit FieldAdder(std::string_view in) : in_(in) {}

  std::string Run() {
    CopyStruct();
    return std::move(out_);
  }

 private:
  uint8_t CopyByte() {
    out_.push_back(in_[at_]);
    return static_cast<uint8_t>(in_[at_++]);
  }
  uint64_t CopyVarint() {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const uint8_t byte = CopyByte();
      value |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) {
        return value;
      }
    }
  }
  void CopyBinary() {
    for (uint64_t left = CopyVarint(); left > 0; --left) {
      CopyByte();
    }
  }
  void CopyList() {
    const uint8_t header = CopyByte();
    const uint64_t count = header >> 4 == 15 ? CopyVarint() : header >> 4;
    for (uint64_t i = 0; i < count; ++i) {
      (header & 15) <= 3 ? void(CopyByte()) : CopyValue(header & 15);
    }
  }
  void CopyValue(int type) {
    switch (type) {
      case 1:
      case 2:
        return;
      case 3:
        CopyByte();
        return;
      case 8:
        return CopyBinary();
      case 9:
        return CopyList();
      case 12:
        return CopyStruct();
      default:
        CopyVarint();
    }
  }
  void CopyStruct() {
    int fields = 0;
    bool only_struct = true;
    while (in_[at_] != 0) {
      const uint8_t header = CopyByte();
      if (header >> 4 == 0) {
        CopyVarint();
      }
      ++fields;
      only_struct = only_struct && (header & 15) == 12;
      CopyValue(header & 15);
    }
    if (fields != 1 || !only_struct) {
      out_.append("\x08\x80\x32\x03new");
    }
    CopyByte();
  }

  std::string_view in_;
  size_t at_ = 0;
  std::string out_;
};

bool HasEmptyUnion(const LogicalType& type) {
  const bool has_unit =
      type.kind == LogicalType::Kind::kTime || type.kind == LogicalType::Kind::kTimestamp;
  return type.kind == LogicalType::Kind::kNone ||
         (has_unit && type.unit == LogicalType::Unit::kNone);
}

RC_GTEST_PROP(FileMetaData, SkipsUnknownFieldsOfEveryStruct, ()) {
  FileMetaData value = AnyFileMetaData();
  for (SchemaElement& element : value.schema) {
    if (element.logical_type && HasEmptyUnion(*element.logical_type)) {
      element.logical_type.reset();
    }
  }
  std::string bytes;
  AppendFileMetaData(value, &bytes);
  RC_ASSERT(DecodeFileMetaData(FieldAdder(bytes).Run()).value() == value);
}

RC_GTEST_PROP(PageHeader, SkipsUnknownFieldsOfEveryStruct, ()) {
  const PageHeader value = AnyPageHeader();
  std::string bytes;
  AppendPageHeader(value, &bytes);
  size_t consumed = 0;
  RC_ASSERT(DecodePageHeader(FieldAdder(bytes).Run(), &consumed).value() == value);
}

TEST(PageIndex, SkipsUnknownFieldsOfEveryStruct) {
  std::string bytes;
  const OffsetIndex offsets = {.page_locations = {{4, 5, 6}, {9, 1, 7}},
                               .unencoded_byte_array_data_bytes = {}};
  AppendOffsetIndex(offsets, &bytes);
  EXPECT_EQ(DecodeOffsetIndex(FieldAdder(bytes).Run()).value(), offsets);
  bytes.clear();
  ColumnIndex columns;
  columns.null_pages = {false};
  columns.min_values = {"a"};
  columns.max_values = {"b"};
  AppendColumnIndex(columns, &bytes);
  EXPECT_EQ(DecodeColumnIndex(FieldAdder(bytes).Run()).value(), columns);
  bytes.clear();
  size_t consumed = 0;
  AppendBloomFilterHeader({77}, &bytes);
  EXPECT_EQ(DecodeBloomFilterHeader(FieldAdder(bytes).Run(), &consumed)->num_bytes, 77);
}

// --- Known bytes --------------------------------------------------------------------------------

TEST(PageHeader, HasTheBytesOfParquetThrift) {
  PageHeader header;
  header.type = PageType::kDataPageV2;
  header.uncompressed_page_size = 100;
  header.compressed_page_size = 90;
  header.crc = 0xffffffff;
  header.data_v2 = {.num_values = 7,
                    .num_nulls = 1,
                    .num_rows = 7,
                    .encoding = Encoding::kDeltaLengthByteArray,
                    .definition_levels_byte_length = 2,
                    .repetition_levels_byte_length = 0,
                    .is_compressed = false};
  std::string bytes;
  AppendPageHeader(header, &bytes);
  EXPECT_EQ(HexEncode(bytes), "150615c80115b40115014c150e1502150e150c15041500120000");
}

TEST(BloomFilterHeader, HasTheBytesOfParquetThrift) {
  std::string bytes;
  AppendBloomFilterHeader({1024}, &bytes);
  EXPECT_EQ(HexEncode(bytes), "1580101c1c00001c1c00001c1c000000");
}

// --- Refusals -----------------------------------------------------------------------------------

std::string HexBytes(std::string_view hex) { return HexDecode(hex).value(); }

TEST(PageHeader, RefusesATypeWithoutItsSpecificHeader) {
  size_t consumed = 0;
  const auto header = DecodePageHeader(HexBytes("150015021502"
                                                "00"),
                                       &consumed);
  EXPECT_EQ(Message(header.status()),
            "PageHeader: PageHeader without its required field 5 at offset 7 of Thrift data");
  EXPECT_TRUE(DecodePageHeader(HexBytes("150215021502"
                                        "00"),
                               &consumed)
                  .ok());  // index page
  EXPECT_FALSE(DecodePageHeader(HexBytes("15001502"
                                         "00"),
                                &consumed)
                   .ok());  // no size
}

TEST(PageHeader, IsCompressedUnlessItSaysOtherwise) {
  size_t consumed = 0;
  const auto header = DecodePageHeader(HexBytes("150615021502"
                                                "5c"
                                                "15021500150215001500150000"
                                                "00"),
                                       &consumed);
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_TRUE(header->data_v2.is_compressed);
}

TEST(BloomFilterHeader, RefusesOtherAlgorithms) {
  size_t consumed = 0;
  const auto header =
      DecodeBloomFilterHeader(HexBytes("1580101c2c00001c1c00001c1c000000"), &consumed);
  EXPECT_EQ(header.status().code(), absl::StatusCode::kUnimplemented);
}

TEST(FileMetaData, RefusesEncryptedFilesAndColumnsByName) {
  FileMetaData value;
  std::string bytes;
  AppendFileMetaData(value, &bytes);
  bytes.pop_back();
  const auto encrypted = DecodeFileMetaData(bytes + HexBytes("4c0000"));
  EXPECT_EQ(encrypted.status().code(), absl::StatusCode::kUnimplemented);
  // One row group with one chunk that has only a file offset.
  const auto chunk = DecodeFileMetaData(HexBytes("1504"
                                                 "190c"
                                                 "1600"
                                                 "191c"
                                                 "191c"
                                                 "2600"
                                                 "00"
                                                 "1600"
                                                 "1600"
                                                 "00"
                                                 "00"));
  EXPECT_EQ(chunk.status().code(), absl::StatusCode::kUnimplemented) << chunk.status();
}

TEST(FileMetaData, AsksForNoMoreMemoryThanItsInputJustifies) {
  // A list that claims 2^32 - 1 row groups in a dozen bytes.
  EXPECT_FALSE(DecodeFileMetaData(HexBytes("1504190c160019fcffffffff0f00")).ok());
}

RC_GTEST_PROP(FileMetaData, IsTotalOnDamagedBytes, ()) {
  std::string bytes;
  AppendFileMetaData(AnyFileMetaData(), &bytes);
  for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
    bytes[*rc::gen::inRange<size_t>(0, bytes.size())] = Any<char>();
  }
  const auto decoded = DecodeFileMetaData(bytes);
  if (decoded.ok()) {
    std::string again;
    AppendFileMetaData(*decoded, &again);
    RC_ASSERT(DecodeFileMetaData(again).value() == *decoded);
  }
}

TEST(FileMetaData, RefusesEncryptedColumnsAndEmptyUnions) {
  // One row group with one chunk that has crypto metadata (field 8).
  const auto chunk = DecodeFileMetaData(HexBytes("1504"
                                                 "190c"
                                                 "1600"
                                                 "191c"
                                                 "191c"
                                                 "2600"
                                                 "6c00"
                                                 "00"
                                                 "1600"
                                                 "1600"
                                                 "00"
                                                 "00"));
  EXPECT_EQ(Message(chunk.status()), "FileMetaData: encrypted Parquet column");
  const auto order = DecodeFileMetaData(HexBytes("1504"
                                                 "190c"
                                                 "1600"
                                                 "190c"
                                                 "391c"
                                                 "00"
                                                 "00"));
  EXPECT_EQ(order.status().code(), absl::StatusCode::kDataLoss) << order.status();
}

TEST(PageHeader, OfAnotherTypeOrSizeIsAnother) {
  PageHeader a;
  PageHeader b;
  EXPECT_EQ(a, b);
  b.crc = 1;
  EXPECT_NE(a, b);
  b = a;
  b.data.num_values = 5;  // not the header that the type selects
  EXPECT_EQ(a, b);
}

TEST(Names, AreParquetsAndNumbersWhereThereIsNone) {
  std::string types;
  for (int i = -1; i <= 8; ++i) {
    types += Name(static_cast<Type>(i)) + " ";
  }
  EXPECT_EQ(
      types,
      "type -1 BOOLEAN INT32 INT64 INT96 FLOAT DOUBLE BYTE_ARRAY FIXED_LEN_BYTE_ARRAY type 8 ");
  std::string encodings;
  for (int i = 0; i <= 10; ++i) {
    encodings += Name(static_cast<Encoding>(i)) + " ";
  }
  EXPECT_EQ(
      encodings,
      "PLAIN encoding 1 PLAIN_DICTIONARY RLE BIT_PACKED DELTA_BINARY_PACKED "
      "DELTA_LENGTH_BYTE_ARRAY DELTA_BYTE_ARRAY RLE_DICTIONARY BYTE_STREAM_SPLIT encoding 10 ");
  std::string pages;
  for (int i = 0; i <= 4; ++i) {
    pages += Name(static_cast<PageType>(i)) + " ";
  }
  EXPECT_EQ(pages, "DATA_PAGE INDEX_PAGE DICTIONARY_PAGE DATA_PAGE_V2 page type 4 ");
}

}  // namespace
}  // namespace veralith::parquet
