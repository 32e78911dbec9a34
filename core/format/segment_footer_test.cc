// SPDX-License-Identifier: Apache-2.0

#include "core/format/segment_footer.h"

#include <string>

#include "core/format/parquet_metadata.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

parquet::FileMetaData SomeMetaData() {
  parquet::FileMetaData metadata;
  metadata.schema.emplace_back().name = "segment";
  metadata.key_value_metadata.push_back({.key = "veralith.block", .value = "0"});
  metadata.created_by = "test";
  return metadata;
}

absl::Status Check(const std::string& footer) {
  const auto metadata = parquet::DecodeFileMetaData(footer);
  return metadata.ok() ? CheckFooter(footer, *metadata) : metadata.status();
}

TEST(SegmentFooter, PassesItsOwnCheck) {
  std::string footer = "before";
  AppendSealedFooter(SomeMetaData(), &footer);
  footer.erase(0, 6);
  EXPECT_TRUE(Check(footer).ok());
  const auto metadata = parquet::DecodeFileMetaData(footer).value();
  ASSERT_EQ(metadata.key_value_metadata.size(), 2u);
  EXPECT_EQ(metadata.key_value_metadata.back().key, kFooterChecksumKey);
}

TEST(SegmentFooter, EveryFlippedBitIsFound) {
  std::string footer;
  AppendSealedFooter(SomeMetaData(), &footer);
  for (size_t i = 0; i < footer.size() * 8; ++i) {
    std::string damaged = footer;
    damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << (i % 8)));
    EXPECT_FALSE(Check(damaged).ok()) << "bit " << i;
  }
}

TEST(SegmentFooter, IsNotMisledByTextThatLooksLikeItsEntry) {
  parquet::FileMetaData metadata = SomeMetaData();
  metadata.created_by = "\x18\x0cveralith.crc\x18\x08"
                        "00000000";
  std::string footer;
  AppendSealedFooter(metadata, &footer);
  EXPECT_TRUE(Check(footer).ok());
}

TEST(SegmentFooter, WithoutAChecksumIsNotFound) {
  std::string footer;
  AppendFileMetaData(SomeMetaData(), &footer);
  EXPECT_EQ(Check(footer).code(), absl::StatusCode::kNotFound);
}

TEST(SegmentFooter, AnEntryOfAnotherShapeIsDamage) {
  parquet::FileMetaData metadata = SomeMetaData();
  metadata.key_value_metadata.push_back({.key = std::string(kFooterChecksumKey), .value = "12"});
  std::string footer;
  AppendFileMetaData(metadata, &footer);
  EXPECT_EQ(Check(footer).code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace veralith
