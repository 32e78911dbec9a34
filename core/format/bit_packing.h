// SPDX-License-Identifier: Apache-2.0

// Groups of 32 unsigned integers of one bit width, least significant bit first, as Parquet packs
// them: 4 * width bytes each. There is one specialised function per width: no branch per value, and
// 64-bit loads that stay inside the group.
//
// The callers have checked the widths (at most 32 or 64 bits, as the type) and the room.
#ifndef VERALITH_CORE_FORMAT_BIT_PACKING_H_
#define VERALITH_CORE_FORMAT_BIT_PACKING_H_

#include <cstddef>
#include <cstdint>

namespace veralith::parquet {

inline constexpr size_t kPackGroup = 32;

// Reads exactly 4 * width bytes, writes 32 values.
void Unpack32(const char* in, int width, uint32_t* out);
void Unpack32(const char* in, int width, uint64_t* out);

// Reads 32 values, each < 2^width, writes exactly 4 * width bytes.
void Pack32(const uint32_t* in, int width, char* out);
void Pack32(const uint64_t* in, int width, char* out);

// Bits needed for value: 0 for 0.
inline int BitWidth(uint64_t value) { return value == 0 ? 0 : 64 - __builtin_clzll(value); }

}  // namespace veralith::parquet

#endif  // VERALITH_CORE_FORMAT_BIT_PACKING_H_
