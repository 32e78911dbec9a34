// SPDX-License-Identifier: Apache-2.0

// Decodes the portable 64-bit form of a roaring bitmap (RoaringFormatSpec) into rows: an
// independent check of position_set.h, whose code it does not share.
#ifndef VERALITH_CORE_ICEBERG_TESTING_ROARING_ROWS_H_
#define VERALITH_CORE_ICEBERG_TESTING_ROARING_ROWS_H_

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace veralith::iceberg {

class RoaringReader {
 public:
  explicit RoaringReader(std::string_view bytes) : bytes_(bytes) {}

  // The rows, in the order of the bytes; nothing if the bytes are no bitmap.
  std::optional<std::vector<uint64_t>> Read() {
    const uint64_t bitmaps = Number(8);
    for (uint64_t i = 0; i < bitmaps && ok_; ++i) {
      const uint64_t high = Number(4);
      ReadBitmap(high << 32);
    }
    return ok_ && at_ == bytes_.size() ? std::optional(std::move(rows_)) : std::nullopt;
  }

 private:
  uint64_t Number(size_t size) {
    uint64_t value = 0;
    ok_ = ok_ && size <= bytes_.size() - at_;
    for (size_t i = 0; i < size && ok_; ++i) {
      value |= uint64_t{static_cast<uint8_t>(bytes_[at_++])} << 8 * i;
    }
    return value;
  }

  void ReadBitmap(uint64_t base) {
    const size_t begin = at_;
    const uint64_t cookie = Number(4);
    const bool has_runs = (cookie & 0xffff) == 12347;
    ok_ = ok_ && (has_runs || cookie == 12346);
    const uint64_t count = has_runs ? (cookie >> 16) + 1 : Number(4);
    std::vector<bool> is_runs(count);
    for (uint64_t i = 0; has_runs && i < (count + 7) / 8 * 8 && ok_; i += 8) {
      const uint64_t flags = Number(1);
      for (uint64_t bit = 0; bit < 8 && i + bit < count; ++bit) {
        is_runs[i + bit] = (flags >> bit & 1) != 0;
      }
    }
    std::vector<std::pair<uint64_t, uint64_t>> keys;  // and cardinalities
    for (uint64_t i = 0; i < count && ok_; ++i) {
      const uint64_t key = Number(2);
      keys.emplace_back(key, Number(2) + 1);
    }
    std::vector<uint64_t> offsets;
    for (uint64_t i = 0; (!has_runs || count >= 4) && i < count && ok_; ++i) {
      offsets.push_back(Number(4));
    }
    for (uint64_t i = 0; i < keys.size() && ok_; ++i) {
      ok_ = offsets.empty() || offsets[i] == at_ - begin;
      ReadContainer(base + keys[i].first * 65536, keys[i].second, is_runs[i]);
    }
  }

  void ReadContainer(uint64_t base, uint64_t cardinality, bool is_runs) {
    const size_t before = rows_.size();
    if (is_runs) {
      const uint64_t runs = Number(2);
      for (uint64_t i = 0; i < runs && ok_; ++i) {
        const uint64_t first = Number(2);
        const uint64_t length = Number(2);
        for (uint64_t row = 0; row <= length; ++row) {
          rows_.push_back(base + first + row);
        }
      }
    } else if (cardinality <= 4096) {
      for (uint64_t i = 0; i < cardinality && ok_; ++i) {
        rows_.push_back(base + Number(2));
      }
    } else {
      for (uint64_t row = 0; row < 65536 && ok_; row += 8) {
        const uint64_t bits = Number(1);
        for (uint64_t bit = 0; bit < 8; ++bit) {
          if ((bits >> bit & 1) != 0) {
            rows_.push_back(base + row + bit);
          }
        }
      }
    }
    ok_ = ok_ && rows_.size() - before == cardinality;
  }

  const std::string_view bytes_;
  size_t at_ = 0;
  bool ok_ = true;
  std::vector<uint64_t> rows_;
};

}  // namespace veralith::iceberg

#endif  // VERALITH_CORE_ICEBERG_TESTING_ROARING_ROWS_H_
