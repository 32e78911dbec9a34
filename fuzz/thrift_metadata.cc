// SPDX-License-Identifier: Apache-2.0

// Footer and page indexes of Parquet: what decodes encodes to bytes that decode to the same value.
// The footer's checksum entry must hold for a footer that we sealed from any decoded metadata.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/check.h"
#include "core/format/parquet_metadata.h"
#include "core/format/segment_footer.h"

namespace veralith {
namespace {

void TryFooter(std::string_view bytes) {
  auto value = parquet::DecodeFileMetaData(bytes);
  if (!value.ok()) {
    return;
  }
  std::string again;
  AppendFileMetaData(*value, &again);
  VERALITH_CHECK(parquet::DecodeFileMetaData(again).value() == *value);
  (void)CheckFooter(bytes, *value);
  std::string sealed;
  AppendSealedFooter(*value, &sealed);
  VERALITH_CHECK(CheckFooter(sealed, parquet::DecodeFileMetaData(sealed).value()).ok());
}

void TryOffsetIndex(std::string_view bytes) {
  const auto value = parquet::DecodeOffsetIndex(bytes);
  if (value.ok()) {
    std::string again;
    AppendOffsetIndex(*value, &again);
    VERALITH_CHECK(parquet::DecodeOffsetIndex(again).value() == *value);
  }
}

void TryColumnIndex(std::string_view bytes) {
  const auto value = parquet::DecodeColumnIndex(bytes);
  if (value.ok()) {
    std::string again;
    AppendColumnIndex(*value, &again);
    VERALITH_CHECK(parquet::DecodeColumnIndex(again).value() == *value);
  }
}

}  // namespace
}  // namespace veralith

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  veralith::TryFooter(bytes);
  veralith::TryOffsetIndex(bytes);
  veralith::TryColumnIndex(bytes);
  return 0;
}
