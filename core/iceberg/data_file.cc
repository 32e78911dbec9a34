// SPDX-License-Identifier: Apache-2.0

#include "core/iceberg/data_file.h"

#include <cinttypes>
#include <cstdio>
#include <string_view>

#include "core/format/coding.h"
#include "core/format/key_hash.h"
#include "core/format/segment_block.h"
#include "core/iceberg/table_metadata.h"
#include "core/segment/read/segment_file.h"

namespace veralith::iceberg {
namespace {

constexpr size_t kMostBoundBytes = 64;

std::string LongBound(uint64_t value) {
  std::string bytes;
  AppendFixed64(&bytes, value);
  return bytes;
}

// The least string of at most kMostBoundBytes that is not below `key`; empty if there is none.
std::string UpperBound(std::string_view key) {
  if (key.size() <= kMostBoundBytes) {
    return std::string(key);
  }
  std::string bound(key.substr(0, kMostBoundBytes));
  while (!bound.empty() && bound.back() == '\xff') {
    bound.pop_back();
  }
  if (!bound.empty()) {
    ++bound.back();
  }
  return bound;
}

}  // namespace

std::string DataFileStem(uint64_t number, const SegmentReader& segment) {
  const SegmentFile& file = segment.file();
  std::string told;
  for (const uint64_t value :
       {file.summary.file_bytes, file.summary.entries, file.summary.min_ts, file.summary.max_ts}) {
    AppendFixed64(&told, value);
  }
  told.append(file.block.sparse_index());  // every key page's first key and place
  char stem[40];
  std::snprintf(stem, sizeof(stem), "%06" PRIu64 "-%016" PRIx64, number, HashUserKey(number, told));
  return stem;
}

ContentFile DescribeSegment(const SegmentReader& segment) {
  const SegmentBlockView& block = segment.file().block;
  const SegmentCounts& counts = block.counts();
  ContentFile file;
  file.format = "PARQUET";
  file.record_count = static_cast<int64_t>(counts.rows);
  file.file_bytes = static_cast<int64_t>(segment.summary().file_bytes);
  int64_t column_bytes[kSegmentColumns] = {};
  for (const SegmentRowGroup& group : block.row_groups()) {
    for (size_t column = 0; column < kSegmentColumns; ++column) {
      column_bytes[column] += static_cast<int64_t>(group.chunks[column].bytes);
    }
    file.split_offsets.push_back(static_cast<int64_t>(group.chunks[0].offset));
  }
  for (size_t column = 0; column < kSegmentColumns; ++column) {
    const auto id = static_cast<int64_t>(column) + kNsFieldId;
    const bool is_value = id == kValueFieldId;
    file.column_bytes.emplace_back(id, column_bytes[column]);
    file.value_counts.emplace_back(id, file.record_count);
    file.null_counts.emplace_back(id, is_value ? static_cast<int64_t>(counts.tombstones) : 0);
  }
  file.lower_bounds.emplace_back(kNsFieldId, LongBound(block.first_ns()));
  file.upper_bounds.emplace_back(kNsFieldId, LongBound(block.last_ns()));
  if (block.first_ns() == block.last_ns()) {
    file.lower_bounds.emplace_back(kKeyFieldId, block.first_key().substr(0, kMostBoundBytes));
    if (std::string bound = UpperBound(block.last_key());
        !bound.empty() || block.last_key().empty()) {
      file.upper_bounds.emplace_back(kKeyFieldId, std::move(bound));
    }
  }
  file.lower_bounds.emplace_back(kTsFieldId, LongBound(counts.min_ts));
  file.upper_bounds.emplace_back(kTsFieldId, LongBound(counts.max_ts));
  file.sort_order_id = kSortOrderId;
  return file;
}

}  // namespace veralith::iceberg
