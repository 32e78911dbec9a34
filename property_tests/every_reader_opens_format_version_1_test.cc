// Every reader opens the files of format version 1 and finds what is in them, and today's writers
// make the same bytes from the same entries. corpus/golden/1 never changes.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "gtest/gtest.h"
#include "property_tests/golden_version_1.h"

namespace veralith {
namespace {

Files ReadGolden(const std::string& part) {
  Files files;
  for (const auto& entry : std::filesystem::directory_iterator("corpus/golden/1/" + part)) {
    std::ifstream in(entry.path(), std::ios::binary);
    files[entry.path().filename().string()] = {std::istreambuf_iterator<char>(in), {}};
  }
  EXPECT_FALSE(files.empty()) << part;
  return files;
}

// Which files differ, not how: they are binary.
void ExpectSameFiles(const Files& made, const Files& golden) {
  for (const auto& [name, bytes] : golden) {
    ASSERT_TRUE(made.contains(name)) << name;
    EXPECT_TRUE(made.at(name) == bytes) << name << " is written with other bytes than before";
  }
  EXPECT_EQ(made.size(), golden.size());
}

TEST(FormatVersion1, SegmentsHoldWhatTheirTextsSay) {
  const Files golden = ReadGolden("segments");
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

TEST(FormatVersion1, LogsHoldWhatTheirTextSays) {
  const Files golden = ReadGolden("logs");
  const auto text = DescribeLogs(golden);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, golden.at("contents.txt"));
}

TEST(FormatVersion1, TheManifestSaysWhatItsTextSays) {
  const Files golden = ReadGolden("manifest");
  const auto text = DescribeManifest(golden);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, golden.at("contents.txt"));
}

TEST(FormatVersion1, TheDatabaseHoldsWhatItsTextSays) {
  const Files golden = ReadGolden("database");
  const auto text = DescribeDatabase(golden);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, golden.at("contents.txt"));
}

TEST(FormatVersion1, TodaysWritersMakeTheSameBytes) {
  ExpectSameFiles(MakeGoldenSegments(), ReadGolden("segments"));
  ExpectSameFiles(MakeGoldenLogs(), ReadGolden("logs"));
  ExpectSameFiles(MakeGoldenManifest(), ReadGolden("manifest"));
}

TEST(FormatVersion1, ADatabaseOfTodayHoldsTheSame) {
  EXPECT_EQ(MakeGoldenDatabase().at("contents.txt"), ReadGolden("database").at("contents.txt"));
  const auto text = DescribeDatabase(MakeGoldenDatabase());
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, ReadGolden("database").at("contents.txt"));
}

}  // namespace
}  // namespace veralith
