// SPDX-License-Identifier: Apache-2.0

#include "core/format/compression.h"

#include <string>
#include <string_view>

#include "core/base/status.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace veralith::parquet {
namespace {

constexpr Codec kAll[] = {Codec::kNone, Codec::kSnappy, Codec::kZstd, Codec::kLz4Raw};

std::string Compressed(Codec codec, std::string_view input) {
  std::string out = "kept";
  EXPECT_TRUE(Compressor(codec).Compress(input, &out).ok());
  EXPECT_EQ(out.substr(0, 4), "kept");
  return out.substr(4);
}

absl::StatusOr<std::string> Decompressed(Codec codec, std::string_view input, size_t size) {
  std::string out(size, '?');
  const absl::Status status = Decompress(codec, input, std::span<char>(out));
  return status.ok() ? absl::StatusOr<std::string>(out) : status;
}

TEST(Compression, RoundTripsEmptyInput) {
  for (const Codec codec : kAll) {
    EXPECT_EQ(Decompressed(codec, Compressed(codec, ""), 0).value(), "") << CodecName(codec);
    EXPECT_EQ(Decompressed(codec, "", 0).value(), "") << CodecName(codec);
  }
}

TEST(Compression, MakesRepetitiveInputSmaller) {
  const std::string input(100'000, 'x');
  for (const Codec codec : {Codec::kSnappy, Codec::kZstd, Codec::kLz4Raw}) {
    EXPECT_LT(Compressed(codec, input).size(), 6'000u) << CodecName(codec);
  }
}

TEST(Compression, RefusesEverySizeButTheRightOne) {
  const std::string input = "abcabcabcabcabcabcabcabcabcabcabcabcabcabc";
  for (const Codec codec : kAll) {
    const std::string bytes = Compressed(codec, input);
    for (size_t size = 0; size < 2 * input.size(); ++size) {
      EXPECT_EQ(Decompressed(codec, bytes, size).ok(), size == input.size())
          << CodecName(codec) << " " << size;
    }
  }
}

TEST(Compression, RefusesTruncatedInput) {
  const std::string input =
      "the quick brown fox jumps over the lazy dog, the quick brown fox jumps";
  for (const Codec codec : kAll) {
    const std::string bytes = Compressed(codec, input);
    for (size_t length = 0; length < bytes.size(); ++length) {
      const auto out = Decompressed(codec, bytes.substr(0, length), input.size());
      EXPECT_EQ(out.status().code(), absl::StatusCode::kDataLoss) << CodecName(codec);
    }
  }
}

TEST(Compression, KnowsParquetsNumbers) {
  EXPECT_EQ(CodecFromParquetId(0).value(), Codec::kNone);
  EXPECT_EQ(CodecFromParquetId(1).value(), Codec::kSnappy);
  EXPECT_EQ(CodecFromParquetId(6).value(), Codec::kZstd);
  EXPECT_EQ(CodecFromParquetId(7).value(), Codec::kLz4Raw);
  for (const int id : {-1, 2, 3, 4, 5, 8}) {
    EXPECT_EQ(CodecFromParquetId(id).status().code(), absl::StatusCode::kUnimplemented) << id;
  }
  EXPECT_EQ(Message(CodecFromParquetId(2).status()), "Parquet codec GZIP");
}

TEST(Compression, NamesCodecsThatItDoesNotKnow) {
  EXPECT_EQ(CodecName(static_cast<Codec>(9)), "unknown codec");
}

TEST(Compression, RefusesSizesBeyondItsLimitsWithoutReadingThem) {
  const std::string one = "x";
  const std::string_view compressing(one.data(), Compressor::kMaxInputBytes + 1);
  const std::string_view decompressing(one.data(), size_t{INT32_MAX} + 1);
  for (const Codec codec : kAll) {
    std::string out = "as it was";
    EXPECT_TRUE(absl::IsInvalidArgument(Compressor(codec).Compress(compressing, &out)));
    EXPECT_EQ(out, "as it was");
  }
  char output[1];
  EXPECT_TRUE(absl::IsDataLoss(Decompress(Codec::kLz4Raw, decompressing, output)));
}

TEST(Compression, AReusedCompressorWritesTheSameBytes) {
  for (const Codec codec : kAll) {
    Compressor compressor(codec);
    std::string first;
    std::string second;
    ASSERT_TRUE(compressor.Compress("some input, some input, some input", &first).ok());
    ASSERT_TRUE(compressor.Compress("something else entirely", &second).ok());
    second.clear();
    ASSERT_TRUE(compressor.Compress("some input, some input, some input", &second).ok());
    EXPECT_EQ(first, second) << CodecName(codec);
  }
}

RC_GTEST_PROP(Compression, RoundTripsAnyInput, (const std::string& seed, uint8_t repeats)) {
  std::string input;
  for (int i = 0; i <= repeats; ++i) {
    input += seed;
  }
  for (const Codec codec : kAll) {
    RC_ASSERT(Decompressed(codec, Compressed(codec, input), input.size()).value() == input);
  }
}

RC_GTEST_PROP(Compression, IsTotalOnAnyBytes, (const std::string& bytes, uint16_t size)) {
  for (const Codec codec : kAll) {
    (void)Decompressed(codec, bytes, size);
  }
}

}  // namespace
}  // namespace veralith::parquet
