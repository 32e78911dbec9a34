// SPDX-License-Identifier: Apache-2.0

#include "core/segment/write/column_builders.h"

#include <algorithm>
#include <cstring>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/format/column_encoding.h"
#include "core/format/entry.h"
#include "core/format/rle_encoding.h"

namespace veralith {
namespace {

std::string PlainInt64(int64_t value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
}

int64_t FromPlainInt64(const std::string& bytes) {
  int64_t value = 0;
  std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof(value)));
  return value;
}

int ComparePageBounds(const std::string& a, const std::string& b, bool as_int64) {
  if (as_int64) {
    const int64_t x = FromPlainInt64(a);
    const int64_t y = FromPlainInt64(b);
    return x < y ? -1 : (x > y ? 1 : 0);
  }
  return CompareBytes(a, b);
}

}  // namespace

std::string CutLowerBound(std::string_view key, size_t limit) {
  return std::string(key.substr(0, limit));
}

std::string CutUpperBound(std::string_view key, size_t limit) {
  if (key.size() <= limit) {
    return std::string(key);
  }
  std::string bound(key.substr(0, limit));
  while (!bound.empty() && static_cast<uint8_t>(bound.back()) == 0xff) {
    bound.pop_back();
  }
  if (bound.empty()) {
    return std::string(key);
  }
  bound.back() = static_cast<char>(static_cast<uint8_t>(bound.back()) + 1);
  return bound;
}

parquet::BoundaryOrder ComputeBoundaryOrder(const parquet::ColumnIndex& index, bool as_int64) {
  bool ascending = true;
  bool descending = true;
  for (size_t i = 1; i < index.min_values.size(); ++i) {
    const int low = ComparePageBounds(index.min_values[i - 1], index.min_values[i], as_int64);
    const int high = ComparePageBounds(index.max_values[i - 1], index.max_values[i], as_int64);
    ascending = ascending && low <= 0 && high <= 0;
    descending = descending && low >= 0 && high >= 0;
  }
  if (ascending) {
    return parquet::BoundaryOrder::kAscending;
  }
  return descending ? parquet::BoundaryOrder::kDescending : parquet::BoundaryOrder::kUnordered;
}

// --- Integers -----------------------------------------------------------------------------------

// For namespaces and timestamps.
constexpr parquet::Encoding kIntegers = EncodingOf(SegmentColumn::kTimestamp);
static_assert(EncodingOf(SegmentColumn::kNamespace) == kIntegers);

IntegerColumnBuilder::IntegerColumnBuilder() : chunk_(kIntegers, parquet::Codec::kNone) {}

absl::Status IntegerColumnBuilder::FinishPage() {
  VERALITH_CHECK(!values_.empty());
  const auto [low, high] = std::minmax_element(values_.begin(), values_.end());
  page_min_.push_back(*low);
  page_max_.push_back(*high);
  encoded_.clear();
  FindIntegerEncoding(kIntegers)->append(values_, &encoded_);
  const size_t rows = values_.size();
  values_.clear();
  return chunk_.AppendPage(rows, 0, "", encoded_);
}

void IntegerColumnBuilder::Clear() {
  chunk_.Clear();
  page_min_.clear();
  page_max_.clear();
}

parquet::Statistics IntegerColumnBuilder::MakeStatistics() const {
  parquet::Statistics statistics;
  statistics.null_count = 0;
  statistics.min_value = PlainInt64(*std::min_element(page_min_.begin(), page_min_.end()));
  statistics.max_value = PlainInt64(*std::max_element(page_max_.begin(), page_max_.end()));
  statistics.is_min_value_exact = true;
  statistics.is_max_value_exact = true;
  return statistics;
}

parquet::ColumnIndex IntegerColumnBuilder::MakeColumnIndex() const {
  parquet::ColumnIndex index;
  index.null_pages.assign(page_min_.size(), false);
  index.null_counts.assign(page_min_.size(), 0);
  for (size_t i = 0; i < page_min_.size(); ++i) {
    index.min_values.push_back(PlainInt64(page_min_[i]));
    index.max_values.push_back(PlainInt64(page_max_[i]));
  }
  index.boundary_order = ComputeBoundaryOrder(index, /*as_int64=*/true);
  return index;
}

// --- Keys ---------------------------------------------------------------------------------------

KeyColumnBuilder::KeyColumnBuilder()
    : chunk_(EncodingOf(SegmentColumn::kKey), parquet::Codec::kNone) {}

void KeyColumnBuilder::Add(std::string_view key, size_t shared, bool restart) {
  const bool first = prefix_lengths_.empty();
  if (first) {
    shared = 0;
    open_min_.assign(key);
  } else if (restart) {
    CloseAscendingRun();
    if (CompareBytes(key, open_min_) < 0) {
      open_min_.assign(key);
    }
  }
  prefix_lengths_.push_back(static_cast<int32_t>(shared));
  suffix_lengths_.push_back(static_cast<int32_t>(key.size() - shared));
  suffixes_.append(key.substr(shared));
  last_.assign(key);
  open_raw_bytes_ += key.size() + 4;
}

void KeyColumnBuilder::CloseAscendingRun() {
  if (!has_open_max_ || CompareBytes(last_, open_max_) > 0) {
    open_max_.assign(last_);
    has_open_max_ = true;
  }
}

absl::Status KeyColumnBuilder::FinishPage() {
  VERALITH_CHECK(!prefix_lengths_.empty());
  CloseAscendingRun();
  if (page_min_.empty() || CompareBytes(open_min_, chunk_min_) < 0) {
    chunk_min_ = open_min_;
  }
  if (page_min_.empty() || CompareBytes(open_max_, chunk_max_) > 0) {
    chunk_max_ = open_max_;
  }
  page_min_.push_back(CutLowerBound(open_min_, kPageBoundBytes));
  page_max_.push_back(CutUpperBound(open_max_, kPageBoundBytes));
  encoded_.clear();
  parquet::AppendDeltaBinaryPacked(prefix_lengths_, &encoded_);
  parquet::AppendDeltaBinaryPacked(suffix_lengths_, &encoded_);
  encoded_.append(suffixes_);
  const size_t rows = prefix_lengths_.size();
  prefix_lengths_.clear();
  suffix_lengths_.clear();
  suffixes_.clear();
  open_raw_bytes_ = 0;
  has_open_max_ = false;
  return chunk_.AppendPage(rows, 0, "", encoded_);
}

void KeyColumnBuilder::Clear() {
  chunk_.Clear();
  page_min_.clear();
  page_max_.clear();
}

parquet::Statistics KeyColumnBuilder::MakeStatistics() const {
  parquet::Statistics statistics;
  statistics.null_count = 0;
  statistics.min_value = CutLowerBound(chunk_min_, kChunkBoundBytes);
  statistics.max_value = CutUpperBound(chunk_max_, kChunkBoundBytes);
  statistics.is_min_value_exact = statistics.min_value == chunk_min_;
  statistics.is_max_value_exact = statistics.max_value == chunk_max_;
  return statistics;
}

parquet::ColumnIndex KeyColumnBuilder::MakeColumnIndex() const {
  parquet::ColumnIndex index;
  index.null_pages.assign(page_min_.size(), false);
  index.null_counts.assign(page_min_.size(), 0);
  index.min_values = page_min_;
  index.max_values = page_max_;
  index.boundary_order = ComputeBoundaryOrder(index, /*as_int64=*/false);
  return index;
}

// --- Values -------------------------------------------------------------------------------------

ValueColumnBuilder::ValueColumnBuilder(parquet::Codec codec)
    : chunk_(EncodingOf(SegmentColumn::kValue), codec) {}

absl::Status ValueColumnBuilder::FinishPage() {
  if (levels_.empty()) {
    return absl::OkStatus();
  }
  encoded_levels_.clear();
  encoded_values_.clear();
  const size_t rows = levels_.size();
  const size_t nulls = rows - values_.count();
  parquet::AppendRleLevels(levels_, &encoded_levels_);
  values_.Finish(&encoded_values_);
  levels_.clear();
  open_raw_bytes_ = 0;
  return chunk_.AppendPage(rows, nulls, encoded_levels_, encoded_values_);
}

void ValueColumnBuilder::AppendStored(uint64_t rows, uint64_t nulls, std::string_view page,
                                      uint32_t crc32c, uint64_t uncompressed_bytes) {
  VERALITH_CHECK(levels_.empty());
  chunk_.AppendStored(rows, nulls, page, crc32c, uncompressed_bytes);
}

void ValueColumnBuilder::Clear() { chunk_.Clear(); }

parquet::Statistics ValueColumnBuilder::MakeStatistics() const {
  parquet::Statistics statistics;
  statistics.null_count = static_cast<int64_t>(chunk_.nulls());
  return statistics;
}

}  // namespace veralith
