// SPDX-License-Identifier: Apache-2.0

// The decoded form of a page of keys: small, so that the cache holds all key pages of much data,
// and searched as it lies, with two dependent cache misses.
//
//   KeyPage | fingerprints, if any | places of the groups | value page starts | prefix | groups |
//     slack
//   group:    prefix | ends of the rows, unless all have one length | rows
//
// Sixteen neighbours are a group. They share more than the page does, so a row is what is left
// after the prefix of the page and that of its group; neighbours often have one length, and then no
// row needs an offset. A group's place says its first key's first four bytes after the page's
// prefix: a search goes by them to one group, and by the first eight bytes of its rows to one row.
//
// Where rows have more than eight bytes after the page's prefix, sixteen of them are several cache
// lines, and a byte is little: there each has a fingerprint, compared 16 at a time, by which Find
// goes. (Where they are short, it would be a quarter of the page.)
//
// Invariants
//   1. A row's key is prefix(), its group's prefix and its group's suffix of it; keys are those of
//      the file, unchanged.
//   2. Short of wide groups (a prefix or a row of some 250 bytes, or an allocation above 64 KiB) a
//      group's place takes eight bytes; else all places of the page take sixteen.
//
// Rows count from 0 within the page; row i of the page is row first_row() + i of the file. Which
// namespace a row belongs to is the caller's to know: searches take a range of rows.
// Thread rule: immutable after DecodeKeyPage. Groups and views point into their page.
#ifndef VERALITH_CORE_SEGMENT_PAGE_KEY_PAGE_H_
#define VERALITH_CORE_SEGMENT_PAGE_KEY_PAGE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/segment/page/page.h"

namespace veralith {

// Neighbouring rows of a page. By default none.
class KeyGroup {
 public:
  bool Holds(uint32_t row) const { return row - begin_ < rows_; }
  uint32_t begin() const { return begin_; }
  uint32_t end() const { return begin_ + rows_; }

  // What all rows have after the page's prefix.
  std::string_view prefix() const { return {prefix_, prefix_bytes_}; }
  // What the row has after that; it must be the group's. KeyPage::kSlackBytes can be read there.
  std::string_view suffix(uint32_t row) const {
    const uint32_t i = row - begin_;
    if (stride_ < kEnds8) [[likely]] {
      return {rows_at_ + size_t{i} * stride_, stride_};
    }
    return SuffixByEnds(i);
  }

 private:
  friend class KeyPage;
  friend class KeyPageBuilder;

  static constexpr uint32_t kRows = 16;
  static constexpr uint32_t kMaxNarrowStride = 252;
  // Instead of a length that all rows have: each has an end, in so many bits.
  static constexpr uint32_t kEnds8 = UINT32_MAX - 2;
  static constexpr uint32_t kEnds16 = UINT32_MAX - 1;
  static constexpr uint32_t kEnds32 = UINT32_MAX;
  static size_t EndBytes(uint32_t stride) { return size_t{1} << (stride - kEnds8); }

  // Where a group is in its page, and its shape.
  struct WidePlace {
    uint32_t head;  // the first four bytes of the first row after the page's prefix: KeyChunk
    uint32_t at;    // from the start of the allocation
    uint32_t prefix_bytes;
    uint32_t stride;
  };
  struct Place {
    uint32_t head;
    uint16_t at;
    uint8_t prefix_bytes;
    uint8_t stride;  // the lowest byte of it; so a length is below 253
  };
  static_assert(sizeof(Place) == 8);

  bool IsPrefixOf(std::string_view key, size_t at) const;
  std::string_view SuffixByEnds(uint32_t i) const;
  template <typename End>
  std::string_view SuffixBy(uint32_t i) const;
  // Finds the first row in [begin, end), of this group, that is not below the key (kOrEqual: nor
  // equal). Of the key the first `at` bytes are those of the page's prefix. is_equal is false where
  // it is not known, and at `end`.
  struct Found {
    uint32_t row;
    bool is_equal;
  };
  template <bool kOrEqual>
  Found Search(std::string_view key, size_t at, uint32_t begin, uint32_t end) const;
  // The same by the rows' chunks, which head_at gives, and by whole rows where those are the same.
  template <bool kOrEqual, typename HeadAt>
  Found SearchHeads(std::string_view wanted, uint64_t wanted_head, uint32_t begin, uint32_t end,
                    HeadAt head_at) const;
  // How the row compares with a key, of which this is what it has after the page's prefix.
  int Compare(uint32_t row, std::string_view rest) const;
  bool Is(uint32_t row, std::string_view rest) const;

  uint32_t begin_ = 0;
  uint32_t rows_ = 0;
  uint32_t prefix_bytes_ = 0;
  uint32_t stride_ = 0;
  const char* prefix_ = nullptr;
  const char* rows_at_ = nullptr;  // of the rows, or their ends
};

class KeyPage : public Page {
 public:
  static constexpr uint32_t kNotFound = UINT32_MAX;
  // So many bytes may be read from the start of any suffix and any group's prefix.
  static constexpr size_t kSlackBytes = 32;

  // Whether its first key is the one that the segment's sparse index has for it. (Searches by the
  // index rely on that; so who decodes a page compares them once.)
  bool begins_as_indexed() const { return begins_as_indexed_; }
  void set_begins_as_indexed(bool value) { begins_as_indexed_ = value; }

  uint64_t first_row() const { return first_row_; }
  uint32_t rows() const { return rows_; }
  size_t max_key_bytes() const { return max_key_bytes_; }  // of the longest key

  // What all rows begin with.
  std::string_view prefix() const { return {base() + prefix_at_, prefix_bytes_}; }
  // The group that holds the row.
  KeyGroup GroupOf(uint32_t row) const { return Group(row / KeyGroup::kRows); }

  // Searches in [begin, end), end <= rows(), whose keys must ascend (those of one namespace do).
  // The first row with this key; kNotFound.
  uint32_t Find(std::string_view key, uint32_t begin, uint32_t end) const;
  // The first row with a key >= this one; end when there is none.
  uint32_t LowerBound(std::string_view key, uint32_t begin, uint32_t end) const;
  // The first row with a key > this one; end when there is none.
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
  const char* base() const { return reinterpret_cast<const char*>(this); }
  char* base() { return reinterpret_cast<char*>(this); }
  // From the start of the allocation.
  static size_t PlacesAt(uint32_t rows, bool has_fingerprints) {
    return sizeof(KeyPage) + (has_fingerprints ? (size_t{rows} + 15) / 16 * 16 : 0);
  }
  template <typename PlaceType>
  const PlaceType* places() const {
    return reinterpret_cast<const PlaceType*>(base() + PlacesAt(rows_, has_fingerprints_));
  }
  KeyGroup Group(uint32_t number) const;
  bool HasPrefix(std::string_view key) const;
  template <bool kOrEqual>
  uint32_t Bound(std::string_view key, uint32_t begin, uint32_t end) const;
  // The same of a key that has the page's prefix; begin < end.
  template <bool kOrEqual>
  KeyGroup::Found Search(std::string_view key, uint32_t begin, uint32_t end) const;
  // The first group of [begin, end) of which the first row is not below the key (nor equal), whose
  // first four bytes after the prefix are `head`.
  template <bool kOrEqual, typename PlaceType>
  uint32_t BoundOfGroups(std::string_view key, uint32_t head, uint32_t begin, uint32_t end) const;
  // Find in a page without fingerprints and wide places, from its first row on.
  uint32_t FindShort(std::string_view key, uint32_t begin, uint32_t end) const;
  // `rest`: of the key, after the page's prefix.
  uint32_t FindByFingerprint(std::string_view rest, uint32_t begin, uint32_t end) const;
  template <typename Start>
  uint32_t ValuePagesBefore(uint32_t row) const;

  uint64_t first_row_ = 0;
  uint32_t rows_ = 0;
  uint32_t first_value_page_ = 0;
  uint32_t value_starts_ = 0;  // value pages that begin after the page's first row
  uint32_t prefix_at_ = 0;     // from the start of the allocation
  uint16_t prefix_bytes_ = 0;
  uint16_t max_key_bytes_ = 0;
  bool is_wide_ = false;  // its groups' places, and the value pages' starts: 4 bytes, not 2
  bool has_fingerprints_ = false;
  bool begins_as_indexed_ = true;
};

// (Here, so that a scan keeps its group in registers.)
inline KeyGroup KeyPage::Group(uint32_t number) const {
  KeyGroup group;
  group.begin_ = number * KeyGroup::kRows;
  group.rows_ = std::min(KeyGroup::kRows, rows_ - group.begin_);
  if (is_wide_) [[unlikely]] {
    const KeyGroup::WidePlace& place = places<KeyGroup::WidePlace>()[number];
    group.prefix_ = base() + place.at;
    group.prefix_bytes_ = place.prefix_bytes;
    group.stride_ = place.stride;
  } else {
    const KeyGroup::Place& place = places<KeyGroup::Place>()[number];
    group.prefix_ = base() + place.at;
    group.prefix_bytes_ = place.prefix_bytes;
    group.stride_ =
        place.stride > KeyGroup::kMaxNarrowStride ? UINT32_MAX << 8 | place.stride : place.stride;
  }
  group.rows_at_ = group.prefix_ + group.prefix_bytes_;
  return group;
}

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
