// SPDX-License-Identifier: Apache-2.0

// The decoded form of a page of timestamps: eight bytes each.
#ifndef VERALITH_CORE_SEGMENT_PAGE_TIMESTAMP_PAGE_H_
#define VERALITH_CORE_SEGMENT_PAGE_TIMESTAMP_PAGE_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/format/column_encoding.h"
#include "core/segment/page/page.h"
#include "veralith/types.h"

namespace veralith {

class TimestampPage : public Page {
 public:
  uint64_t first_row() const { return first_row_; }
  uint32_t rows() const { return rows_; }
  // Rows count from 0 within the page. Within kMinTimestamp..kMaxTimestamp.
  Timestamp timestamp(uint32_t row) const { return static_cast<Timestamp>(values()[row]); }

 private:
  friend class Page;
  friend absl::StatusOr<PageRef<TimestampPage>> DecodeTimestampPage(const IntegerEncoding& encoding,
                                                                    std::string_view values,
                                                                    uint64_t first_row,
                                                                    uint32_t rows,
                                                                    uint64_t memory_limit);

  static constexpr uint8_t kWorth = 6;
  explicit TimestampPage(size_t bytes) : Page(bytes, kWorth) {}
  const int64_t* values() const {
    return reinterpret_cast<const int64_t*>(reinterpret_cast<const char*>(this) +
                                            sizeof(TimestampPage));
  }

  uint64_t first_row_ = 0;
  uint64_t rows_ = 0;
};

// `values`: the body of a page in `encoding`. DataLoss for damage and for timestamps outside
// their range; ResourceExhausted beyond `memory_limit`.
absl::StatusOr<PageRef<TimestampPage>> DecodeTimestampPage(const IntegerEncoding& encoding,
                                                           std::string_view values,
                                                           uint64_t first_row, uint32_t rows,
                                                           uint64_t memory_limit);

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_PAGE_TIMESTAMP_PAGE_H_
