// Makes the machine's memory run out, below unchanged production code: malloc, calloc, realloc,
// aligned_alloc, posix_memalign and mmap are defined here and take the place of the C library's,
// which they call. So operator new throws, and what asks the C library itself (zstd, threads,
// directory streams, memory maps) is refused, too. Under a sanitizer, which has an allocator of its
// own, only operator new is replaced.
//
// What counts: every request by a thread that is not spared. A thread of the test's, which needs
// memory of its own, is spared, but where it says otherwise.
//
// Thread rule: any thread. Nothing of it asks for memory.
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
// Of all requests from now on one in `interval` fails, as `seed` has it.
void FailAllocationsAtRandom(uint64_t seed, uint64_t interval);
// None fails any more, and none counts.
void StopFailingAllocations();

// Since one of the first two: requests that counted, and of these, failed ones.
uint64_t AllocationsCounted();
uint64_t AllocationsFailed();
// Writes for each of them, in order, a number that tells by which way of calls it was made, as long
// as there is room. For requests of the calling thread; an empty span ends it.
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

// While one lives, they do not.
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
