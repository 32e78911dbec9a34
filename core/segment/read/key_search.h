// SPDX-License-Identifier: Apache-2.0

// Where the versions of one key lie: what lookups and cursors ask of a segment's key pages.
//
// Versions of a key stand next to each other, the newest first. They can begin on one page, fill
// whole pages and end on another; each page after the first then begins with the key.
//
// Thread rule: pure functions of what never changes.
#ifndef VERALITH_CORE_SEGMENT_READ_KEY_SEARCH_H_
#define VERALITH_CORE_SEGMENT_READ_KEY_SEARCH_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "core/base/status.h"
#include "core/format/segment_block.h"
#include "core/segment/page/key_page.h"
#include "core/segment/read/segment_file.h"
#include "veralith/types.h"

namespace veralith {

// Rows of a key page [first, second), counted within the page.
using PageRows = std::pair<uint32_t, uint32_t>;

// Returns the page's part of the file's rows [begin, end): those of a namespace.
inline PageRows RowsWithin(const KeyPage& page, uint64_t begin, uint64_t end) {
  const uint64_t first = page.first_row();
  const uint64_t page_end = first + page.rows();
  const uint64_t low = std::clamp(begin, first, page_end);
  const uint64_t high = std::clamp(end, low, page_end);
  return {static_cast<uint32_t>(low - first), static_cast<uint32_t>(high - first)};
}

// Returns whether the key page begins with the key, according to the index.
inline bool PageBeginsWith(const SegmentFile& segment, size_t key_page, NamespaceId ns,
                           std::string_view key) {
  const KeyIndex& index = segment.key_index;
  return index.ns(key_page) == ns && index.key(key_page) == key;
}

// Returns a page so that the key's newest version is on it, or else is the first row of the page
// after it. `key_page` begins with the key. A key can have enough versions to fill whole pages, so
// this is the last page that begins with a smaller key.
inline size_t PageOfNewest(const SegmentFile& segment, size_t key_page, NamespaceId ns,
                           std::string_view key) {
  const SegmentBlockView& block = segment.block;
  if (key_page == 0 || block.KeyPageIsSingleVersion(key_page) ||
      block.KeyPageIsSingleVersion(key_page - 1)) {
    return key_page;
  }
  return segment.key_index.FindLastBelow(ns, key).value_or(0);
}

// The error of a page for which PageBeginsWith is true and whose first key is another.
inline absl::Status KeyPageContradictsIndex(const SegmentFile& segment, size_t key_page) {
  return segment.InFile(
      DataLoss("a key page does not begin with the key that the sparse index says"),
      segment.block.Page(SegmentColumn::kKey, key_page).offset);
}

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_READ_KEY_SEARCH_H_
