// SPDX-License-Identifier: Apache-2.0

// Makes the machine's memory run out beneath unchanged production code. malloc, calloc, realloc,
// aligned_alloc, posix_memalign and mmap are defined here and replace the C library's, which they
// call. So operator new throws, and whatever calls the C library itself (zstd, threads, directory
// streams, memory maps) is refused, too. A sanitizer has an allocator of its own; under one, only
// operator new is replaced.
//
// What counts: every request by a thread that is not spared. A thread of the test itself needs
// memory of its own, so it is spared except where it says otherwise.
//
// Thread rule: any thread. Nothing here requests memory.
#ifndef VERALITH_CORE_BASE_TESTING_FAILING_ALLOCATIONS_H_
#define VERALITH_CORE_BASE_TESTING_FAILING_ALLOCATIONS_H_

#include <cstdint>
#include <limits>
#include <span>

namespace veralith {

inline constexpr uint64_t kAllOfThem = std::numeric_limits<uint64_t>::max();

// The calling thread's requests do not count from now on. (A new thread's do.)
void SpareThisThread();

// The `nth` request from now on (the first is 1; 0: none) and those after it fail, `many` in all.
// Spares the calling thread; so does the next.
void FailAllocations(uint64_t nth, uint64_t many);
// From now on one request in `interval` fails, chosen by `seed`.
void FailAllocationsAtRandom(uint64_t seed, uint64_t interval);
// Ends failures and counting.
void StopFailingAllocations();

// Since the last call of one of the first two: requests that counted, and how many of them failed.
uint64_t AllocationsCounted();
uint64_t AllocationsFailed();
// Writes a number for each counted request, in order, that tells by which chain of calls it was
// made, as long as there is room. For requests of the calling thread; an empty span ends it.
void NoteAllocationSites(std::span<uint64_t> room);

// While one lives, requests of this thread count.
class AllocationsCount {
 public:
  AllocationsCount();
  ~AllocationsCount();
  AllocationsCount(const AllocationsCount&) = delete;
  AllocationsCount& operator=(const AllocationsCount&) = delete;

 private:
  const bool before_;
};

// While one lives, requests of this thread do not count.
class AllocationsSpared {
 public:
  AllocationsSpared();
  ~AllocationsSpared();
  AllocationsSpared(const AllocationsSpared&) = delete;
  AllocationsSpared& operator=(const AllocationsSpared&) = delete;

 private:
  const bool before_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_TESTING_FAILING_ALLOCATIONS_H_
