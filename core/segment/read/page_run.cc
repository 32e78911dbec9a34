// SPDX-License-Identifier: Apache-2.0

#include "core/segment/read/page_run.h"

#include <algorithm>

#include "core/base/status.h"

namespace veralith {

bool PageRun::GoesOn(size_t i) {
  if (eager_ || (loaded_ && i >= first_ && i < end_)) {
    return true;
  }
  in_order_ = any_ && (i == end_ || i + 1 == first_) ? in_order_ + 1 : 0;
  if (in_order_ >= kAlone) {
    return true;
  }
  any_ = true;
  loaded_ = false;
  first_ = i;
  end_ = i + 1;
  window_bytes_ = 0;
  return false;
}

absl::StatusOr<std::string_view> PageRun::Get(size_t i) {
  if (!loaded_ || i < first_ || i >= end_) {
    SizeWindow(i);
    loaded_ = false;
    if (absl::Status status = Read(i); !status.ok()) {
      any_ = false;
      return segment_.InFile(status);
    }
    loaded_ = true;
  }
  const SegmentPage page = segment_.block.Page(column_, i);
  return std::string_view(buffer_.get() + (page.offset - start_), page.bytes);
}

void PageRun::SizeWindow(size_t i) {
  const bool forward = any_ && i == end_;
  const bool backward = any_ && i + 1 == first_;
  backward_ = backward;
  if (forward || backward) {
    window_bytes_ = std::min(limit_bytes_, std::max(kFirstWindowBytes, window_bytes_ * 4));
  } else {
    window_bytes_ = eager_ ? limit_bytes_ : 0;
  }
  any_ = true;
}

// Makes the stretch as long as the window allows, of pages that are contiguous in the file.
void PageRun::Extend(size_t i, bool backward) {
  const SegmentBlockView& block = segment_.block;
  const SegmentPage page = block.Page(column_, i);
  first_ = i;
  end_ = i + 1;
  start_ = page.offset;
  bytes_ = page.bytes;
  if (backward) {
    while (first_ > 0) {
      const SegmentPage before = block.Page(column_, first_ - 1);
      if (before.offset + before.bytes != start_ || bytes_ + before.bytes > window_bytes_) {
        break;
      }
      --first_;
      start_ = before.offset;
      bytes_ += before.bytes;
    }
    return;
  }
  while (end_ < block.page_count(column_)) {
    const SegmentPage next = block.Page(column_, end_);
    if (next.offset != start_ + bytes_ || bytes_ + next.bytes > window_bytes_) {
      break;
    }
    ++end_;
    bytes_ += next.bytes;
  }
}

absl::Status PageRun::Read(size_t i) {
  Extend(i, backward_);
  const size_t wanted = std::max<size_t>(bytes_, std::min(window_bytes_, size_t{1} << 20));
  if (capacity_ < bytes_ || capacity_ > 4 * wanted) {
    buffer_.reset();
    buffer_.reset(new char[wanted]);
    capacity_ = wanted;
  }
  return ReadFully(*segment_.file, start_, {buffer_.get(), bytes_});
}

}  // namespace veralith
