// SPDX-License-Identifier: Apache-2.0

#include "core/segment/read/segment_cursor.h"

#include <optional>
#include <tuple>

#include "core/base/check.h"
#include "core/base/status.h"

namespace veralith {

SegmentCursor::SegmentCursor(SegmentPages* pages, NamespaceId ns, Timestamp snapshot,
                             size_t readahead_bytes, bool fill_cache)
    : segment_(pages->segment()),
      ns_(ns),
      snapshot_(snapshot),
      has_newer_(segment_.summary.max_ts > snapshot),
      keys_(pages, readahead_bytes, fill_cache),
      timestamps_(pages, readahead_bytes, fill_cache),
      values_(pages, readahead_bytes, fill_cache) {
  std::tie(begin_, end_) = segment_.block.RowsOfNamespace(ns);
}

// --- Pages -------------------------------------------------------------------------------------

size_t SegmentCursor::KeyPageOf(uint64_t row) const {
  if (const KeyPage* page = keys_.page(); page != nullptr) {
    const uint64_t first = page->first_row();
    const uint64_t end = first + page->rows();
    if (row >= first && row < end) {
      return keys_.number();
    }
    if (row == end) {
      return keys_.number() + 1;
    }
    if (row + 1 == first) {
      return keys_.number() - 1;
    }
  }
  return segment_.block.PageOfRow(SegmentColumn::kKey, row);
}

bool SegmentCursor::LoadKeyPage(size_t number) {
  if (keys_.page() != nullptr && keys_.number() == number) {
    return true;
  }
  plain_begin_ = 0;
  plain_end_ = 0;
  row_key_.ChangePage();  // key_ stays as it is: its bytes are still needed
  if (absl::Status status = keys_.Load(number); !status.ok()) {
    return Fail(std::move(status));
  }
  const KeyPage& page = *keys_.page();
  if (!page.begins_as_indexed()) [[unlikely]] {
    keys_.Drop();
    return Fail(KeyPageContradictsIndex(segment_, number));
  }
  if (!has_newer_ && IsSingleVersion(number)) {
    const auto [begin, end] = RowsOfNamespace(page);
    plain_begin_ = page.first_row() + begin;
    plain_end_ = page.first_row() + end;
  }
  return true;
}

bool SegmentCursor::TimestampOf(uint64_t row, Timestamp* ts) {
  if (!timestamps_.Holds(row)) [[unlikely]] {
    const size_t number = segment_.block.PageOfRow(SegmentColumn::kTimestamp, row);
    if (absl::Status status = timestamps_.Load(number); !status.ok()) {
      return Fail(std::move(status));
    }
  }
  const TimestampPage& page = *timestamps_.page();
  *ts = page.timestamp(static_cast<uint32_t>(row - page.first_row()));
  return true;
}

bool SegmentCursor::LoadEntry() {
  if (!values_.Holds(row_)) [[unlikely]] {
    const size_t number =
        keys_.Holds(row_)
            ? keys_.page()->ValuePageOf(static_cast<uint32_t>(row_ - keys_.page()->first_row()))
            : segment_.block.PageOfRow(SegmentColumn::kValue, row_);
    if (absl::Status status = values_.Load(number); !status.ok()) {
      return Fail(std::move(status));
    }
  }
  const ValuePage& page = *values_.page();
  const auto row = static_cast<uint32_t>(row_ - page.first_row());
  if (page.IsNull(row)) {
    kind_ = EntryKind::kDelete;
    value_ = {};
  } else {
    kind_ = EntryKind::kPut;
    value_ = page.value(row);
  }
  is_loaded_ = true;
  return true;
}

bool SegmentCursor::ReadTimestamp() {
  has_timestamp_ = TimestampOf(row_, &timestamp_);
  return has_timestamp_;
}

// --- Standing ----------------------------------------------------------------------------------

void SegmentCursor::SetLoadedRow(uint64_t row) {
  const KeyPage& page = *keys_.page();
  row_ = row;
  SetKey(row_key_.Of(page, static_cast<uint32_t>(row - page.first_row())));
}

bool SegmentCursor::SetRow(uint64_t row) {
  key_page_ = KeyPageOf(row);
  if (!keys_.Holds(row) && row == segment_.block.Page(SegmentColumn::kKey, key_page_).first_row) {
    row_ = row;
    SetKey(segment_.key_index.key(key_page_));
    return true;
  }
  if (!LoadKeyPage(key_page_)) {
    return false;
  }
  SetLoadedRow(row);
  return true;
}

void SegmentCursor::FindForward(uint64_t row) {
  while (row < end_) {
    if (!SetRow(row) || !has_newer_) {
      return;
    }
    uint64_t end = 0;
    uint64_t seen = 0;
    if (!EndOfKey(&end) || !FirstVisible(row, end, &seen)) {
      return;
    }
    if (seen < end) {
      SetRow(seen);
      return;
    }
    row = end;
  }
  End();
}

void SegmentCursor::FindBackward(uint64_t row) {
  while (row > begin_) {
    uint64_t begin = 0;
    uint64_t seen = 0;
    if (!SetRow(row - 1) || !BeginOfKey(&begin)) {
      return;
    }
    if (!has_newer_) {
      if (begin != row - 1) {
        SetRow(begin);
      }
      return;
    }
    if (!FirstVisible(begin, row, &seen)) {
      return;
    }
    if (seen < row) {
      SetRow(seen);
      return;
    }
    row = begin;
  }
  End();
}

// --- The rows of one key -----------------------------------------------------------------------

bool SegmentCursor::EndOfKey(uint64_t* end) {
  if (IsSingleVersion(key_page_)) {
    *end = row_ + 1;
    return true;
  }
  const std::string_view key = key_;
  if (!LoadKeyPage(key_page_)) {
    return false;
  }
  const KeyPage* page = keys_.page();
  const auto row = static_cast<uint32_t>(row_ - page->first_row());
  const uint32_t page_end = RowsOfNamespace(*page).second;
  uint32_t behind = row + 1;
  if (behind < page_end && page->Compare(behind, key) == 0) {
    behind = page->UpperBound(key, behind, page_end);
  }
  const size_t next = key_page_ + 1;
  if (behind == page->rows() && next < segment_.key_index.size() && BeginsWith(next, key)) {
    // A key can have enough versions to fill whole pages: takes the last page that begins with the
    // key.
    const size_t last = segment_.key_index.FindLastAtOrBelow(ns_, key).value_or(next);
    if (!LoadKeyPage(last)) {
      return false;
    }
    page = keys_.page();
    behind = page->UpperBound(key, 0, RowsOfNamespace(*page).second);
  }
  *end = page->first_row() + behind;
  return true;
}

bool SegmentCursor::BeginOfKey(uint64_t* begin) {
  if (IsSingleVersion(key_page_)) {
    *begin = row_;
    return true;
  }
  const std::string_view key = key_;
  if (!LoadKeyPage(key_page_)) {
    return false;
  }
  const KeyPage* page = keys_.page();
  const auto row = static_cast<uint32_t>(row_ - page->first_row());
  uint32_t first = page->LowerBound(key, RowsOfNamespace(*page).first, row);
  const size_t newest = first == 0 ? PageOfNewest(segment_, key_page_, ns_, key) : key_page_;
  if (newest != key_page_) {
    if (!LoadKeyPage(newest)) {
      return false;
    }
    page = keys_.page();
    const auto [ns_begin, ns_end] = RowsOfNamespace(*page);
    first = page->LowerBound(key, ns_begin, ns_end);
  }
  *begin = page->first_row() + first;
  return true;
}

bool SegmentCursor::FirstVisible(uint64_t begin, uint64_t end, uint64_t* row) {
  while (begin < end) {
    // Usually the first few decide.
    const uint64_t middle = begin + (end - begin) / 8;
    Timestamp ts = 0;
    if (!TimestampOf(middle, &ts)) {
      return false;
    }
    if (ts > snapshot_) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  *row = begin;
  return true;
}

// --- Moving ------------------------------------------------------------------------------------

void SegmentCursor::SeekToFirst() {
  End();
  FindForward(begin_);
}

void SegmentCursor::SeekToLast() {
  End();
  FindBackward(end_);
}

void SegmentCursor::Next() {
  VERALITH_DCHECK(valid_);
  if (row_ >= plain_begin_ && row_ + 1 < plain_end_) [[likely]] {
    SetLoadedRow(row_ + 1);
    return;
  }
  if (uint64_t end = 0; EndOfKey(&end)) {
    FindForward(end);
  }
}

void SegmentCursor::Prev() {
  VERALITH_DCHECK(valid_);
  if (row_ > plain_begin_ && row_ < plain_end_) [[likely]] {
    SetLoadedRow(row_ - 1);
    return;
  }
  if (uint64_t begin = 0; BeginOfKey(&begin)) {
    FindBackward(begin);
  }
}

bool SegmentCursor::FindRow(std::string_view key, uint64_t* row, bool* exact) {
  const KeyIndex& index = segment_.key_index;
  *row = begin_;
  *exact = false;
  bool begins_page = false;
  std::optional<size_t> number = index.FindLastAtOrBelow(ns_, key, &begins_page);
  if (!number.has_value()) {
    return true;
  }
  if (begins_page) {
    const size_t newest = PageOfNewest(segment_, *number, ns_, key);
    if (newest == *number) {
      *row = segment_.block.Page(SegmentColumn::kKey, *number).first_row;
      *exact = true;
      return true;
    }
    number = newest;
  }
  if (begin_ > 0) {
    const SegmentPage place = segment_.block.Page(SegmentColumn::kKey, *number);
    if (place.first_row + place.rows <= begin_) {
      *exact = begin_ < end_ && place.first_row + place.rows == begin_ &&
               *number + 1 < index.size() && BeginsWith(*number + 1, key);
      return true;
    }
  }
  if (!LoadKeyPage(*number)) {
    return false;
  }
  const KeyPage& page = *keys_.page();
  const auto [begin, end] = RowsOfNamespace(page);
  const uint32_t found = page.LowerBound(key, begin, end);
  *row = page.first_row() + found;
  *exact = found < end
               ? page.Compare(found, key) == 0
               : found == page.rows() && *number + 1 < index.size() && BeginsWith(*number + 1, key);
  return true;
}

void SegmentCursor::Seek(std::string_view key) {
  End();
  uint64_t row = 0;
  bool exact = false;
  if (begin_ < end_ && FindRow(key, &row, &exact)) {
    FindForward(row);
  }
}

void SegmentCursor::SeekForPrev(std::string_view key) {
  End();
  uint64_t row = 0;
  bool exact = false;
  if (begin_ == end_ || !FindRow(key, &row, &exact)) {
    return;
  }
  if (exact) {
    uint64_t end = 0;
    if (SetRow(row) && EndOfKey(&end)) {
      FindBackward(end);
    }
    return;
  }
  FindBackward(row);
}

}  // namespace veralith
