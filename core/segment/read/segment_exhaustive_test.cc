// SPDX-License-Identifier: Apache-2.0

// All 255 changes of every byte of the small segments: the campaign form of segment_damage_test.cc
// (./dev fuzz exhaustive). 7.5 million files, a few minutes.
#include <cstdio>
#include <string>

#include "core/segment/testing/small_segments.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

class SegmentExhaustive : public ::testing::TestWithParam<int> {};

TEST_P(SegmentExhaustive, EveryChangeOfEveryByteGivesTheSameAnswersOrAnError) {
  const SmallSegment segment = MakeSmallSegment(GetParam());
  std::printf("%zu bytes, %zu files\n", segment.bytes.size(), 255 * segment.bytes.size());
  std::string damaged = segment.bytes;
  for (size_t at = 0; at < damaged.size(); ++at) {
    for (int change = 1; change < 256; ++change) {
      damaged[at] = static_cast<char>(segment.bytes[at] ^ change);
      ASSERT_EQ(JudgeDamage(segment, damaged, /*known=*/change % 2 == 0), "")
          << "byte " << at << " xor " << change;
    }
    damaged[at] = segment.bytes[at];
  }
}

INSTANTIATE_TEST_SUITE_P(Configurations, SegmentExhaustive, ::testing::Range(0, kSmallSegments));

}  // namespace
}  // namespace veralith
