// SPDX-License-Identifier: Apache-2.0

// The checksums of checksum.h with the processor's instructions. On x86, SSE4.2 has CRC-32C for
// eight bytes in three cycles; PCLMULQDQ folds CRC-32, 64 bytes a step. ARM has instructions for
// both. Both run at 8 to 10 GB/s.
//
// Registers as in checksum_plain.h. Pure functions, any thread.
#ifndef VERALITH_CORE_FORMAT_CHECKSUM_INSTRUCTIONS_H_
#define VERALITH_CORE_FORMAT_CHECKSUM_INSTRUCTIONS_H_

#include <cstdint>
#include <string_view>

namespace veralith {

// Only for a processor with kThisCpu.crc32c.
uint32_t InstructionCrc32c(uint32_t state, std::string_view bytes);

// For any processor: what it has no instructions for is done by the plain code.
uint32_t InstructionCrc32(uint32_t state, std::string_view bytes);

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_CHECKSUM_INSTRUCTIONS_H_
