// SPDX-License-Identifier: Apache-2.0

// Codecs. Input: a byte that selects codec and direction, two bytes of size, then bytes.
// Decompressing: what fits exactly must compress and decompress to the same again. Compressing: the
// bytes must come back at their own size, and at no other.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/check.h"
#include "core/format/compression.h"

namespace veralith::parquet {
namespace {

bool Decompresses(Codec codec, std::string_view bytes, size_t size, std::string* out) {
  // Has exactly this size, so that AddressSanitizer sees a byte too many.
  std::unique_ptr<char[]> buffer(new char[size]);
  const bool good = Decompress(codec, bytes, {buffer.get(), size}).ok();
  out->assign(buffer.get(), good ? size : 0);
  return good;
}

void TryCompress(Codec codec, std::string_view bytes) {
  std::string packed;
  VERALITH_CHECK(Compressor(codec).Compress(bytes, &packed).ok());
  std::string out;
  VERALITH_CHECK(Decompresses(codec, packed, bytes.size(), &out) && out == bytes);
  VERALITH_CHECK(!Decompresses(codec, packed, bytes.size() + 1, &out));
  VERALITH_CHECK(bytes.empty() || !Decompresses(codec, packed, bytes.size() - 1, &out));
}

void TryDecompress(Codec codec, std::string_view bytes, size_t size) {
  std::string out;
  if (Decompresses(codec, bytes, size, &out)) {
    TryCompress(codec, out);
  }
}

}  // namespace
}  // namespace veralith::parquet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using veralith::parquet::Codec;
  constexpr Codec kCodecs[] = {Codec::kNone, Codec::kSnappy, Codec::kZstd, Codec::kLz4Raw};
  if (size >= 3) {
    const Codec codec = kCodecs[data[0] % 4];
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 3, size - 3);
    if ((data[0] & 4) == 0) {
      veralith::parquet::TryDecompress(codec, bytes, data[1] | size_t{data[2]} << 8);
    } else {
      veralith::parquet::TryCompress(codec, bytes);
    }
  }
  return 0;
}
