// SPDX-License-Identifier: Apache-2.0

// The codecs of Parquet pages that segments use: none, LZ4_RAW, SNAPPY, ZSTD.
//
// 1. Decompress fills exactly the buffer it is given. If the bytes say anything else (too few, too
//    many, malformed), that is DataLoss, and no byte outside the buffer is touched. Nothing is
//    allocated because of what the bytes claim.
// 2. Compress is a function of (codec, level, input): same input, same bytes.
//
// Thread rule: a Compressor is used by one thread at a time; Decompress by any number.
#ifndef VERALITH_CORE_FORMAT_COMPRESSION_H_
#define VERALITH_CORE_FORMAT_COMPRESSION_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace veralith::parquet {

// The numbers are parquet.thrift's CompressionCodec. (veralith::Codec in veralith/options.h is the
// public choice; db maps it to this.)
enum class Codec : uint8_t {
  kNone = 0,
  kSnappy = 1,
  kZstd = 6,
  kLz4Raw = 7,
};

// "LZ4_RAW".
std::string_view CodecName(Codec codec);

// Unimplemented, naming the codec, for codecs of parquet.thrift that are not supported (GZIP, LZO,
// BROTLI, LZ4) and for unknown ids.
absl::StatusOr<Codec> CodecFromParquetId(int32_t id);

class Compressor {
 public:
  // `level` is the level of ZSTD (1 to 19); the others have none.
  explicit Compressor(Codec codec, int level = 1);
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  Codec codec() const { return codec_; }

  // Appends the compressed form of `input` to `out`. InvalidArgument beyond kMaxInputBytes.
  absl::Status Compress(std::string_view input, std::string* out);

  static constexpr size_t kMaxInputBytes = size_t{1} << 30;

 private:
  // Returns the compressed length; 0 if the library fails.
  size_t CompressInto(std::string_view input, char* out, size_t bound);

  Codec codec_;
  int level_;
  void* context_ = nullptr;  // ZSTD_CCtx or LZ4 state, reused
};

// Decompresses `input` into all of `output`; DataLoss unless it yields exactly output.size() bytes.
absl::Status Decompress(Codec codec, std::string_view input, std::span<char> output);

}  // namespace veralith::parquet

#endif  // VERALITH_CORE_FORMAT_COMPRESSION_H_
