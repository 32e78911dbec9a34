// SPDX-License-Identifier: Apache-2.0

// A byte that tells most keys apart. Never stored in a file: it comes from multiplications, which
// all processors do fast. Every bit of a word reaches the top byte of its product with an odd
// number. Pure function, any thread.
#ifndef VERALITH_CORE_SEGMENT_PAGE_KEY_FINGERPRINT_H_
#define VERALITH_CORE_SEGMENT_PAGE_KEY_FINGERPRINT_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/format/coding.h"
#include "core/format/key_chunk.h"

namespace veralith {

// Returns the fingerprint of a key, or of a part of one.
inline uint8_t KeyFingerprint(std::string_view key) {
  constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15;
  uint64_t state = key.size();
  size_t at = 0;
  for (; at + 8 < key.size(); at += 8) {
    state = (state ^ LoadLe64(key.data() + at)) * kMultiplier;
    state ^= state >> 32;
  }
  return static_cast<uint8_t>(((state ^ KeyChunk(key, at)) * kMultiplier) >> 56);
}

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_PAGE_KEY_FINGERPRINT_H_
