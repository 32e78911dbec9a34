// A value as a view, and what keeps its bytes alive: the engine's own bytes pinned, or, of a small
// value, a copy in here, where that is cheaper than counting one more user of a page or memtable.
//
// Thread rule: one thread at a time. Valid until reset, reused, moved from or destroyed, also after
// the database is closed. Holding one keeps at most one page or one memtable in memory.
#ifndef VERALITH_PINNED_VALUE_H_
#define VERALITH_PINNED_VALUE_H_

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/pin.h"

namespace veralith {

class PinnedValue {
 public:
  // For the engine: values up to this size may be copied.
  static constexpr size_t kCopiedBytes = 256;

  PinnedValue() = default;
  PinnedValue(PinnedValue&& other) noexcept { *this = std::move(other); }
  PinnedValue& operator=(PinnedValue&& other) noexcept {
    if (this == &other) {
      return *this;
    }
    if (other.view_.data() == other.copy_) {
      Copy(other.view_);
    } else {
      Assign(other.view_, std::move(other.pin_));
    }
    other.Reset();
    return *this;
  }

  std::string_view view() const { return view_; }
  std::string ToString() const { return std::string(view_); }

  void Reset() {
    view_ = {};
    pin_.Reset();
  }
  // For the engine.
  void Assign(std::string_view view, Pin pin) {
    view_ = view;
    pin_ = std::move(pin);
  }
  // bytes.size() <= kCopiedBytes.
  void Copy(std::string_view bytes) {
    pin_.Reset();
    std::memcpy(copy_, bytes.data(), bytes.size());
    view_ = {copy_, bytes.size()};
  }

 private:
  std::string_view view_;
  Pin pin_;
  char copy_[kCopiedBytes];
};

}  // namespace veralith

#endif  // VERALITH_PINNED_VALUE_H_
