// SPDX-License-Identifier: Apache-2.0

#include "core/format/plain_encoding.h"

#include <cstring>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/format/byte_cursor.h"

namespace veralith::parquet {
namespace {

template <typename T>
void AppendRaw(std::span<const T> values, std::string* out) {
  out->append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

template <typename T>
absl::StatusOr<size_t> DecodeRaw(std::string_view bytes, std::span<T> out) {
  if (bytes.size() / sizeof(T) < out.size()) {
    return DataLoss("PLAIN page data shorter than its " + std::to_string(out.size()) + " values");
  }
  if (!out.empty()) {
    std::memcpy(out.data(), bytes.data(), out.size_bytes());
  }
  return out.size_bytes();
}

}  // namespace

void AppendPlain(std::span<const int32_t> values, std::string* out) { AppendRaw(values, out); }
void AppendPlain(std::span<const int64_t> values, std::string* out) { AppendRaw(values, out); }

void AppendPlainByteArray(std::string_view value, std::string* out) {
  VERALITH_CHECK(value.size() <= INT32_MAX);
  const uint32_t length = static_cast<uint32_t>(value.size());
  out->append(reinterpret_cast<const char*>(&length), sizeof(length));
  out->append(value);
}

absl::StatusOr<size_t> DecodePlain(std::string_view bytes, std::span<int32_t> out) {
  return DecodeRaw(bytes, out);
}
absl::StatusOr<size_t> DecodePlain(std::string_view bytes, std::span<int64_t> out) {
  return DecodeRaw(bytes, out);
}

absl::StatusOr<size_t> DecodePlainByteArray(std::string_view bytes, std::span<uint32_t> offsets,
                                            std::span<uint32_t> lengths) {
  VERALITH_CHECK(offsets.size() == lengths.size());
  if (bytes.size() > UINT32_MAX) {
    return InvalidArgument("page data of 4 GiB or more");
  }
  ByteCursor cursor(bytes);
  for (size_t i = 0; i < offsets.size(); ++i) {
    uint32_t length = 0;
    if (cursor.remaining() < sizeof(length)) {
      return cursor.Error("PLAIN BYTE_ARRAY without its length");
    }
    std::memcpy(&length, cursor.data(), sizeof(length));
    cursor.Advance(sizeof(length));
    if (cursor.remaining() < length) {
      return cursor.Error("PLAIN BYTE_ARRAY longer than the page data");
    }
    offsets[i] = static_cast<uint32_t>(cursor.offset());
    lengths[i] = length;
    cursor.Advance(length);
  }
  return cursor.offset();
}

}  // namespace veralith::parquet
