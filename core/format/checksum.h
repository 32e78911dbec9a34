// SPDX-License-Identifier: Apache-2.0

// The two checksums of Veralith's files: CRC-32C (Castagnoli, RFC 3720 appendix B.4) in its own
// structures, and CRC-32 (IEEE 802.3, as zlib and gzip) in Parquet page headers.
//
// ISA-L computes long ones, in builds that have it (VERALITH_WITH_ISAL). All else is ours: the
// processor's instructions if it has them (cpu.h), plain code if not. On x86 long inputs run at
// about 20 GB/s, short ones at 8 bytes per ns.
//
// Both continue: Crc32c(Crc32c(0, a), b) == Crc32c(0, a + b); the checksum of nothing is 0.
// Pure functions, any thread.
#ifndef VERALITH_CORE_FORMAT_CHECKSUM_H_
#define VERALITH_CORE_FORMAT_CHECKSUM_H_

#include <cstdint>
#include <string_view>

namespace veralith {

// Returns the CRC-32C of the bytes that `seed` is the checksum of (0: no bytes), followed by
// `bytes`.
uint32_t Crc32c(uint32_t seed, std::string_view bytes);
inline uint32_t Crc32c(std::string_view bytes) { return Crc32c(0, bytes); }

// The same with the CRC-32 of zlib, gzip and Parquet.
uint32_t Crc32(uint32_t seed, std::string_view bytes);
inline uint32_t Crc32(std::string_view bytes) { return Crc32(0, bytes); }

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_CHECKSUM_H_
