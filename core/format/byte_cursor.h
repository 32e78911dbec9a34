// SPDX-License-Identifier: Apache-2.0

// A cursor over the bytes of a page, for the encodings: it reads varints as Parquet uses them
// (ULEB128, zigzag) and makes the error that names the offset. It never moves past the end.
#ifndef VERALITH_CORE_FORMAT_BYTE_CURSOR_H_
#define VERALITH_CORE_FORMAT_BYTE_CURSOR_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace veralith::parquet {

class ByteCursor {
 public:
  explicit ByteCursor(std::string_view bytes) : bytes_(bytes) {}

  size_t offset() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }
  const char* data() const { return bytes_.data() + position_; }
  void Advance(size_t count) { position_ += count; }  // count <= remaining()

  // Returns false at the end of the bytes, or if the value has more than 64 bits.
  bool ReadVarint(uint64_t* value) {
    uint64_t result = 0;
    for (int shift = 0; shift < 64 && position_ < bytes_.size(); shift += 7) {
      const uint64_t byte = static_cast<uint8_t>(bytes_[position_++]);
      if (shift == 63 && byte > 1) {
        return false;
      }
      result |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        *value = result;
        return true;
      }
    }
    return false;
  }

  bool ReadZigzag(int64_t* value) {
    uint64_t raw = 0;
    if (!ReadVarint(&raw)) {
      return false;
    }
    *value = static_cast<int64_t>((raw >> 1) ^ (~(raw & 1) + 1));
    return true;
  }

  absl::Status Error(std::string_view what) const {
    std::string message(what);
    message.append(" at offset ").append(std::to_string(position_)).append(" of the page data");
    return DataLoss(message);
  }

 private:
  std::string_view bytes_;
  size_t position_ = 0;
};

inline void AppendVarint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

inline void AppendZigzag(int64_t value, std::string* out) {
  AppendVarint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63), out);
}

}  // namespace veralith::parquet

#endif  // VERALITH_CORE_FORMAT_BYTE_CURSOR_H_
