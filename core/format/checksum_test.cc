// SPDX-License-Identifier: Apache-2.0

#include "core/format/checksum.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/base/cpu.h"
#include "core/base/random.h"
#include "core/format/checksum_instructions.h"
#include "core/format/checksum_plain.h"

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

TEST(Checksum, ContinuingAtAnySplitGivesTheWhole) {
  const std::string bytes = Pattern(700);
  const std::string_view all = bytes;
  for (size_t split = 0; split <= all.size(); ++split) {
    ASSERT_EQ(Crc32c(Crc32c(all.substr(0, split)), all.substr(split)), Crc32c(all));
    ASSERT_EQ(Crc32(Crc32(all.substr(0, split)), all.substr(split)), Crc32(all));
  }
}

struct Variant {
  const char* name;
  uint32_t (*crc32c)(uint32_t state, std::string_view bytes);
  uint32_t (*crc32)(uint32_t state, std::string_view bytes);
};

// Each can run on every processor: what a processor has no instructions for is done plainly.
constexpr Variant kVariants[] = {
    {"plain", PlainCrc32c, PlainCrc32},
    {"instructions",
     [](uint32_t state, std::string_view bytes) {
       return kThisCpu.crc32c ? InstructionCrc32c(state, bytes) : PlainCrc32c(state, bytes);
     },
     InstructionCrc32},
    {"chosen", [](uint32_t state, std::string_view bytes) { return ~Crc32c(~state, bytes); },
     [](uint32_t state, std::string_view bytes) { return ~Crc32(~state, bytes); }},
};

TEST(Checksum, EachVariantAgreesWithTheDefinitionAtEveryLengthAndAlignment) {
  const std::string bytes = Pattern(1200);
  for (size_t n = 0; n <= 1100; n += n < 300 ? 1 : 37) {
    for (size_t start = 0; start < 9; ++start) {
      const std::string_view part = std::string_view(bytes).substr(start, n);
      const uint32_t crc32c = BitwiseCrc(0x82f63b78, part);
      const uint32_t crc32 = BitwiseCrc(0xedb88320, part);
      for (const Variant& variant : kVariants) {
        ASSERT_EQ(~variant.crc32c(~0u, part), crc32c) << variant.name << ": " << n;
        ASSERT_EQ(~variant.crc32(~0u, part), crc32) << variant.name << ": " << n;
      }
    }
  }
}

TEST(Checksum, TheVariantsAgreeOnRandomBytesAndStates) {
  Random random(1);
  for (int i = 0; i < 2'000; ++i) {
    std::string bytes(random.Below(i % 20 == 0 ? 70'000 : 700), '\0');
    for (char& c : bytes) {
      c = static_cast<char>(random.Next());
    }
    const auto state = static_cast<uint32_t>(random.Next());
    for (const Variant& variant : kVariants) {
      ASSERT_EQ(variant.crc32c(state, bytes), PlainCrc32c(state, bytes)) << variant.name;
      ASSERT_EQ(variant.crc32(state, bytes), PlainCrc32(state, bytes)) << variant.name;
    }
  }
}

}  // namespace
}  // namespace veralith
