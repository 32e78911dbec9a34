// SPDX-License-Identifier: Apache-2.0

#include "core/format/coding.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "core/base/text.h"

namespace veralith {
namespace {

std::string Varint(uint64_t v) {
  std::string out;
  AppendVarint64(&out, v);
  return out;
}

std::string FaultOf(ByteReader& reader) { return std::string(Message(reader.status())); }

TEST(Coding, FixedWidthNumbersAreLittleEndian) {
  std::string out;
  AppendFixed16(&out, 0x0201);
  AppendFixed32(&out, 0x06050403);
  AppendFixed64(&out, 0x0e0d0c0b0a090807);
  EXPECT_EQ(HexEncode(out), "0102030405060708090a0b0c0d0e");
  ByteReader reader(out);
  uint16_t a = 0;
  uint32_t b = 0;
  uint64_t c = 0;
  EXPECT_TRUE(reader.ReadFixed16(&a, "a") && reader.ReadFixed32(&b, "b") &&
              reader.ReadFixed64(&c, "c") && reader.ExpectEnd("all"));
  EXPECT_EQ(a, 0x0201);
  EXPECT_EQ(b, 0x06050403u);
  EXPECT_EQ(c, 0x0e0d0c0b0a090807u);
}

TEST(Coding, BigEndianStoresKeepTheOrderOfNumbers) {
  char bytes[8];
  StoreBe64(bytes, 0x0102030405060708);
  EXPECT_EQ(HexEncode(std::string_view(bytes, 8)), "0102030405060708");
  EXPECT_EQ(LoadBe64(bytes), 0x0102030405060708u);
}

TEST(Coding, VarintsHaveTheirGoldenBytes) {
  EXPECT_EQ(HexEncode(Varint(0)), "00");
  EXPECT_EQ(HexEncode(Varint(127)), "7f");
  EXPECT_EQ(HexEncode(Varint(128)), "8001");
  EXPECT_EQ(HexEncode(Varint(300)), "ac02");
  EXPECT_EQ(HexEncode(Varint(UINT64_MAX)), "ffffffffffffffffff01");
}

TEST(Coding, VarintsOfEveryWidthReadBack) {
  for (int width = 0; width < 64; ++width) {
    for (const uint64_t v : {(uint64_t{1} << width) - 1, uint64_t{1} << width}) {
      const std::string bytes = Varint(v);
      EXPECT_EQ(bytes.size(), VarintBytes(v));
      ByteReader reader(bytes);
      uint64_t read = 0;
      EXPECT_TRUE(reader.ReadVarint64(&read, "v") && reader.AtEnd());
      EXPECT_EQ(read, v);
    }
  }
}

TEST(Coding, OverlongAndOverflowingVarintsAreRefused) {
  for (const char* hex : {"8000", "ff00", "ffffffffffffffffff02", "ffffffffffffffffffff01",
                          "80808080808080808000", "8080808080808080808000"}) {
    const std::string bytes = *HexDecode(hex);
    ByteReader reader(bytes);
    uint64_t v = 0;
    EXPECT_FALSE(reader.ReadVarint64(&v, "v")) << hex;
    EXPECT_EQ(FaultOf(reader), "offset 0: expected v, found no well-formed varint");
  }
}

TEST(ByteReader, NamesOffsetAndExpectationOfTheFirstFailure) {
  ByteReader reader("abcde");
  uint32_t four = 0;
  uint64_t eight = 0;
  EXPECT_TRUE(reader.ReadFixed32(&four, "magic"));
  EXPECT_FALSE(reader.ReadFixed64(&eight, "timestamp"));
  EXPECT_FALSE(reader.Fail("something later"));
  EXPECT_EQ(FaultOf(reader), "offset 4: expected 8 bytes of timestamp, 1 remain");
  EXPECT_EQ(reader.status().code(), absl::StatusCode::kDataLoss);
}

TEST(ByteReader, ReadsNothingAfterAFailure) {
  ByteReader reader("\x01\x02\x03");
  reader.Fail("bad");
  uint8_t byte = 0;
  uint64_t v = 0;
  std::string_view bytes;
  EXPECT_FALSE(reader.ReadFixed8(&byte, "b"));
  EXPECT_FALSE(reader.ReadVarint64(&v, "v"));
  EXPECT_FALSE(reader.ReadBytes(0, &bytes, "bytes"));
  EXPECT_FALSE(reader.ExpectEnd("all"));
  EXPECT_EQ(reader.offset(), 0u);
  EXPECT_EQ(FaultOf(reader), "offset 0: bad");
}

TEST(ByteReader, ReportsTooLargeAndTrailingAndShortVarints) {
  std::string_view bytes;
  uint64_t v = 0;
  ByteReader large("\x05xxxxx");
  EXPECT_FALSE(large.ReadLengthPrefixed(4, &bytes, "key"));
  EXPECT_EQ(FaultOf(large), "offset 0: expected key of at most 4");
  ByteReader trailing("\x01xyz");
  EXPECT_TRUE(trailing.ReadLengthPrefixed(4, &bytes, "key"));
  EXPECT_FALSE(trailing.ExpectEnd("the edit"));
  EXPECT_EQ(FaultOf(trailing), "offset 2: expected the end of the edit, 2 bytes remain");
  ByteReader cut("\xff\xff");
  EXPECT_FALSE(cut.ReadVarint64(&v, "count"));
  EXPECT_EQ(FaultOf(cut), "offset 0: expected 3 bytes of count, 2 remain");
  ByteReader huge("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  EXPECT_FALSE(huge.ReadLengthPrefixed(UINT64_MAX, &bytes, "blob"));
}

TEST(ByteReader, IsOkWhenNothingFailed) {
  ByteReader reader("a");
  EXPECT_TRUE(reader.Skip(1, "a"));
  EXPECT_TRUE(reader.ExpectEnd("all"));
  EXPECT_TRUE(reader.status().ok());
}

RC_GTEST_PROP(Coding, WhatAVarintReadTakesIsTheOnlyEncodingOfItsValue, (const std::string& bytes)) {
  ByteReader reader(bytes);
  uint64_t v = 0;
  if (reader.ReadVarint64(&v, "v")) {
    RC_ASSERT(Varint(v) == bytes.substr(0, reader.offset()));
  }
}

}  // namespace
}  // namespace veralith
