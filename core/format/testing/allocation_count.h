// SPDX-License-Identifier: Apache-2.0

// Counts how often this process allocated from the heap, for tests of "allocates nothing". Linking
// this library replaces the global operator new.
#ifndef VERALITH_CORE_FORMAT_TESTING_ALLOCATION_COUNT_H_
#define VERALITH_CORE_FORMAT_TESTING_ALLOCATION_COUNT_H_

#include <cstdint>

namespace veralith {

// Calls of operator new, by all threads, since the process began.
uint64_t AllocationCount();

// Bytes of the largest of these calls since ForgetLargestAllocation: for tests of one thread.
uint64_t LargestAllocation();
void ForgetLargestAllocation();

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_TESTING_ALLOCATION_COUNT_H_
