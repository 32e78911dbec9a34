// SPDX-License-Identifier: Apache-2.0

// How much of level 0 is newer versions of older entries: an estimate from sparse indexes and
// filters alone, which are in memory. For the leveled policy (core/compaction/overwrites.h).
//
// The estimate: of each run some 256 keys, spread evenly, are asked of the filters of older runs,
// and so is beside each key a hash that no key has. Filters also say yes where they should not. How
// often they do is what they say of such hashes, so their size does not matter. Where they say yes
// to more than half of them, or a run is too small for a sample, it counts as repeating nothing.
// So the answer is right to some 5 % of the run's entries with filters of the usual size, and less
// with smaller ones.
//
// A pure function of the set. Thread rule: any thread, without a lock. Cost: no I/O; about 10 us
// for each pair of runs of level 0.
#ifndef VERALITH_CORE_DB_LEVEL0_REPEATS_H_
#define VERALITH_CORE_DB_LEVEL0_REPEATS_H_

#include <vector>

#include "core/compaction/picker.h"
#include "core/version_set/segment_set.h"

namespace veralith {

// One for each run of level 0 that repeats anything, newest first.
std::vector<RunRepeats> EstimateRepeats(const SegmentSet& set);

}  // namespace veralith

#endif  // VERALITH_CORE_DB_LEVEL0_REPEATS_H_
