// SPDX-License-Identifier: Apache-2.0

// Eight bytes of a key as a number that orders as they do: big-endian, with zeros after the key's
// end. If two such numbers differ, so do the keys, in the same direction.
#ifndef VERALITH_CORE_FORMAT_KEY_CHUNK_H_
#define VERALITH_CORE_FORMAT_KEY_CHUNK_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/format/coding.h"

namespace veralith {

// Returns the chunk from `at` on, which may be beyond the end. Reads nothing outside the key.
inline uint64_t KeyChunk(std::string_view key, size_t at) {
  if (at + 8 <= key.size()) {
    return LoadBe64(key.data() + at);
  }
  if (at >= key.size()) {
    return 0;
  }
  const size_t n = key.size() - at;
  if (key.size() >= 8) {
    return LoadBe64(key.data() + key.size() - 8) << (8 * (8 - n));
  }
  char padded[8] = {};
  std::memcpy(padded, key.data() + at, n);
  return LoadBe64(padded);
}

// Returns the first chunk of a key at whose data eight bytes can be read, however short it is.
inline uint64_t KeyChunkWithSlack(std::string_view key) {
  const uint64_t bytes = LoadBe64(key.data());
  if (key.size() >= 8) {
    return bytes;
  }
  return key.empty() ? 0 : bytes & ~uint64_t{0} << (8 * (8 - key.size()));
}

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_KEY_CHUNK_H_
