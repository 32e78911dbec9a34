// SPDX-License-Identifier: Apache-2.0

// Bytes as a version edit: what decodes is exactly the encoding of the edit.
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/check.h"
#include "core/format/version_edit.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace veralith;  // NOLINT: a harness
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto edit = DecodeVersionEdit(bytes);
  if (edit.ok()) {
    std::string again;
    EncodeVersionEdit(*edit, &again);
    VERALITH_CHECK(again == bytes);
  }
  return 0;
}
