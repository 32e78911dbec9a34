// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "bench/harness/answers.h"
#include "bench/harness/data.h"
#include "bench/harness/latencies.h"
#include "bench/harness/zipfian.h"
#include "gtest/gtest.h"

namespace veralith::bench {
namespace {

TEST(Latencies, QuantilesAreWithinThreePercent) {
  Latencies latencies;
  for (uint64_t ticks = 1; ticks <= 100'000; ++ticks) {
    latencies.Record(ticks);
  }
  for (const double share : {0.01, 0.5, 0.99, 0.999}) {
    EXPECT_NEAR(static_cast<double>(latencies.Quantile(share)), share * 100'000,
                0.03 * share * 100'000);
  }
  EXPECT_EQ(latencies.most(), 100'000u);
  EXPECT_LE(latencies.Quantile(1), latencies.most());
}

TEST(Latencies, HoldAnyDuration) {
  for (const uint64_t ticks : {uint64_t{0}, uint64_t{1}, uint64_t{31}, uint64_t{32}, UINT64_MAX}) {
    Latencies latencies;
    latencies.Record(ticks);
    EXPECT_EQ(latencies.most(), ticks);
    EXPECT_LE(latencies.Quantile(0.5), ticks);
    EXPECT_GE(latencies.Quantile(0.5), ticks - ticks / 32);
  }
  EXPECT_EQ(Latencies().Quantile(0.5), 0u);
}

TEST(Shuffle, IsAPermutation) {
  for (const uint64_t n : {1u, 2u, 3u, 64u, 1000u, 4097u}) {
    const Shuffle shuffle(n);
    std::set<uint64_t> seen;
    for (uint64_t i = 0; i < n; ++i) {
      seen.insert(shuffle(i));
    }
    EXPECT_EQ(seen.size(), n);
    EXPECT_EQ(*seen.rbegin(), n - 1);
  }
}

TEST(Keys, HaveTheirSizeAndTheOrderOfNumbers) {
  Keys decimal(16);
  EXPECT_EQ(decimal.Of(1234), "0000000000001234");
  EXPECT_EQ(decimal.MissingAfter(1234), "0000000000001234.");
  Keys composite(60);
  const std::string seven(composite.Of(7));
  EXPECT_EQ(seven.substr(0, 44), "tenant/0007/table/users/pk/0000000000000007/");
  EXPECT_EQ(seven.size(), 60u);
  EXPECT_LT(seven, composite.Of(17));
  EXPECT_LT(seven, composite.MissingAfter(7));
}

TEST(Values, DifferByKeyAndVersion) {
  const Values values(100);
  EXPECT_EQ(values.Of(3, 4).size(), 100u);
  EXPECT_EQ(values.Of(3, 4), values.Of(3, 4));
  EXPECT_NE(values.Of(3, 4), values.Of(3, 5));
  EXPECT_NE(values.Of(2, 4), values.Of(3, 4));
}

TEST(Zipfian, FrequenciesFallAsOneByTheRank) {
  constexpr uint64_t kKeys = 1000;
  constexpr int kDraws = 200'000;
  const Zipfian zipfian(kKeys);
  Random random(1);
  std::vector<int> seen(kKeys);
  std::set<uint64_t> scattered;
  for (int i = 0; i < kDraws; ++i) {
    const uint64_t rank = zipfian.Rank(random);
    ASSERT_LT(rank, kKeys);
    ++seen[rank];
    scattered.insert(zipfian.Scattered(random));
  }
  // The sum of 1 / rank^0.99 over a thousand is 7.73.
  EXPECT_NEAR(seen[0], kDraws / 7.73, kDraws * 0.005);
  EXPECT_NEAR(seen[1], seen[0] / 1.986, kDraws * 0.005);
  EXPECT_GT(seen[0], seen[10] * 5);
  EXPECT_GT(scattered.size(), kKeys / 2);
  EXPECT_LT(*scattered.rbegin(), kKeys);
}

TEST(Answers, DependOnContentsAndOrder) {
  const auto checksum = [](bool whole, std::vector<std::string> values) {
    Answers answers(whole, nullptr);
    for (const std::string& value : values) {
      answers.Value(value);
    }
    EXPECT_EQ(answers.rows(), values.size());
    return answers.checksum();
  };
  const std::string one(100, '1');
  const std::string two(100, '2');
  EXPECT_EQ(checksum(false, {one, two}), checksum(false, {one, two}));
  EXPECT_NE(checksum(false, {one, two}), checksum(false, {two, one}));
  EXPECT_NE(checksum(false, {one}), checksum(false, {one, ""}));
  std::string middle = one;
  middle[50] = 'x';
  EXPECT_EQ(checksum(false, {one}), checksum(false, {middle})) << "a timed row looks at the ends";
  EXPECT_NE(checksum(true, {one}), checksum(true, {middle})) << "a whole check sees every byte";
}

TEST(Answers, RecordALapForEveryHundredAndTwentyEightRows) {
  Latencies latencies;
  Stopwatch watch(&latencies);
  Answers answers(false, &watch);
  for (int i = 0; i < 3 * 128 + 5; ++i) {
    answers.Row("key of a row", "its value");
  }
  EXPECT_EQ(latencies.count(), 3u);
}

}  // namespace
}  // namespace veralith::bench
