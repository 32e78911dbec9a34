// SPDX-License-Identifier: Apache-2.0

#include "core/base/large_bytes.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

namespace veralith {
namespace {

uint64_t AnonymousBytes() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("RssAnon:")) {
      return std::strtoull(line.c_str() + 8, nullptr, 10) << 10;
    }
  }
  return 0;
}

TEST(LargeBytes, AreWhatWasAppendedWhateverTheSize) {
  for (const size_t step : {1, 7, 511, 4096, 60'000, 65'536, 65'537, 300'000}) {
    LargeBytes bytes;
    std::string expected;
    for (size_t i = 0; expected.size() < 4 * LargeBytes::kHeapBytes && i < 70'000; ++i) {
      const std::string piece(step, static_cast<char>('a' + i % 26));
      bytes.Append(piece);
      expected += piece;
      if (i % 1000 == 0) {
        ASSERT_EQ(bytes.view(), expected) << step;
      }
    }
    EXPECT_EQ(bytes.view(), expected) << step;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(bytes.data()) % 16, 0u);
    bytes.Clear();
    EXPECT_EQ(bytes.size(), 0u);
    bytes.Append("again");
    EXPECT_EQ(bytes.view(), "again");
    bytes.Release();
    EXPECT_EQ(bytes.view(), "");
    bytes.Append("and again");
    EXPECT_EQ(bytes.view(), "and again");
  }
}

TEST(LargeBytes, OfNothingAreEmpty) {
  LargeBytes bytes;
  bytes.Append("");
  EXPECT_EQ(bytes.view(), "");
  bytes.Release();
  EXPECT_EQ(bytes.size(), 0u);
}

TEST(LargeBytes, GoBackToTheMachineAndAreNeverThereTwice) {
  constexpr size_t kBytes = size_t{64} << 20;
  const std::string piece(size_t{1} << 20, 'x');
  const uint64_t before = AnonymousBytes();
  ASSERT_GT(before, 0u);
  LargeBytes bytes;
  for (size_t i = 0; i < kBytes / piece.size(); ++i) {
    bytes.Append(piece);
    ASSERT_LE(AnonymousBytes(), before + bytes.size() + (size_t{2} << 20));
  }
  EXPECT_GE(AnonymousBytes(), before + kBytes / 2);
  bytes.Release();
  EXPECT_LE(AnonymousBytes(), before + (size_t{2} << 20));
}

}  // namespace
}  // namespace veralith
