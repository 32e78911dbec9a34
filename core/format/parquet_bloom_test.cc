// SPDX-License-Identifier: Apache-2.0

#include "core/format/parquet_bloom.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace veralith::parquet {
namespace {

std::string FilterOf(size_t bytes, const std::vector<std::string>& values) {
  BloomBuilder builder(bytes);
  for (const std::string& value : values) {
    builder.Insert(BloomHash(value));
  }
  std::string out;
  builder.AppendTo(&out);
  return out;
}

TEST(ParquetBloom, HashesWithXxh64OfSeedZero) {
  EXPECT_EQ(BloomHash(""), 0xef46db3751d8e999u);  // the reference implementation's vectors
  EXPECT_EQ(BloomHash("a"), 0xd24ec4f1a98c6e5bu);
}

TEST(ParquetBloom, IsSizedForItsFalsePositives) {
  EXPECT_EQ(BloomBytes(0, 0.01), 32u);
  EXPECT_EQ(BloomBytes(1'000, 0.01), 2048u);  // 9.68 bits per value, rounded up to a power of two
  EXPECT_EQ(BloomBytes(1'000'000, 0.01), size_t{2} << 20);
  EXPECT_EQ(BloomBytes(uint64_t{1} << 60, 0.001), kMaxBloomBytes);
}

TEST(ParquetBloom, ExcludesMostAbsentValues) {
  std::vector<std::string> values;
  for (int i = 0; i < 10'000; ++i) {
    values.push_back("present " + std::to_string(i));
  }
  const std::string bytes = FilterOf(BloomBytes(values.size(), 0.01), values);
  const BloomView view = BloomView::Parse(bytes).value();
  int found = 0;
  for (int i = 0; i < 10'000; ++i) {
    found += view.MayContain(BloomHash("absent " + std::to_string(i))) ? 1 : 0;
  }
  EXPECT_LT(found, 100);
}

TEST(ParquetBloom, RefusesAnotherSizeThanTheHeaderSays) {
  const std::string bytes = FilterOf(64, {"a"});
  EXPECT_TRUE(BloomView::Parse(bytes).ok());
  EXPECT_FALSE(BloomView::Parse(bytes + '\0').ok());
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(BloomView::Parse(std::string_view(bytes).substr(0, length)).ok()) << length;
  }
}

TEST(ParquetBloom, ClearForgetsEverything) {
  BloomBuilder builder(32);
  builder.Insert(BloomHash("a"));
  builder.Clear();
  std::string bytes;
  builder.AppendTo(&bytes);
  EXPECT_EQ(bytes, FilterOf(32, {}));
  EXPECT_FALSE(BloomView::Parse(bytes)->MayContain(BloomHash("a")));
}

RC_GTEST_PROP(ParquetBloom, NeverExcludesWhatWasInserted,
              (const std::vector<std::string>& values)) {
  const size_t blocks = *rc::gen::inRange<size_t>(1, 9);
  const std::string bytes = FilterOf(32 * blocks, values);
  const BloomView view = BloomView::Parse(bytes).value();
  for (const std::string& value : values) {
    RC_ASSERT(view.MayContain(BloomHash(value)));
  }
}

}  // namespace
}  // namespace veralith::parquet
