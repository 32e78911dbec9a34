// SPDX-License-Identifier: Apache-2.0

// Every reader opens the files of every format version and finds their contents, and today's
// writers make the bytes of the newest version from the same entries. The folders of corpus/golden
// never change.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <string>

#include "core/format/record_frame.h"
#include "core/manifest/file_names.h"
#include "gtest/gtest.h"
#include "property_tests/golden_files.h"

namespace veralith {
namespace {

Files ReadGolden(uint32_t version, const std::string& part) {
  const std::string directory = "corpus/golden/" + std::to_string(version) + "/" + part;
  Files files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    std::ifstream in(entry.path(), std::ios::binary);
    files[entry.path().filename().string()] = {std::istreambuf_iterator<char>(in), {}};
  }
  EXPECT_FALSE(files.empty()) << part;
  return files;
}

// Shows which files differ, not how: they are binary.
void ExpectSameFiles(const Files& made, const Files& golden) {
  for (const auto& [name, bytes] : golden) {
    ASSERT_TRUE(made.contains(name)) << name;
    EXPECT_TRUE(made.at(name) == bytes) << name << " is written with other bytes than before";
  }
  EXPECT_EQ(made.size(), golden.size());
}

TEST(FormatVersion, SegmentsHoldWhatTheirTextsSay) {
  const Files golden = ReadGolden(1, "segments");
  size_t segments = 0;
  for (const auto& [name, bytes] : golden) {
    const size_t stem = name.find(".parquet");
    if (stem == std::string::npos) {
      continue;
    }
    const auto text = DescribeSegment(bytes);
    ASSERT_TRUE(text.ok()) << name << ": " << text.status();
    EXPECT_TRUE(*text == golden.at(name.substr(0, stem) + ".txt")) << name;
    ++segments;
  }
  EXPECT_EQ(segments, GoldenSegments().size());
}

class RecordFileVersion : public ::testing::TestWithParam<uint32_t> {
 protected:
  static Files Golden(const std::string& part) { return ReadGolden(GetParam(), part); }
};
INSTANTIATE_TEST_SUITE_P(All, RecordFileVersion,
                         ::testing::Range(kOldestRecordFormatVersion, kRecordFormatVersion + 1));

// Returns the versions of the logs and manifests among the files.
std::set<uint32_t> Versions(const Files& files) {
  std::set<uint32_t> versions;
  for (const auto& [name, bytes] : files) {
    const std::optional<FileName> file = ParseFileName(name);
    if (file.has_value() && !bytes.empty() &&
        (file->kind == FileKind::kLog || file->kind == FileKind::kManifest)) {
      const auto header = ParseRecordFileHeader(bytes);
      EXPECT_TRUE(header.ok()) << name << ": " << header.status();
      versions.insert(header->version);
    }
  }
  return versions;
}

TEST_P(RecordFileVersion, IsThatOfItsFolder) {
  for (const char* part : {"logs", "manifest", "database"}) {
    EXPECT_EQ(Versions(Golden(part)), std::set<uint32_t>{GetParam()}) << part;
  }
}

TEST_P(RecordFileVersion, LogsHoldWhatTheirTextSays) {
  const auto text = DescribeLogs(Golden("logs"));
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, Golden("logs").at("contents.txt"));
}

TEST_P(RecordFileVersion, TheManifestSaysWhatItsTextSays) {
  const auto text = DescribeManifest(Golden("manifest"));
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, Golden("manifest").at("contents.txt"));
}

TEST_P(RecordFileVersion, TheDatabaseHoldsWhatItsTextSays) {
  const auto text = DescribeDatabase(Golden("database"));
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, Golden("database").at("contents.txt"));
}

// No file of an older version is ever appended to: opening leaves only files of the newest version.
TEST_P(RecordFileVersion, ADatabaseGoesOnInFilesOfTheNewestVersion) {
  const auto left = ContinueDatabase(Golden("database"));
  ASSERT_TRUE(left.ok()) << left.status();
  EXPECT_EQ(Versions(*left), std::set<uint32_t>{kRecordFormatVersion});
  const auto text = DescribeDatabase(*left);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, left->at("contents.txt"));
}

TEST_P(RecordFileVersion, RepairKeepsAllOfADatabase) {
  const auto repaired = RepairOfDatabase(Golden("database"));
  ASSERT_TRUE(repaired.ok()) << repaired.status();
  const auto text = DescribeDatabase(*repaired);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, Golden("database").at("contents.txt"));
}

TEST(FormatVersion, TodaysWritersMakeTheSameBytes) {
  ExpectSameFiles(MakeGoldenSegments(), ReadGolden(1, "segments"));
  ExpectSameFiles(MakeGoldenLogs(), ReadGolden(kRecordFormatVersion, "logs"));
  ExpectSameFiles(MakeGoldenManifest(), ReadGolden(kRecordFormatVersion, "manifest"));
}

TEST(FormatVersion, ADatabaseOfTodayHoldsTheSame) {
  const Files golden = ReadGolden(kRecordFormatVersion, "database");
  EXPECT_EQ(MakeGoldenDatabase().at("contents.txt"), golden.at("contents.txt"));
  const auto text = DescribeDatabase(MakeGoldenDatabase());
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, golden.at("contents.txt"));
}

}  // namespace
}  // namespace veralith
