// SPDX-License-Identifier: Apache-2.0

#include "core/format/range_tombstone_codec.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/testing/generators.h"

namespace veralith {
namespace {

std::string Encode(const std::vector<RangeTombstoneView>& list) {
  std::string out;
  EXPECT_TRUE(AppendRangeTombstones(&out, list).ok());
  return out;
}

std::string FaultOf(const char* hex) {
  return std::string(Message(DecodeRangeTombstones(*HexDecode(hex)).status()));
}

TEST(RangeTombstoneCodec, HasItsGoldenBytes) {
  const std::vector<RangeTombstoneView> list = {
      {.ns = 1, .begin = "a", .end = "c", .ts = 5},
      {.ns = 300, .begin = "", .end = "", .open_end = true, .ts = 6},
  };
  EXPECT_EQ(HexEncode(Encode(list)), "02"
                                     "0001016101630500000000000000"
                                     "01ac02000600000000000000");
  EXPECT_EQ(*DecodeRangeTombstones(Encode(list)), list);
  EXPECT_EQ(HexEncode(Encode({})), "00");
}

RC_GTEST_PROP(RangeTombstoneCodec, DecodingAnEncodingGivesTheList, ()) {
  const auto keys = *rc::gen::container<std::vector<std::pair<std::string, std::string>>>(
      rc::gen::pair(testing::AnyKey(), testing::AnyKey()));
  std::vector<RangeTombstoneView> list;
  for (const auto& [a, b] : keys) {
    RangeTombstoneView t{*testing::AnyNamespace(), std::min(a, b), std::max(a, b), a == b,
                         *testing::AnyTimestamp()};
    if (t.open_end) {
      t.end = {};
    }
    list.push_back(t);
  }
  // std::min and std::max above returned references into `keys`.
  const std::string bytes = Encode(list);
  RC_ASSERT(*DecodeRangeTombstones(bytes) == list);
}

TEST(RangeTombstoneCodec, EveryChangeOfEveryByteIsRefusedOrIsAnEncodingItself) {
  const std::string bytes =
      Encode({{.ns = 1, .begin = "a", .end = "c", .ts = 5},
              {.ns = 300, .begin = "", .end = "", .open_end = true, .ts = 6}});
  for (size_t place = 0; place < bytes.size(); ++place) {
    for (int change = 1; change < 256; ++change) {
      std::string changed = bytes;
      changed[place] = static_cast<char>(changed[place] ^ change);
      const auto list = DecodeRangeTombstones(changed);
      if (list.ok()) {
        ASSERT_EQ(Encode(*list), changed);
      }
    }
  }
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(DecodeRangeTombstones(std::string_view(bytes).substr(0, n)).ok());
  }
}

TEST(RangeTombstoneCodec, RefusesWhatNoWriterMakes) {
  EXPECT_EQ(FaultOf("05"),
            "range tombstones: offset 0: expected range tombstone count of at most 0");
  EXPECT_EQ(FaultOf("0102016101630500000000000000"),
            "range tombstones: offset 1: unknown range tombstone flags");
  EXPECT_EQ(FaultOf("010001016301610500000000000000"),
            "range tombstones: offset 1: an empty range or a timestamp out of range");
  EXPECT_EQ(FaultOf("010001016101630000000000000000"),
            "range tombstones: offset 1: an empty range or a timestamp out of range");
  EXPECT_EQ(
      FaultOf("01000101610163050000000000000000"),
      "range tombstones: offset 15: expected the end of the range tombstones, 1 bytes remain");
}

TEST(RangeTombstoneCodec, AppendRefusesWhatDecodeWould) {
  const std::string long_key(kMaxKeyBytes + 1, 'k');
  const std::vector<RangeTombstoneView> illegal = {
      {.ns = 1, .begin = "b", .end = "b", .ts = 5},
      {.ns = kMaxNamespace + 1, .begin = "a", .end = "b", .ts = 5},
      {.ns = 1, .begin = "a", .end = "b", .ts = 0},
      {.ns = 1, .begin = "a", .end = "b", .ts = kMaxTimestamp + 1},
      {.ns = 1, .begin = "a", .end = "b", .open_end = true, .ts = 1},
      {.ns = 1, .begin = "a", .end = long_key, .ts = 1},
      {.ns = 1, .begin = long_key, .end = "", .open_end = true, .ts = 1},
  };
  for (const RangeTombstoneView& t : illegal) {
    std::string out = "as it was";
    EXPECT_EQ(AppendRangeTombstones(&out, {&t, 1}).code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(out, "as it was");
  }
}

}  // namespace
}  // namespace veralith
