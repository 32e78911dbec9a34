// SPDX-License-Identifier: Apache-2.0

// Parquet's bloom filter. As a filter: what parses is a header and its bits, it answers without
// looking elsewhere, and a filter of all ones contains everything. As values, 8 bytes each: none
// that was inserted may be excluded, and a filter holds exactly what its insertions set.
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/format/parquet_bloom.h"

namespace veralith::parquet {
namespace {

std::vector<uint64_t> Hashes(std::string_view bytes) {
  std::vector<uint64_t> hashes(bytes.size() / 8);
  if (!hashes.empty()) {
    std::memcpy(hashes.data(), bytes.data(), hashes.size() * 8);
  }
  return hashes;
}

void TryFilter(std::string_view bytes) {
  const auto view = BloomView::Parse(bytes);
  if (!view.ok()) {
    return;
  }
  VERALITH_CHECK(view->bits().size() % kMinBloomBytes == 0);
  VERALITH_CHECK(view->bits().data() + view->bits().size() == bytes.data() + bytes.size());
  const bool full = view->bits().find_first_not_of('\xff') == std::string_view::npos;
  for (const uint64_t hash : Hashes(bytes)) {
    VERALITH_CHECK(view->MayContain(hash) || !full);
  }
}

void TryValues(size_t blocks, std::string_view bytes) {
  BloomBuilder builder(blocks * kMinBloomBytes);
  const std::vector<uint64_t> hashes = Hashes(bytes);
  for (const uint64_t hash : hashes) {
    builder.Insert(hash);
  }
  std::string filter;
  builder.AppendTo(&filter);
  const BloomView view = BloomView::Parse(filter).value();
  for (const uint64_t hash : hashes) {
    VERALITH_CHECK(view.MayContain(hash));
  }
  size_t ones = 0;
  for (const char byte : view.bits()) {
    ones += static_cast<size_t>(__builtin_popcount(static_cast<uint8_t>(byte)));
  }
  VERALITH_CHECK(ones <= 8 * hashes.size() && (hashes.empty() || ones >= 8));
}

}  // namespace
}  // namespace veralith::parquet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  veralith::parquet::TryFilter(bytes);
  if (!bytes.empty()) {
    veralith::parquet::TryValues(1 + data[0] % 16, bytes.substr(1));
  }
  return 0;
}
