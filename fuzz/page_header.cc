// SPDX-License-Identifier: Apache-2.0

// Headers of pages and of bloom filters. What decodes encodes to bytes that decode to the same
// value and are used up entirely. The bytes that a decoder says it consumed decode alone to the
// same value.
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/check.h"
#include "core/format/parquet_metadata.h"

namespace veralith::parquet {
namespace {

void TryPageHeader(std::string_view bytes) {
  size_t consumed = 0;
  const auto value = DecodePageHeader(bytes, &consumed);
  if (!value.ok()) {
    return;
  }
  VERALITH_CHECK(consumed <= bytes.size() && consumed <= kMaxPageHeaderBytes);
  size_t alone = 0;
  VERALITH_CHECK(DecodePageHeader(bytes.substr(0, consumed), &alone).value() == *value);
  VERALITH_CHECK(alone == consumed);
  VERALITH_CHECK(!DecodePageHeader(bytes.substr(0, consumed - 1), &alone).ok());
  std::string again;
  AppendPageHeader(*value, &again);
  VERALITH_CHECK(DecodePageHeader(again, &alone).value() == *value);
  VERALITH_CHECK(alone == again.size());
}

void TryBloomFilterHeader(std::string_view bytes) {
  size_t consumed = 0;
  const auto value = DecodeBloomFilterHeader(bytes, &consumed);
  if (value.ok()) {
    std::string again;
    AppendBloomFilterHeader(*value, &again);
    VERALITH_CHECK(DecodeBloomFilterHeader(again, &consumed).value() == *value);
    VERALITH_CHECK(consumed == again.size());
  }
}

}  // namespace
}  // namespace veralith::parquet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  veralith::parquet::TryPageHeader(bytes);
  veralith::parquet::TryBloomFilterHeader(bytes);
  return 0;
}
