// SPDX-License-Identifier: Apache-2.0

#include "core/base/byte_lanes.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "core/base/random.h"

namespace veralith {
namespace {

using Bytes = std::array<uint8_t, kLanes>;

template <typename Lanes>
Lanes LanesOf(const Bytes& bytes) {
  return Lanes::Load(reinterpret_cast<const char*>(bytes.data()));
}

template <typename Lanes>
std::vector<unsigned> LanesIn(uint64_t mask) {
  std::vector<unsigned> lanes;
  for (; mask != 0; mask &= mask - 1) {
    lanes.push_back(Lanes::LaneOf(mask));
  }
  return lanes;
}

// Returns bytes of which many are equal, zero or at the ends of their range.
Bytes Draw(Random& random) {
  constexpr uint8_t kEdges[] = {0, 1, 0x7f, 0x80, 0x81, 0xfe, 0xff};
  const uint64_t style = random.Below(4);
  Bytes bytes;
  for (uint8_t& byte : bytes) {
    byte = style == 0   ? static_cast<uint8_t>(random.Below(256))
           : style == 1 ? kEdges[random.Below(std::size(kEdges))]
                        : static_cast<uint8_t>(style * 64 + random.Below(3));
  }
  return bytes;
}

template <typename Lanes>
class ByteLanesTest : public testing::Test {};

#if defined(__SSE2__)
using Variants = testing::Types<PlainLanes, Sse2Lanes>;
#elif defined(__ARM_NEON) && defined(__aarch64__)
using Variants = testing::Types<PlainLanes, NeonLanes>;
#else
using Variants = testing::Types<PlainLanes>;
#endif
TYPED_TEST_SUITE(ByteLanesTest, Variants);

TYPED_TEST(ByteLanesTest, ComparesLaneByLane) {
  Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    const Bytes a = Draw(random);
    const Bytes b = Draw(random);
    std::vector<unsigned> equal;
    std::vector<unsigned> at_least;
    for (unsigned lane = 0; lane < kLanes; ++lane) {
      if (a[lane] == b[lane]) {
        equal.push_back(lane);
      }
      if (a[lane] >= b[lane]) {
        at_least.push_back(lane);
      }
    }
    const auto x = LanesOf<TypeParam>(a);
    const auto y = LanesOf<TypeParam>(b);
    ASSERT_EQ(LanesIn<TypeParam>(x.Equal(y)), equal);
    ASSERT_EQ(LanesIn<TypeParam>(x.AtLeast(y)), at_least);
    ASSERT_EQ(LanesIn<TypeParam>((x ^ y).Equal(TypeParam::All(0))), equal);
  }
}

TYPED_TEST(ByteLanesTest, FindsTheSmallestByteAtOrAboveAFloor) {
  Random random(2);
  for (int i = 0; i < 20'000; ++i) {
    const Bytes bytes = Draw(random);
    const size_t used = random.Below(kLanes + 1);
    const uint8_t floor = Draw(random)[0];
    uint8_t smallest = 255;
    for (size_t lane = 0; lane < used; ++lane) {
      if (bytes[lane] >= floor && bytes[lane] < smallest) {
        smallest = bytes[lane];
      }
    }
    ASSERT_EQ(LanesOf<TypeParam>(bytes).SmallestAtLeast(floor, used), smallest);
  }
}

TYPED_TEST(ByteLanesTest, TheFirstLanesAreThoseBefore) {
  const uint64_t all = TypeParam::All(7).Equal(TypeParam::All(7));
  for (unsigned n = 0; n <= kLanes; ++n) {
    const std::vector<unsigned> first = LanesIn<TypeParam>(all & TypeParam::FirstLanes(n));
    ASSERT_EQ(first.size(), n);
    for (unsigned lane = 0; lane < n; ++lane) {
      ASSERT_EQ(first[lane], lane);
    }
  }
}

TYPED_TEST(ByteLanesTest, WordsAreLoadedLowestByteFirst) {
  Bytes bytes;
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    bytes[lane] = static_cast<uint8_t>(lane);
  }
  const auto words = TypeParam::FromWords(0x0706050403020100, 0x0f0e0d0c0b0a0908);
  EXPECT_EQ(LanesIn<TypeParam>(words.Equal(LanesOf<TypeParam>(bytes))).size(), kLanes);
}

}  // namespace
}  // namespace veralith
