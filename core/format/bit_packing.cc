// SPDX-License-Identifier: Apache-2.0

#include "core/format/bit_packing.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace veralith::parquet {
namespace {

uint64_t Load64(const char* in) {
  uint64_t value;
  std::memcpy(&value, in, sizeof(value));
  return value;
}

// Reads value I of a group. The eight bytes loaded never reach beyond the group's end.
template <typename T, int W, size_t I>
inline T UnpackOne(const char* in) {
  if constexpr (W == 0) {
    return 0;
  } else if constexpr (W == 1) {  // the group is shorter than eight bytes
    uint32_t word;
    std::memcpy(&word, in, sizeof(word));
    return static_cast<T>(word >> I & 1);
  } else {
    constexpr size_t kBit = I * W;
    constexpr size_t kByte = std::min<size_t>(kBit / 8, 4 * W - 8);
    constexpr int kShift = static_cast<int>(kBit - 8 * kByte);
    constexpr uint64_t kMask = W == 64 ? ~uint64_t{0} : (uint64_t{1} << (W % 64)) - 1;
    uint64_t value = Load64(in + kByte) >> kShift;
    if constexpr (kShift + W > 64) {
      value |= static_cast<uint64_t>(static_cast<uint8_t>(in[kByte + 8])) << (64 - kShift);
    }
    return static_cast<T>(value & kMask);
  }
}

template <typename T, int W>
void UnpackGroup(const char* in, T* out) {
  [&]<size_t... I>(std::index_sequence<I...>) {
    ((out[I] = UnpackOne<T, W, I>(in)), ...);
  }(std::make_index_sequence<kPackGroup>());
}

template <typename T, int W>
void PackGroup(const T* in, char* out) {
  uint64_t word = 0;
  int used = 0;
#ifdef __clang__
#pragma clang loop unroll(full)
#else
#pragma GCC unroll 32
#endif
  for (size_t i = 0; i < (W == 0 ? 0 : kPackGroup); ++i) {
    const uint64_t value = in[i];
    word |= value << used;
    used += W;
    if (used >= 64) {
      std::memcpy(out, &word, sizeof(word));
      out += sizeof(word);
      used -= 64;
      word = used == 0 ? 0 : value >> (W - used);
    }
  }
  if constexpr (W % 2 == 1) {  // 32 * W bits end in the middle of a 64-bit word
    std::memcpy(out, &word, sizeof(uint32_t));
  }
}

template <typename T>
using Unpacker = void (*)(const char*, T*);
template <typename T>
using Packer = void (*)(const T*, char*);

template <typename T, size_t... W>
consteval std::array<Unpacker<T>, sizeof...(W)> Unpackers(std::index_sequence<W...>) {
  return {&UnpackGroup<T, static_cast<int>(W)>...};
}

template <typename T, size_t... W>
consteval std::array<Packer<T>, sizeof...(W)> Packers(std::index_sequence<W...>) {
  return {&PackGroup<T, static_cast<int>(W)>...};
}

constexpr auto kUnpack32 = Unpackers<uint32_t>(std::make_index_sequence<33>());
constexpr auto kUnpack64 = Unpackers<uint64_t>(std::make_index_sequence<65>());
constexpr auto kPack32 = Packers<uint32_t>(std::make_index_sequence<33>());
constexpr auto kPack64 = Packers<uint64_t>(std::make_index_sequence<65>());

}  // namespace

void Unpack32(const char* in, int width, uint32_t* out) {
  kUnpack32[static_cast<size_t>(width)](in, out);
}
void Unpack32(const char* in, int width, uint64_t* out) {
  kUnpack64[static_cast<size_t>(width)](in, out);
}
void Pack32(const uint32_t* in, int width, char* out) {
  kPack32[static_cast<size_t>(width)](in, out);
}
void Pack32(const uint64_t* in, int width, char* out) {
  kPack64[static_cast<size_t>(width)](in, out);
}

}  // namespace veralith::parquet
