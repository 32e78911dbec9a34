// SPDX-License-Identifier: Apache-2.0

// Many deletes that overlap each other or follow each other. The answers are those of a map of
// keys, and their cost does not grow with what was deleted before (hazard E12).
#ifndef VERALITH_PROPERTY_TESTS_EXPLORATION_DELETIONS_H_
#define VERALITH_PROPERTY_TESTS_EXPLORATION_DELETIONS_H_

#include <cstdint>

#include "model/difference.h"

namespace veralith::model {

// Each says what is wrong, if anything is.

// Range deletes that grow, nest, shrink, overlap or lie at random, `count` of each. The memory of
// the memtable is of order n log n, and at snapshots all along the answers are those of a map: in
// the memtable, in segments, compacted, and opened again.
Difference CheckRangeDeletesInsideEachOther(uint64_t count);

// A queue: `steps` times, the first key is taken and deleted, and one is appended. The number of
// keys that a step passes does not grow with the steps before it, whatever snapshot is held, from
// either end.
Difference CheckQueueCost(uint64_t steps);

// Seeks to anywhere in a stretch of `deleted` keys. Together they pass each key at most a few
// times, and each seek passes a bounded number of keys besides.
Difference CheckSeeksIntoDeletedKeys(uint64_t deleted);

// Queues in one database, consumed from both ends, with range deletes, keys put again where others
// were deleted, snapshots, and older iterators. Scans are those of a map. Everything follows from
// the seed.
Difference CheckQueues(uint64_t seed, int steps);

}  // namespace veralith::model

#endif  // VERALITH_PROPERTY_TESTS_EXPLORATION_DELETIONS_H_
