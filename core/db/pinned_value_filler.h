// SPDX-License-Identifier: Apache-2.0

// Fills PinnedValues: what the engine may do with them and a program may not.
#ifndef VERALITH_CORE_DB_PINNED_VALUE_FILLER_H_
#define VERALITH_CORE_DB_PINNED_VALUE_FILLER_H_

#include <cstddef>
#include <string_view>

#include "core/base/pin.h"
#include "veralith/pinned_value.h"

namespace veralith {

class PinnedValueFiller {
 public:
  // Values up to this size may be copied.
  static constexpr size_t kCopiedBytes = PinnedValue::kCopiedBytes;

  // `value` becomes `view`, whose bytes `pin` keeps.
  static void Assign(std::string_view view, Pin pin, PinnedValue* value) {
    const auto [pinned, release] = pin.Take();
    value->Pin(view, pinned, release);
  }
  // `value` becomes a copy of `bytes`, which are at most kCopiedBytes.
  static void Copy(std::string_view bytes, PinnedValue* value) { value->Copy(bytes); }
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_PINNED_VALUE_FILLER_H_
