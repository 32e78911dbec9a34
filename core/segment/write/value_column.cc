// SPDX-License-Identifier: Apache-2.0

#include "core/segment/write/value_column.h"

#include <utility>

#include "core/base/status.h"

namespace veralith {

absl::Status ValueColumn::Add(const EntryView& entry, StoredValuePage* stored_page) {
  if (counted_ > 0) {
    if (stored_page == nullptr && stored_.Holds(counted_, entry)) {
      return Count(entry);
    }
    VERALITH_RETURN_IF_ERROR(EncodeCounted());
  }
  if (stored_page != nullptr && stored_page->Holds(0, entry) && MayFollow(*stored_page)) {
    std::swap(stored_, *stored_page);
    return Count(entry);
  }
  return Encode(entry);
}

// Checks invariant 2: of the stored page by itself, together with the page that it would follow,
// and of that page together with the one before it.
bool ValueColumn::MayFollow(const StoredValuePage& stored) const {
  if (!IsPageOf(options_, stored.codec, *stored.page)) {
    return false;
  }
  const uint64_t open = builder_.open_raw_bytes();
  const uint64_t before = open > 0 ? open : last_page_bytes_;
  return before + stored.raw_bytes() >= page_bytes() &&
         (open == 0 || last_page_bytes_ + open >= page_bytes());
}

absl::Status ValueColumn::Count(const EntryView& entry) {
  ++counted_;
  counted_bytes_ += StoredValuePage::RawBytesOfRows(1, entry.value.size());
  return counted_ == stored_.page->rows() ? Copy() : absl::OkStatus();
}

absl::Status ValueColumn::Copy() {
  VERALITH_RETURN_IF_ERROR(FinishPage());
  builder_.AppendStored(counted_, stored_.nulls, stored_.bytes, stored_.crc32c,
                        stored_.uncompressed_bytes);
  last_page_bytes_ = counted_bytes_;
  ++copied_.pages;
  copied_.bytes += stored_.bytes.size();
  counted_ = 0;
  counted_bytes_ = 0;
  *stored_.misses = 0;
  stored_.page.Reset();
  return absl::OkStatus();
}

absl::Status ValueColumn::EncodeCounted() {
  const uint32_t rows = std::exchange(counted_, 0);
  counted_bytes_ = 0;
  for (uint32_t row = 0; row < rows; ++row) {
    EntryView entry;
    if (stored_.page->IsNull(row)) {
      entry.kind = EntryKind::kDelete;
    } else {
      entry.value = stored_.page->value(row);
    }
    VERALITH_RETURN_IF_ERROR(Encode(entry));
  }
  return absl::OkStatus();
}

absl::Status ValueColumn::Encode(const EntryView& entry) {
  if (entry.kind == EntryKind::kDelete) {
    builder_.AddNull();
  } else {
    builder_.Add(entry.value);
  }
  return builder_.open_raw_bytes() >= page_bytes() ? FinishPage() : absl::OkStatus();
}

absl::Status ValueColumn::FinishPage() {
  if (builder_.open_raw_bytes() > 0) {
    last_page_bytes_ = builder_.open_raw_bytes();
  }
  return builder_.FinishPage();
}

absl::Status ValueColumn::FinishPages() {
  VERALITH_RETURN_IF_ERROR(EncodeCounted());
  stored_.page.Reset();
  return FinishPage();
}

void ValueColumn::Clear() {
  builder_.Clear();
  last_page_bytes_ = page_bytes();
}

}  // namespace veralith
