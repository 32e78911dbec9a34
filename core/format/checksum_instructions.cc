// SPDX-License-Identifier: Apache-2.0

#include "core/format/checksum_instructions.h"

#include <cstddef>
#include <cstring>

#include "core/base/cpu.h"
#include "core/format/checksum_plain.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#endif

namespace veralith {

#if defined(__x86_64__)
namespace {

constexpr size_t kStepBytes = 64;

// Returns x^n modulo CRC-32's polynomial, as the upper half of a word. The highest power is the
// lowest bit, here and in all that follows.
consteval uint64_t PowerOfX(unsigned n) {
  uint32_t power = uint32_t{1} << 31;
  for (; n > 0; --n) {
    power = (power >> 1) ^ ((power & 1) != 0 ? kCrc32Polynomial : 0);
  }
  return uint64_t{power} << 32;
}

// Returns 128 bits that have the same remainder as lanes * x^kBits. A product of two such numbers
// comes out one place too high, so the factors are one power lower.
template <unsigned kBits>
[[gnu::target("pclmul")]] inline __m128i Shifted(__m128i lanes) {
  const __m128i powers = _mm_set_epi64x(static_cast<long long>(PowerOfX(kBits - 1)),
                                        static_cast<long long>(PowerOfX(kBits + 63)));
  return _mm_xor_si128(_mm_clmulepi64_si128(lanes, powers, 0x00),
                       _mm_clmulepi64_si128(lanes, powers, 0x11));
}

inline __m128i Load(const char* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

// Folds at least kStepBytes, all but the last 0 to 15, into sixteen that have the same remainder.
// The plain code goes through those, and through the last.
[[gnu::target("pclmul")]] uint32_t FoldedCrc32(uint32_t state, std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  __m128i a = _mm_xor_si128(Load(at), _mm_cvtsi32_si128(static_cast<int>(state)));
  __m128i b = Load(at + 16);
  __m128i c = Load(at + 32);
  __m128i d = Load(at + 48);
  for (at += kStepBytes; static_cast<size_t>(end - at) >= kStepBytes; at += kStepBytes) {
    a = _mm_xor_si128(Shifted<8 * kStepBytes>(a), Load(at));
    b = _mm_xor_si128(Shifted<8 * kStepBytes>(b), Load(at + 16));
    c = _mm_xor_si128(Shifted<8 * kStepBytes>(c), Load(at + 32));
    d = _mm_xor_si128(Shifted<8 * kStepBytes>(d), Load(at + 48));
  }
  a = _mm_xor_si128(Shifted<128>(a), b);
  a = _mm_xor_si128(Shifted<128>(a), c);
  a = _mm_xor_si128(Shifted<128>(a), d);
  for (; end - at >= 16; at += 16) {
    a = _mm_xor_si128(Shifted<128>(a), Load(at));
  }
  char folded[16];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(folded), a);
  state = PlainCrc32(0, {folded, sizeof(folded)});
  return PlainCrc32(state, {at, static_cast<size_t>(end - at)});
}

}  // namespace

[[gnu::target("sse4.2")]] uint32_t InstructionCrc32c(uint32_t state, std::string_view bytes) {
  uint64_t crc = state;
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  for (; end - at >= 8; at += 8) {
    uint64_t word;
    std::memcpy(&word, at, sizeof(word));
    crc = _mm_crc32_u64(crc, word);
  }
  auto narrow = static_cast<uint32_t>(crc);
  for (; at != end; ++at) {
    narrow = _mm_crc32_u8(narrow, static_cast<uint8_t>(*at));
  }
  return narrow;
}

uint32_t InstructionCrc32(uint32_t state, std::string_view bytes) {
  return kThisCpu.carryless_product && bytes.size() >= kStepBytes ? FoldedCrc32(state, bytes)
                                                                  : PlainCrc32(state, bytes);
}

#elif defined(__aarch64__)
namespace {

template <bool kCastagnoli>
[[gnu::target("+crc")]] uint32_t WordByWord(uint32_t state, std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  for (; end - at >= 8; at += 8) {
    uint64_t word;
    std::memcpy(&word, at, sizeof(word));
    state = kCastagnoli ? __crc32cd(state, word) : __crc32d(state, word);
  }
  for (; at != end; ++at) {
    const auto byte = static_cast<uint8_t>(*at);
    state = kCastagnoli ? __crc32cb(state, byte) : __crc32b(state, byte);
  }
  return state;
}

}  // namespace

uint32_t InstructionCrc32c(uint32_t state, std::string_view bytes) {
  return WordByWord</*kCastagnoli=*/true>(state, bytes);
}

uint32_t InstructionCrc32(uint32_t state, std::string_view bytes) {
  return kThisCpu.crc32 ? WordByWord</*kCastagnoli=*/false>(state, bytes)
                        : PlainCrc32(state, bytes);
}

#else

uint32_t InstructionCrc32c(uint32_t state, std::string_view bytes) {
  return PlainCrc32c(state, bytes);
}
uint32_t InstructionCrc32(uint32_t state, std::string_view bytes) {
  return PlainCrc32(state, bytes);
}

#endif

}  // namespace veralith
