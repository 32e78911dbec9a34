// SPDX-License-Identifier: Apache-2.0

#include "core/format/testing/allocation_count.h"

#include <cstdlib>
#include <new>

#include "core/base/sync.h"

namespace veralith {
namespace {

constinit Atomic<uint64_t> allocations{0};
// Updated without protection against races: tests of one thread read it.
constinit Atomic<uint64_t> largest{0};

void* CountedAllocation(std::size_t bytes) {
  allocations.FetchAddRelaxed(1);
  if (bytes > largest.LoadRelaxed()) {
    largest.StoreRelaxed(bytes);
  }
  void* const memory = std::malloc(bytes == 0 ? 1 : bytes);
  if (memory == nullptr) {
    std::abort();
  }
  return memory;
}

}  // namespace

uint64_t AllocationCount() { return allocations.LoadRelaxed(); }
uint64_t LargestAllocation() { return largest.LoadRelaxed(); }
void ForgetLargestAllocation() { largest.StoreRelaxed(0); }

}  // namespace veralith

void* operator new(std::size_t bytes) { return veralith::CountedAllocation(bytes); }
void* operator new[](std::size_t bytes) { return veralith::CountedAllocation(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
