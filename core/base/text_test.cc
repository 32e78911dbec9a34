// SPDX-License-Identifier: Apache-2.0

#include "core/base/text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace veralith {
namespace {

std::string EveryByte() {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes.push_back(static_cast<char>(i));
  }
  return bytes;
}

TEST(Text, StrCatWritesEachKindOfPieceAsDocumented) {
  enum class Color { kBlue = 7 };
  EXPECT_EQ(StrCat("a", 'b', true, std::string("c"), std::string_view("d"), -3, uint8_t{65},
                   UINT64_MAX, 0.5, Color::kBlue),
            "abtruecd-365184467440737095516150.57");
  EXPECT_EQ(StrCat(), "");
}

TEST(Text, HexIsLowerCaseAndReadsBack) {
  EXPECT_EQ(HexEncode(std::string_view("\x00\xab\xff", 3)), "00abff");
  EXPECT_EQ(HexDecode(HexEncode(EveryByte())), EveryByte());
  EXPECT_EQ(HexDecode("00ABff"), std::string("\x00\xab\xff", 3));
  EXPECT_EQ(HexDecode(""), "");
}

TEST(Text, HexDecodeRefusesWhatIsNotHex) {
  for (const char* text : {"0", "0g", "g0", " 00", "000", "0x"}) {
    EXPECT_FALSE(HexDecode(text).has_value()) << text;
  }
}

TEST(Text, QuotedKeysArePrintableAndReadBack) {
  EXPECT_EQ(QuoteKey("a b"), R"("a\x20b")");
  EXPECT_EQ(QuoteKey(""), R"("")");
  EXPECT_EQ(QuoteKey("\"\\"), R"("\"\\")");
  EXPECT_EQ(QuoteKey(std::string_view("\x00\x7f\xff", 3)), R"("\x00\x7f\xff")");
  for (const char c : QuoteKey(EveryByte())) {
    EXPECT_TRUE(c > ' ' && c < 0x7f);
  }
  EXPECT_EQ(UnquoteKey(QuoteKey(EveryByte())), EveryByte());
}

TEST(Text, UnquoteKeyTakesOnlyTheOneForm) {
  for (const char* text : {"", "\"", "a", "\"a", "a\"", "\"a b\"", R"("\")", R"("\x4")",
                           R"("\x41")", R"("\xFF")", R"("\q")", "\"a\"b\"", R"("\xzz")"}) {
    EXPECT_FALSE(UnquoteKey(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace veralith
