// SPDX-License-Identifier: Apache-2.0

// The length of the longest common prefix of two byte strings, eight bytes at a time.
#ifndef VERALITH_CORE_FORMAT_COMMON_PREFIX_H_
#define VERALITH_CORE_FORMAT_COMMON_PREFIX_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace veralith {

inline size_t CommonPrefix(std::string_view a, std::string_view b) {
  const size_t limit = a.size() < b.size() ? a.size() : b.size();
  size_t i = 0;
  for (; i + 8 <= limit; i += 8) {
    uint64_t x;
    uint64_t y;
    std::memcpy(&x, a.data() + i, 8);
    std::memcpy(&y, b.data() + i, 8);
    if (x != y) {
      return i + static_cast<size_t>(std::countr_zero(x ^ y)) / 8;
    }
  }
  while (i < limit && a[i] == b[i]) {
    ++i;
  }
  return i;
}

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_COMMON_PREFIX_H_
