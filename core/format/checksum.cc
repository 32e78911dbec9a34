// SPDX-License-Identifier: Apache-2.0

#include "core/format/checksum.h"

#include <cstddef>

#include "core/base/cpu.h"
#include "core/format/checksum_instructions.h"
#include "core/format/checksum_plain.h"

#if defined(VERALITH_WITH_ISAL)
#include <isa-l/crc.h>
#endif

namespace veralith {
namespace {

uint32_t OurCrc32c(uint32_t state, std::string_view bytes) {
  return kThisCpu.crc32c ? InstructionCrc32c(state, bytes) : PlainCrc32c(state, bytes);
}

#if defined(VERALITH_WITH_ISAL)
uint32_t LongCrc32c(uint32_t state, std::string_view bytes) {
  constexpr size_t kChunkBytes = size_t{1} << 30;  // the length is an int
  while (!bytes.empty()) {
    const std::string_view chunk = bytes.substr(0, kChunkBytes);
    // The parameter is not const; the function only reads.
    auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(chunk.data()));
    state = crc32_iscsi(data, static_cast<int>(chunk.size()), state);
    bytes.remove_prefix(chunk.size());
  }
  return state;
}

uint32_t AnyCrc32(uint32_t state, std::string_view bytes) {
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  return ~crc32_gzip_refl(~state, data, bytes.size());  // it takes and returns checksums
}
#else
constexpr auto& LongCrc32c = OurCrc32c;
constexpr auto& AnyCrc32 = InstructionCrc32;
#endif

}  // namespace

uint32_t Crc32c(uint32_t seed, std::string_view bytes) {
  constexpr size_t kShortBytes = 256;  // below, the setup of ISA-L costs more than it saves
  const uint32_t state = ~seed;
  return ~(bytes.size() > kShortBytes ? LongCrc32c(state, bytes) : OurCrc32c(state, bytes));
}

uint32_t Crc32(uint32_t seed, std::string_view bytes) {
  return bytes.empty() ? seed : ~AnyCrc32(~seed, bytes);
}

}  // namespace veralith
