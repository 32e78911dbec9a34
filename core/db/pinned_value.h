// A value read without copying it: a view, and the pin that keeps its bytes alive.
//
// Thread rule: one thread at a time. Valid until reset, reused or destroyed, also after the
// database is closed. Holding one keeps one page or one memtable in memory.
#ifndef VERALITH_CORE_DB_PINNED_VALUE_H_
#define VERALITH_CORE_DB_PINNED_VALUE_H_

#include <string>
#include <string_view>
#include <utility>

#include "core/base/pin.h"

namespace veralith {

class PinnedValue {
 public:
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

 private:
  std::string_view view_;
  Pin pin_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_PINNED_VALUE_H_
