// SPDX-License-Identifier: Apache-2.0

// The sources of a super-version as cursors over one namespace, newest first, and their range
// tombstones: what a scan merges. They read through `pinned`, which must outlive them.
#ifndef VERALITH_CORE_DB_VERSION_CURSORS_H_
#define VERALITH_CORE_DB_VERSION_CURSORS_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "core/db/super_version.h"
#include "core/iterator/key_cursor.h"
#include "core/iterator/range_tombstones.h"
#include "veralith/types.h"

namespace veralith {

std::vector<std::unique_ptr<KeyCursor>> VersionCursors(const SuperVersion& pinned, NamespaceId ns,
                                                       Timestamp snapshot, bool fill_cache,
                                                       RangeTombstoneLists* range_tombstones);

// Returns the first namespace at or after `from` that has a version, a tombstone perhaps. No I/O.
std::optional<NamespaceId> NextNamespace(const SuperVersion& pinned, NamespaceId from);

// Returns the number of level 0's runs that may have keys of the namespace.
size_t Level0Runs(const SuperVersion& pinned, NamespaceId ns);

}  // namespace veralith

#endif  // VERALITH_CORE_DB_VERSION_CURSORS_H_
