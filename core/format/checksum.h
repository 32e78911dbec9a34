// The two checksums of Veralith's files: CRC-32C (Castagnoli, RFC 3720 appendix B.4) in its own
// structures, CRC-32 (IEEE 802.3, as zlib and gzip) in Parquet page headers. By ISA-L, and for
// short inputs by the processor's own crc32 instruction: about 20 GB/s long, 8 bytes per ns short.
//
// Both continue: Crc32c(Crc32c(0, a), b) == Crc32c(0, a + b); the checksum of nothing is 0.
// Pure functions, any thread.
#ifndef VERALITH_CORE_FORMAT_CHECKSUM_H_
#define VERALITH_CORE_FORMAT_CHECKSUM_H_

#include <cstdint>
#include <string_view>

namespace veralith {

// The CRC-32C of what `seed` is the checksum of (0: nothing) followed by `bytes`.
uint32_t Crc32c(uint32_t seed, std::string_view bytes);
inline uint32_t Crc32c(std::string_view bytes) { return Crc32c(0, bytes); }

// The same with the CRC-32 of zlib, gzip and Parquet.
uint32_t Crc32(uint32_t seed, std::string_view bytes);
inline uint32_t Crc32(std::string_view bytes) { return Crc32(0, bytes); }

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_CHECKSUM_H_
