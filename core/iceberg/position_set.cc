// SPDX-License-Identifier: Apache-2.0

#include "core/iceberg/position_set.h"

#include <algorithm>
#include <string_view>

#include "core/base/check.h"
#include "core/format/coding.h"

namespace veralith::iceberg {
namespace {

constexpr uint64_t kContainerRows = 65536;
constexpr uint32_t kMostInArray = 4096;
constexpr size_t kBitmapBytes = kContainerRows / 8;
// RoaringFormatSpec: with run containers, and without.
constexpr uint32_t kCookieWithRuns = 12347;
constexpr uint32_t kCookie = 12346;
constexpr size_t kLeastWithOffsets = 4;  // below it a bitmap with runs has no offsets

std::string RunBytes(const std::vector<std::pair<uint32_t, uint32_t>>& runs) {
  std::string bytes;
  AppendFixed16(&bytes, static_cast<uint16_t>(runs.size()));
  for (const auto& [first, last] : runs) {
    AppendFixed16(&bytes, static_cast<uint16_t>(first));
    AppendFixed16(&bytes, static_cast<uint16_t>(last - first));
  }
  return bytes;
}

std::string ArrayBytes(const std::vector<std::pair<uint32_t, uint32_t>>& runs) {
  std::string bytes;
  for (const auto& [first, last] : runs) {
    for (uint32_t row = first; row <= last; ++row) {
      AppendFixed16(&bytes, static_cast<uint16_t>(row));
    }
  }
  return bytes;
}

std::string BitmapBytes(const std::vector<std::pair<uint32_t, uint32_t>>& runs) {
  std::string bytes(kBitmapBytes, '\0');
  for (const auto& [first, last] : runs) {
    for (uint32_t row = first; row <= last; ++row) {
      bytes[row / 8] = static_cast<char>(static_cast<uint8_t>(bytes[row / 8]) | (1u << row % 8));
    }
  }
  return bytes;
}

}  // namespace

void PositionSet::AddRange(uint64_t begin, uint64_t end) {
  while (begin < end) {
    const auto number = static_cast<uint32_t>(begin / kContainerRows);
    if (number != current_) {
      EndContainer();
      current_ = number;
    }
    const uint64_t stop = std::min(end, (uint64_t{number} + 1) * kContainerRows);
    const auto first = static_cast<uint32_t>(begin % kContainerRows);
    const auto last = static_cast<uint32_t>((stop - 1) % kContainerRows);
    VERALITH_DCHECK(runs_.empty() || runs_.back().second < first);
    if (!runs_.empty() && runs_.back().second + 1 == first) {
      runs_.back().second = last;
    } else {
      runs_.emplace_back(first, last);
    }
    size_ += stop - begin;
    begin = stop;
  }
}

void PositionSet::EndContainer() {
  if (runs_.empty()) {
    return;
  }
  Container container;
  container.number = current_;
  for (const auto& [first, last] : runs_) {
    container.cardinality += last - first + 1;
  }
  const size_t without_runs =
      container.cardinality <= kMostInArray ? container.cardinality * 2 : kBitmapBytes;
  container.is_runs = 2 + runs_.size() * 4 < without_runs;
  container.bytes = container.is_runs                       ? RunBytes(runs_)
                    : container.cardinality <= kMostInArray ? ArrayBytes(runs_)
                                                            : BitmapBytes(runs_);
  containers_.push_back(std::move(container));
  runs_.clear();
}

// One 32-bit bitmap, of the containers [first, last).
void PositionSet::AppendBitmap(size_t first, size_t last, std::string* out) const {
  const size_t begin = out->size();
  const size_t count = last - first;
  const bool any_runs = std::any_of(containers_.begin() + static_cast<ptrdiff_t>(first),
                                    containers_.begin() + static_cast<ptrdiff_t>(last),
                                    [](const Container& container) { return container.is_runs; });
  if (any_runs) {
    AppendFixed32(out, kCookieWithRuns | static_cast<uint32_t>(count - 1) << 16);
    std::string flags((count + 7) / 8, '\0');
    for (size_t i = 0; i < count; ++i) {
      if (containers_[first + i].is_runs) {
        flags[i / 8] = static_cast<char>(static_cast<uint8_t>(flags[i / 8]) | (1u << i % 8));
      }
    }
    out->append(flags);
  } else {
    AppendFixed32(out, kCookie);
    AppendFixed32(out, static_cast<uint32_t>(count));
  }
  for (size_t i = first; i < last; ++i) {
    AppendFixed16(out, static_cast<uint16_t>(containers_[i].number % kContainerRows));
    AppendFixed16(out, static_cast<uint16_t>(containers_[i].cardinality - 1));
  }
  if (!any_runs || count >= kLeastWithOffsets) {
    size_t offset = out->size() - begin + count * 4;
    for (size_t i = first; i < last; ++i) {
      AppendFixed32(out, static_cast<uint32_t>(offset));
      offset += containers_[i].bytes.size();
    }
  }
  for (size_t i = first; i < last; ++i) {
    out->append(containers_[i].bytes);
  }
}

std::string PositionSet::Encode() const {
  const auto high = [](const Container& c) { return c.number / kContainerRows; };
  std::vector<size_t> begins;
  for (size_t i = 0; i < containers_.size(); ++i) {
    if (i == 0 || high(containers_[i - 1]) != high(containers_[i])) {
      begins.push_back(i);
    }
  }
  std::string bytes;
  AppendFixed64(&bytes, begins.size());
  for (size_t i = 0; i < begins.size(); ++i) {
    AppendFixed32(&bytes, static_cast<uint32_t>(high(containers_[begins[i]])));
    AppendBitmap(begins[i], i + 1 < begins.size() ? begins[i + 1] : containers_.size(), &bytes);
  }
  return bytes;
}

void PositionSet::ForEachRun(const std::function<void(uint64_t, uint64_t)>& call) const {
  for (const Container& container : containers_) {
    const uint64_t base = uint64_t{container.number} * kContainerRows;
    const std::string& bytes = container.bytes;
    if (container.is_runs) {
      for (size_t at = 2; at < bytes.size(); at += 4) {
        const uint64_t first = base + LoadLe16(bytes.data() + at);
        call(first, first + LoadLe16(bytes.data() + at + 2) + 1);
      }
    } else if (container.cardinality <= kMostInArray) {
      for (size_t at = 0; at < bytes.size(); at += 2) {
        const uint64_t row = base + LoadLe16(bytes.data() + at);
        call(row, row + 1);
      }
    } else {
      for (uint32_t row = 0; row < kContainerRows; ++row) {
        if ((static_cast<uint8_t>(bytes[row / 8]) >> row % 8 & 1) != 0) {
          call(base + row, base + row + 1);
        }
      }
    }
  }
}

}  // namespace veralith::iceberg
