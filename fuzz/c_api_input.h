// SPDX-License-Identifier: Apache-2.0

// The bytes of an input as arguments of calls: a byte each for a key, a namespace, a size.
// After the end every byte is 0.
#ifndef FUZZ_C_API_INPUT_H_
#define FUZZ_C_API_INPUT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "veralith/bound.h"
#include "veralith/c.h"

namespace veralith::c_api {

class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  size_t Byte() {
    const size_t byte = bytes_.empty() ? 0 : static_cast<uint8_t>(bytes_[0]);
    bytes_.remove_prefix(bytes_.empty() ? 0 : 1);
    return byte;
  }
  std::string Text(size_t most) {
    const std::string text(bytes_.substr(0, Byte() % (most + 1)));
    bytes_.remove_prefix(std::min(text.size(), bytes_.size()));
    return text.substr(0, text.find('\0'));
  }
  // Up to three letters of four; one byte of 64 is a long key.
  std::string Key() {
    const size_t byte = Byte();
    if (byte >= 252) {
      return std::string(byte == 255 ? VERALITH_MAX_KEY_BYTES : 300, 'b');
    }
    std::string key;
    for (size_t i = 0; i < byte % 4; ++i) {
      key += static_cast<char>('a' + (byte >> (2 * i + 2) & 3));
    }
    return key;
  }
  uint64_t Namespace() {
    const size_t byte = Byte();
    return byte < 200 ? 0 : byte < 250 ? 1 : INT64_MAX;
  }

 private:
  std::string_view bytes_;
};

// Two bounds, for C++ and for C; it must not move.
struct Range {
  explicit Range(Input& input) {
    const size_t byte = input.Byte();
    lower.kind = static_cast<Bound::Kind>(byte % 3);
    upper.kind = static_cast<Bound::Kind>(byte / 3 % 3);
    lower.key = input.Key();
    upper.key = input.Key();
    from = {static_cast<int32_t>(lower.kind), 0, lower.key.data(), lower.key.size()};
    to = {static_cast<int32_t>(upper.kind), 0, upper.key.data(), upper.key.size()};
  }
  Range(const Range&) = delete;
  Range& operator=(const Range&) = delete;
  Bound lower, upper;
  veralith_bound_t from, to;
};

}  // namespace veralith::c_api

#endif  // FUZZ_C_API_INPUT_H_
