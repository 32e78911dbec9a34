// SPDX-License-Identifier: Apache-2.0

// A life (life.h) on real files, in which memory runs out.
#ifndef VERALITH_PROPERTY_TESTS_LIFE_WITHOUT_MEMORY_H_
#define VERALITH_PROPERTY_TESTS_LIFE_WITHOUT_MEMORY_H_

#include <cstdint>
#include <vector>

#include "model/difference.h"

namespace veralith::model {

struct FailingAllocation {
  uint64_t nth = 0;   // the engine's Nth allocation; 0: none fails
  uint64_t many = 1;  // how many fail from then on
};

// Says what is wrong. Syncs are answered without the disk: no power cut follows.
Difference LiveWithoutMemory(const FailingAllocation& failing);

// Does the same in a process of its own, so that a life which ends or hangs the process is wrong,
// too. Sets `met`: whether any allocation failed.
Difference LiveWithoutMemoryApart(const FailingAllocation& failing, bool* met);

// Runs a life in which nothing fails. Returns, for each of the engine's allocations in order, a
// number for the chain of calls that made it.
std::vector<uint64_t> AllocationSites();

}  // namespace veralith::model

#endif  // VERALITH_PROPERTY_TESTS_LIFE_WITHOUT_MEMORY_H_
