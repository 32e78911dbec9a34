// SPDX-License-Identifier: Apache-2.0

// The key of one row after the other, put together in a buffer. What a row shares with the row
// before it, the page's prefix and its group's, stays in place.
//
// Thread rule: one thread at a time.
#ifndef VERALITH_CORE_SEGMENT_READ_ROW_KEY_H_
#define VERALITH_CORE_SEGMENT_READ_ROW_KEY_H_

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

#include "core/segment/page/key_page.h"

namespace veralith {

class RowKey {
 public:
  // To be called when the page that Of is asked about is another. The last key stays good.
  void ChangePage() {
    group_ = {};
    has_page_prefix_ = false;
  }

  // The key of a row of the page, good until the next call.
  std::string_view Of(const KeyPage& page, uint32_t row) {
    if (!group_.Holds(row)) [[unlikely]] {
      Enter(page, row);
    }
    const std::string_view suffix = group_.suffix(row);
    Copy(suffix_, suffix);
    return {buffer_.get(), static_cast<size_t>(suffix_ - buffer_.get()) + suffix.size()};
  }

 private:
  // There is room for copies of fixed sizes, and that many bytes can be read.
  static void Copy(char* to, std::string_view part) {
    constexpr size_t kFew = KeyPage::kSlackBytes / 2;
    if (part.size() <= kFew) [[likely]] {
      std::memcpy(to, part.data(), kFew);
    } else if (part.size() <= 2 * kFew) {
      std::memcpy(to, part.data(), 2 * kFew);
    } else {
      std::memcpy(to, part.data(), part.size());
    }
  }

  void Enter(const KeyPage& page, uint32_t row) {
    if (!has_page_prefix_) {
      EnterPage(page);
    }
    group_ = page.GroupOf(row);
    suffix_ = buffer_.get() + page.prefix().size();
    Copy(suffix_, group_.prefix());
    suffix_ += group_.prefix().size();
  }

  void EnterPage(const KeyPage& page) {
    const size_t bytes = page.max_key_bytes() + KeyPage::kSlackBytes;
    if (capacity_ < bytes) {
      buffer_.reset(new char[bytes + bytes / 2]);
      capacity_ = bytes + bytes / 2;
    }
    std::memcpy(buffer_.get(), page.prefix().data(), page.prefix().size());
    has_page_prefix_ = true;
  }

  KeyGroup group_;          // of the last row; none if the page changed
  char* suffix_ = nullptr;  // in the buffer, after both prefixes
  bool has_page_prefix_ = false;
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
};

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_READ_ROW_KEY_H_
