// SPDX-License-Identifier: Apache-2.0

#include "core/segment/page/timestamp_page.h"

#include <algorithm>

#include "core/base/status.h"

namespace veralith {

absl::StatusOr<PageRef<TimestampPage>> DecodeTimestampPage(const IntegerEncoding& encoding,
                                                           std::string_view values,
                                                           uint64_t first_row, uint32_t rows,
                                                           uint64_t memory_limit) {
  const uint64_t bytes = sizeof(TimestampPage) + uint64_t{rows} * sizeof(int64_t);
  VERALITH_ASSIGN_OR_RETURN(PageRef<TimestampPage> page,
                            Page::NewWithin<TimestampPage>(memory_limit, bytes, "timestamp"));
  page->first_row_ = first_row;
  page->rows_ = rows;
  const std::span<int64_t> out(const_cast<int64_t*>(page->values()), rows);
  VERALITH_ASSIGN_OR_RETURN(const size_t used, encoding.decode(values, out));
  if (used != values.size()) {
    return DataLoss("bytes after the last timestamp of a page");
  }
  if (std::any_of(out.begin(), out.end(), [](int64_t ts) { return ts < 1; })) {
    return DataLoss("a timestamp below 1");
  }
  return page;
}

}  // namespace veralith
