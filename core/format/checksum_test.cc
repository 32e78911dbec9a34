// SPDX-License-Identifier: Apache-2.0

#include "core/format/checksum.h"

#include <gtest/gtest.h>

#include <string>

namespace veralith {
namespace {

// Computes one bit at a time, from the definition; shares nothing with the library.
uint32_t BitwiseCrc(uint32_t reflected_polynomial, std::string_view bytes) {
  uint32_t crc = 0xffffffff;
  for (const char c : bytes) {
    crc ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? reflected_polynomial : 0);
    }
  }
  return ~crc;
}

std::string Pattern(size_t n) {
  std::string bytes(n, '\0');
  for (size_t i = 0; i < n; ++i) {
    bytes[i] = static_cast<char>(i * 131 + (i >> 8) + 7);
  }
  return bytes;
}

std::string Ascending(bool down) {
  std::string bytes;
  for (int i = 0; i < 32; ++i) {
    bytes.push_back(static_cast<char>(down ? 31 - i : i));
  }
  return bytes;
}

TEST(Checksum, Crc32cHasTheKnownAnswersOfRfc3720) {
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(Crc32c(Ascending(false)), 0x46dd794eu);
  EXPECT_EQ(Crc32c(Ascending(true)), 0x113fdb5cu);
}

TEST(Checksum, Crc32HasTheKnownAnswersOfZlib) {
  EXPECT_EQ(Crc32("123456789"), 0xcbf43926u);
  EXPECT_EQ(Crc32("The quick brown fox jumps over the lazy dog"), 0x414fa339u);
}

TEST(Checksum, TheChecksumOfNothingIsZero) {
  EXPECT_EQ(Crc32c(""), 0u);
  EXPECT_EQ(Crc32(""), 0u);
  EXPECT_EQ(Crc32c(5, {}), 5u);
  EXPECT_EQ(Crc32(5, {}), 5u);
}

TEST(Checksum, EveryLengthAndAlignmentAgreesWithTheDefinition) {
  const std::string bytes = Pattern(1200);
  for (size_t n = 0; n <= 1100; n += n < 300 ? 1 : 37) {
    for (size_t start = 0; start < 9; ++start) {
      const std::string_view part = std::string_view(bytes).substr(start, n);
      ASSERT_EQ(Crc32c(part), BitwiseCrc(0x82f63b78, part)) << n << " at " << start;
      ASSERT_EQ(Crc32(part), BitwiseCrc(0xedb88320, part)) << n << " at " << start;
    }
  }
}

TEST(Checksum, ContinuingAtAnySplitGivesTheWhole) {
  const std::string bytes = Pattern(700);
  const std::string_view all = bytes;
  for (size_t split = 0; split <= all.size(); ++split) {
    ASSERT_EQ(Crc32c(Crc32c(all.substr(0, split)), all.substr(split)), Crc32c(all));
    ASSERT_EQ(Crc32(Crc32(all.substr(0, split)), all.substr(split)), Crc32(all));
  }
}

}  // namespace
}  // namespace veralith
