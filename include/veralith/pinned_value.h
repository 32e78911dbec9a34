// SPDX-License-Identifier: Apache-2.0

// A value that Get found: a view, and what keeps its bytes alive. The bytes are the engine's own,
// pinned. Small values may be copied in here instead, where that is cheaper than counting one more
// user of a page or memtable.
//
// Lifetime: the view is valid until this object is reset, reused for another Get, moved from or
// destroyed, even after the database is closed. Meanwhile at most one page or one memtable stays in
// memory.
// Thread rule: one thread at a time.
#ifndef VERALITH_PINNED_VALUE_H_
#define VERALITH_PINNED_VALUE_H_

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "veralith/export.h"

namespace veralith {

class VERALITH_EXPORT PinnedValue {
 public:
  PinnedValue() = default;
  PinnedValue(PinnedValue&& other) noexcept { *this = std::move(other); }
  PinnedValue& operator=(PinnedValue&& other) noexcept {
    if (this == &other) {
      return *this;
    }
    if (other.view_.data() == other.copy_) {
      Copy(other.view_);
    } else {
      Pin(other.view_, std::exchange(other.pinned_, nullptr), other.release_);
    }
    other.Reset();
    return *this;
  }
  ~PinnedValue() { Reset(); }

  // Returns the value; empty before the first Get and after Reset.
  std::string_view view() const { return view_; }
  // Returns a copy of the value.
  std::string ToString() const { return std::string(view_); }

  // Lets go of the value.
  void Reset() {
    view_ = {};
    if (pinned_ != nullptr) {
      release_(std::exchange(pinned_, nullptr));
    }
  }

 private:
  friend class PinnedValueFiller;  // for the engine

  using Release = void (*)(void* pinned);
  // Largest value that may be copied, in bytes.
  static constexpr size_t kCopiedBytes = 256;

  // Sets a pinned value, which `release` lets go of.
  void Pin(std::string_view view, void* pinned, Release release) {
    Reset();
    view_ = view;
    pinned_ = pinned;
    release_ = release;
  }
  // Sets a copied value of at most kCopiedBytes.
  void Copy(std::string_view bytes) {
    Reset();
    std::memcpy(copy_, bytes.data(), bytes.size());
    view_ = {copy_, bytes.size()};
  }

  std::string_view view_;
  void* pinned_ = nullptr;
  Release release_ = nullptr;
  char copy_[kCopiedBytes];
};

}  // namespace veralith

#endif  // VERALITH_PINNED_VALUE_H_
