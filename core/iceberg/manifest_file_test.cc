// SPDX-License-Identifier: Apache-2.0

// Manifests and manifest lists: what is written is read back, by the decoder here and by one that
// goes by the schema in the file; every cut and every changed byte is an error or another value.
#include "core/iceberg/manifest_file.h"

#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/iceberg/avro.h"
#include "core/iceberg/testing/avro_value.h"
#include "gtest/gtest.h"

namespace veralith::iceberg {
namespace {

#define ASSERT_OK(expression) ASSERT_EQ(ToString(expression), "OK")

ManifestEntry DataEntry() {
  ManifestEntry entry;
  entry.status = EntryStatus::kExisting;
  entry.snapshot_id = 7;
  entry.sequence_number = 3;
  entry.file_sequence_number = 3;
  entry.file.path = "file:///t/data/000012-0123456789abcdef.parquet";
  entry.file.format = "PARQUET";
  entry.file.record_count = 1'000'000;
  entry.file.file_bytes = int64_t{1} << 40;
  entry.file.column_bytes = {{1, 10}, {2, 20}};
  entry.file.value_counts = {{1, 5}};
  entry.file.null_counts = {{4, 2}};
  entry.file.lower_bounds = {{1, std::string("\0\x01", 2)}, {2, ""}};
  entry.file.upper_bounds = {{2, "zzz"}};
  entry.file.split_offsets = {4, 100'000};
  entry.file.sort_order_id = 1;
  return entry;
}

std::vector<ManifestEntry> Entries(int version) {
  ManifestEntry vector;
  vector.status = EntryStatus::kDeleted;
  vector.file.content = FileContent::kPositionDeletes;
  vector.file.format = "PUFFIN";
  vector.file.referenced_data_file = DataEntry().file.path;
  ManifestEntry data = DataEntry();
  if (version == 3) {
    data.file.first_row_id = 900;
    vector.file.content_offset = 4;
    vector.file.content_bytes = 44;
  }
  return {data, vector};
}

std::vector<ManifestReference> Lines(int version) {
  ManifestReference line;
  line.path = "file:///t/metadata/1-data.avro";
  line.bytes = 4000;
  line.sequence_number = 5;
  line.min_sequence_number = 2;
  line.added_snapshot_id = 5;
  line.added_files = 1;
  line.existing_files = 2;
  line.deleted_files = 3;
  line.added_rows = 10;
  line.existing_rows = 20;
  line.deleted_rows = 30;
  if (version == 3) {
    line.first_row_id = 100;
  }
  ManifestReference deletes = line;
  deletes.content = FileContent::kPositionDeletes;
  deletes.first_row_id.reset();
  return {line, deletes};
}

class ManifestFileTest : public ::testing::TestWithParam<int> {};

TEST_P(ManifestFileTest, WhatIsWrittenIsReadBack) {
  const std::string manifest =
      EncodeManifest(GetParam(), FileContent::kData, "{}", Entries(GetParam()));
  const auto entries = DecodeManifest(manifest);
  ASSERT_OK(entries.status());
  EXPECT_EQ(*entries, Entries(GetParam()));
  const std::string list = EncodeManifestList(GetParam(), 7, 6, 5, Lines(GetParam()));
  const auto lines = DecodeManifestList(list);
  ASSERT_OK(lines.status());
  EXPECT_EQ(*lines, Lines(GetParam()));
  EXPECT_EQ(DecodeManifest(list).status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(DecodeManifestList(manifest).status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_TRUE(DecodeManifest(EncodeManifest(GetParam(), FileContent::kData, "", {}))->empty());
}

TEST_P(ManifestFileTest, TheSchemaInTheFileSaysTheSame) {
  const auto manifest =
      ReadAvro(EncodeManifest(GetParam(), FileContent::kData, "{}", Entries(GetParam())));
  ASSERT_OK(manifest.status());
  EXPECT_EQ(manifest->metadata.at("content"), "data");
  EXPECT_EQ(manifest->metadata.at("format-version"), std::to_string(GetParam()));
  const auto& data = manifest->records.at(0);
  EXPECT_EQ(data.at("status"), 0);
  EXPECT_EQ(data.at("sequence_number"), 3);
  EXPECT_EQ(data.at("data_file").at("file_size_in_bytes"), int64_t{1} << 40);
  EXPECT_EQ(data.at("data_file").at("lower_bounds").at(0).at("value"), std::string("\0\x01", 2));
  EXPECT_TRUE(data.at("data_file").at("referenced_data_file").is_null());
  const auto& vector = manifest->records.at(1).at("data_file");
  EXPECT_EQ(vector.at("referenced_data_file"), DataEntry().file.path);
  EXPECT_TRUE(vector.at("column_sizes").is_null());
  EXPECT_EQ(vector.contains("content_offset"), GetParam() == 3);
  const auto list = ReadAvro(EncodeManifestList(GetParam(), 7, std::nullopt, 5, Lines(GetParam())));
  ASSERT_OK(list.status());
  EXPECT_EQ(list->metadata.at("parent-snapshot-id"), "null");
  EXPECT_EQ(list->records.at(1).at("content"), 1);
  EXPECT_EQ(list->records.at(0).at("deleted_rows_count"), 30);
}

TEST_P(ManifestFileTest, EveryCutIsAnError) {
  const std::string manifest =
      EncodeManifest(GetParam(), FileContent::kData, "{}", Entries(GetParam()));
  size_t whole = 0;
  for (size_t size = 0; size < manifest.size(); ++size) {
    whole += DecodeManifest(std::string_view(manifest).substr(0, size)).ok() ? 1 : 0;
  }
  EXPECT_EQ(whole, 1u);  // before its only block a file is one without records
}

TEST_P(ManifestFileTest, ChangedBytesHarmNothing) {
  Random random(4);
  const std::string manifest =
      EncodeManifest(GetParam(), FileContent::kData, "{}", Entries(GetParam()));
  for (int i = 0; i < 20'000; ++i) {
    std::string changed = manifest;
    for (int j = 0; j < 3; ++j) {
      changed[random.Below(changed.size())] = static_cast<char>(random.Next());
    }
    DecodeManifest(changed).status().IgnoreError();
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, ManifestFileTest, ::testing::Values(2, 3));

TEST(Avro, HasItsGoldenBytes) {
  std::string bytes;
  for (const int64_t value : {int64_t{0}, int64_t{-1}, int64_t{1}, int64_t{64}, INT64_MIN}) {
    AppendAvroLong(&bytes, value);
  }
  AppendAvroBytes(&bytes, "foo");
  EXPECT_EQ(bytes, std::string("\x00\x01\x02\x80\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 15) +
                       "\x06"
                       "foo");
  AvroCursor cursor(bytes);
  for (const int64_t expected : {int64_t{0}, int64_t{-1}, int64_t{1}, int64_t{64}, INT64_MIN}) {
    int64_t value = 5;
    ASSERT_OK(cursor.ReadLong(&value));
    EXPECT_EQ(value, expected);
  }
}

}  // namespace
}  // namespace veralith::iceberg
