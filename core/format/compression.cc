// SPDX-License-Identifier: Apache-2.0

#include "core/format/compression.h"

#include <lz4.h>
#include <snappy.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <new>

#include "core/base/check.h"
#include "core/base/per_thread.h"
#include "core/base/status.h"

namespace veralith::parquet {
namespace {

// One per thread: a ZSTD context costs more to make than a page to decompress. The output buffer is
// the window, so nothing is allocated because of what a frame claims. Throws std::bad_alloc if
// there is no memory; the next call tries again.
struct ZstdContext {
  ZSTD_DCtx* const context = ZSTD_createDCtx();

  ZstdContext() {
    if (context == nullptr) {
      throw std::bad_alloc();
    }
  }
  ZstdContext(const ZstdContext&) = delete;
  ZstdContext& operator=(const ZstdContext&) = delete;
  ~ZstdContext() { ZSTD_freeDCtx(context); }
};

bool LacksMemory(size_t zstd_result) {
  return ZSTD_getErrorCode(zstd_result) == ZSTD_error_memory_allocation;
}

absl::Status BadData(Codec codec, size_t want) {
  std::string message(CodecName(codec));
  message.append(" data that does not decompress to its ")
      .append(std::to_string(want))
      .append(" bytes");
  return DataLoss(message);
}

bool DecompressLz4(std::string_view input, std::span<char> output) {
  if (input.size() > INT32_MAX || output.size() > INT32_MAX) {
    return false;
  }
  const int got = LZ4_decompress_safe(input.data(), output.data(), static_cast<int>(input.size()),
                                      static_cast<int>(output.size()));
  return got >= 0 && static_cast<size_t>(got) == output.size();
}

bool DecompressSnappy(std::string_view input, std::span<char> output) {
  size_t length = 0;
  return snappy::GetUncompressedLength(input.data(), input.size(), &length) &&
         length == output.size() &&
         snappy::RawUncompress(input.data(), input.size(), output.data());
}

bool DecompressZstd(std::string_view input, std::span<char> output) {
  const PerThread<ZstdContext> zstd;
  const size_t got =
      ZSTD_decompressDCtx(zstd->context, output.data(), output.size(), input.data(), input.size());
  if (LacksMemory(got)) {
    throw std::bad_alloc();  // the bytes may be good all the same
  }
  return !ZSTD_isError(got) && got == output.size();
}

}  // namespace

std::string_view CodecName(Codec codec) {
  switch (codec) {
    case Codec::kNone:
      return "UNCOMPRESSED";
    case Codec::kSnappy:
      return "SNAPPY";
    case Codec::kZstd:
      return "ZSTD";
    case Codec::kLz4Raw:
      return "LZ4_RAW";
  }
  return "unknown codec";
}

absl::StatusOr<Codec> CodecFromParquetId(int32_t id) {
  switch (id) {
    case 0:
      return Codec::kNone;
    case 1:
      return Codec::kSnappy;
    case 6:
      return Codec::kZstd;
    case 7:
      return Codec::kLz4Raw;
    case 2:
      return Unimplemented("Parquet codec GZIP");
    case 3:
      return Unimplemented("Parquet codec LZO");
    case 4:
      return Unimplemented("Parquet codec BROTLI");
    case 5:
      return Unimplemented("Parquet codec LZ4 (deprecated)");
    default:
      return Unimplemented("Parquet codec " + std::to_string(id));
  }
}

Compressor::Compressor(Codec codec, int level) : codec_(codec), level_(level) {
  if (codec == Codec::kZstd) {
    context_ = ZSTD_createCCtx();
    if (context_ == nullptr) {
      throw std::bad_alloc();
    }
  } else if (codec == Codec::kLz4Raw) {
    context_ = ::operator new(static_cast<size_t>(LZ4_sizeofState()));
  }
}

Compressor::~Compressor() {
  if (codec_ == Codec::kZstd) {
    ZSTD_freeCCtx(static_cast<ZSTD_CCtx*>(context_));
  } else if (codec_ == Codec::kLz4Raw) {
    ::operator delete(context_);
  }
}

absl::Status Compressor::Compress(std::string_view input, std::string* out) {
  if (input.size() > kMaxInputBytes) {
    return InvalidArgument("page of " + std::to_string(input.size()) + " bytes to compress");
  }
  const size_t start = out->size();
  size_t bound = 0;
  switch (codec_) {
    case Codec::kNone:
      out->append(input);
      return absl::OkStatus();
    case Codec::kSnappy:
      bound = snappy::MaxCompressedLength(input.size());
      break;
    case Codec::kZstd:
      bound = ZSTD_compressBound(input.size());
      break;
    case Codec::kLz4Raw:
      bound = static_cast<size_t>(LZ4_compressBound(static_cast<int>(input.size())));
      break;
  }
  out->resize(start + bound);
  const size_t length = CompressInto(input, out->data() + start, bound);
  VERALITH_CHECK(length != 0 && length <= bound);  // bounds given by the libraries suffice
  out->resize(start + length);
  return absl::OkStatus();
}

size_t Compressor::CompressInto(std::string_view input, char* out, size_t bound) {
  if (codec_ == Codec::kSnappy) {
    size_t length = 0;
    snappy::RawCompress(input.data(), input.size(), out, &length);
    return length;
  }
  if (codec_ == Codec::kZstd) {
    const size_t length = ZSTD_compressCCtx(static_cast<ZSTD_CCtx*>(context_), out, bound,
                                            input.data(), input.size(), level_);
    if (LacksMemory(length)) {
      throw std::bad_alloc();
    }
    return ZSTD_isError(length) ? 0 : length;
  }
  const int length = LZ4_compress_fast_extState(
      context_, input.data(), out, static_cast<int>(input.size()), static_cast<int>(bound), 1);
  return length < 0 ? 0 : static_cast<size_t>(length);
}

absl::Status Decompress(Codec codec, std::string_view input, std::span<char> output) {
  // Some writers store an empty page as no bytes at all, whatever the codec.
  bool good = input.empty() && output.empty();
  if (!good) {
    switch (codec) {
      case Codec::kNone:
        good = input.size() == output.size();
        if (good) {
          input.copy(output.data(), output.size());
        }
        break;
      case Codec::kSnappy:
        good = DecompressSnappy(input, output);
        break;
      case Codec::kZstd:
        good = DecompressZstd(input, output);
        break;
      case Codec::kLz4Raw:
        good = DecompressLz4(input, output);
        break;
    }
  }
  return good ? absl::OkStatus() : BadData(codec, output.size());
}

}  // namespace veralith::parquet
