// SPDX-License-Identifier: Apache-2.0

// The segment block: what this engine knows about one segment file, in one versioned, checksummed
// blob in the file's body. FORMAT.md, "Segment block", describes every byte.
//
// Contents: counts and bounds, row groups, one page table per column (place, first row, CRC-32C of
// the page including its header), flags of key pages, first row of each namespace. Three opaque
// sections have their own codecs: sparse index (sparse_index.h), filter (filter.h), range
// tombstones (range_tombstone_codec.h).
//
// 1. A parsed view is consistent. Row groups' chunks lie in [4, data_limit) in schema order and do
//    not overlap. The pages of a chunk tile it exactly and cover its rows exactly. Rows sum up to
//    the counts. Namespaces ascend with their first rows. Accessors need no further checks, as long
//    as indices are in range.
// 2. Parse is linear in the block. It allocates one SegmentRowGroup per row group; everything else
//    is a view of the bytes, which must outlive it.
// 3. Encoding is canonical: a block that parses and has no unknown section re-encodes to itself.
// 4. CheckIndexEntry and the segment reader check what Parse cannot know: that the sparse index's
//    entries are the key pages', and that the pages hold what the tables say.
//
// A lookup at a timestamp >= max_ts needs neither ns nor ts pages. The namespace of a row follows
// from the namespace table (RowsOfNamespace, NamespaceOfRow), and the first row of a key is its
// newest version. If every key of a key page has one version (KeyPageIsSingleVersion), any match is
// the only one. The timestamp itself, if asked for, is in the ts page.
#ifndef VERALITH_CORE_FORMAT_SEGMENT_BLOCK_H_
#define VERALITH_CORE_FORMAT_SEGMENT_BLOCK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "veralith/types.h"

namespace veralith {

// The columns of a segment, in schema order.
enum class SegmentColumn : uint8_t { kNamespace = 0, kKey = 1, kTimestamp = 2, kValue = 3 };
inline constexpr size_t kSegmentColumns = 4;

// The footer's key-value entry that holds the block's place, as EncodeBlockPlace writes it.
inline constexpr std::string_view kSegmentBlockKey = "veralith.block";

struct SegmentPage {
  uint64_t offset = 0;     // position of the page's header in the file
  uint32_t bytes = 0;      // header included
  uint32_t crc32c = 0;     // over those bytes, seed 0
  uint64_t first_row = 0;  // number in the file
  uint64_t rows = 0;       // at least 1; filled by the view, ignored by the encoder
  friend bool operator==(const SegmentPage&, const SegmentPage&) = default;
};

struct SegmentChunk {
  uint64_t offset = 0;      // position of its first page
  uint64_t bytes = 0;       // all its pages; < 4 GiB
  uint32_t first_page = 0;  // ordinal of its first page in the column
  uint32_t pages = 0;
  friend bool operator==(const SegmentChunk&, const SegmentChunk&) = default;
};

struct SegmentRowGroup {
  uint64_t first_row = 0;
  uint64_t rows = 0;  // at least 1, < 2^32
  std::array<SegmentChunk, kSegmentColumns> chunks;
  friend bool operator==(const SegmentRowGroup&, const SegmentRowGroup&) = default;
};

struct SegmentCounts {
  uint64_t rows = 0;  // puts and point tombstones
  uint64_t tombstones = 0;
  uint64_t range_tombstones = 0;
  uint64_t raw_key_bytes = 0;
  uint64_t raw_value_bytes = 0;
  // Smallest and largest timestamp of rows and range tombstones; both 0 if there are neither.
  Timestamp min_ts = 0;
  Timestamp max_ts = 0;
  bool single_version = false;  // no user key has two rows in this file
  friend bool operator==(const SegmentCounts&, const SegmentCounts&) = default;
};

struct SegmentNamespace {
  NamespaceId ns = 0;
  uint64_t first_row = 0;
  friend bool operator==(const SegmentNamespace&, const SegmentNamespace&) = default;
};

// What a writer gathers. Row groups need only `rows` and, per chunk, `pages`: first rows, offsets,
// sizes and page ordinals follow from the pages.
struct SegmentBlockContents {
  SegmentCounts counts;
  // User keys of the first and the last row; meaningless without rows.
  NamespaceId first_ns = 0;
  NamespaceId last_ns = 0;
  std::string first_key;
  std::string last_key;
  std::vector<SegmentRowGroup> row_groups;
  std::array<std::vector<SegmentPage>, kSegmentColumns> pages;  // by SegmentColumn
  // One per key page: 1 if some user key of the page has more than one row in the file.
  std::vector<uint8_t> key_page_multi_version;
  std::vector<SegmentNamespace> namespaces;
  std::string sparse_index;
  std::string filter;            // may be empty: no filter
  std::string range_tombstones;  // may be empty: none
};

// Appends the block. InvalidArgument if the contents break invariant 1, so a writer's bug never
// reaches a disk. `data_limit` as for Parse.
absl::Status AppendSegmentBlock(const SegmentBlockContents& contents, uint64_t data_limit,
                                std::string* out);

class SegmentBlockView {
 public:
  SegmentBlockView() = default;

  // `block`: exactly the block's bytes. `data_limit`: pages lie below this file offset (in our
  // files, the block's own offset). DataLoss for damage and contradictions. Unimplemented for
  // another version, or for an unknown section marked "must understand".
  static absl::StatusOr<SegmentBlockView> Parse(std::string_view block, uint64_t data_limit);

  const SegmentCounts& counts() const { return counts_; }
  uint64_t rows() const { return counts_.rows; }
  NamespaceId first_ns() const { return first_ns_; }
  NamespaceId last_ns() const { return last_ns_; }
  std::string_view first_key() const { return first_key_; }
  std::string_view last_key() const { return last_key_; }

  const std::vector<SegmentRowGroup>& row_groups() const { return row_groups_; }
  size_t RowGroupOfRow(uint64_t row) const;  // row < rows()

  size_t page_count(SegmentColumn column) const {
    return page_counts_[static_cast<size_t>(column)];
  }
  // i < page_count(column). Costs a binary search over row groups.
  SegmentPage Page(SegmentColumn column, size_t i) const;
  // Returns the ordinal of the page that holds `row` < rows(). O(log row groups + log pages of
  // one).
  size_t PageOfRow(SegmentColumn column, uint64_t row) const;

  bool KeyPageIsSingleVersion(size_t i) const { return key_page_flags_[i] == 0; }

  size_t namespace_count() const { return namespaces_.size() / 16; }
  SegmentNamespace Namespace(size_t i) const;  // i < namespace_count()
  // The place among the namespaces of the first one at or after ns; namespace_count(): none.
  size_t FindNamespace(NamespaceId ns) const;
  // Rows [first, second) belong to ns; equal if it has none.
  std::pair<uint64_t, uint64_t> RowsOfNamespace(NamespaceId ns) const;
  NamespaceId NamespaceOfRow(uint64_t row) const;  // row < rows()

  std::string_view sparse_index() const { return sparse_index_; }
  std::string_view filter() const { return filter_; }
  std::string_view range_tombstones() const { return range_tombstones_; }

  // Returns a copy of everything, as the writer would have gathered it.
  SegmentBlockContents ToContents() const;

  // DataLoss unless the sparse index's i-th entry is the i-th key page's place.
  absl::Status CheckIndexEntry(size_t i, uint64_t page_offset, uint32_t page_size,
                               uint64_t first_row) const;

 private:
  friend class SegmentBlockParser;

  SegmentCounts counts_;
  NamespaceId first_ns_ = 0;
  NamespaceId last_ns_ = 0;
  std::string_view first_key_;
  std::string_view last_key_;
  std::vector<SegmentRowGroup> row_groups_;
  std::array<size_t, kSegmentColumns> page_counts_ = {};
  std::array<std::string_view, kSegmentColumns> pages_;  // 12 bytes each
  std::string_view key_page_flags_;
  std::string_view namespaces_;  // 16 bytes each
  std::string_view sparse_index_;
  std::string_view filter_;
  std::string_view range_tombstones_;
};

// The block's place as the footer's key-value entry states it: 32 lower-case hex digits, offset
// then length, so its width never changes.
std::string EncodeBlockPlace(uint64_t offset, uint64_t length);
absl::StatusOr<std::pair<uint64_t, uint64_t>> DecodeBlockPlace(std::string_view text);

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_SEGMENT_BLOCK_H_
