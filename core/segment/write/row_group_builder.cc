// SPDX-License-Identifier: Apache-2.0

#include "core/segment/write/row_group_builder.h"

#include <algorithm>

#include "core/base/status.h"
#include "core/format/parquet_bloom.h"

namespace veralith {
namespace {

// Versions of one user key stay in one page and one row group up to these sizes.
constexpr size_t kMaxKeyPageBytes = size_t{1} << 20;
constexpr size_t kMaxKeyPageRows = size_t{1} << 16;
constexpr uint64_t kMaxRowGroupFactor = 2;

constexpr size_t kFixedRawBytes = 16;  // namespace and timestamp, per row

void NameColumn(std::string_view name, parquet::Type type, parquet::ColumnMetaData* meta) {
  meta->type = type;
  meta->path_in_schema = {std::string(name)};
}

}  // namespace

RowGroupBuilder::RowGroupBuilder(const SegmentOptions& options)
    : options_(options), values_(options) {}

bool RowGroupBuilder::KeyPageIsFull(bool new_user_key) const {
  if (keys_.open_rows() == 0 || keys_.open_raw_bytes() < options_.key_page_bytes) {
    return false;
  }
  return new_user_key || keys_.open_raw_bytes() >= kMaxKeyPageBytes ||
         keys_.open_rows() >= kMaxKeyPageRows;
}

bool RowGroupBuilder::WillBeginKeyPage(const Relation& relation) const {
  return keys_.open_rows() == 0 || KeyPageIsFull(relation.new_user_key);
}

absl::Status RowGroupBuilder::Add(const EntryView& entry, const Relation& relation,
                                  StoredValuePage* stored_page) {
  if (KeyPageIsFull(relation.new_user_key)) {
    VERALITH_RETURN_IF_ERROR(keys_.FinishPage());
  }
  keys_.Add(entry.key, relation.shared_key_bytes, relation.new_namespace);
  if (namespaces_.open_rows() >= options_.namespace_page_rows) {
    VERALITH_RETURN_IF_ERROR(namespaces_.FinishPage());
  }
  namespaces_.Add(static_cast<int64_t>(entry.ns));
  if (timestamps_.open_rows() >= options_.timestamp_page_rows) {
    VERALITH_RETURN_IF_ERROR(timestamps_.FinishPage());
  }
  timestamps_.Add(static_cast<int64_t>(entry.ts));
  VERALITH_RETURN_IF_ERROR(values_.Add(entry, stored_page));
  // A key whose versions fill row groups is in the filter of each.
  if (options_.write_parquet_bloom_filter && (relation.new_user_key || rows_ == 0)) {
    bloom_hashes_.push_back(parquet::BloomHash(entry.key));
  }
  ++rows_;
  raw_bytes_ += entry.key.size() + entry.value.size() + kFixedRawBytes;
  return absl::OkStatus();
}

bool RowGroupBuilder::IsFull(bool new_user_key) const {
  if (rows_ < options_.row_group_rows && raw_bytes_ < options_.row_group_bytes) {
    return false;
  }
  return new_user_key || rows_ >= kMaxRowGroupFactor * options_.row_group_rows ||
         raw_bytes_ >= kMaxRowGroupFactor * options_.row_group_bytes;
}

uint64_t RowGroupBuilder::BufferedBytes() const {
  uint64_t bytes = 0;
  for (size_t i = 0; i < kSegmentColumns; ++i) {
    bytes += chunk(static_cast<SegmentColumn>(i)).bytes().size();
  }
  bytes += keys_.open_raw_bytes() / 2 + values_.open_raw_bytes();
  return bytes + timestamps_.open_rows() * 4;
}

absl::Status RowGroupBuilder::FinishPages() {
  VERALITH_RETURN_IF_ERROR(namespaces_.FinishPage());
  VERALITH_RETURN_IF_ERROR(keys_.FinishPage());
  VERALITH_RETURN_IF_ERROR(timestamps_.FinishPage());
  return values_.FinishPages();
}

const EncodedChunk& RowGroupBuilder::chunk(SegmentColumn column) const {
  switch (column) {
    case SegmentColumn::kNamespace:
      return namespaces_.chunk();
    case SegmentColumn::kKey:
      return keys_.chunk();
    case SegmentColumn::kTimestamp:
      return timestamps_.chunk();
    case SegmentColumn::kValue:
      break;
  }
  return values_.chunk();
}

parquet::ColumnIndex RowGroupBuilder::MakeColumnIndex(SegmentColumn column) const {
  switch (column) {
    case SegmentColumn::kNamespace:
      return namespaces_.MakeColumnIndex();
    case SegmentColumn::kKey:
      return keys_.MakeColumnIndex();
    default:
      return timestamps_.MakeColumnIndex();
  }
}

parquet::RowGroup RowGroupBuilder::Describe(uint64_t file_offset) const {
  parquet::RowGroup group;
  group.num_rows = static_cast<int64_t>(rows_);
  group.file_offset = static_cast<int64_t>(file_offset);
  group.sorting_columns = {{0, false, false}, {1, false, false}, {2, true, false}};
  uint64_t offset = file_offset;
  group.columns.resize(kSegmentColumns);
  for (size_t i = 0; i < kSegmentColumns; ++i) {
    const EncodedChunk& encoded = chunk(static_cast<SegmentColumn>(i));
    group.columns[i].meta_data = encoded.Describe(offset);
    group.total_byte_size += group.columns[i].meta_data.total_uncompressed_size;
    offset += encoded.bytes().size();
  }
  group.total_compressed_size = static_cast<int64_t>(offset - file_offset);
  NameColumn("ns", parquet::Type::kInt64, &group.columns[0].meta_data);
  NameColumn("key", parquet::Type::kByteArray, &group.columns[1].meta_data);
  NameColumn("ts", parquet::Type::kInt64, &group.columns[2].meta_data);
  NameColumn("value", parquet::Type::kByteArray, &group.columns[3].meta_data);
  group.columns[0].meta_data.statistics = namespaces_.MakeStatistics();
  group.columns[1].meta_data.statistics = keys_.MakeStatistics();
  group.columns[2].meta_data.statistics = timestamps_.MakeStatistics();
  group.columns[3].meta_data.statistics = values_.MakeStatistics();
  return group;
}

void RowGroupBuilder::Clear() {
  namespaces_.Clear();
  keys_.Clear();
  timestamps_.Clear();
  values_.Clear();
  bloom_hashes_.clear();
  rows_ = 0;
  raw_bytes_ = 0;
}

}  // namespace veralith
