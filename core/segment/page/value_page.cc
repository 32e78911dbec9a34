// SPDX-License-Identifier: Apache-2.0

#include "core/segment/page/value_page.h"

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/format/delta_encoding.h"
#include "core/format/rle_encoding.h"

namespace veralith {

absl::StatusOr<PageRef<ValuePage>> ValuePage::New(uint64_t first_row, uint32_t rows, bool nullable,
                                                  uint64_t body_bytes, uint64_t memory_limit) {
  const uint64_t bytes = sizeof(ValuePage) + (uint64_t{rows} + 1) * sizeof(uint32_t) +
                         (nullable ? rows : 0) + body_bytes;
  VERALITH_ASSIGN_OR_RETURN(PageRef<ValuePage> page,
                            Page::NewWithin<ValuePage>(memory_limit, bytes, "value"));
  page->first_row_ = first_row;
  page->rows_ = rows;
  page->nullable_ = nullable;
  page->body_bytes_ = body_bytes;
  return page;
}

absl::Status ValuePage::Decode(std::string_view levels, std::string_view values, uint32_t nulls) {
  VERALITH_CHECK(nulls == 0 || nullable_);
  const uint32_t present = rows_ - nulls;
  uint32_t* const offset = offsets();
  std::string_view data;
  VERALITH_ASSIGN_OR_RETURN(const size_t used, parquet::DecodeDeltaLengthByteArray(
                                                   values, {offset, size_t{present} + 1}, &data));
  if (used != values.size()) {
    return DataLoss("bytes after the last value of a page");
  }
  values_ = data.data();
  has_nulls_ = nulls > 0;
  if (!has_nulls_) {
    return absl::OkStatus();
  }
  auto* const level = reinterpret_cast<uint8_t*>(base() + levels_at());
  size_t ones = 0;
  VERALITH_ASSIGN_OR_RETURN(const size_t level_bytes,
                            parquet::DecodeRleLevels(levels, {level, rows_}, &ones));
  if (level_bytes != levels.size() || ones != present) {
    return DataLoss("definition levels that contradict the page header");
  }
  // Spreads the offsets of the values that exist over all rows, from the end.
  uint32_t value = present;
  for (uint32_t row = rows_; row-- > 0;) {
    offset[row + 1] = offset[value];
    value -= level[row];
  }
  return absl::OkStatus();
}

}  // namespace veralith
