// SPDX-License-Identifier: Apache-2.0

// The structures of parquet.thrift (apache/parquet-format) that a segment file uses or that a
// foreign file with our schema may carry, and their codec in Thrift's compact protocol.
//
// 1. Decoders are total: a span in, a value or a Status out, no assertion on input, no I/O.
// 2. Work is linear in the input. Memory is at most about 100 times the input: that is the smallest
//    valid element of a list, compared with the struct that holds it. Nesting is bounded
//    (thrift_compact.h).
// 3. A missing required field, a wrong wire type of a known field, or bytes that end early are
//    DataLoss naming the field and the offset in the input. Unknown fields are skipped. Encrypted
//    columns or files are Unimplemented.
// 4. Decoders do not judge: enums keep any value (compare before use), counts and offsets are as
//    read, possibly negative. The segment reader checks them against the file.
// 5. Encoders are deterministic (fields in ascending id, absent optionals left out), so equal
//    values have equal bytes, and Decode(Encode(x)) == x.
//
// Not kept (skipped when read, never written): statistics inside page headers, geospatial
// statistics, index page headers, INTERVAL and the parameters of logical types beyond integers,
// times and decimals.
#ifndef VERALITH_CORE_FORMAT_PARQUET_METADATA_H_
#define VERALITH_CORE_FORMAT_PARQUET_METADATA_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace veralith::parquet {

// The four bytes that open and close a Parquet file. Before the closing ones stands the length of
// the footer (FileMetaData), 4 bytes little-endian.
inline constexpr std::string_view kMagic = "PAR1";

enum class Type : int32_t {
  kBoolean = 0,
  kInt32 = 1,
  kInt64 = 2,
  kInt96 = 3,
  kFloat = 4,
  kDouble = 5,
  kByteArray = 6,
  kFixedLenByteArray = 7,
};

enum class Repetition : int32_t { kRequired = 0, kOptional = 1, kRepeated = 2 };

enum class Encoding : int32_t {
  kPlain = 0,
  kPlainDictionary = 2,
  kRle = 3,
  kBitPacked = 4,
  kDeltaBinaryPacked = 5,
  kDeltaLengthByteArray = 6,
  kDeltaByteArray = 7,
  kRleDictionary = 8,
  kByteStreamSplit = 9,
};

enum class PageType : int32_t {
  kDataPage = 0,
  kIndexPage = 1,
  kDictionaryPage = 2,
  kDataPageV2 = 3,
};

enum class BoundaryOrder : int32_t { kUnordered = 0, kAscending = 1, kDescending = 2 };

// Names for messages; "encoding 17" for values outside the enum.
std::string Name(Type type);
std::string Name(Encoding encoding);
std::string Name(PageType type);

// A LogicalType is a union: `kind` is the union's field id, the other members are its parameters.
struct LogicalType {
  enum class Kind : int16_t {
    kNone = 0,
    kString = 1,
    kMap = 2,
    kList = 3,
    kEnum = 4,
    kDecimal = 5,
    kDate = 6,
    kTime = 7,
    kTimestamp = 8,
    kInteger = 10,
    kUnknown = 11,
    kJson = 12,
    kBson = 13,
    kUuid = 14,
    kFloat16 = 15,
  };
  enum class Unit : int16_t { kNone = 0, kMillis = 1, kMicros = 2, kNanos = 3 };

  Kind kind = Kind::kNone;       // kNone: no annotation. Any field id when decoded.
  int8_t bit_width = 0;          // kInteger
  bool is_signed = false;        // kInteger
  bool adjusted_to_utc = false;  // kTime, kTimestamp
  Unit unit = Unit::kNone;       // kTime, kTimestamp
  int32_t scale = 0;             // kDecimal
  int32_t precision = 0;         // kDecimal

  static LogicalType Integer(int8_t bit_width, bool is_signed) {
    LogicalType type;
    type.kind = Kind::kInteger;
    type.bit_width = bit_width;
    type.is_signed = is_signed;
    return type;
  }
  friend bool operator==(const LogicalType&, const LogicalType&) = default;
};

struct SchemaElement {
  std::optional<Type> type;  // absent for groups, of which the root is one
  std::optional<int32_t> type_length;
  std::optional<Repetition> repetition;  // absent at the root
  std::string name;
  std::optional<int32_t> num_children;
  std::optional<int32_t> converted_type;
  std::optional<int32_t> scale;
  std::optional<int32_t> precision;
  std::optional<int32_t> field_id;
  std::optional<LogicalType> logical_type;
  friend bool operator==(const SchemaElement&, const SchemaElement&) = default;
};

struct KeyValue {
  std::string key;
  std::optional<std::string> value;
  friend bool operator==(const KeyValue&, const KeyValue&) = default;
};

// Bounds are PLAIN encoded (BYTE_ARRAY without its length).
struct Statistics {
  std::optional<std::string> max;  // deprecated: signed byte order; never written by us
  std::optional<std::string> min;
  std::optional<int64_t> null_count;
  std::optional<int64_t> distinct_count;
  std::optional<std::string> max_value;
  std::optional<std::string> min_value;
  std::optional<bool> is_max_value_exact;
  std::optional<bool> is_min_value_exact;
  friend bool operator==(const Statistics&, const Statistics&) = default;
};

struct SizeStatistics {
  std::optional<int64_t> unencoded_byte_array_data_bytes;
  std::optional<std::vector<int64_t>> repetition_level_histogram;
  std::optional<std::vector<int64_t>> definition_level_histogram;
  friend bool operator==(const SizeStatistics&, const SizeStatistics&) = default;
};

struct PageEncodingStats {
  PageType page_type = PageType::kDataPage;
  Encoding encoding = Encoding::kPlain;
  int32_t count = 0;
  friend bool operator==(const PageEncodingStats&, const PageEncodingStats&) = default;
};

struct ColumnMetaData {
  Type type = Type::kInt64;
  std::vector<Encoding> encodings;
  std::vector<std::string> path_in_schema;
  int32_t codec = 0;  // compression.h: CodecFromParquetId
  int64_t num_values = 0;
  int64_t total_uncompressed_size = 0;  // both include page headers
  int64_t total_compressed_size = 0;
  std::vector<KeyValue> key_value_metadata;  // empty: absent
  int64_t data_page_offset = 0;
  std::optional<int64_t> index_page_offset;
  std::optional<int64_t> dictionary_page_offset;
  std::optional<Statistics> statistics;
  std::vector<PageEncodingStats> encoding_stats;  // empty: absent
  std::optional<int64_t> bloom_filter_offset;
  std::optional<int32_t> bloom_filter_length;
  std::optional<SizeStatistics> size_statistics;
  friend bool operator==(const ColumnMetaData&, const ColumnMetaData&) = default;
};

struct ColumnChunk {
  std::optional<std::string> file_path;
  int64_t file_offset = 0;   // deprecated: written as 0
  ColumnMetaData meta_data;  // Unimplemented when absent (metadata in another file)
  std::optional<int64_t> offset_index_offset;
  std::optional<int32_t> offset_index_length;
  std::optional<int64_t> column_index_offset;
  std::optional<int32_t> column_index_length;
  friend bool operator==(const ColumnChunk&, const ColumnChunk&) = default;
};

struct SortingColumn {
  int32_t column_index = 0;
  bool descending = false;
  bool nulls_first = false;
  friend bool operator==(const SortingColumn&, const SortingColumn&) = default;
};

struct RowGroup {
  std::vector<ColumnChunk> columns;
  int64_t total_byte_size = 0;  // uncompressed
  int64_t num_rows = 0;
  std::vector<SortingColumn> sorting_columns;  // empty: absent
  std::optional<int64_t> file_offset;
  std::optional<int64_t> total_compressed_size;
  std::optional<int16_t> ordinal;
  friend bool operator==(const RowGroup&, const RowGroup&) = default;
};

// The field id of the union; 1 is TYPE_ORDER, the only one we write.
enum class ColumnOrder : int16_t { kTypeOrder = 1 };

struct FileMetaData {
  int32_t version = 2;
  std::vector<SchemaElement> schema;  // depth first, the root first
  int64_t num_rows = 0;
  std::vector<RowGroup> row_groups;
  std::vector<KeyValue> key_value_metadata;  // empty: absent
  std::optional<std::string> created_by;
  std::vector<ColumnOrder> column_orders;  // empty: absent
  friend bool operator==(const FileMetaData&, const FileMetaData&) = default;
};

struct DataPageHeader {
  int32_t num_values = 0;  // nulls included
  Encoding encoding = Encoding::kPlain;
  Encoding definition_level_encoding = Encoding::kRle;
  Encoding repetition_level_encoding = Encoding::kRle;
  friend bool operator==(const DataPageHeader&, const DataPageHeader&) = default;
};

struct DataPageHeaderV2 {
  int32_t num_values = 0;  // nulls included
  int32_t num_nulls = 0;
  int32_t num_rows = 0;
  Encoding encoding = Encoding::kPlain;
  // The levels stand before the values, definition after repetition, never compressed.
  int32_t definition_levels_byte_length = 0;
  int32_t repetition_levels_byte_length = 0;
  bool is_compressed = true;  // always written; true when absent
  friend bool operator==(const DataPageHeaderV2&, const DataPageHeaderV2&) = default;
};

struct DictionaryPageHeader {
  int32_t num_values = 0;
  Encoding encoding = Encoding::kPlain;
  std::optional<bool> is_sorted;
  friend bool operator==(const DictionaryPageHeader&, const DictionaryPageHeader&) = default;
};

// `type` tells which of the three specific headers applies. The decoder refuses a page if its type
// is a data or dictionary page and the specific header is missing.
struct PageHeader {
  PageType type = PageType::kDataPageV2;
  int32_t uncompressed_page_size = 0;  // without this header; levels included
  int32_t compressed_page_size = 0;
  // CRC-32 (checksum.h: Crc32, zlib's) of the page as stored: compressed_page_size bytes after
  // this header.
  std::optional<uint32_t> crc;
  DataPageHeader data;
  DataPageHeaderV2 data_v2;
  DictionaryPageHeader dictionary;
  // Only the header that `type` selects is compared.
  friend bool operator==(const PageHeader& a, const PageHeader& b);
};

struct PageLocation {
  int64_t offset = 0;
  int32_t compressed_page_size = 0;  // header included
  int64_t first_row_index = 0;       // in the row group
  friend bool operator==(const PageLocation&, const PageLocation&) = default;
};

struct OffsetIndex {
  std::vector<PageLocation> page_locations;
  std::vector<int64_t> unencoded_byte_array_data_bytes;  // empty: absent
  friend bool operator==(const OffsetIndex&, const OffsetIndex&) = default;
};

struct ColumnIndex {
  std::vector<bool> null_pages;
  std::vector<std::string> min_values;
  std::vector<std::string> max_values;
  BoundaryOrder boundary_order = BoundaryOrder::kUnordered;
  std::vector<int64_t> null_counts;  // empty: absent
  std::vector<int64_t> repetition_level_histograms;
  std::vector<int64_t> definition_level_histograms;
  friend bool operator==(const ColumnIndex&, const ColumnIndex&) = default;
};

// In the file, num_bytes of filter follow. Decoding refuses (Unimplemented) every algorithm, hash
// and compression except those that the specification has: BLOCK, XXHASH, UNCOMPRESSED.
struct BloomFilterHeader {
  int32_t num_bytes = 0;
  friend bool operator==(const BloomFilterHeader&, const BloomFilterHeader&) = default;
};

// Encoders append to `out`, which a caller may reuse.
void AppendFileMetaData(const FileMetaData& value, std::string* out);
void AppendPageHeader(const PageHeader& value, std::string* out);
void AppendOffsetIndex(const OffsetIndex& value, std::string* out);
void AppendColumnIndex(const ColumnIndex& value, std::string* out);
void AppendBloomFilterHeader(const BloomFilterHeader& value, std::string* out);

// Whole-buffer decoders: bytes after the struct are DataLoss.
absl::StatusOr<FileMetaData> DecodeFileMetaData(std::string_view bytes);
absl::StatusOr<OffsetIndex> DecodeOffsetIndex(std::string_view bytes);
absl::StatusOr<ColumnIndex> DecodeColumnIndex(std::string_view bytes);

// Decoders of a header that is followed by something: `consumed` is set to the header's length.
// `bytes` may reach beyond the page; a page header longer than kMaxPageHeaderBytes is DataLoss.
inline constexpr size_t kMaxPageHeaderBytes = 1 << 16;
absl::StatusOr<PageHeader> DecodePageHeader(std::string_view bytes, size_t* consumed);
absl::StatusOr<BloomFilterHeader> DecodeBloomFilterHeader(std::string_view bytes, size_t* consumed);

}  // namespace veralith::parquet

#endif  // VERALITH_CORE_FORMAT_PARQUET_METADATA_H_
