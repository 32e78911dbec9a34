// SPDX-License-Identifier: Apache-2.0

#include "core/segment/read/segment_stream.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "core/base/check.h"
#include "core/base/status.h"

namespace veralith {

SegmentStream::SegmentStream(SegmentPages* pages, size_t readahead_bytes, bool fill_cache,
                             ValuePageOffers::Place* offers, std::shared_ptr<const void> keep)
    : keep_(std::move(keep)),
      segment_(pages->segment()),
      keys_(pages, readahead_bytes, fill_cache),
      timestamps_(pages, readahead_bytes, fill_cache),
      values_(pages, readahead_bytes, fill_cache),
      offers_(offers) {}

std::unique_ptr<SegmentStream> SegmentStream::OfPlaces(SegmentPages* pages, uint64_t source) {
  constexpr size_t kReadaheadBytes = size_t{64} << 10;
  auto stream = std::make_unique<SegmentStream>(pages, kReadaheadBytes, /*fill_cache=*/false);
  stream->place_ = RowPlace{source, 0};
  return stream;
}

bool SegmentStream::Fail(absl::Status status) {
  status_ = std::move(status);
  valid_ = false;
  return false;
}

void SegmentStream::MoveTo(uint64_t row) {
  status_ = absl::OkStatus();
  valid_ = false;
  if (row >= rows()) {
    return;
  }
  size_t number = keys_.number();
  const KeyPage* page = keys_.page();
  if (page == nullptr || row < page->first_row() || row >= page->first_row() + page->rows()) {
    if (page != nullptr && row == page->first_row() + page->rows()) {
      ++number;
    } else {
      number = segment_.block.PageOfRow(SegmentColumn::kKey, row);
    }
    row_key_.ChangePage();
    if (absl::Status status = keys_.Load(number); !status.ok()) {
      Fail(std::move(status));
      return;
    }
  }
  row_ = row;
  FillEntry();
}

void SegmentStream::Next() {
  VERALITH_DCHECK(valid_);
  const KeyPage* page = keys_.page();
  if (row_ + 1 < page->first_row() + page->rows()) [[likely]] {
    ++row_;
    FillEntry();
  } else {
    MoveTo(row_ + 1);
  }
}

bool SegmentStream::FillEntry() {
  const KeyPage& page = *keys_.page();
  const auto key_row = static_cast<uint32_t>(row_ - page.first_row());
  entry_.key = row_key_.Of(page, key_row);
  if (row_ < namespace_begin_ || row_ >= namespace_end_) [[unlikely]] {
    FindNamespace();
  }
  const bool has_kinds = !place_.has_value() || segment_.block.counts().tombstones > 0;
  if (!FillTimestamp() || (has_kinds && !FillValue(key_row))) {
    return false;
  }
  if (place_.has_value()) {
    FillPlace();
  }
  valid_ = true;
  return true;
}

void SegmentStream::FindNamespace() {
  entry_.ns = segment_.block.NamespaceOfRow(row_);
  std::tie(namespace_begin_, namespace_end_) = segment_.block.RowsOfNamespace(entry_.ns);
}

bool SegmentStream::FillTimestamp() {
  if (!timestamps_.Holds(row_)) [[unlikely]] {
    const size_t number = segment_.block.PageOfRow(SegmentColumn::kTimestamp, row_);
    if (absl::Status status = timestamps_.Load(number); !status.ok()) {
      return Fail(std::move(status));
    }
  }
  const TimestampPage& page = *timestamps_.page();
  entry_.ts = page.timestamp(static_cast<uint32_t>(row_ - page.first_row()));
  return true;
}

absl::Status SegmentStream::BringValues(size_t number) {
  if (offers_ == nullptr) {
    return values_.Load(number);
  }
  offers_->Withdraw();
  VERALITH_RETURN_IF_ERROR(values_.LoadStored(number, offers_));
  if (row_ == values_.page()->first_row()) {
    offers_->Offer(entry_);
  } else {
    offers_->Withdraw();
  }
  return absl::OkStatus();
}

bool SegmentStream::FillValue(uint32_t key_row) {
  const ValuePage* page = values_.page();
  if (page == nullptr || row_ < page->first_row() || row_ >= page->first_row() + page->rows())
      [[unlikely]] {
    if (absl::Status status = BringValues(keys_.page()->ValuePageOf(key_row)); !status.ok()) {
      return Fail(std::move(status));
    }
    page = values_.page();
  }
  const auto row = static_cast<uint32_t>(row_ - page->first_row());
  if (page->IsNull(row)) {
    entry_.kind = EntryKind::kDelete;
    entry_.value = {};
  } else {
    entry_.kind = EntryKind::kPut;
    entry_.value = page->value(row);
  }
  return true;
}

// The kind is the value page's, if that was needed to know it.
void SegmentStream::FillPlace() {
  if (segment_.block.counts().tombstones == 0) {
    entry_.kind = EntryKind::kPut;
  }
  place_->row = row_;
  entry_.value = place_->bytes();
}

void SegmentStream::Seek(NamespaceId ns, std::string_view key) {
  valid_ = false;
  status_ = absl::OkStatus();
  if (rows() == 0) {
    return;
  }
  absl::StatusOr<uint64_t> found = FindRow(ns, key);
  if (found.ok()) {
    MoveTo(*found);
  } else {
    Fail(found.status());
  }
}

absl::StatusOr<uint64_t> SegmentStream::FindRow(NamespaceId ns, std::string_view key) {
  const KeyIndex& index = segment_.key_index;
  std::optional<size_t> number = index.FindLastAtOrBelow(ns, key);
  if (!number.has_value()) {
    return 0;
  }
  const bool begins_page = index.ns(*number) == ns && index.key(*number) == key;
  if (begins_page && *number > 0 && !segment_.block.KeyPageIsSingleVersion(*number)) {
    // Newer versions may end the page before.
    number = index.FindLastBelow(ns, key).value_or(0);
  }
  row_key_.ChangePage();
  VERALITH_RETURN_IF_ERROR(keys_.Load(*number));
  const KeyPage& page = *keys_.page();
  const uint64_t page_end = page.first_row() + page.rows();
  const uint64_t begin = std::clamp(segment_.FirstRowOfNamespace(ns), page.first_row(), page_end);
  const uint64_t end = std::clamp(segment_.FirstRowOfNamespace(ns + 1), begin, page_end);
  return page.first_row() + page.LowerBound(key, static_cast<uint32_t>(begin - page.first_row()),
                                            static_cast<uint32_t>(end - page.first_row()));
}

}  // namespace veralith
