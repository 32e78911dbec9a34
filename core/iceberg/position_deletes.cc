// SPDX-License-Identifier: Apache-2.0

#include "core/iceberg/position_deletes.h"

#include <algorithm>
#include <span>
#include <vector>

#include "core/format/checksum.h"
#include "core/format/coding.h"
#include "core/format/delta_encoding.h"
#include "core/format/parquet_metadata.h"
#include "core/format/plain_encoding.h"
#include "core/format/rle_encoding.h"
#include "core/iceberg/created_by.h"

namespace veralith::iceberg {
namespace {

using parquet::Encoding;

constexpr size_t kPageRows = 65536;
constexpr int kIndexBits = 1;  // one would do with 0, which not every reader takes
constexpr int32_t kUtf8 = 0;   // ConvertedType

parquet::SchemaElement Column(std::string name, parquet::Type type, int32_t field_id) {
  parquet::SchemaElement column;
  column.name = std::move(name);
  column.type = type;
  column.repetition = parquet::Repetition::kRequired;
  column.field_id = field_id;
  return column;
}

std::vector<parquet::SchemaElement> Schema() {
  parquet::SchemaElement root;
  root.name = "table";
  root.num_children = 2;
  parquet::SchemaElement path = Column("file_path", parquet::Type::kByteArray, kDeletedPathFieldId);
  path.converted_type = kUtf8;
  path.logical_type = parquet::LogicalType{};
  path.logical_type->kind = parquet::LogicalType::Kind::kString;
  return {root, path, Column("pos", parquet::Type::kInt64, kDeletedPositionFieldId)};
}

// Appends pages to a file, and notes what the footer says of their column.
class ChunkWriter {
 public:
  ChunkWriter(std::string name, parquet::Type type, std::string* file) : file_(*file) {
    meta_.type = type;
    meta_.path_in_schema = {std::move(name)};
    begin_ = static_cast<int64_t>(file->size());
    meta_.data_page_offset = begin_;
  }

  void AddDictionary(std::string_view body) {
    parquet::PageHeader header;
    header.type = parquet::PageType::kDictionaryPage;
    header.dictionary.num_values = 1;
    AddPage(header, body);
    meta_.dictionary_page_offset = begin_;
    meta_.data_page_offset = static_cast<int64_t>(file_.size());
  }
  void AddData(size_t rows, Encoding encoding, std::string_view body) {
    parquet::PageHeader header;
    header.type = parquet::PageType::kDataPage;
    header.data.num_values = static_cast<int32_t>(rows);
    header.data.encoding = encoding;
    AddPage(header, body);
    meta_.num_values += static_cast<int64_t>(rows);
  }
  parquet::ColumnChunk Finish(std::vector<Encoding> encodings, std::string min, std::string max) {
    meta_.encodings = std::move(encodings);
    meta_.total_compressed_size = static_cast<int64_t>(file_.size()) - begin_;
    meta_.total_uncompressed_size = meta_.total_compressed_size;
    meta_.statistics.emplace();
    meta_.statistics->null_count = 0;
    meta_.statistics->min_value = std::move(min);
    meta_.statistics->max_value = std::move(max);
    parquet::ColumnChunk chunk;
    chunk.meta_data = std::move(meta_);
    return chunk;
  }

 private:
  void AddPage(parquet::PageHeader header, std::string_view body) {
    header.uncompressed_page_size = static_cast<int32_t>(body.size());
    header.compressed_page_size = static_cast<int32_t>(body.size());
    header.crc = Crc32(body);
    parquet::AppendPageHeader(header, &file_);
    file_.append(body);
  }

  std::string& file_;
  parquet::ColumnMetaData meta_;
  int64_t begin_ = 0;
};

parquet::ColumnChunk WritePaths(std::string_view path, uint64_t rows, std::string* file) {
  ChunkWriter chunk("file_path", parquet::Type::kByteArray, file);
  std::string body;
  parquet::AppendPlainByteArray(path, &body);
  chunk.AddDictionary(body);
  for (uint64_t done = 0; done < rows; done += kPageRows) {
    const size_t count = std::min<uint64_t>(kPageRows, rows - done);
    body.assign(1, static_cast<char>(kIndexBits));
    parquet::AppendRle(std::vector<uint32_t>(count, 0), kIndexBits, &body);
    chunk.AddData(count, Encoding::kRleDictionary, body);
  }
  return chunk.Finish({Encoding::kPlain, Encoding::kRle, Encoding::kRleDictionary},
                      std::string(path), std::string(path));
}

parquet::ColumnChunk WritePositions(const PositionSet& rows, std::string* file) {
  ChunkWriter chunk("pos", parquet::Type::kInt64, file);
  std::vector<int64_t> page;
  page.reserve(kPageRows);
  std::string body;
  uint64_t first = 0;
  uint64_t last = 0;
  bool any = false;
  const auto end_page = [&] {
    body.clear();
    parquet::AppendDeltaBinaryPacked(page, &body);
    chunk.AddData(page.size(), Encoding::kDeltaBinaryPacked, body);
    page.clear();
  };
  rows.ForEachRun([&](uint64_t begin, uint64_t end) {
    first = any ? first : begin;
    any = true;
    last = end - 1;
    for (uint64_t row = begin; row < end; ++row) {
      page.push_back(static_cast<int64_t>(row));
      if (page.size() == kPageRows) {
        end_page();
      }
    }
  });
  if (!page.empty()) {
    end_page();
  }
  std::string min;
  std::string max;
  AppendFixed64(&min, first);
  AppendFixed64(&max, last);
  return chunk.Finish({Encoding::kRle, Encoding::kDeltaBinaryPacked}, min, max);
}

}  // namespace

std::string PositionDeleteFile(std::string_view data_file, const PositionSet& rows) {
  std::string file(parquet::kMagic);
  parquet::RowGroup group;
  group.num_rows = static_cast<int64_t>(rows.size());
  group.file_offset = static_cast<int64_t>(file.size());
  group.columns.push_back(WritePaths(data_file, rows.size(), &file));
  group.columns.push_back(WritePositions(rows, &file));
  for (const parquet::ColumnChunk& chunk : group.columns) {
    group.total_byte_size += chunk.meta_data.total_uncompressed_size;
  }
  group.total_compressed_size = group.total_byte_size;
  group.ordinal = 0;
  parquet::FileMetaData footer;
  footer.schema = Schema();
  footer.num_rows = group.num_rows;
  footer.row_groups.push_back(std::move(group));
  footer.created_by = CreatedBy();
  footer.column_orders.assign(2, parquet::ColumnOrder::kTypeOrder);
  const size_t begin = file.size();
  parquet::AppendFileMetaData(footer, &file);
  AppendFixed32(&file, static_cast<uint32_t>(file.size() - begin));
  file.append(parquet::kMagic);
  return file;
}

}  // namespace veralith::iceberg
