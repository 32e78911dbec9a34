// SPDX-License-Identifier: Apache-2.0

// Bytes as a filter: one that parses answers every question as FORMAT.md says, bit by bit. Bytes as
// hashes: a filter built from them parses, and contains them all.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/format/coding.h"
#include "core/format/filter.h"

namespace veralith {
namespace {

std::vector<uint64_t> HashesOf(std::string_view bytes) {
  std::vector<uint64_t> hashes = {0, UINT64_MAX, uint64_t{1} << 63, 0xffffffff};
  for (size_t at = 0; at + 8 <= bytes.size(); at += 8) {
    hashes.push_back(LoadLe64(bytes.data() + at));
  }
  return hashes;
}

// FORMAT.md, "Filter", word by word.
bool MayContainByFormat(std::string_view filter, uint64_t hash) {
  const auto probes = static_cast<uint8_t>(filter[1]);
  const uint64_t blocks = LoadLe32(filter.data() + 4);
  if (blocks == 0) {
    return false;
  }
  const char* const block = filter.data() + 64 + 64 * ((hash >> 32) * blocks >> 32);
  uint32_t x = static_cast<uint32_t>(hash) * 0x9e3779b9u;
  for (int i = 0; i < probes; ++i, x *= 0x9e3779b9u) {
    const uint32_t bit = x >> 23;
    if ((static_cast<uint8_t>(block[bit / 8]) >> bit % 8 & 1) == 0) {
      return false;
    }
  }
  return true;
}

void CheckBuilt(const std::vector<uint64_t>& hashes, double bits_per_key) {
  FilterBuilder builder(bits_per_key);
  for (const uint64_t hash : hashes) {
    builder.Add(hash);
  }
  const std::string built = builder.Finish();
  const auto filter = FilterView::Parse(built);
  VERALITH_CHECK(filter.ok());
  for (const uint64_t hash : hashes) {
    VERALITH_CHECK(filter->MayContain(hash));
  }
}

}  // namespace
}  // namespace veralith

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace veralith;  // NOLINT: a harness
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::vector<uint64_t> hashes = HashesOf(bytes);
  const auto filter = FilterView::Parse(bytes);
  if (filter.ok()) {
    VERALITH_CHECK(bytes.size() == 64 + size_t{64} * filter->num_blocks());
    for (const uint64_t hash : hashes) {
      VERALITH_CHECK(filter->MayContain(hash) == MayContainByFormat(bytes, hash));
    }
  }
  CheckBuilt(hashes, size == 0 ? 10 : 0.25 * (1 + data[0]));
  return 0;
}
