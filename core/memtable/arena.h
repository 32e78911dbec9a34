// SPDX-License-Identifier: Apache-2.0

// A bump allocator: bytes are handed out one after another from large blocks and given back all at
// once, when the arena dies.
//
// Invariants
//   1. What Allocate returns stays at its place, unmoved, until the arena is destroyed.
//   2. The first block is small, so a small memtable costs little. The others are kBlockBytes, on
//      huge pages where the system has them, recycled through block_pool.h. A request that would
//      waste much of a block gets a block of its own size.
//   3. used_bytes counts everything handed out, including padding; reserved_bytes counts the memory
//      that the arena holds from the machine.
//   4. Allocate throws std::bad_alloc if there is no memory, and has then changed nothing.
//
// Thread rule: Allocate and Prepare from one thread at a time; the counters from any thread.
#ifndef VERALITH_CORE_MEMTABLE_ARENA_H_
#define VERALITH_CORE_MEMTABLE_ARENA_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/sync.h"
#include "core/memtable/block_pool.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif

namespace veralith {

class Arena {
 public:
  Arena() = default;
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // `bytes` > 0 bytes, uninitialised; `alignment` is a power of two up to 64.
  char* Allocate(size_t bytes, size_t alignment = 8) {
    const size_t padding = Padding(next_, alignment);
    if (bytes + padding > static_cast<size_t>(limit_ - next_)) [[unlikely]] {
      return AllocateElsewhere(bytes, alignment);
    }
    char* const result = next_ + padding;
    HandOut(result, bytes);
    next_ = result + bytes;
    // Relaxed: a counter that orders nothing, with one writer.
    used_.StoreRelaxed(used_.LoadRelaxed() + bytes + padding);
    return result;
  }

  // Takes the next block ahead if the current one may not have room for this many bytes. As long as
  // the two have room, requests of less than a quarter of a block each need no more of the
  // machine's memory.
  void Prepare(size_t bytes);
  // Does the same for one request that may be larger, of at most `bytes`. It is one of requests
  // that add up to `of_bytes`.
  void PrepareLarge(size_t bytes, size_t of_bytes);

  size_t used_bytes() const { return used_.LoadRelaxed(); }
  size_t reserved_bytes() const { return reserved_.LoadRelaxed(); }

 private:
  static size_t Padding(const char* place, size_t alignment) {
    return (~reinterpret_cast<uintptr_t>(place) + 1) & (alignment - 1);
  }
  // AddressSanitizer: from now on these bytes may be touched.
  static void HandOut([[maybe_unused]] char* begin, [[maybe_unused]] size_t bytes) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
    ASAN_UNPOISON_MEMORY_REGION(begin, bytes);
#endif
#endif
  }
  char* AllocateElsewhere(size_t bytes, size_t alignment);
  size_t NextBlockBytes() const;
  MemoryBlock TakeCounted(size_t bytes);
  char* NextBlock(size_t bytes);
  char* OwnBlock(size_t bytes);
  std::vector<MemoryBlock>::iterator FindAhead(size_t bytes);

  char* next_ = nullptr;
  char* limit_ = nullptr;
  std::vector<MemoryBlock> blocks_;  // has room for spare_ and own_
  MemoryBlock spare_;                // the next one, if it was taken ahead
  std::vector<MemoryBlock> own_;     // taken ahead for what gets a block of its own
  Atomic<size_t> used_{0};
  Atomic<size_t> reserved_{0};
};

}  // namespace veralith

#endif  // VERALITH_CORE_MEMTABLE_ARENA_H_
