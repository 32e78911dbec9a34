// SPDX-License-Identifier: Apache-2.0

// The keys of one namespace of a segment as a reader at one snapshot meets them (KeyCursor).
//
// Invariants
//   1. Timestamps are read only if the segment holds a version newer than the snapshot, or when
//      asked for: otherwise a key's first row is its newest visible version.
//   2. Values are read only when asked for.
//   3. A key page is read only if its rows matter. On the first row of a page the cursor stands by
//      the sparse index alone. (So a seek to before the segment's first key reads nothing.)
//   4. Where no key of a page has two versions, Next and Prev cost a few instructions; elsewhere a
//      key's versions are passed by binary search, however many they are.
//
// Keys are put together in a buffer of its own, values are views into their page.
#ifndef VERALITH_CORE_SEGMENT_READ_SEGMENT_CURSOR_H_
#define VERALITH_CORE_SEGMENT_READ_SEGMENT_CURSOR_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/iterator/key_cursor.h"
#include "core/segment/read/key_search.h"
#include "core/segment/read/page_column.h"
#include "core/segment/read/row_key.h"
#include "core/segment/read/segment_pages.h"
#include "veralith/types.h"

namespace veralith {

class SegmentCursor final : public KeyCursor {
 public:
  SegmentCursor(SegmentPages* pages, NamespaceId ns, Timestamp snapshot, size_t readahead_bytes,
                bool fill_cache);

  void SeekToFirst() override;
  void SeekToLast() override;
  void Seek(std::string_view key) override;
  void SeekForPrev(std::string_view key) override;
  void Next() override;
  void Prev() override;
  Timestamp max_timestamp() const override { return segment_.summary.max_ts; }

 protected:
  bool LoadEntry() override;
  bool ReadTimestamp() override;

 private:
  bool IsSingleVersion(size_t key_page) const {
    return segment_.block.KeyPageIsSingleVersion(key_page);
  }
  size_t KeyPageOf(uint64_t row) const;
  PageRows RowsOfNamespace(const KeyPage& page) const { return RowsWithin(page, begin_, end_); }
  bool BeginsWith(size_t key_page, std::string_view key) const {
    return PageBeginsWith(segment_, key_page, ns_, key);
  }

  // Each of these returns false on error and sets status().
  bool LoadKeyPage(size_t number);
  bool TimestampOf(uint64_t row, Timestamp* ts);
  // Finds the first row at or after the key, and whether that row is the key's.
  bool FindRow(std::string_view key, uint64_t* row, bool* exact);
  // Finds the first row of the current key, and one past its last.
  bool BeginOfKey(uint64_t* begin);
  bool EndOfKey(uint64_t* end);
  // Finds the newest of a key's rows [begin, end) that the snapshot sees; `end` if there is none.
  bool FirstVisible(uint64_t begin, uint64_t end, uint64_t* row);

  // Moves to the first key with a visible version, from `row` on, which begins a key.
  void FindForward(uint64_t row);
  // Likewise backward, from the key that ends before `row`.
  void FindBackward(uint64_t row);
  // Sets the position to the row, by its key page or, for a page's first row, by the index. Returns
  // false on error.
  bool SetRow(uint64_t row);
  // The same, with the row's page loaded.
  void SetLoadedRow(uint64_t row);

  const SegmentFile& segment_;
  const NamespaceId ns_;
  const Timestamp snapshot_;
  const bool has_newer_;  // the segment may hold versions that the snapshot does not see
  uint64_t begin_ = 0;    // rows of the namespace
  uint64_t end_ = 0;

  PageColumn<KeyPage> keys_;
  PageColumn<TimestampPage> timestamps_;
  PageColumn<ValuePage> values_;
  uint64_t row_ = 0;
  size_t key_page_ = 0;  // row_'s; loaded or not
  // Rows of the page in place, and of the namespace, each of which is a key that is seen.
  uint64_t plain_begin_ = 0;
  uint64_t plain_end_ = 0;
  RowKey row_key_;  // holds the current key, unless it lies in the index
};

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_READ_SEGMENT_CURSOR_H_
