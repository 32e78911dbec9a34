// SPDX-License-Identifier: Apache-2.0

#include "core/format/filter.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/key_hash.h"

namespace veralith {
namespace {

std::string Build(double bits_per_key, const std::vector<uint64_t>& hashes) {
  FilterBuilder builder(bits_per_key);
  for (const uint64_t hash : hashes) {
    builder.Add(hash);
  }
  const size_t estimated = builder.EstimatedBytes();
  std::string bytes = builder.Finish();
  EXPECT_EQ(bytes.size(), estimated);
  return bytes;
}

// Returns how many of 200,000 keys that were not added pass, in percent.
double FalsePositivePercent(double bits_per_key, int num_keys) {
  FilterBuilder builder(bits_per_key);
  for (int i = 0; i < num_keys; ++i) {
    builder.Add(HashUserKey(1, StrCat("key-", i)));
  }
  const std::string bytes = builder.Finish();
  const auto filter = FilterView::Parse(bytes);
  int passed = 0;
  for (int i = 0; i < 200'000; ++i) {
    passed += filter->MayContain(HashUserKey(1, StrCat("other-", i))) ? 1 : 0;
  }
  return passed / 2000.0;
}

TEST(Filter, HasItsGoldenBytes) {
  const std::string bytes =
      Build(10, {HashUserKey(0, "a"), HashUserKey(0, "b"), HashUserKey(7, "a")});
  EXPECT_EQ(HexEncode(bytes), "0106000001000000000000000000000000000000000000000000000000000000"
                              "0000000000000000000000000000000000000000000000000000000000000000"
                              "2000000001000000400400002000000000000001200000102000000000000000"
                              "0000808800000000000000000000000000018000040010000000000000000040");
}

TEST(Filter, AtTenBitsPerKeyFewerThanThreeOfTwoHundredAbsentKeysPass) {
  for (const int num_keys : {1000, 100'000, 1'000'000}) {
    const double percent = FalsePositivePercent(10, num_keys);
    RecordProperty(StrCat("percent_of_", num_keys), std::to_string(percent));
    EXPECT_LT(percent, 1.5) << num_keys;
  }
}

TEST(Filter, MoreBitsLetFewerPass) {
  EXPECT_LT(FalsePositivePercent(16, 50'000), 0.2);
  EXPECT_GT(FalsePositivePercent(2, 50'000), 5);
}

RC_GTEST_PROP(Filter, HasNoFalseNegatives, (const std::vector<uint64_t>& hashes)) {
  const double bits_per_key = *rc::gen::element(0.1, 1.0, 6.5, 10.0, 30.0, 64.0, 1000.0);
  const std::string bytes = Build(bits_per_key, hashes);
  const auto filter = FilterView::Parse(bytes);
  RC_ASSERT(filter.ok());
  for (const uint64_t hash : hashes) {
    filter->Prefetch(hash);
    RC_ASSERT(filter->MayContain(hash));
  }
}

TEST(Filter, OfNothingContainsNothing) {
  const std::string bytes = Build(10, {});
  EXPECT_EQ(bytes.size(), 64u);
  const auto filter = FilterView::Parse(bytes);
  ASSERT_TRUE(filter.ok());
  filter->Prefetch(5);
  EXPECT_FALSE(filter->MayContain(5));
  EXPECT_FALSE(FilterView().MayContain(0));
}

TEST(Filter, WithoutBitsThereIsNoFilter) {
  EXPECT_EQ(Build(0, {1, 2, 3}), "");
  EXPECT_EQ(Build(-1, {1, 2, 3}), "");
}

TEST(Filter, VersionsOfOneKeyCountOnce) {
  FilterBuilder builder(10);
  for (int i = 0; i < 1000; ++i) {
    builder.Add(42);
  }
  EXPECT_EQ(builder.num_hashes(), 1u);
}

TEST(Filter, ParseNamesWhatIsWrong) {
  const std::string good = Build(10, {1, 2, 3});
  const auto fault = [](std::string_view bytes) {
    return std::string(Message(FilterView::Parse(bytes).status()));
  };
  const auto with = [&](size_t place, char value) {
    std::string changed = good;
    changed[place] = value;
    return changed;
  };
  ASSERT_TRUE(FilterView::Parse(good).ok());
  EXPECT_EQ(fault(""), "filter: expected a header of 64 bytes, found 0");
  EXPECT_EQ(FilterView::Parse(with(0, 2)).status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(fault(with(1, 0)), "filter: offset 1: 0 probes");
  EXPECT_EQ(fault(with(1, 17)), "filter: offset 1: 17 probes");
  for (const size_t reserved : {2, 3, 8, 63}) {
    EXPECT_EQ(fault(with(reserved, 1)), "filter: reserved bytes of the header are not 0");
  }
  EXPECT_EQ(fault(with(4, 2)), "filter: expected 192 bytes, found 128");
  EXPECT_EQ(fault(with(7, '\xff')), "filter: expected 273804165248 bytes, found 128");
  EXPECT_EQ(fault(good + 'x'), "filter: expected 128 bytes, found 129");
}

TEST(Filter, EveryTruncationIsRefused) {
  const std::string good = Build(10, {1, 2, 3});
  for (size_t n = 0; n < good.size(); ++n) {
    EXPECT_FALSE(FilterView::Parse(std::string_view(good).substr(0, n)).ok());
  }
}

}  // namespace
}  // namespace veralith
