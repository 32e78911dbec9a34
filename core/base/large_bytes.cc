// SPDX-License-Identifier: Apache-2.0

#include "core/base/large_bytes.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace veralith {
namespace {

constexpr size_t kFirstBytes = 512;
constexpr size_t kPageBytes = size_t{64} << 10;  // a multiple of any machine's

char* OrNoMemory(void* mapped) {
  if (mapped == MAP_FAILED) {
    throw std::bad_alloc();
  }
  return static_cast<char*>(mapped);
}

// Returns that many bytes of zeros. What is never touched takes no memory.
char* Map(size_t capacity) {
  return OrNoMemory(
      mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

// Returns a mapping of `capacity` bytes that begins with what is at `old`, in its place.
char* MapAgain(char* old, size_t old_capacity, size_t capacity) {
#if defined(__linux__)
  return OrNoMemory(mremap(old, old_capacity, capacity, MREMAP_MAYMOVE));
#else
  char* const grown = Map(capacity);
  std::memcpy(grown, old, old_capacity);
  munmap(old, old_capacity);
  return grown;
#endif
}

}  // namespace

void LargeBytes::Grow(size_t least) {
  size_t capacity = std::max({least, 2 * capacity_, kFirstBytes});
  char* grown = nullptr;
  if (capacity <= kHeapBytes) {
    grown = static_cast<char*>(::operator new(capacity));
  } else {
    capacity = (capacity + kPageBytes - 1) / kPageBytes * kPageBytes;
    grown = IsMapped() ? MapAgain(data_, capacity_, capacity) : Map(capacity);
  }
  if (!IsMapped()) {
    if (size_ > 0) {
      std::memcpy(grown, data_, size_);
    }
    ::operator delete(data_);
  }
  data_ = grown;
  capacity_ = capacity;
}

void LargeBytes::Release() {
  if (IsMapped()) {
    munmap(data_, capacity_);
  } else {
    ::operator delete(data_);
  }
  data_ = nullptr;
  size_ = capacity_ = 0;
}

}  // namespace veralith
