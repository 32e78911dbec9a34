// SPDX-License-Identifier: Apache-2.0

#include "core/segment/page/key_page.h"

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/base/check.h"
#include "core/base/per_thread.h"
#include "core/base/status.h"
#include "core/format/delta_encoding.h"
#include "core/format/entry.h"
#include "core/segment/page/decode_scratch.h"
#include "veralith/types.h"

namespace veralith {
namespace {

constexpr uint32_t kLane = 32;                            // fingerprints compared at once
constexpr size_t kCopySlackBytes = KeyPage::kSlackBytes;  // after the suffixes

uint64_t RoundUp(uint64_t n, uint64_t to) { return (n + to - 1) / to * to; }

// Returns the last n (0 to 8) bytes before `end`; at least `available` bytes before `end` are
// readable.
uint64_t LoadTail(const char* end, size_t n, size_t available) {
  if (n == 0) {
    return 0;
  }
  if (available >= 8) {
    uint64_t v;
    std::memcpy(&v, end - 8, 8);
    return v >> (8 * (8 - n));
  }
  uint64_t v = 0;
  std::memcpy(&v, end - n, n);
  return v;
}

// Returns the fingerprint of a suffix that ends a readable string of at least `available` bytes.
uint8_t Fingerprint(std::string_view suffix, size_t available) {
  uint64_t crc = suffix.size();
  const char* at = suffix.data();
  size_t left = suffix.size();
  for (; left > 8; left -= 8, at += 8) {
    uint64_t chunk;
    std::memcpy(&chunk, at, 8);
    crc = _mm_crc32_u64(crc, chunk);
  }
  crc = _mm_crc32_u64(crc, LoadTail(at + left, left, available));
  return static_cast<uint8_t>(crc ^ (crc >> 8));
}

// Suffixes of at most eight bytes are composed in a register (first byte lowest). Copies through
// memory would wait, row after row, for stores of other widths to the same place.

// Returns the n (0 to 8) bytes at `at`; may read up to 8, but not beyond `end`.
uint64_t LoadHead(const char* at, size_t n, const char* end) {
  uint64_t v = 0;
  if (end - at >= 8) [[likely]] {
    std::memcpy(&v, at, 8);
  } else if (n > 0) {
    std::memcpy(&v, at, n);
  }
  return v;
}

// Returns the first `kept` bytes of `bytes`, then `tail`, cut to `length` (at most 8) bytes.
uint64_t ReplaceTail(uint64_t bytes, size_t kept, uint64_t tail, size_t length) {
  if (kept == 8) {
    return bytes;
  }
  const uint64_t joined = _bzhi_u64(bytes, static_cast<uint32_t>(8 * kept)) | tail << (8 * kept);
  return _bzhi_u64(joined, static_cast<uint32_t>(8 * length));
}

// Returns the same as Fingerprint.
uint8_t FingerprintOfShort(uint64_t suffix, size_t length) {
  const uint64_t crc = _mm_crc32_u64(length, suffix);
  return static_cast<uint8_t>(crc ^ (crc >> 8));
}

// Copies n bytes; may write up to 15 bytes more and read as far beyond the source.
inline void CopyWithSlack(char* to, const char* from, size_t n) {
  for (size_t i = 0; i < n; i += 16) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i),
                     _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i)));
  }
}

// Returns the first eight bytes, with zeros after the end, as a number that orders as they do: if
// two numbers differ, so do the strings, in the same direction. `eight_readable`: eight bytes may
// be read at its data.
uint64_t HeadOf(std::string_view bytes, bool eight_readable) {
  const size_t n = std::min<size_t>(bytes.size(), 8);
  uint64_t head = 0;
  if (eight_readable) [[likely]] {
    std::memcpy(&head, bytes.data(), 8);
    head = _bzhi_u64(head, static_cast<uint32_t>(8 * n));
  } else if (n > 0) {
    std::memcpy(&head, bytes.data(), n);
  }
  return __builtin_bswap64(head);
}

bool SameBytes(std::string_view a, std::string_view b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace

uint32_t KeyPage::FindSuffix(std::string_view suffix, uint8_t fingerprint, uint32_t begin,
                             uint32_t end) const {
  const char* fingerprints = base() + sizeof(KeyPage);
  const __m256i needle = _mm256_set1_epi8(static_cast<char>(fingerprint));
  for (uint32_t lane = begin / kLane * kLane; lane < end; lane += kLane) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(fingerprints + lane));
    auto matches = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, needle)));
    if (lane < begin) {
      matches &= ~uint32_t{0} << (begin - lane);
    }
    for (; matches != 0; matches &= matches - 1) {
      const uint32_t row = lane + static_cast<uint32_t>(std::countr_zero(matches));
      if (row >= end) {
        return kNotFound;
      }
      if (SameBytes(this->suffix(row), suffix)) {
        return row;
      }
    }
  }
  return kNotFound;
}

uint32_t KeyPage::Find(std::string_view key, uint32_t begin, uint32_t end) const {
  if (key.size() < prefix_bytes_ || !SameBytes(prefix(), key.substr(0, prefix_bytes_))) {
    return kNotFound;
  }
  const std::string_view suffix = key.substr(prefix_bytes_);
  return FindSuffix(suffix, Fingerprint(suffix, key.size()), begin, end);
}

int KeyPage::Compare(uint32_t row, std::string_view key) const {
  if (const int order = CompareBytes(prefix(), key.substr(0, prefix_bytes_)); order != 0) {
    return order;
  }
  return CompareBytes(suffix(row), key.substr(prefix_bytes_));
}

template <bool kOrEqual>
uint32_t KeyPage::Bound(std::string_view key, uint32_t begin, uint32_t end) const {
  if (const int order = CompareBytes(prefix(), key.substr(0, prefix_bytes_)); order != 0) {
    return order < 0 ? end : begin;
  }
  const std::string_view wanted = key.substr(prefix_bytes_);
  const uint64_t wanted_head = HeadOf(wanted, wanted.size() >= 8);
  while (begin < end) {
    const uint32_t middle = begin + (end - begin) / 2;
    const std::string_view there = suffix(middle);
    const uint64_t head = HeadOf(there, /*eight_readable=*/true);  // slack follows the suffixes
    const bool below = head != wanted_head ? head < wanted_head
                       : kOrEqual          ? CompareBytes(there, wanted) <= 0
                                           : CompareBytes(there, wanted) < 0;
    if (below) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

uint32_t KeyPage::LowerBound(std::string_view key, uint32_t begin, uint32_t end) const {
  return Bound</*kOrEqual=*/false>(key, begin, end);
}

uint32_t KeyPage::UpperBound(std::string_view key, uint32_t begin, uint32_t end) const {
  return Bound</*kOrEqual=*/true>(key, begin, end);
}

uint32_t KeyPage::ValuePageOf(uint32_t row) const {
  const auto* starts = reinterpret_cast<const uint32_t*>(base() + value_starts_at_);
  const uint32_t* const end = starts + value_starts_;
  if (value_starts_ > 16) {
    return first_value_page_ + static_cast<uint32_t>(std::upper_bound(starts, end, row) - starts);
  }
  uint32_t page = first_value_page_;
  for (; starts != end; ++starts) {
    page += *starts <= row;
  }
  return page;
}

absl::StatusOr<PageRef<KeyPage>> DecodeKeyPage(std::string_view values, uint64_t first_row,
                                               uint32_t rows, uint32_t first_value_page,
                                               std::span<const uint32_t> value_page_starts,
                                               uint64_t memory_limit) {
  if (uint64_t{rows} * 16 > memory_limit) {
    return ResourceExhausted("a key page of more rows than the memory limit allows");
  }
  const PerThread<DecodeScratch> scratch;
  const std::span<uint32_t> prefix_lengths = scratch->First(rows);
  const std::span<uint32_t> suffix_offsets = scratch->Second(rows + size_t{1});
  VERALITH_ASSIGN_OR_RETURN(
      const parquet::DeltaByteArrayView view,
      parquet::DecodeDeltaByteArray(values, prefix_lengths, suffix_offsets, kMaxKeyBytes));
  if (view.consumed != values.size()) {
    return DataLoss("bytes after the last key of a page");
  }
  const uint32_t common = view.common_prefix;
  const uint64_t suffix_bytes = view.total_bytes - uint64_t{common} * rows;
  const bool fixed = view.min_bytes == view.max_bytes;

  uint64_t at = sizeof(KeyPage) + RoundUp(rows, kLane);
  const uint64_t prefix_at = at;
  at = RoundUp(at + common, 4);
  const uint64_t value_starts_at = at;
  at += value_page_starts.size() * sizeof(uint32_t);
  const uint64_t offsets_at = at;
  const uint32_t width = fixed ? 0 : (suffix_bytes <= UINT16_MAX ? 2 : 4);
  at += (uint64_t{rows} + 1) * width;
  const uint64_t suffixes_at = at;
  at += suffix_bytes + kCopySlackBytes;
  VERALITH_ASSIGN_OR_RETURN(
      PageRef<KeyPage> page,
      Page::NewWithin<KeyPage>(std::min<uint64_t>(memory_limit, UINT32_MAX), at, "key"));
  page->first_row_ = first_row;
  page->rows_ = rows;
  page->prefix_bytes_ = common;
  page->prefix_at_ = static_cast<uint32_t>(prefix_at);
  page->value_starts_at_ = static_cast<uint32_t>(value_starts_at);
  page->offsets_at_ = static_cast<uint32_t>(offsets_at);
  page->suffixes_at_ = static_cast<uint32_t>(suffixes_at);
  page->stride_ = fixed && rows > 0 ? view.min_bytes - common : 0;
  page->offset_width_ = width;
  page->first_value_page_ = first_value_page;
  page->value_starts_ = static_cast<uint32_t>(value_page_starts.size());

  char* const base = page->base();
  std::memcpy(base + prefix_at, view.suffixes.data(), common);
  std::copy(value_page_starts.begin(), value_page_starts.end(),
            reinterpret_cast<uint32_t*>(base + value_starts_at));
  std::memset(base + sizeof(KeyPage), 0, RoundUp(rows, kLane));
  auto* fingerprints = reinterpret_cast<uint8_t*>(base + sizeof(KeyPage));
  char* const suffixes = base + suffixes_at;
  auto set_offset = [&](uint32_t row, uint64_t offset) {
    if (width == 2) {
      reinterpret_cast<uint16_t*>(base + offsets_at)[row] = static_cast<uint16_t>(offset);
    } else if (width == 4) {
      reinterpret_cast<uint32_t*>(base + offsets_at)[row] = static_cast<uint32_t>(offset);
    }
  };

  const char* const input_end = values.data() + values.size();
  const bool is_short = view.max_bytes - common <= 8;
  uint64_t current = 0;  // the row's suffix, if it is short
  const char* previous = nullptr;
  char* out = suffixes;
  for (uint32_t row = 0; row < rows; ++row) {
    const char* fresh = view.suffixes.data() + suffix_offsets[row];
    size_t fresh_bytes = suffix_offsets[row + 1] - suffix_offsets[row];
    size_t kept = 0;
    if (row == 0) {
      fresh += common;
      fresh_bytes -= common;
    } else {
      kept = prefix_lengths[row] - common;
    }
    const size_t length = kept + fresh_bytes;
    if (is_short) {
      current = ReplaceTail(current, kept, LoadHead(fresh, fresh_bytes, input_end), length);
      std::memcpy(out, &current, sizeof(current));  // into the slack, at the end
      fingerprints[row] = FingerprintOfShort(current, length);
    } else {
      CopyWithSlack(out, previous, kept);
      if (fresh + fresh_bytes + kCopySlackBytes <= input_end) [[likely]] {
        CopyWithSlack(out + kept, fresh, fresh_bytes);
      } else {
        std::memcpy(out + kept, fresh, fresh_bytes);
      }
      fingerprints[row] = Fingerprint({out, length}, length + 8);  // earlier parts precede it
    }
    set_offset(row, static_cast<uint64_t>(out - suffixes));
    previous = out;
    out += length;
  }
  set_offset(rows, static_cast<uint64_t>(out - suffixes));
  VERALITH_CHECK(static_cast<uint64_t>(out - suffixes) == suffix_bytes);
  return page;
}

}  // namespace veralith
