// A life (life.h) on real files, in which memory runs out.
#ifndef VERALITH_PROPERTY_TESTS_LIFE_WITHOUT_MEMORY_H_
#define VERALITH_PROPERTY_TESTS_LIFE_WITHOUT_MEMORY_H_

#include <cstdint>
#include <vector>

#include "model/difference.h"

namespace veralith::model {

struct FailingAllocation {
  uint64_t nth = 0;   // of the engine's; 0: none fails
  uint64_t many = 1;  // fail from then on
};

// Says what is wrong. Syncs are answered without the disk: no power cut follows.
Difference LiveWithoutMemory(const FailingAllocation& failing);

// The same in a process of its own, so that what ends or hangs the process is also something wrong.
// `met`: whether any allocation failed.
Difference LiveWithoutMemoryApart(const FailingAllocation& failing, bool* met);

// A life in which nothing fails: for each of the engine's allocations, in order, a number for the
// way of calls by which it was made.
std::vector<uint64_t> AllocationSites();

}  // namespace veralith::model

#endif  // VERALITH_PROPERTY_TESTS_LIFE_WITHOUT_MEMORY_H_
