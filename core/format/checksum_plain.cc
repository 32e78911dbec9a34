// SPDX-License-Identifier: Apache-2.0

#include "core/format/checksum_plain.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace veralith {
namespace {

static_assert(std::endian::native == std::endian::little, "a word's first byte is its lowest");

constexpr size_t kSlices = 8;
// Entry b of slice s is the register after the byte b and s zero bytes, if it was 0 before.
using Tables = std::array<std::array<uint32_t, 256>, kSlices>;

consteval Tables TablesOf(uint32_t polynomial) {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t state = byte;
    for (int bit = 0; bit < 8; ++bit) {
      state = (state >> 1) ^ ((state & 1) != 0 ? polynomial : 0);
    }
    tables[0][byte] = state;
  }
  for (size_t slice = 1; slice < kSlices; ++slice) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t state = tables[slice - 1][byte];
      tables[slice][byte] = (state >> 8) ^ tables[0][state & 0xff];
    }
  }
  return tables;
}

constexpr Tables kCrc32cTables = TablesOf(kCrc32cPolynomial);
constexpr Tables kCrc32Tables = TablesOf(kCrc32Polynomial);

uint32_t Update(const Tables& tables, uint32_t state, std::string_view bytes) {
  while (bytes.size() >= kSlices) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof(word));
    word ^= state;
    state = 0;
    for (size_t i = 0; i < kSlices; ++i) {
      state ^= tables[kSlices - 1 - i][(word >> (8 * i)) & 0xff];
    }
    bytes.remove_prefix(kSlices);
  }
  for (const char c : bytes) {
    state = (state >> 8) ^ tables[0][(state ^ static_cast<uint8_t>(c)) & 0xff];
  }
  return state;
}

}  // namespace

uint32_t PlainCrc32c(uint32_t state, std::string_view bytes) {
  return Update(kCrc32cTables, state, bytes);
}

uint32_t PlainCrc32(uint32_t state, std::string_view bytes) {
  return Update(kCrc32Tables, state, bytes);
}

}  // namespace veralith
