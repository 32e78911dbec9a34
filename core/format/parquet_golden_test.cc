// SPDX-License-Identifier: Apache-2.0

// Reads files that pyarrow wrote (corpus/golden/parquet/generate.py) with the codecs alone: the
// page walk below is the simplest possible reader. Where the specification leaves a writer no
// choice, our encoders must give pyarrow's bytes back.
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/format/checksum.h"
#include "core/format/compression.h"
#include "core/format/parquet_bloom.h"
#include "core/format/parquet_encoding.h"
#include "core/format/parquet_metadata.h"
#include "gtest/gtest.h"

namespace veralith::parquet {
namespace {

constexpr int kRows = 200;

// --- The rows, by the formulas of generate.py ----------------------------------------------------

std::string Key(int i) {
  std::string digits = std::to_string(i % 60 * 37);
  digits.insert(0, 5 - digits.size(), '0');
  return "user/" + digits + std::string(static_cast<size_t>(i % 4), 'x');
}

std::optional<std::string> Value(int i) {
  if (i % 10 == 3) {
    return std::nullopt;
  }
  std::string value;
  for (int k = 0; k < i % 5; ++k) {
    value += "v" + std::to_string(i % 50);
  }
  return value;
}

int64_t Number(std::string_view column, int i) {
  if (column == "ns") {
    return i / 60;
  }
  if (column == "kind") {
    return int64_t{i} * i - 5000;
  }
  return 1'700'000'000'000'000'000 + int64_t{i} * 7919 % 1009 * 1'000'003;
}

// --- A reader -----------------------------------------------------------------------------------

struct Page {
  PageHeader header;
  std::string body;  // decompressed, levels first
};

std::vector<char> Inflated(Codec codec, std::string_view stored, size_t size) {
  std::vector<char> out(size);
  EXPECT_TRUE(Decompress(codec, stored, out).ok());
  return out;
}

Page ReadPage(Codec codec, std::string_view file, size_t* position) {
  Page page;
  size_t header_bytes = 0;
  const auto header = DecodePageHeader(file.substr(*position), &header_bytes);
  EXPECT_TRUE(header.ok()) << header.status();
  page.header = *header;
  const std::string_view stored =
      file.substr(*position + header_bytes, static_cast<size_t>(header->compressed_page_size));
  *position += header_bytes + stored.size();
  EXPECT_EQ(header->crc, Crc32(stored));
  const bool v2 = header->type == PageType::kDataPageV2;
  const size_t levels = v2 ? static_cast<size_t>(header->data_v2.definition_levels_byte_length) : 0;
  const Codec used = v2 && !header->data_v2.is_compressed ? Codec::kNone : codec;
  const std::vector<char> values = Inflated(
      used, stored.substr(levels), static_cast<size_t>(header->uncompressed_page_size) - levels);
  page.body.append(stored.substr(0, levels)).append(values.data(), values.size());
  return page;
}

struct ColumnValues {
  std::vector<int64_t> numbers;
  std::vector<std::optional<std::string>> strings;
};

class ChunkReader {
 public:
  ChunkReader(std::string_view file, const ColumnMetaData& meta, bool optional)
      : file_(file),
        meta_(meta),
        codec_(CodecFromParquetId(meta.codec).value()),
        optional_(optional) {}

  ColumnValues Read() {
    size_t position =
        static_cast<size_t>(meta_.dictionary_page_offset.value_or(meta_.data_page_offset));
    const size_t end = position + static_cast<size_t>(meta_.total_compressed_size);
    while (position < end) {
      const size_t start = position;
      const Page page = ReadPage(codec_, file_, &position);
      if (page.header.type == PageType::kDictionaryPage) {
        ReadDictionary(page);
      } else {
        page_offsets.push_back(start);
        ReadData(page);
      }
    }
    EXPECT_EQ(position, end);
    return values_;
  }

  std::vector<size_t> page_offsets;

 private:
  void ReadDictionary(const Page& page) {
    dictionary_ = ReadPlain(page.body, static_cast<size_t>(page.header.dictionary.num_values));
  }

  void ReadData(const Page& page) {
    const bool v2 = page.header.type == PageType::kDataPageV2;
    const Encoding encoding = v2 ? page.header.data_v2.encoding : page.header.data.encoding;
    const size_t rows =
        static_cast<size_t>(v2 ? page.header.data_v2.num_values : page.header.data.num_values);
    std::string_view levels;
    std::string_view body = page.body;
    if (optional_ && v2) {
      levels =
          body.substr(0, static_cast<size_t>(page.header.data_v2.definition_levels_byte_length));
      body.remove_prefix(levels.size());
    } else if (optional_) {
      const LevelsV1 split = SplitLevelsV1(body).value();
      levels = split.levels;
      body = split.values;
    }
    std::vector<uint8_t> present(rows, 1);
    size_t count = rows;
    if (optional_) {
      EXPECT_EQ(DecodeRleLevels(levels, present, &count).value(), levels.size());
    }
    if (v2) {
      EXPECT_EQ(rows - count, static_cast<size_t>(page.header.data_v2.num_nulls));
    }
    Append(present, ReadValues(encoding, body, count));
  }

  void Append(const std::vector<uint8_t>& present, const ColumnValues& values) {
    values_.numbers.insert(values_.numbers.end(), values.numbers.begin(), values.numbers.end());
    if (meta_.type != Type::kByteArray) {
      return;
    }
    size_t next = 0;
    for (const uint8_t there : present) {
      values_.strings.push_back(there != 0 ? values.strings[next++] : std::nullopt);
    }
  }

  ColumnValues ReadValues(Encoding encoding, std::string_view body, size_t count) {
    switch (encoding) {
      case Encoding::kPlain:
        return ReadPlain(body, count);
      case Encoding::kRleDictionary:
      case Encoding::kPlainDictionary:
        return ReadIndices(body, count);
      case Encoding::kDeltaBinaryPacked:
        return ReadPacked(body, count);
      case Encoding::kDeltaLengthByteArray:
        return ReadLengths(body, count);
      case Encoding::kDeltaByteArray:
        return ReadPrefixes(body, count);
      default:
        ADD_FAILURE() << Name(encoding);
        return {};
    }
  }

  ColumnValues ReadIndices(std::string_view body, size_t count) {
    std::vector<uint32_t> indices(count);
    const size_t entries = dictionary_.numbers.size() + dictionary_.strings.size();
    EXPECT_EQ(DecodeDictionaryIndices(body, static_cast<uint32_t>(entries), indices).value(),
              body.size());
    ColumnValues out;
    for (const uint32_t index : indices) {
      if (meta_.type == Type::kByteArray) {
        out.strings.push_back(dictionary_.strings[index]);
      } else {
        out.numbers.push_back(dictionary_.numbers[index]);
      }
    }
    return out;
  }

  template <typename T>
  ColumnValues ReadPlainNumbers(std::string_view body, size_t count) {
    std::vector<T> values(count);
    EXPECT_EQ(DecodePlain(body, std::span<T>(values)).value(), body.size());
    std::string again;
    AppendPlain(std::span<const T>(values), &again);
    EXPECT_EQ(again, body);
    return {.numbers = {values.begin(), values.end()}, .strings = {}};
  }

  ColumnValues ReadPlain(std::string_view body, size_t count) {
    if (meta_.type == Type::kInt64) {
      return ReadPlainNumbers<int64_t>(body, count);
    }
    if (meta_.type == Type::kInt32) {
      return ReadPlainNumbers<int32_t>(body, count);
    }
    std::vector<uint32_t> offsets(count);
    std::vector<uint32_t> lengths(count);
    EXPECT_EQ(DecodePlainByteArray(body, offsets, lengths).value(), body.size());
    ColumnValues out;
    std::string again;
    for (size_t i = 0; i < count; ++i) {
      out.strings.emplace_back(body.substr(offsets[i], lengths[i]));
      AppendPlainByteArray(*out.strings.back(), &again);
    }
    EXPECT_EQ(again, body);
    return out;
  }

  template <typename T>
  ColumnValues ReadPackedNumbers(std::string_view body, size_t count) {
    std::vector<T> values(count);
    EXPECT_EQ(DecodeDeltaBinaryPacked(body, std::span<T>(values)).value(), body.size());
    std::string again;
    AppendDeltaBinaryPacked(std::span<const T>(values), &again);
    if (sizeof(T) == 4) {  // pyarrow packs INT64 in blocks of 256
      EXPECT_EQ(again, body);
    }
    return {.numbers = {values.begin(), values.end()}, .strings = {}};
  }

  ColumnValues ReadPacked(std::string_view body, size_t count) {
    return meta_.type == Type::kInt32 ? ReadPackedNumbers<int32_t>(body, count)
                                      : ReadPackedNumbers<int64_t>(body, count);
  }

  ColumnValues ReadLengths(std::string_view body, size_t count) {
    std::vector<uint32_t> offsets(count + 1);
    std::string_view data;
    EXPECT_EQ(DecodeDeltaLengthByteArray(body, offsets, &data).value(), body.size());
    ColumnValues out;
    DeltaLengthByteArrayEncoder encoder;
    for (size_t i = 0; i < count; ++i) {
      out.strings.emplace_back(data.substr(offsets[i], offsets[i + 1] - offsets[i]));
      encoder.Add(*out.strings.back());
    }
    std::string again;
    encoder.Finish(&again);
    EXPECT_EQ(again, body);
    return out;
  }

  ColumnValues ReadPrefixes(std::string_view body, size_t count) {
    std::vector<uint32_t> prefixes(count);
    std::vector<uint32_t> suffixes(count + 1);
    const auto view = DecodeDeltaByteArray(body, prefixes, suffixes, 100);
    EXPECT_TRUE(view.ok()) << view.status();
    EXPECT_EQ(view->consumed, body.size());
    std::string all(view->total_bytes, '?');
    std::vector<uint64_t> offsets(count + 1);
    MaterializeDeltaByteArray(*view, all.data(), offsets.data());
    ColumnValues out;
    DeltaByteArrayEncoder encoder;
    for (size_t i = 0; i < count; ++i) {
      out.strings.emplace_back(all.substr(offsets[i], offsets[i + 1] - offsets[i]));
      encoder.Add(*out.strings.back());
    }
    std::string again;
    encoder.Finish(&again);
    EXPECT_EQ(again, body);
    return out;
  }

  const std::string_view file_;
  const ColumnMetaData& meta_;
  const Codec codec_;
  const bool optional_;
  ColumnValues dictionary_;
  ColumnValues values_;
};

// --- The files ----------------------------------------------------------------------------------

class PyarrowFile : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    std::ifstream stream(std::string("corpus/golden/parquet/") + GetParam() + ".parquet",
                         std::ios::binary);
    file_.assign(std::istreambuf_iterator<char>(stream), {});
    ASSERT_GT(file_.size(), 12u);
    ASSERT_EQ(std::string_view(file_).substr(file_.size() - 4), kMagic);
    uint32_t length = 0;
    std::memcpy(&length, file_.data() + file_.size() - 8, sizeof(length));
    footer_ = std::string_view(file_).substr(file_.size() - 8 - length, length);
    auto metadata = DecodeFileMetaData(footer_);
    ASSERT_TRUE(metadata.ok()) << metadata.status();
    metadata_ = *metadata;
  }

  std::string_view Slice(int64_t offset, int64_t length) const {
    return std::string_view(file_).substr(static_cast<size_t>(offset), static_cast<size_t>(length));
  }

  std::string file_;
  std::string_view footer_;
  FileMetaData metadata_;
};

TEST_P(PyarrowFile, ReadsBackRowForRow) {
  EXPECT_EQ(metadata_.num_rows, kRows);
  int first = 0;
  for (const RowGroup& group : metadata_.row_groups) {
    for (size_t c = 0; c < group.columns.size(); ++c) {
      const SchemaElement& element = metadata_.schema[c + 1];
      const ColumnValues values = ChunkReader(file_, group.columns[c].meta_data,
                                              element.repetition == Repetition::kOptional)
                                      .Read();
      for (int i = 0; i < group.num_rows; ++i) {
        const size_t at = static_cast<size_t>(i);
        if (element.name == "key") {
          ASSERT_EQ(values.strings.at(at), Key(first + i));
        } else if (element.name == "value") {
          ASSERT_EQ(values.strings.at(at), Value(first + i)) << first + i;
        } else {
          ASSERT_EQ(values.numbers.at(at), Number(element.name, first + i)) << element.name;
        }
      }
    }
    first += static_cast<int>(group.num_rows);
  }
  EXPECT_EQ(first, kRows);
}

TEST_P(PyarrowFile, FooterAndIndexesEncodeToTheSameBytes) {
  std::string again;
  AppendFileMetaData(metadata_, &again);
  EXPECT_EQ(again, footer_);
  for (const RowGroup& group : metadata_.row_groups) {
    for (const ColumnChunk& chunk : group.columns) {
      const auto offsets = Slice(*chunk.offset_index_offset, *chunk.offset_index_length);
      again.clear();
      AppendOffsetIndex(DecodeOffsetIndex(offsets).value(), &again);
      EXPECT_EQ(again, offsets);
      const auto columns = Slice(*chunk.column_index_offset, *chunk.column_index_length);
      again.clear();
      AppendColumnIndex(DecodeColumnIndex(columns).value(), &again);
      EXPECT_EQ(again, columns);
    }
  }
}

TEST_P(PyarrowFile, OffsetIndexNamesThePages) {
  for (const RowGroup& group : metadata_.row_groups) {
    for (const ColumnChunk& chunk : group.columns) {
      ChunkReader reader(file_, chunk.meta_data, chunk.meta_data.path_in_schema[0] == "value");
      reader.Read();
      const OffsetIndex index =
          DecodeOffsetIndex(Slice(*chunk.offset_index_offset, *chunk.offset_index_length)).value();
      ASSERT_EQ(index.page_locations.size(), reader.page_offsets.size());
      for (size_t i = 0; i < reader.page_offsets.size(); ++i) {
        EXPECT_EQ(index.page_locations[i].offset, static_cast<int64_t>(reader.page_offsets[i]));
      }
    }
  }
}

TEST_P(PyarrowFile, BloomFilterIsTheOneWeWouldWrite) {
  int first = 0;
  for (const RowGroup& group : metadata_.row_groups) {
    const ColumnMetaData& key = group.columns[1].meta_data;
    ASSERT_TRUE(key.bloom_filter_offset && key.bloom_filter_length);
    const std::string_view bytes = Slice(*key.bloom_filter_offset, *key.bloom_filter_length);
    const BloomView view = BloomView::Parse(bytes).value();
    BloomBuilder builder(view.bits().size());
    for (int i = first; i < first + group.num_rows; ++i) {
      EXPECT_TRUE(view.MayContain(BloomHash(Key(i))));
      builder.Insert(BloomHash(Key(i)));
    }
    std::string again;
    builder.AppendTo(&again);
    EXPECT_EQ(again, bytes);
    first += static_cast<int>(group.num_rows);
  }
}

TEST_P(PyarrowFile, StatisticsBoundTheColumns) {
  int first = 0;
  for (const RowGroup& group : metadata_.row_groups) {
    const Statistics& statistics = *group.columns[1].meta_data.statistics;
    const Statistics& values = *group.columns[3].meta_data.statistics;
    int64_t nulls = 0;
    for (int i = first; i < first + group.num_rows; ++i) {
      EXPECT_LE(*statistics.min_value, Key(i));
      EXPECT_GE(*statistics.max_value, Key(i));
      nulls += Value(i) ? 0 : 1;
    }
    EXPECT_EQ(statistics.null_count, 0);
    EXPECT_EQ(values.null_count, nulls);
    first += static_cast<int>(group.num_rows);
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, PyarrowFile,
                         testing::Values("plain_v1_none", "plain_v2_snappy", "delta_v1_lz4",
                                         "delta_v2_none", "delta_v2_zstd", "dictionary_v1_none",
                                         "dictionary_v2_zstd"),
                         [](const auto& param) { return std::string(param.param); });

}  // namespace
}  // namespace veralith::parquet
