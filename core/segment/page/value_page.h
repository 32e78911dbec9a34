// SPDX-License-Identifier: Apache-2.0

// The decoded form of a page of values: the values as they lie in the page (decompressed), with an
// offset per row. Nothing is copied: a page that is not compressed is read from the file straight
// into its ValuePage.
//
//   ValuePage | offsets, 4 bytes per row and one more | a byte per row, if some are null | body
//
// Rows count from 0 within the page. Thread rule: immutable once published.
#ifndef VERALITH_CORE_SEGMENT_PAGE_VALUE_PAGE_H_
#define VERALITH_CORE_SEGMENT_PAGE_VALUE_PAGE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/segment/page/page.h"

namespace veralith {

class ValuePage : public Page {
 public:
  // A page with room for a body of `body_bytes`, to be filled by the caller through body() and
  // then turned into values by one Decode. ResourceExhausted beyond `memory_limit`.
  static absl::StatusOr<PageRef<ValuePage>> New(uint64_t first_row, uint32_t rows, bool nullable,
                                                uint64_t body_bytes, uint64_t memory_limit);

  std::span<char> body() { return {base() + body_at(), body_bytes_}; }

  // `levels` is the page's definition levels, `values` its DELTA_LENGTH_BYTE_ARRAY bytes, which
  // lie inside body(). DataLoss for damage. New must have been nullable if `nulls` > 0.
  absl::Status Decode(std::string_view levels, std::string_view values, uint32_t nulls);

  uint64_t first_row() const { return first_row_; }
  uint32_t rows() const { return rows_; }
  uint32_t value_bytes() const { return offsets()[rows_]; }  // all values'
  bool IsNull(uint32_t row) const { return has_nulls_ && levels()[row] == 0; }
  std::string_view value(uint32_t row) const {
    const uint32_t* const offset = offsets() + row;
    return {values_ + offset[0], offset[1] - offset[0]};
  }

 private:
  friend class Page;
  static constexpr uint8_t kWorth = 1;
  explicit ValuePage(size_t bytes) : Page(bytes, kWorth) {}

  char* base() { return reinterpret_cast<char*>(this); }
  const char* base() const { return reinterpret_cast<const char*>(this); }
  const uint32_t* offsets() const {
    return reinterpret_cast<const uint32_t*>(base() + sizeof(ValuePage));
  }
  uint32_t* offsets() { return reinterpret_cast<uint32_t*>(base() + sizeof(ValuePage)); }
  size_t levels_at() const { return sizeof(ValuePage) + (size_t{rows_} + 1) * sizeof(uint32_t); }
  const uint8_t* levels() const { return reinterpret_cast<const uint8_t*>(base() + levels_at()); }
  size_t body_at() const { return levels_at() + (nullable_ ? rows_ : 0); }

  uint64_t first_row_ = 0;
  const char* values_ = nullptr;
  size_t body_bytes_ = 0;
  uint32_t rows_ = 0;
  bool nullable_ = false;  // there is room for levels
  bool has_nulls_ = false;
};

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_PAGE_VALUE_PAGE_H_
