// SPDX-License-Identifier: Apache-2.0

// Tables that were published once stay what they are: an independent reader finds in them what
// their texts say, and today's engine goes on in them. The folders of corpus/golden/tables never
// change.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "gtest/gtest.h"
#include "property_tests/golden_tables.h"

namespace veralith {
namespace {

class PublishedTable : public ::testing::TestWithParam<int> {
 protected:
  static Files Golden() {
    const std::filesystem::path folder = "corpus/golden/tables/" + std::to_string(GetParam());
    Files files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (!entry.is_directory()) {
        std::ifstream in(entry.path(), std::ios::binary);
        files[entry.path().lexically_relative(folder).string()] = {
            std::istreambuf_iterator<char>(in), {}};
      }
    }
    EXPECT_GT(files.size(), 10u) << folder;
    return files;
  }
};
INSTANTIATE_TEST_SUITE_P(Formats, PublishedTable, ::testing::Values(2, 3));

TEST_P(PublishedTable, HoldsWhatItsTextSays) {
  const auto text = DescribeTable(Golden());
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, Golden().at("contents.txt"));
}

TEST_P(PublishedTable, IsGoneOnWith) {
  const auto left = ContinueTable(Golden());
  ASSERT_TRUE(left.ok()) << left.status();
  EXPECT_TRUE(left->at("contents.txt").starts_with(Golden().at("contents.txt")));
  const auto text = DescribeTable(*left);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, left->at("contents.txt"));
}

TEST_P(PublishedTable, HasTheRowsThatOneOfTodayHas) {
  const Files made = MakeGoldenTable(GetParam());
  EXPECT_EQ(made.at("contents.txt"), Golden().at("contents.txt"));
  const auto text = DescribeTable(made);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, made.at("contents.txt"));
}

}  // namespace
}  // namespace veralith
