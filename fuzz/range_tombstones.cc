// SPDX-License-Identifier: Apache-2.0

// Bytes as a list of range tombstones: what decodes is exactly the encoding of its list.
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/check.h"
#include "core/format/range_tombstone_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace veralith;  // NOLINT: a harness
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto list = DecodeRangeTombstones(bytes);
  if (list.ok()) {
    std::string again;
    VERALITH_CHECK(AppendRangeTombstones(&again, *list).ok());
    VERALITH_CHECK(again == bytes);
  }
  return 0;
}
