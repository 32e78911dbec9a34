// SPDX-License-Identifier: Apache-2.0

#include "core/format/parquet_encoding.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/bit_packing.h"
#include "core/format/column_encoding.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace veralith::parquet {
namespace {

std::string Hex(std::string_view hex) { return HexDecode(hex).value(); }

template <typename T>
std::string Packed(const std::vector<T>& values) {
  std::string out;
  AppendDeltaBinaryPacked(std::span<const T>(values), &out);
  return out;
}

template <typename T>
absl::StatusOr<std::vector<T>> Unpacked(std::string_view bytes, size_t count) {
  std::vector<T> out(count);
  const absl::StatusOr<size_t> used = DecodeDeltaBinaryPacked(bytes, std::span<T>(out));
  if (!used.ok()) {
    return used.status();
  }
  if (*used != bytes.size()) {
    return DataLoss("bytes left over");
  }
  return out;
}

// --- Bit packing --------------------------------------------------------------------------------

template <typename T>
void ExpectPackingRoundTrips(int max_width) {
  std::mt19937_64 random(7);
  for (int width = 0; width <= max_width; ++width) {
    T values[32];
    const T mask = width == 0 ? 0 : static_cast<T>(~uint64_t{0} >> (64 - width));
    for (T& value : values) {
      value = static_cast<T>(random()) & mask;
    }
    values[0] = mask;
    values[31] = mask;
    std::string packed(4 * static_cast<size_t>(width), '\0');
    Pack32(values, width, packed.data());
    // The definition: bit k of the stream is bit k % 8 of byte k / 8.
    for (size_t i = 0; i < 32; ++i) {
      for (size_t bit = 0; bit < static_cast<size_t>(width); ++bit) {
        const size_t k = i * static_cast<size_t>(width) + bit;
        ASSERT_EQ(static_cast<uint8_t>(packed[k / 8]) >> (k % 8) & 1, values[i] >> bit & 1)
            << "width " << width << " value " << i;
      }
    }
    T out[32];
    Unpack32(packed.data(), width, out);
    ASSERT_TRUE(std::equal(values, values + 32, out)) << "width " << width;
  }
}

TEST(BitPacking, PacksEveryWidthLeastSignificantBitFirst) {
  ExpectPackingRoundTrips<uint32_t>(32);
  ExpectPackingRoundTrips<uint64_t>(64);
}

// --- DELTA_BINARY_PACKED ------------------------------------------------------------------------

TEST(DeltaBinaryPacked, WritesTheExamplesOfTheSpecification) {
  // Encodings.md: 1, 2, 3, 4, 5 has min delta 2 (zigzag of 1) and bit widths of 0.
  EXPECT_EQ(HexEncode(Packed<int64_t>({1, 2, 3, 4, 5})), "80010405020200000000");
  // 7, 5, 3, 1, 2, 3, 4, 5: deltas -2 -2 -2 1 1 1 1, min -2, relative 0 0 0 3 3 3 3 in 2 bits.
  EXPECT_EQ(HexEncode(Packed<int32_t>({7, 5, 3, 1, 2, 3, 4, 5})),
            "800104080e0302000000c03f000000000000");
}

TEST(DeltaBinaryPacked, WritesOnlyAHeaderForNoneAndForOneValue) {
  EXPECT_EQ(HexEncode(Packed<int64_t>({})), "8001040000");
  EXPECT_EQ(HexEncode(Packed<int64_t>({-1})), "8001040101");
  EXPECT_EQ(Unpacked<int64_t>(Hex("8001040101"), 1).value(), std::vector<int64_t>{-1});
}

TEST(DeltaBinaryPacked, RoundTripsDifferencesThatWrapAround) {
  const auto extremes = []<typename T>(T) {
    constexpr T kMin = std::numeric_limits<T>::min();
    constexpr T kMax = std::numeric_limits<T>::max();
    const std::vector<T> values = {kMin, kMax, kMin, 0, kMax, -1, 1, kMin, kMin, kMax, kMax};
    EXPECT_EQ(Unpacked<T>(Packed(values), values.size()).value(), values);
  };
  extremes(int32_t{});
  extremes(int64_t{});
}

TEST(DeltaBinaryPacked, RoundTripsEveryCountAcrossBlockBoundaries) {
  std::mt19937_64 random(3);
  for (size_t count = 0; count <= 300; ++count) {
    std::vector<int64_t> values(count);
    for (int64_t& value : values) {
      value = static_cast<int64_t>(random() >> (count % 64));
    }
    ASSERT_EQ(Unpacked<int64_t>(Packed(values), count).value(), values) << count;
  }
}

TEST(DeltaBinaryPacked, ReadsOtherBlockSizesAndArbitraryWidthsOfUnneededMiniblocks) {
  // Block of 256, two miniblocks of 128; three values 10, 11, 13: deltas 1, 2 in one bit.
  std::string bytes = Hex("8002020314"
                          "02"
                          "01ff"
                          "02");
  bytes.append(15, '\0');
  EXPECT_EQ(Unpacked<int32_t>(bytes, 3).value(), (std::vector<int32_t>{10, 11, 13}));
}

TEST(DeltaBinaryPacked, RefusesMalformedHeaders) {
  for (const std::string_view hex : {
           "",                      // nothing
           "8001",                  // cut
           "0004050000000000",      // block size 0
           "40040500000000000000",  // block size 64
           "800100050000",          // no miniblocks
           "800103050000",          // 128 / 3
           "800108050000",          // miniblocks of 16
           "80010406020200000000",  // another count
           "ffffffffffffffffff7f",  // beyond 64 bits
       }) {
    EXPECT_FALSE(Unpacked<int64_t>(Hex(hex), 5).ok()) << hex;
  }
}

TEST(DeltaBinaryPacked, RefusesWidthsBeyondTheTypeAndMiniblocksBeyondTheData) {
  std::string wide = Hex("800104050202"
                         "21000000");
  wide.append(33 * 4, '\0');
  EXPECT_FALSE(Unpacked<int32_t>(wide, 5).ok());
  EXPECT_TRUE(Unpacked<int64_t>(wide, 5).ok());
  EXPECT_FALSE(Unpacked<int64_t>(std::string_view(wide).substr(0, wide.size() - 1), 5).ok());
  EXPECT_FALSE(Unpacked<int64_t>(Hex("800104050202"
                                     "0000"),
                                 5)
                   .ok());
  EXPECT_FALSE(Unpacked<int64_t>(Hex("800104050202"
                                     "41000000"),
                                 5)
                   .ok());
}

template <typename T>
void PackedRoundTrips() {
  const auto values = *rc::gen::container<std::vector<T>>(rc::gen::arbitrary<T>());
  RC_ASSERT(Unpacked<T>(Packed(values), values.size()).value() == values);
}
RC_GTEST_PROP(DeltaBinaryPacked, RoundTripsAnyInt32, ()) { PackedRoundTrips<int32_t>(); }
RC_GTEST_PROP(DeltaBinaryPacked, RoundTripsAnyInt64, ()) { PackedRoundTrips<int64_t>(); }

// --- DELTA_LENGTH_BYTE_ARRAY --------------------------------------------------------------------

std::string LengthEncoded(const std::vector<std::string>& values) {
  DeltaLengthByteArrayEncoder encoder;
  for (const std::string& value : values) {
    encoder.Add(value);
  }
  std::string out;
  encoder.Finish(&out);
  EXPECT_EQ(encoder.count(), 0u);
  return out;
}

absl::StatusOr<std::vector<std::string>> LengthDecoded(std::string_view bytes, size_t count) {
  std::vector<uint32_t> offsets(count + 1);
  std::string_view data;
  const absl::StatusOr<size_t> used = DecodeDeltaLengthByteArray(bytes, offsets, &data);
  if (!used.ok()) {
    return used.status();
  }
  EXPECT_EQ(data.data() + data.size(), bytes.data() + *used);
  std::vector<std::string> values;
  for (size_t i = 0; i < count; ++i) {
    values.emplace_back(data.substr(offsets[i], offsets[i + 1] - offsets[i]));
  }
  return values;
}

TEST(DeltaLengthByteArray, WritesTheExampleOfTheSpecification) {
  // "Hello", "World", "Foobar", "ABCDEF": lengths 5, 5, 6, 6.
  const std::string bytes = LengthEncoded({"Hello", "World", "Foobar", "ABCDEF"});
  EXPECT_EQ(HexEncode(std::string_view(bytes).substr(0, 14)), "8001040"
                                                              "40a00"
                                                              "01000000"
                                                              "02000000");
  EXPECT_EQ(bytes.substr(14), "HelloWorldFoobarABCDEF");
}

TEST(DeltaLengthByteArray, RefusesLengthsThatAreNegativeOrBeyondTheData) {
  const auto encoded = [](const std::vector<int32_t>& lengths, std::string_view data) {
    std::string out;
    AppendDeltaBinaryPacked(std::span<const int32_t>(lengths), &out);
    return out.append(data);
  };
  EXPECT_TRUE(LengthDecoded(encoded({1, 2}, "abc"), 2).ok());
  EXPECT_TRUE(LengthDecoded(encoded({1, 2}, "abcd"), 2).ok());  // the caller judges the rest
  EXPECT_FALSE(LengthDecoded(encoded({1, 2}, "ab"), 2).ok());
  EXPECT_FALSE(LengthDecoded(encoded({-1, 3}, "abc"), 2).ok());
  EXPECT_FALSE(LengthDecoded(encoded({INT32_MAX, INT32_MAX, 2}, "abc"), 3).ok());
  EXPECT_FALSE(LengthDecoded(encoded({INT32_MIN, INT32_MIN, 3}, "abc"), 3).ok());
}

RC_GTEST_PROP(DeltaLengthByteArray, RoundTripsAnyValues, (const std::vector<std::string>& values)) {
  RC_ASSERT(LengthDecoded(LengthEncoded(values), values.size()).value() == values);
}

// --- DELTA_BYTE_ARRAY ---------------------------------------------------------------------------

std::string PrefixEncoded(const std::vector<std::string>& values) {
  DeltaByteArrayEncoder encoder;
  size_t raw = 0;
  for (const std::string& value : values) {
    encoder.Add(value);
    raw += value.size();
  }
  EXPECT_EQ(encoder.raw_bytes(), raw);
  std::string out;
  encoder.Finish(&out);
  EXPECT_EQ(encoder.raw_bytes(), 0u);
  return out;
}

absl::StatusOr<std::vector<std::string>> PrefixDecoded(std::string_view bytes, size_t count,
                                                       uint32_t limit = UINT32_MAX) {
  std::vector<uint32_t> prefixes(count);
  std::vector<uint32_t> suffixes(count + 1);
  const auto view = DecodeDeltaByteArray(bytes, prefixes, suffixes, limit);
  if (!view.ok()) {
    return view.status();
  }
  EXPECT_EQ(view->consumed, bytes.size());
  std::string all(view->total_bytes, '?');
  std::vector<uint64_t> offsets(count + 1);
  MaterializeDeltaByteArray(*view, all.data(), offsets.data());
  std::vector<std::string> values;
  size_t longest = 0;
  size_t shortest = count == 0 ? 0 : SIZE_MAX;
  for (size_t i = 0; i < count; ++i) {
    values.push_back(all.substr(offsets[i], offsets[i + 1] - offsets[i]));
    longest = std::max(longest, values.back().size());
    shortest = std::min(shortest, values.back().size());
    EXPECT_EQ(values[i].substr(0, view->common_prefix), values[0].substr(0, view->common_prefix));
  }
  EXPECT_EQ(view->max_bytes, longest);
  EXPECT_EQ(view->min_bytes, shortest);
  return values;
}

TEST(DeltaByteArray, WritesTheExampleOfTheSpecification) {
  // "axis", "axle", "babble", "babyhood": prefixes 0 2 0 3, suffixes 4 2 6 5.
  const std::string bytes = PrefixEncoded({"axis", "axle", "babble", "babyhood"});
  EXPECT_EQ(bytes,
            Packed<int32_t>({0, 2, 0, 3}) + Packed<int32_t>({4, 2, 6, 5}) + "axislebabbleyhood");
}

TEST(DeltaByteArray, RefusesAPrefixLongerThanTheValueBefore) {
  const std::string suffixes = LengthEncoded({"ab", "c"});
  EXPECT_TRUE(PrefixDecoded(Packed<int32_t>({0, 2}) + suffixes, 2).ok());
  EXPECT_FALSE(PrefixDecoded(Packed<int32_t>({0, 3}) + suffixes, 2).ok());
  EXPECT_FALSE(PrefixDecoded(Packed<int32_t>({1, 0}) + suffixes, 2).ok());
  EXPECT_FALSE(PrefixDecoded(Packed<int32_t>({0, -1}) + suffixes, 2).ok());
}

TEST(DeltaByteArray, RefusesValuesBeyondTheLimit) {
  const std::string bytes = PrefixEncoded({"abc", "abcd"});
  EXPECT_TRUE(PrefixDecoded(bytes, 2, 4).ok());
  EXPECT_FALSE(PrefixDecoded(bytes, 2, 3).ok());
}

TEST(DeltaByteArray, ReportsBytesThatMaterializingWouldTake) {
  // 1,000,000 times the same 100 bytes: a few bytes per 128 values of input.
  DeltaByteArrayEncoder encoder;
  const std::string value(100, 'v');
  for (int i = 0; i < 1'000'000; ++i) {
    encoder.Add(value);
  }
  std::string bytes;
  encoder.Finish(&bytes);
  EXPECT_LT(bytes.size(), 100'000u);
  std::vector<uint32_t> prefixes(1'000'000);
  std::vector<uint32_t> suffixes(1'000'001);
  const auto view = DecodeDeltaByteArray(bytes, prefixes, suffixes, 100);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->total_bytes, 100'000'000u);
  EXPECT_EQ(view->common_prefix, 100u);
}

RC_GTEST_PROP(DeltaByteArray, RoundTripsAnyValues, (std::vector<std::string> values, bool sorted)) {
  if (sorted) {
    std::sort(values.begin(), values.end());
  }
  RC_ASSERT(PrefixDecoded(PrefixEncoded(values), values.size()).value() == values);
}

RC_GTEST_PROP(DeltaByteArray, RoundTripsKeysWithLongCommonPrefixes, ()) {
  auto values = *rc::gen::container<std::vector<std::string>>(
      rc::gen::container<std::string>(rc::gen::element('a', 'b', '\0')));
  for (std::string& value : values) {
    value.insert(0, std::string(17, 'p'));
  }
  RC_ASSERT(PrefixDecoded(PrefixEncoded(values), values.size()).value() == values);
}

// --- PLAIN --------------------------------------------------------------------------------------

TEST(PageEncodings, RefusePagesOfFourGigabytesWithoutReadingThem) {
  const std::string one = "x";
  const std::string_view huge(one.data(), size_t{UINT32_MAX} + 1);
  uint32_t offsets[2];
  uint32_t lengths[2];
  std::string_view data;
  EXPECT_TRUE(absl::IsInvalidArgument(DecodePlainByteArray(huge, offsets, lengths).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(DecodeDeltaLengthByteArray(huge, offsets, &data).status()));
}

TEST(Plain, IsLittleEndianAndLengthPrefixed) {
  std::string out;
  const std::vector<int32_t> i32 = {1, -1};
  const std::vector<int64_t> i64 = {2};
  AppendPlain(std::span<const int32_t>(i32), &out);
  AppendPlain(std::span<const int64_t>(i64), &out);
  AppendPlainByteArray("ab", &out);
  EXPECT_EQ(HexEncode(out), "01000000ffffffff0200000000000000020000006162");
}

RC_GTEST_PROP(Plain, RoundTripsByteArrays, (const std::vector<std::string>& values)) {
  std::string bytes;
  for (const std::string& value : values) {
    AppendPlainByteArray(value, &bytes);
  }
  std::vector<uint32_t> offsets(values.size());
  std::vector<uint32_t> lengths(values.size());
  RC_ASSERT(DecodePlainByteArray(bytes, offsets, lengths).value() == bytes.size());
  for (size_t i = 0; i < values.size(); ++i) {
    RC_ASSERT(bytes.substr(offsets[i], lengths[i]) == values[i]);
  }
  if (!bytes.empty()) {
    bytes.pop_back();
    RC_ASSERT(!DecodePlainByteArray(bytes, offsets, lengths).ok());
  }
}

RC_GTEST_PROP(Plain, RoundTripsIntegers,
              (const std::vector<int64_t>& i64, const std::vector<int32_t>& i32)) {
  std::string bytes;
  AppendPlain(std::span<const int64_t>(i64), &bytes);
  std::vector<int64_t> out64(i64.size());
  RC_ASSERT(DecodePlain(bytes, std::span<int64_t>(out64)).value() == bytes.size());
  RC_ASSERT(out64 == i64);
  bytes.clear();
  AppendPlain(std::span<const int32_t>(i32), &bytes);
  std::vector<int32_t> out32(i32.size());
  RC_ASSERT(DecodePlain(bytes, std::span<int32_t>(out32)).value() == bytes.size());
  RC_ASSERT(out32 == i32);
  out32.push_back(0);
  RC_ASSERT(!DecodePlain(bytes, std::span<int32_t>(out32)).ok());
}

// --- RLE / bit-packed hybrid --------------------------------------------------------------------

std::string RleEncoded(const std::vector<uint32_t>& values, int width) {
  std::string out;
  AppendRle(values, width, &out);
  return out;
}

absl::StatusOr<std::vector<uint32_t>> RleDecoded(std::string_view bytes, int width, size_t count) {
  std::vector<uint32_t> out(count);
  const absl::StatusOr<size_t> used = DecodeRle(bytes, width, out);
  if (!used.ok()) {
    return used.status();
  }
  return *used == bytes.size() ? absl::StatusOr<std::vector<uint32_t>>(out)
                               : DataLoss("bytes left over");
}

TEST(Rle, WritesTheExampleOfTheSpecification) {
  // 0 to 7 in 3 bits: one group, 88 c6 fa.
  EXPECT_EQ(HexEncode(RleEncoded({0, 1, 2, 3, 4, 5, 6, 7}, 3)), "0388c6fa");
}

TEST(Rle, WritesRunsOfEightAndMoreAsRuns) {
  EXPECT_EQ(HexEncode(RleEncoded(std::vector<uint32_t>(100, 1), 1)), "c80101");
  EXPECT_EQ(HexEncode(RleEncoded(std::vector<uint32_t>(7, 1), 1)), "037f");
  EXPECT_EQ(HexEncode(RleEncoded({}, 1)), "");
  EXPECT_EQ(HexEncode(RleEncoded(std::vector<uint32_t>(9, 0), 0)), "12");
}

TEST(Rle, RefusesRunsBeyondTheExpectedCount) {
  EXPECT_TRUE(RleDecoded(Hex("c80101"), 1, 100).ok());
  EXPECT_FALSE(RleDecoded(Hex("c80101"), 1, 99).ok());
  EXPECT_FALSE(RleDecoded(Hex("c80101"), 1, 101).ok());
  EXPECT_TRUE(RleDecoded(Hex("05ffff"), 1, 9).ok());
  EXPECT_TRUE(RleDecoded(Hex("05ffff"), 1, 8).ok());  // padding of any length
  EXPECT_FALSE(RleDecoded(Hex("0001"), 1, 1).ok());   // a run of none
  EXPECT_FALSE(RleDecoded(Hex("01"), 1, 1).ok());     // no groups
}

TEST(Rle, RefusesValuesWiderThanTheWidthAndDataThatEnds) {
  EXPECT_FALSE(RleDecoded(Hex("c80102"), 1, 100).ok());
  EXPECT_FALSE(RleDecoded(Hex("c801"), 1, 100).ok());
  EXPECT_FALSE(RleDecoded(Hex("05ff"), 1, 16).ok());
  EXPECT_FALSE(RleDecoded(Hex("80"), 1, 1).ok());
  EXPECT_FALSE(RleDecoded(Hex("0200000000"), 33, 1).ok());
  EXPECT_FALSE(RleDecoded(Hex("0200000000"), -1, 1).ok());
}

RC_GTEST_PROP(Rle, RoundTripsRunsAndLiteralsOfAnyWidth, ()) {
  const int width = *rc::gen::inRange(0, 33);
  const uint32_t mask = width == 0 ? 0 : ~uint32_t{0} >> (32 - width);
  std::vector<uint32_t> values;
  for (const auto& [value, run] : *rc::gen::container<std::vector<std::pair<uint32_t, uint8_t>>>(
           rc::gen::pair(rc::gen::arbitrary<uint32_t>(), rc::gen::inRange<uint8_t>(1, 40)))) {
    values.insert(values.end(), run % 3 == 0 ? run : 1, value & mask);
  }
  RC_ASSERT(RleDecoded(RleEncoded(values, width), width, values.size()).value() == values);
}

RC_GTEST_PROP(Rle, RoundTripsLevelsAndCountsOnes, ()) {
  const auto levels = *rc::gen::container<std::vector<uint8_t>>(rc::gen::inRange<uint8_t>(0, 2));
  std::string bytes;
  AppendRleLevels(levels, &bytes);
  std::vector<uint8_t> out(levels.size(), 9);
  size_t ones = 99;
  RC_ASSERT(DecodeRleLevels(bytes, out, &ones).value() == bytes.size());
  RC_ASSERT(out == levels);
  RC_ASSERT(ones == std::accumulate(levels.begin(), levels.end(), size_t{0}));
  std::vector<uint32_t> wide(levels.begin(), levels.end());
  RC_ASSERT(RleEncoded(wide, 1) == bytes);
}

TEST(Rle, SplitsLevelsOfV1Pages) {
  const std::string body = Hex("02000000"
                               "0801"
                               "aabb");
  EXPECT_EQ(SplitLevelsV1(body)->levels, Hex("0801"));
  EXPECT_EQ(SplitLevelsV1(body)->values, Hex("aabb"));
  EXPECT_FALSE(SplitLevelsV1(std::string_view(body).substr(0, 5)).ok());
  EXPECT_FALSE(SplitLevelsV1(std::string_view(body).substr(0, 3)).ok());
}

TEST(DictionaryIndices, AreCheckedAgainstTheDictionary) {
  std::vector<uint32_t> out(8);
  const std::string bytes = Hex("03"
                                "0388c6fa");
  EXPECT_EQ(DecodeDictionaryIndices(bytes, 8, out).value(), bytes.size());
  EXPECT_EQ(out[7], 7u);
  EXPECT_FALSE(DecodeDictionaryIndices(bytes, 7, out).ok());
  EXPECT_FALSE(DecodeDictionaryIndices("", 8, out).ok());
  EXPECT_FALSE(DecodeDictionaryIndices(Hex("21"), 8, out).ok());
  EXPECT_EQ(DecodeDictionaryIndices("", 0, {}).value(), 0u);
}

// --- Hostile bytes ------------------------------------------------------------------------------

// Every encoding of the table: each is read back, and more values than were written are refused.
RC_GTEST_PROP(IntegerEncodings, RoundTripAnyValues, (const std::vector<int64_t>& values)) {
  for (const IntegerEncoding& encoding : kIntegerEncodings) {
    std::string bytes;
    encoding.append(values, &bytes);
    std::vector<int64_t> out(values.size());
    RC_ASSERT(encoding.decode(bytes, out).value() == bytes.size());
    RC_ASSERT(out == values);
    out.resize(values.size() + 1);
    RC_ASSERT(absl::IsDataLoss(encoding.decode(bytes, out).status()));
  }
}

RC_GTEST_PROP(IntegerEncodings, AreTotalOnAnyBytes, (const std::string& bytes, uint16_t count)) {
  std::vector<int64_t> out(count);
  for (const IntegerEncoding& encoding : kIntegerEncodings) {
    RC_ASSERT(encoding.decode(bytes, out).value_or(0) <= bytes.size());
  }
}

RC_GTEST_PROP(PageEncodings, AreTotalOnAnyBytes, (const std::string& bytes, uint16_t count)) {
  const size_t n = count % 600;
  std::vector<int64_t> i64(n);
  std::vector<int32_t> i32(n);
  std::vector<uint32_t> a(n);
  std::vector<uint32_t> b(n + 1);
  std::vector<uint8_t> levels(n);
  std::string_view data;
  (void)DecodeDeltaBinaryPacked(bytes, std::span<int64_t>(i64));
  (void)DecodeDeltaBinaryPacked(bytes, std::span<int32_t>(i32));
  (void)DecodeDeltaLengthByteArray(bytes, b, &data);
  (void)DecodeDeltaByteArray(bytes, a, b, UINT32_MAX);
  (void)DecodeRle(bytes, count % 33, a);
  (void)DecodeRleLevels(bytes, levels);
  (void)DecodeDictionaryIndices(bytes, count, a);
}

}  // namespace
}  // namespace veralith::parquet
