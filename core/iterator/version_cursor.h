// Any iterator over versions as a cursor over keys: for sources that have no cursor of their own.
//
// Over the versions of one key it steps a bounded number of times, then seeks.
#ifndef VERALITH_CORE_ITERATOR_VERSION_CURSOR_H_
#define VERALITH_CORE_ITERATOR_VERSION_CURSOR_H_

#include <memory>

#include "core/iterator/iterator.h"
#include "core/iterator/key_cursor.h"
#include "veralith/types.h"

namespace veralith {

std::unique_ptr<KeyCursor> NewVersionCursor(std::unique_ptr<Iterator> versions, NamespaceId ns,
                                            Timestamp snapshot);

}  // namespace veralith

#endif  // VERALITH_CORE_ITERATOR_VERSION_CURSOR_H_
