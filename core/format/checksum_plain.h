// SPDX-License-Identifier: Apache-2.0

// The checksums of checksum.h in plain code, for any processor: tables, eight bytes a step
// ("slicing by 8", about 2 GB/s).
//
// Here and in checksum_instructions.h, functions take and return the register of the computation,
// which is the complement of the checksum. Pure functions, any thread.
#ifndef VERALITH_CORE_FORMAT_CHECKSUM_PLAIN_H_
#define VERALITH_CORE_FORMAT_CHECKSUM_PLAIN_H_

#include <cstdint>
#include <string_view>

namespace veralith {

// The highest power is the lowest bit.
inline constexpr uint32_t kCrc32cPolynomial = 0x82f63b78;
inline constexpr uint32_t kCrc32Polynomial = 0xedb88320;

uint32_t PlainCrc32c(uint32_t state, std::string_view bytes);
uint32_t PlainCrc32(uint32_t state, std::string_view bytes);

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_CHECKSUM_PLAIN_H_
