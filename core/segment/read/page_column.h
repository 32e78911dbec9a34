// SPDX-License-Identifier: Apache-2.0

// One column of one segment while somebody moves over it: the page in place, and where the next
// ones come from. A page comes from the cache, alone from the file, or out of a stretch that was
// read at once (page_run.h) while pages are asked for in order.
//
// With fill_cache, pages that were read alone are kept in the cache and may displace others there;
// pages of a stretch are kept only where there is room: a long scan displaces nothing.
//
// Thread rule: one thread at a time. Holds a reference on its page.
#ifndef VERALITH_CORE_SEGMENT_READ_PAGE_COLUMN_H_
#define VERALITH_CORE_SEGMENT_READ_PAGE_COLUMN_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "core/base/status.h"
#include "core/segment/read/page_run.h"
#include "core/segment/read/segment_pages.h"

namespace veralith {

template <typename PageType>
class PageColumn {
 public:
  PageColumn(SegmentPages* pages, size_t readahead_bytes, bool fill_cache)
      : pages_(*pages),
        fill_cache_(fill_cache),
        run_(pages->segment(), ColumnOf<PageType>(), readahead_bytes, !fill_cache) {}

  // Null before the first Load, and after one that failed.
  const PageType* page() const { return page_.get(); }
  size_t number() const { return number_; }  // of page()
  bool Holds(uint64_t row) const {
    return page_ && row >= page_->first_row() && row - page_->first_row() < page_->rows();
  }

  // Forgets the page, which proved wrong.
  void Drop() { page_ = {}; }

  // Puts page `number` in place.
  absl::Status Load(size_t number) {
    if (page_ && number_ == number) {
      return absl::OkStatus();
    }
    number_ = number;
    page_ = pages_.Cached<PageType>(number);
    if (page_) {
      return absl::OkStatus();
    }
    if (!run_.GoesOn(number)) {
      return pages_.Load(number, fill_cache_ ? CacheUse::kDisplace : CacheUse::kNone, &page_);
    }
    VERALITH_ASSIGN_OR_RETURN(const std::string_view bytes, run_.Get(number));
    return pages_.Load(number, bytes, fill_cache_ ? CacheUse::kIfRoom : CacheUse::kNone, &page_);
  }

  // The same for a value page, past the cache, whose bytes `place` may want.
  absl::Status LoadStored(size_t number, ValuePageOffers::Place* place) {
    number_ = number;
    page_.Reset();
    VERALITH_ASSIGN_OR_RETURN(const std::string_view bytes, run_.Get(number));
    return pages_.LoadStored(number, bytes, place, &page_);
  }

 private:
  SegmentPages& pages_;
  const bool fill_cache_;
  PageRef<PageType> page_;
  size_t number_ = 0;
  PageRun run_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_READ_PAGE_COLUMN_H_
