// SPDX-License-Identifier: Apache-2.0

// The decoded form of a page of keys, made to answer "which row holds this key?" with two dependent
// cache misses. Rows have one byte of fingerprint each, compared 16 at a time. Then come the keys
// that match.
//
//   KeyPage | fingerprints, padded to 16 | common prefix | value page starts | offsets | suffixes
//
// Invariants
//   1. Row i's key is prefix() + suffix(i); prefix() is the longest common prefix of all rows.
//   2. Equal keys have equal fingerprints; keys are those of the file, unchanged.
//
// Rows count from 0 within the page; row i of the page is row first_row() + i of the file. Which
// namespace a row belongs to is the caller's to know: searches take a range of rows.
// Thread rule: immutable after DecodeKeyPage.
#ifndef VERALITH_CORE_SEGMENT_PAGE_KEY_PAGE_H_
#define VERALITH_CORE_SEGMENT_PAGE_KEY_PAGE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/segment/page/page.h"

namespace veralith {

class KeyPage : public Page {
 public:
  static constexpr uint32_t kNotFound = UINT32_MAX;
  // So many bytes may be read from the start of any suffix.
  static constexpr size_t kSlackBytes = 32;

  // Whether its first key is the one that the segment's sparse index has for it. (Searches by the
  // index rely on that; so who decodes a page compares them once.)
  bool begins_as_indexed() const { return begins_as_indexed_; }
  void set_begins_as_indexed(bool value) { begins_as_indexed_ = value; }

  uint64_t first_row() const { return first_row_; }
  uint32_t rows() const { return rows_; }

  std::string_view prefix() const { return {base() + prefix_at_, prefix_bytes_}; }
  std::string_view suffix(uint32_t row) const {
    const char* suffixes = base() + suffixes_at_;
    switch (offset_width_) {
      case 0:
        return {suffixes + size_t{row} * stride_, stride_};
      case 2:
        return Between(suffixes, reinterpret_cast<const uint16_t*>(base() + offsets_at_) + row);
      default:
        return Between(suffixes, reinterpret_cast<const uint32_t*>(base() + offsets_at_) + row);
    }
  }

  // The first row in [begin, end) with this key; kNotFound. end <= rows().
  uint32_t Find(std::string_view key, uint32_t begin, uint32_t end) const;
  // The first row in [begin, end) with a key >= this one; end when there is none. The rows' keys
  // must ascend (those of one namespace do).
  uint32_t LowerBound(std::string_view key, uint32_t begin, uint32_t end) const;
  // The first row in [begin, end) with a key > this one; likewise.
  uint32_t UpperBound(std::string_view key, uint32_t begin, uint32_t end) const;
  // Negative, zero or positive: how the row's key compares with this one.
  int Compare(uint32_t row, std::string_view key) const;

  // The number, in the file, of the value page that holds the row's value.
  uint32_t ValuePageOf(uint32_t row) const;

 private:
  friend class Page;
  friend class KeyPageBuilder;
  friend absl::StatusOr<PageRef<KeyPage>> DecodeKeyPage(std::string_view values, uint64_t first_row,
                                                        uint32_t rows, uint32_t first_value_page,
                                                        std::span<const uint32_t> value_page_starts,
                                                        uint64_t memory_limit);

  static constexpr uint8_t kWorth = 16;
  explicit KeyPage(size_t bytes) : Page(bytes, kWorth) {}
  template <typename Offset>
  static std::string_view Between(const char* bytes, const Offset* offset) {
    return {bytes + offset[0], static_cast<size_t>(offset[1] - offset[0])};
  }
  const char* base() const { return reinterpret_cast<const char*>(this); }
  char* base() { return reinterpret_cast<char*>(this); }
  template <bool kOrEqual>
  uint32_t Bound(std::string_view key, uint32_t begin, uint32_t end) const;
  uint32_t FindSuffix(std::string_view suffix, uint8_t fingerprint, uint32_t begin,
                      uint32_t end) const;

  uint64_t first_row_ = 0;
  uint32_t rows_ = 0;
  uint32_t prefix_bytes_ = 0;
  uint32_t prefix_at_ = 0;  // offsets of the parts from the start of the allocation
  uint32_t value_starts_at_ = 0;
  uint32_t offsets_at_ = 0;
  uint32_t suffixes_at_ = 0;
  uint32_t stride_ = 0;       // length of all suffixes, if they have one
  uint8_t offset_width_ = 0;  // 0: stride, 2 or 4: bytes per offset
  bool begins_as_indexed_ = true;
  uint32_t first_value_page_ = 0;
  uint32_t value_starts_ = 0;  // value pages that begin after the page's first row
};

// `values`: the body of a DELTA_BYTE_ARRAY page, and nothing after it. `first_value_page` holds the
// value of the page's first row. `value_page_starts` are the rows of the page at which the next
// value pages begin: ascending, in (0, rows). DataLoss for damage; ResourceExhausted when the page
// would need more than `memory_limit`.
absl::StatusOr<PageRef<KeyPage>> DecodeKeyPage(std::string_view values, uint64_t first_row,
                                               uint32_t rows, uint32_t first_value_page,
                                               std::span<const uint32_t> value_page_starts,
                                               uint64_t memory_limit);

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_PAGE_KEY_PAGE_H_
