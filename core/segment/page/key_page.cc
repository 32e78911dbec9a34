// SPDX-License-Identifier: Apache-2.0

#include "core/segment/page/key_page.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/base/byte_lanes.h"
#include "core/base/check.h"
#include "core/base/per_thread.h"
#include "core/base/status.h"
#include "core/format/delta_encoding.h"
#include "core/format/entry.h"
#include "core/segment/page/decode_scratch.h"
#include "veralith/types.h"

namespace veralith {
namespace {

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

// Fingerprints are never stored in a file. They come from multiplications, which all processors do
// fast. Every bit of a word reaches the top byte of its product with an odd number.
constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15;

uint8_t LastFingerprint(uint64_t state, uint64_t last) {
  return static_cast<uint8_t>(((state ^ last) * kMultiplier) >> 56);
}

// Returns the fingerprint of a suffix that ends a readable string of at least `available` bytes.
uint8_t Fingerprint(std::string_view suffix, size_t available) {
  uint64_t state = suffix.size();
  const char* at = suffix.data();
  size_t left = suffix.size();
  for (; left > 8; left -= 8, at += 8) {
    uint64_t chunk;
    std::memcpy(&chunk, at, 8);
    state = (state ^ chunk) * kMultiplier;
    state ^= state >> 32;
  }
  return LastFingerprint(state, LoadTail(at + left, left, available));
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

// Returns the lowest n (0 to 8) bytes of `bytes`.
uint64_t FirstBytes(uint64_t bytes, size_t n) {
  static constexpr uint64_t kMasks[] = {0,
                                        0xff,
                                        0xffff,
                                        0xffffff,
                                        0xffffffff,
                                        0xffffffffff,
                                        0xffffffffffff,
                                        0xffffffffffffff,
                                        0xffffffffffffffff};
  return bytes & kMasks[n];
}

// Returns the first `kept` bytes of `bytes`, then `tail`, cut to `length` (at most 8) bytes.
uint64_t ReplaceTail(uint64_t bytes, size_t kept, uint64_t tail, size_t length) {
  if (kept == 8) {
    return bytes;
  }
  return FirstBytes(FirstBytes(bytes, kept) | tail << (8 * kept), length);
}

// Returns the same as Fingerprint.
uint8_t FingerprintOfShort(uint64_t suffix, size_t length) {
  return LastFingerprint(length, suffix);
}

// Copies n bytes; may write up to 15 bytes more and read as far beyond the source. `to` is at or
// after the end of those n bytes, but what lies beyond them may overlap: so 16 are read, then
// written.
inline void CopyWithSlack(char* to, const char* from, size_t n) {
  for (size_t i = 0; i < n; i += 16) {
    char bytes[16];
    std::memcpy(bytes, from + i, sizeof(bytes));
    std::memcpy(to + i, bytes, sizeof(bytes));
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
    head = FirstBytes(head, n);
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
  const ByteLanes needle = ByteLanes::All(fingerprint);
  for (uint32_t first = begin / kLanes * kLanes; first < end; first += kLanes) {
    uint64_t matches = ByteLanes::Load(fingerprints + first).Equal(needle);
    if (first < begin) {
      matches &= ~ByteLanes::FirstLanes(begin - first);
    }
    for (; matches != 0; matches &= matches - 1) {
      const uint32_t row = first + ByteLanes::LaneOf(matches);
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

// Builds a page from its decoded lengths: Allocate, which lays out the parts and writes all but the
// rows, then FillRows. `view` and what it points into outlive it.
class KeyPageBuilder {
 public:
  KeyPageBuilder(const parquet::DeltaByteArrayView& view, std::string_view values)
      : view_(view),
        input_end_(values.data() + values.size()),
        rows_(static_cast<uint32_t>(view.prefix_lengths.size())),
        suffix_bytes_(view.total_bytes - uint64_t{view.common_prefix} * rows_) {}

  absl::StatusOr<PageRef<KeyPage>> Allocate(std::span<const uint32_t> value_page_starts,
                                            uint64_t memory_limit) const;
  void FillRows(KeyPage* page) const;

 private:
  // A row after the common prefix: `kept` bytes of the row before, then `fresh`.
  struct Parts {
    size_t kept;
    std::string_view fresh;
  };
  Parts PartsOf(uint32_t row) const {
    const size_t begin = view_.suffix_offsets[row];
    std::string_view fresh(view_.suffixes.data() + begin, view_.suffix_offsets[row + 1] - begin);
    if (row == 0) {
      fresh.remove_prefix(view_.common_prefix);
      return {0, fresh};
    }
    return {view_.prefix_lengths[row] - view_.common_prefix, fresh};
  }

  template <typename Offset>
  void FillOffsets(Offset* offsets) const;
  // Both return the end of what they wrote to `out`.
  char* FillShortRows(char* out, uint8_t* fingerprints) const;
  char* FillLongRows(char* out, uint8_t* fingerprints) const;

  const parquet::DeltaByteArrayView& view_;
  const char* const input_end_;
  const uint32_t rows_;
  const uint64_t suffix_bytes_;
};

absl::StatusOr<PageRef<KeyPage>> KeyPageBuilder::Allocate(
    std::span<const uint32_t> value_page_starts, uint64_t memory_limit) const {
  const uint32_t common = view_.common_prefix;
  const bool fixed = view_.min_bytes == view_.max_bytes;
  uint64_t at = sizeof(KeyPage) + RoundUp(rows_, kLanes);
  const uint64_t prefix_at = at;
  at = RoundUp(at + common, 4);
  const uint64_t value_starts_at = at;
  at += value_page_starts.size() * sizeof(uint32_t);
  const uint64_t offsets_at = at;
  const uint8_t width = fixed ? 0 : (suffix_bytes_ <= UINT16_MAX ? 2 : 4);
  at += (uint64_t{rows_} + 1) * width;
  const uint64_t suffixes_at = at;
  at += suffix_bytes_ + kCopySlackBytes;
  VERALITH_ASSIGN_OR_RETURN(
      PageRef<KeyPage> page,
      Page::NewWithin<KeyPage>(std::min<uint64_t>(memory_limit, UINT32_MAX), at, "key"));
  page->rows_ = rows_;
  page->prefix_bytes_ = common;
  page->prefix_at_ = static_cast<uint32_t>(prefix_at);
  page->value_starts_at_ = static_cast<uint32_t>(value_starts_at);
  page->offsets_at_ = static_cast<uint32_t>(offsets_at);
  page->suffixes_at_ = static_cast<uint32_t>(suffixes_at);
  page->stride_ = fixed && rows_ > 0 ? view_.min_bytes - common : 0;
  page->offset_width_ = width;
  page->value_starts_ = static_cast<uint32_t>(value_page_starts.size());

  char* const base = page->base();
  std::memset(base + sizeof(KeyPage), 0, RoundUp(rows_, kLanes));
  std::memcpy(base + prefix_at, view_.suffixes.data(), common);
  std::copy(value_page_starts.begin(), value_page_starts.end(),
            reinterpret_cast<uint32_t*>(base + value_starts_at));
  return page;
}

void KeyPageBuilder::FillRows(KeyPage* page) const {
  char* const base = page->base();
  if (page->offset_width_ == 2) {
    FillOffsets(reinterpret_cast<uint16_t*>(base + page->offsets_at_));
  } else if (page->offset_width_ == 4) {
    FillOffsets(reinterpret_cast<uint32_t*>(base + page->offsets_at_));
  }
  auto* const fingerprints = reinterpret_cast<uint8_t*>(base + sizeof(KeyPage));
  char* const suffixes = base + page->suffixes_at_;
  const bool is_short = view_.max_bytes - view_.common_prefix <= 8;
  const char* const end =
      is_short ? FillShortRows(suffixes, fingerprints) : FillLongRows(suffixes, fingerprints);
  VERALITH_CHECK(static_cast<uint64_t>(end - suffixes) == suffix_bytes_);
}

template <typename Offset>
void KeyPageBuilder::FillOffsets(Offset* offsets) const {
  uint64_t offset = 0;
  for (uint32_t row = 0; row < rows_; ++row) {
    offsets[row] = static_cast<Offset>(offset);
    const Parts parts = PartsOf(row);
    offset += parts.kept + parts.fresh.size();
  }
  offsets[rows_] = static_cast<Offset>(offset);
}

char* KeyPageBuilder::FillShortRows(char* out, uint8_t* fingerprints) const {
  uint64_t current = 0;
  for (uint32_t row = 0; row < rows_; ++row) {
    const auto [kept, fresh] = PartsOf(row);
    const size_t length = kept + fresh.size();
    const uint64_t tail = LoadHead(fresh.data(), fresh.size(), input_end_);
    current = ReplaceTail(current, kept, tail, length);
    std::memcpy(out, &current, sizeof(current));  // into the slack, at the end
    fingerprints[row] = FingerprintOfShort(current, length);
    out += length;
  }
  return out;
}

char* KeyPageBuilder::FillLongRows(char* out, uint8_t* fingerprints) const {
  const char* previous = nullptr;
  for (uint32_t row = 0; row < rows_; ++row) {
    const auto [kept, fresh] = PartsOf(row);
    const size_t length = kept + fresh.size();
    CopyWithSlack(out, previous, kept);
    if (fresh.data() + fresh.size() + kCopySlackBytes <= input_end_) [[likely]] {
      CopyWithSlack(out + kept, fresh.data(), fresh.size());
    } else {
      std::memcpy(out + kept, fresh.data(), fresh.size());
    }
    fingerprints[row] = Fingerprint({out, length}, length + 8);  // earlier parts precede it
    previous = out;
    out += length;
  }
  return out;
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
  const KeyPageBuilder builder(view, values);
  VERALITH_ASSIGN_OR_RETURN(PageRef<KeyPage> page,
                            builder.Allocate(value_page_starts, memory_limit));
  page->first_row_ = first_row;
  page->first_value_page_ = first_value_page;
  builder.FillRows(&*page);
  return page;
}

}  // namespace veralith
