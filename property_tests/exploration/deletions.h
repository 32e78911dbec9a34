// Many deletes that lie over each other or follow each other: answers are those of a map of keys,
// and what they cost does not grow with what was deleted before (hazard E12).
#ifndef VERALITH_PROPERTY_TESTS_EXPLORATION_DELETIONS_H_
#define VERALITH_PROPERTY_TESTS_EXPLORATION_DELETIONS_H_

#include <cstdint>

#include "model/difference.h"

namespace veralith::model {

// Each says what is wrong, if anything is.

// Range deletes that grow, nest, shrink, overlap or lie anyhow, `count` of each: memory of the
// memtable of order n log n, and at snapshots all along the answers of a map; in the memtable, in
// segments, compacted, and opened again.
Difference CheckRangeDeletesInsideEachOther(uint64_t count);

// A queue: the first key is taken and deleted, one is appended, `steps` times. The keys that a step
// passes do not grow with the steps before it, whatever snapshot is held, and from either end.
Difference CheckQueueCost(uint64_t steps);

// Seeks to anywhere in a stretch of `deleted` keys: together they pass each key a few times at
// most, and beyond that a bounded number each.
Difference CheckSeeksIntoDeletedKeys(uint64_t deleted);

// Queues in one database, consumed from both ends, with range deletes, keys put again where others
// were deleted, snapshots, and iterators that were made before: scans are those of a map.
// Everything follows from the seed.
Difference CheckQueues(uint64_t seed, int steps);

}  // namespace veralith::model

#endif  // VERALITH_PROPERTY_TESTS_EXPLORATION_DELETIONS_H_
