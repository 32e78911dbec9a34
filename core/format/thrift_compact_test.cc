// SPDX-License-Identifier: Apache-2.0

#include "core/format/thrift_compact.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace veralith::thrift {
namespace {

std::string Bytes(std::initializer_list<int> bytes) {
  std::string out;
  for (const int byte : bytes) {
    out.push_back(static_cast<char>(byte));
  }
  return out;
}

// Skips one struct; true when that used all bytes without an error.
bool SkipsWhole(std::string_view bytes) {
  CompactReader reader(bytes);
  reader.Skip(Type::kStruct);
  return reader.ok() && reader.remaining() == 0;
}

TEST(CompactWriter, WritesTheBytesOfTheSpecification) {
  std::string out;
  CompactWriter w(&out);
  w.BeginStruct();
  w.FieldI32(1, -1);        // delta 1, zigzag 1
  w.FieldBool(3, true);     // delta 2
  w.FieldBinary(20, "ab");  // delta 17: long form
  w.FieldList(21, Type::kI64, 2);
  w.ElementI64(1);
  w.ElementI64(300);
  w.FieldStruct(22);
  w.BeginStruct();
  w.EndStruct();
  w.FieldI16(-1, 7);  // backwards: long form
  w.EndStruct();
  EXPECT_EQ(out, Bytes({0x15, 0x01, 0x21, 0x08, 0x28, 0x02, 'a', 'b', 0x19, 0x26, 0x02, 0xd8, 0x04,
                        0x1c, 0x00, 0x04, 0x01, 0x0e, 0x00}));
}

TEST(CompactWriter, WritesListsOfFifteenAndMoreWithALongHeader) {
  std::string out;
  CompactWriter w(&out);
  w.BeginStruct();
  w.FieldList(1, Type::kTrue, 15);
  for (int i = 0; i < 15; ++i) {
    w.ElementBool(i % 2 == 0);
  }
  w.EndStruct();
  EXPECT_EQ(out.substr(0, 5), Bytes({0x19, 0xf1, 0x0f, 0x01, 0x02}));
  int trues = 0;
  CompactReader reader(out);
  reader.ReadStruct([&](int16_t id, Type type) {
    EXPECT_EQ(id, 1);
    reader.ReadList(type, Type::kTrue, [&] { trues += reader.ReadBoolElement() ? 1 : 0; });
  });
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(trues, 8);
}

TEST(CompactReader, SkipsEveryType) {
  const std::string all =
      Bytes({0x11,                                      // true
             0x12,                                      // false
             0x13, 0x05,                                // byte
             0x14, 0x80, 0x01,                          // i16
             0x15, 0x02,                                // i32
             0x16, 0x02,                                // i64
             0x17, 1,    2,    3,    4,    5, 6, 7, 8,  // double
             0x18, 0x01, 'x',                           // binary
             0x19, 0x21, 0x01, 0x02,                    // list of two booleans
             0x1a, 0x15, 0x02,                          // set of one i32
             0x1b, 0x01, 0x58, 0x02, 0x00,              // map i32 -> binary
             0x1b, 0x00,                                // empty map
             0x1c, 0x15, 0x02, 0x00,                    // struct
             0x1d, 1,    2,    3,    4,    5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0x00});
  EXPECT_TRUE(SkipsWhole(all));
  for (size_t length = 0; length < all.size(); ++length) {
    EXPECT_FALSE(SkipsWhole(std::string_view(all).substr(0, length))) << length;
  }
}

TEST(CompactReader, RefusesUnknownWireTypes) {
  EXPECT_FALSE(SkipsWhole(Bytes({0x1e, 0x00})));
  EXPECT_FALSE(SkipsWhole(Bytes({0x10, 0x00})));
  EXPECT_FALSE(SkipsWhole(Bytes({0x19, 0x1e, 0x00, 0x00})));
  EXPECT_FALSE(SkipsWhole(Bytes({0x19, 0x10, 0x00, 0x00})));
}

TEST(CompactReader, RefusesFieldIdsBeyond16Bits) {
  // Field 32767, given in full, of type true; then one whose id is 1 more.
  CompactReader reader(std::string_view("\x01\xfe\xff\x03\x11\x00", 6));
  std::vector<int16_t> ids;
  reader.ReadStruct([&](int16_t id, Type type) {
    ids.push_back(id);
    reader.Skip(type);
  });
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(ids, std::vector<int16_t>{INT16_MAX});
}

TEST(CompactReader, RefusesNestingBeyondItsDepth) {
  const auto nested = [](int depth) {
    return std::string(static_cast<size_t>(depth), 0x1c) +
           std::string(static_cast<size_t>(depth) + 1, '\0');
  };
  EXPECT_TRUE(SkipsWhole(nested(kMaxDepth - 1)));
  EXPECT_FALSE(SkipsWhole(nested(kMaxDepth)));
  EXPECT_FALSE(SkipsWhole(Bytes({0x19}) + std::string(100'000, 0x19)));
  EXPECT_FALSE(SkipsWhole(std::string(100'000, 0x1b)));
}

TEST(CompactReader, RefusesCountsAndLengthsBeyondTheData) {
  EXPECT_FALSE(SkipsWhole(Bytes({0x19, 0xf5, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x00})));
  EXPECT_FALSE(SkipsWhole(Bytes({0x18, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x00})));
  EXPECT_FALSE(SkipsWhole(Bytes({0x1b, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x55, 0x00})));
}

TEST(CompactReader, RefusesIntegersTooLargeForTheirType) {
  const std::string five = Bytes({0xff, 0xff, 0xff, 0xff, 0x1f});
  CompactReader i32(five);
  i32.ReadI32(Type::kI32);
  EXPECT_FALSE(i32.ok());
  const std::string eleven = std::string(10, '\xff') + '\x01';
  CompactReader i64(eleven);
  i64.ReadI64(Type::kI64);
  EXPECT_FALSE(i64.ok());
  EXPECT_FALSE(SkipsWhole(Bytes({0x05, 0xff, 0xff, 0x07, 0x00})));  // field id
}

TEST(CompactReader, KeepsItsFirstErrorAndDoesNothingAfterIt) {
  const std::string bytes = Bytes({0x15, 0x02, 0x00});
  CompactReader reader(bytes);
  reader.Fail("first");
  reader.Fail("second");
  EXPECT_EQ(reader.ReadI32(Type::kI32), 0);
  EXPECT_EQ(reader.offset(), 0u);
  EXPECT_NE(reader.status().ToString().find("first at offset 0"), std::string::npos);
  EXPECT_EQ(reader.status().code(), absl::StatusCode::kDataLoss);
}

TEST(CompactReader, RefusesAnotherWireTypeThanTheFieldHas) {
  const std::string bytes = Bytes({0x02});
  CompactReader reader(bytes);
  EXPECT_EQ(reader.ReadI64(Type::kI32), 0);
  EXPECT_FALSE(reader.ok());
}

RC_GTEST_PROP(CompactReader, ReadsBackWhatTheWriterWrote,
              (int16_t id, bool flag, int8_t byte, int16_t i16, int32_t i32, int64_t i64,
               const std::string& text, const std::vector<int32_t>& list)) {
  std::string out;
  CompactWriter w(&out);
  w.BeginStruct();
  w.FieldBool(id, flag);
  w.FieldByte(1, byte);
  w.FieldI16(2, i16);
  w.FieldI32(3, i32);
  w.FieldI64(4, i64);
  w.FieldBinary(5, text);
  w.FieldList(6, Type::kI32, list.size());
  for (const int32_t element : list) {
    w.ElementI32(element);
  }
  w.EndStruct();

  CompactReader r(out);
  int step = 0;
  std::vector<int32_t> got;
  r.ReadStruct([&](int16_t field, Type type) {
    switch (step++) {
      case 0:
        RC_ASSERT(field == id);
        RC_ASSERT(r.ReadBool(type) == flag);
        break;
      case 1:
        RC_ASSERT(r.ReadByte(type) == byte);
        break;
      case 2:
        RC_ASSERT(r.ReadI16(type) == i16);
        break;
      case 3:
        RC_ASSERT(r.ReadI32(type) == i32);
        break;
      case 4:
        RC_ASSERT(r.ReadI64(type) == i64);
        break;
      case 5:
        RC_ASSERT(r.ReadBinary(type) == text);
        break;
      default:
        r.ReadList(type, Type::kI32, [&] { got.push_back(r.ReadI32(Type::kI32)); });
    }
  });
  RC_ASSERT(r.ok());
  RC_ASSERT(r.remaining() == 0u);
  RC_ASSERT(got == list);
  RC_ASSERT(SkipsWhole(out));
}

}  // namespace
}  // namespace veralith::thrift
