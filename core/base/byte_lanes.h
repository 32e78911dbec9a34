// SPDX-License-Identifier: Apache-2.0

// Sixteen bytes that are compared at once: SSE2 on x86-64 and NEON on ARM64, which every such
// processor has, and plain code elsewhere. The compiler chooses, so nothing is decided at run time.
//
// ByteLanes is the one of this build. With VERALITH_PLAIN_CPU (--config=plain, core/base/cpu.bzl)
// it is the plain one. All that this processor has stand beside it, for byte_lanes_test.
//
// A mask holds one bit per lane: LaneOf tells the lane of the lowest bit, and mask & (mask - 1)
// removes it. Pure functions, any thread.
#ifndef VERALITH_CORE_BASE_BYTE_LANES_H_
#define VERALITH_CORE_BASE_BYTE_LANES_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace veralith {

inline constexpr size_t kLanes = 16;

static_assert(std::endian::native == std::endian::little, "lane 0 is a word's lowest byte");

// What the variants have in common, by the number of bits between two lanes' bits.
template <unsigned kBits>
struct LaneMask {
  // Returns a mask in which all bits of the first n (0 to 16) lanes are set.
  static uint64_t FirstLanes(size_t n) {
    if constexpr (kBits * kLanes == 64) {
      return n == 0 ? 0 : ~uint64_t{0} >> (64 - kBits * n);
    } else {
      return (uint64_t{1} << (kBits * n)) - 1;
    }
  }
  // Returns the first lane of a mask that is not 0.
  static unsigned LaneOf(uint64_t mask) {
    return static_cast<unsigned>(std::countr_zero(mask)) / kBits;
  }
};

// Plain code: two words of eight bytes.
class PlainLanes : public LaneMask<1> {
 public:
  static PlainLanes Load(const char* at) {
    PlainLanes lanes;
    std::memcpy(lanes.words_, at, sizeof(lanes.words_));
    return lanes;
  }
  static PlainLanes FromWords(uint64_t low, uint64_t high) { return {low, high}; }
  static PlainLanes All(uint8_t byte) { return {kOnes * byte, kOnes * byte}; }

  PlainLanes operator^(const PlainLanes& other) const {
    return {words_[0] ^ other.words_[0], words_[1] ^ other.words_[1]};
  }
  // Returns the lanes in which both have the same byte.
  uint64_t Equal(const PlainLanes& other) const {
    const PlainLanes differences = *this ^ other;
    return ZeroBytes(differences.words_[0]) | ZeroBytes(differences.words_[1]) << 8;
  }
  // Returns the lanes in which this byte is at least the other's.
  uint64_t AtLeast(const PlainLanes& floor) const {
    uint64_t mask = 0;
    for (unsigned lane = 0; lane < kLanes; ++lane) {
      mask |= uint64_t{Byte(lane) >= floor.Byte(lane)} << lane;
    }
    return mask;
  }
  // Returns the smallest byte of the first `used` lanes that is at least `floor`; 255 if none is.
  uint8_t SmallestAtLeast(uint8_t floor, size_t used) const {
    uint8_t smallest = 255;
    for (unsigned lane = 0; lane < used; ++lane) {
      const uint8_t byte = Byte(lane);
      smallest = byte >= floor ? std::min(smallest, byte) : smallest;
    }
    return smallest;
  }

 private:
  static constexpr uint64_t kOnes = 0x0101010101010101;
  static constexpr uint64_t kLow7 = 0x7f * kOnes;

  PlainLanes() : words_{} {}
  PlainLanes(uint64_t low, uint64_t high) : words_{low, high} {}

  // Returns one bit for each byte of the word that is 0.
  static uint64_t ZeroBytes(uint64_t word) {
    const uint64_t tops = ~(((word & kLow7) + kLow7) | word | kLow7);  // 0x80 where a byte is 0
    return ((tops >> 7) * 0x0102040810204080) >> 56;
  }
  uint8_t Byte(unsigned lane) const {
    return static_cast<uint8_t>(words_[lane / 8] >> (lane % 8 * 8));
  }

  uint64_t words_[2];
};

#if defined(__SSE2__)
class Sse2Lanes : public LaneMask<1> {
 public:
  static Sse2Lanes Load(const char* at) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  }
  static Sse2Lanes FromWords(uint64_t low, uint64_t high) {
    return _mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low));
  }
  static Sse2Lanes All(uint8_t byte) { return _mm_set1_epi8(static_cast<char>(byte)); }

  Sse2Lanes operator^(Sse2Lanes other) const { return _mm_xor_si128(bytes_, other.bytes_); }
  uint64_t Equal(Sse2Lanes other) const { return MaskOf(_mm_cmpeq_epi8(bytes_, other.bytes_)); }
  uint64_t AtLeast(Sse2Lanes floor) const { return MaskOf(Reached(floor)); }
  uint8_t SmallestAtLeast(uint8_t floor, size_t used) const {
    const __m128i places = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m128i in_use = _mm_cmplt_epi8(places, _mm_set1_epi8(static_cast<char>(used)));
    const __m128i candidates = _mm_and_si128(Reached(All(floor)), in_use);
    // All other lanes count as 255; then halves are compared with halves.
    __m128i least = _mm_or_si128(bytes_, _mm_xor_si128(candidates, _mm_set1_epi8(-1)));
    least = _mm_min_epu8(least, _mm_srli_si128(least, 8));
    least = _mm_min_epu8(least, _mm_srli_epi64(least, 32));
    least = _mm_min_epu8(least, _mm_srli_epi32(least, 16));
    least = _mm_min_epu8(least, _mm_srli_epi16(least, 8));
    return static_cast<uint8_t>(_mm_cvtsi128_si32(least));
  }

 private:
  Sse2Lanes(__m128i bytes) : bytes_(bytes) {}
  static uint64_t MaskOf(__m128i lanes) { return static_cast<uint32_t>(_mm_movemask_epi8(lanes)); }
  __m128i Reached(Sse2Lanes floor) const {
    return _mm_cmpeq_epi8(_mm_max_epu8(bytes_, floor.bytes_), bytes_);
  }

  __m128i bytes_;
};
#elif defined(__ARM_NEON) && defined(__aarch64__)
class NeonLanes : public LaneMask<4> {
 public:
  static NeonLanes Load(const char* at) { return vld1q_u8(reinterpret_cast<const uint8_t*>(at)); }
  static NeonLanes FromWords(uint64_t low, uint64_t high) {
    return vreinterpretq_u8_u64(vcombine_u64(vcreate_u64(low), vcreate_u64(high)));
  }
  static NeonLanes All(uint8_t byte) { return vdupq_n_u8(byte); }

  NeonLanes operator^(NeonLanes other) const { return veorq_u8(bytes_, other.bytes_); }
  uint64_t Equal(NeonLanes other) const { return MaskOf(vceqq_u8(bytes_, other.bytes_)); }
  uint64_t AtLeast(NeonLanes floor) const { return MaskOf(vcgeq_u8(bytes_, floor.bytes_)); }
  uint8_t SmallestAtLeast(uint8_t floor, size_t used) const {
    constexpr uint8_t kPlaces[kLanes] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const uint8x16_t in_use = vcltq_u8(vld1q_u8(kPlaces), vdupq_n_u8(static_cast<uint8_t>(used)));
    const uint8x16_t candidates = vandq_u8(vcgeq_u8(bytes_, vdupq_n_u8(floor)), in_use);
    return vminvq_u8(vornq_u8(bytes_, candidates));  // all other lanes count as 255
  }

 private:
  NeonLanes(uint8x16_t bytes) : bytes_(bytes) {}
  // Narrows each lane of 00 or FF to four bits, of which one stays.
  static uint64_t MaskOf(uint8x16_t lanes) {
    const uint8x8_t nibbles = vshrn_n_u16(vreinterpretq_u16_u8(lanes), 4);
    return vget_lane_u64(vreinterpret_u64_u8(nibbles), 0) & 0x1111111111111111;
  }

  uint8x16_t bytes_;
};
#endif

#if defined(VERALITH_PLAIN_CPU)
using ByteLanes = PlainLanes;
#elif defined(__SSE2__)
using ByteLanes = Sse2Lanes;
#elif defined(__ARM_NEON) && defined(__aarch64__)
using ByteLanes = NeonLanes;
#else
using ByteLanes = PlainLanes;
#endif

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_BYTE_LANES_H_
