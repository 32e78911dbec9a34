// SPDX-License-Identifier: Apache-2.0

// For tests: small hostile worlds of entries and range tombstones, and what must be visible in
// them, computed by looking at everything.
#ifndef VERALITH_CORE_ITERATOR_TESTING_VISIBLE_MODEL_H_
#define VERALITH_CORE_ITERATOR_TESTING_VISIBLE_MODEL_H_

#include <string>
#include <vector>

#include "core/format/entry.h"
#include "core/format/owned_entry.h"
#include "core/iterator/testing/vector_stream.h"
#include "core/iterator/visible_iterator.h"
#include "veralith/types.h"

namespace veralith::testing {

std::vector<RangeTombstoneView> Views(const std::vector<OwnedRangeTombstone>& tombstones);

// Out of few, so that they meet: keys with 00, FF, shared prefixes, the empty key; namespaces with
// both ends of their range and neighbours whose big-endian bytes carry over.
std::string AnyKey();
NamespaceId AnyNamespace();
// 1 to 12, seldom the largest there is.
Timestamp AnyTimestamp();
OwnedEntry AnyEntry();
OwnedRangeTombstone AnyRangeTombstone();
Bound AnyBound();

// Sorted, without two of the same (ns, key, ts).
std::vector<OwnedEntry> SortedUnique(std::vector<OwnedEntry> entries);

// `entries` (as SortedUnique) dealt out to sources, newest first: for every key all versions in a
// source are newer than those in the sources after it.
std::vector<std::vector<OwnedEntry>> DealByAge(const std::vector<OwnedEntry>& entries,
                                               size_t sources);

// The largest timestamp <= snapshot of a tombstone that covers the key; 0: none.
Timestamp BruteForceCovering(const std::vector<OwnedRangeTombstone>& tombstones, NamespaceId ns,
                             std::string_view key, Timestamp snapshot);

bool InBounds(const Bound& lower, const Bound& upper, std::string_view key);

// The entries a reader at `snapshot` sees in the namespace and bounds, in order, one per key.
std::vector<OwnedEntry> BruteForceVisible(const std::vector<OwnedEntry>& entries,
                                          const std::vector<OwnedRangeTombstone>& tombstones,
                                          NamespaceId ns, const Bound& lower, const Bound& upper,
                                          Timestamp snapshot);

}  // namespace veralith::testing

#endif  // VERALITH_CORE_ITERATOR_TESTING_VISIBLE_MODEL_H_
