// SPDX-License-Identifier: Apache-2.0

// One sorted run of many parts as one cursor. Parts are sorted, and no key is in two of them. So at
// most one is open at a time, and a seek opens only the part that can hold the key.
//
// Invariants
//   1. Parts ascend; part i's keys all lie in its bounds; bounds of different parts share no key.
//   2. A part's error makes the cursor invalid with that status until the next seek; the part is
//      not skipped.
#ifndef VERALITH_CORE_ITERATOR_CONCATENATING_CURSOR_H_
#define VERALITH_CORE_ITERATOR_CONCATENATING_CURSOR_H_

#include <cstddef>
#include <memory>
#include <string_view>

#include "core/iterator/key_cursor.h"
#include "veralith/types.h"

namespace veralith {

// The parts, as the caller knows them, of one namespace. Owned by the cursor.
class CursorParts {
 public:
  virtual ~CursorParts() = default;
  virtual size_t size() const = 0;
  // Whether every key of part i lies before `key`. May answer false when unsure (part bounds that
  // are wider than its keys), never true wrongly.
  virtual bool EndsBefore(size_t i, std::string_view key) const = 0;
  // Whether every key of part i is larger than `key`. The same licence.
  virtual bool BeginsAfter(size_t i, std::string_view key) const = 0;
  // Called when the cursor enters the part.
  virtual std::unique_ptr<KeyCursor> Open(size_t i) = 0;
  // No version in any part is newer.
  virtual Timestamp max_timestamp() const = 0;
};

std::unique_ptr<KeyCursor> NewConcatenatingCursor(std::unique_ptr<CursorParts> parts);

}  // namespace veralith

#endif  // VERALITH_CORE_ITERATOR_CONCATENATING_CURSOR_H_
