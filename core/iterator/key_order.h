// SPDX-License-Identifier: Apache-2.0

// The order of keys, inline: for merges, which compare short keys all the time.
#ifndef VERALITH_CORE_ITERATOR_KEY_ORDER_H_
#define VERALITH_CORE_ITERATOR_KEY_ORDER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace veralith {

// Negative, zero or positive: the same as CompareBytes (core/format/entry.h), eight bytes at a
// time.
inline int CompareKeys(std::string_view a, std::string_view b) {
  const size_t common = a.size() < b.size() ? a.size() : b.size();
  const auto order_at = [&](size_t i) {
    uint64_t x;
    uint64_t y;
    std::memcpy(&x, a.data() + i, 8);
    std::memcpy(&y, b.data() + i, 8);
    if (x == y) {
      return 0;
    }
    return __builtin_bswap64(x) < __builtin_bswap64(y) ? -1 : 1;
  };
  size_t i = 0;
  for (; i + 8 <= common; i += 8) {
    if (const int order = order_at(i); order != 0) {
      return order;
    }
  }
  if (i < common) {
    // The last eight bytes, of which the first are equal; or the few there are.
    const int order = common >= 8 ? order_at(common - 8) : std::memcmp(a.data(), b.data(), common);
    if (order != 0) {
      return order;
    }
  }
  return a.size() < b.size() ? -1 : (a.size() > b.size() ? 1 : 0);
}

// Keys that are neighbours differ near their ends.
inline bool SameKey(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) {
    return false;
  }
  if (a.size() < 8) {
    return a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0;
  }
  uint64_t x;
  uint64_t y;
  std::memcpy(&x, a.data() + a.size() - 8, 8);
  std::memcpy(&y, b.data() + b.size() - 8, 8);
  return x == y && std::memcmp(a.data(), b.data(), a.size() - 8) == 0;
}

}  // namespace veralith

#endif  // VERALITH_CORE_ITERATOR_KEY_ORDER_H_
