// SPDX-License-Identifier: Apache-2.0

#include "core/segment/page/page.h"

#include <cstdlib>

#include "core/base/text.h"

namespace veralith {

void* Page::Allocate(size_t bytes) { return std::malloc(bytes); }

absl::StatusOr<void*> Page::AllocateWithin(uint64_t memory_limit, uint64_t bytes,
                                           std::string_view what) {
  if (bytes > memory_limit) {
    return ResourceExhausted(StrCat("a ", what, " page larger than the memory limit"));
  }
  void* const memory = Allocate(bytes);
  if (memory == nullptr) {
    return ResourceExhausted(StrCat("no memory for a ", what, " page"));
  }
  return memory;
}

void Page::Free(Page* page) { std::free(page); }

}  // namespace veralith
