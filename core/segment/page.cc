#include "core/segment/page.h"

#include <cstdlib>

namespace veralith {

void* Page::Allocate(size_t bytes) { return std::malloc(bytes); }

void Page::Free(Page* page) { std::free(page); }

}  // namespace veralith
