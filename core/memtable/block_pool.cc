// SPDX-License-Identifier: Apache-2.0

#include "core/memtable/block_pool.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>
#include <vector>

#include "core/base/per_process.h"
#include "core/base/sync.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif

namespace veralith {
namespace {

// A cache line. How much an arena pads must not depend on where the heap put the block; otherwise
// the same writes would fill a memtable earlier in one process than in another (promise 12).
constexpr std::align_val_t kSmallBlockAlignment{64};

struct Pool {
  Mutex mutex;
  std::vector<char*> idle ABSL_GUARDED_BY(mutex);  // blocks of kBlockBytes, last one warmest
  int holds ABSL_GUARDED_BY(mutex) = 0;
};

Pool& ThePool() {
  static PerProcess<Pool>* const pools = new PerProcess<Pool>;
  return pools->Get();
}

char* MapBytes(size_t bytes) {
  void* const mapped =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) {
    throw std::bad_alloc();
  }
  return static_cast<char*>(mapped);
}

// Anonymous memory of `bytes` (a multiple of kBlockBytes) that begins at a multiple of kBlockBytes,
// which a huge page needs. It is mapped with room to spare, and the spare is given back. The advice
// is a hint: without huge pages everything works, a little slower.
char* MapAligned(size_t bytes) {
  char* const mapped = MapBytes(bytes + kBlockBytes);
  const uintptr_t place = reinterpret_cast<uintptr_t>(mapped);
  const size_t before = (~place + 1) & (kBlockBytes - 1);
  if (before > 0) {
    munmap(mapped, before);
  }
  munmap(mapped + before + bytes, kBlockBytes - before);
#if defined(MADV_HUGEPAGE)
  madvise(mapped + before, bytes, MADV_HUGEPAGE);
#endif
  return mapped + before;
}

// AddressSanitizer: bytes that no arena has handed out must not be touched.
void Hide([[maybe_unused]] MemoryBlock block) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  ASAN_POISON_MEMORY_REGION(block.data, block.size);
#endif
#endif
}

void Unhide([[maybe_unused]] MemoryBlock block) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  ASAN_UNPOISON_MEMORY_REGION(block.data, block.size);
#endif
#endif
}

char* TakePooled() {
  Pool& pool = ThePool();
  MutexLock lock(pool.mutex);
  if (pool.idle.empty()) {
    return nullptr;
  }
  char* const block = pool.idle.back();
  pool.idle.pop_back();
  return block;
}

// Called when memtables end: if there is no memory for the list, the block is not kept.
bool KeepInPool(char* block) {
  Pool& pool = ThePool();
  MutexLock lock(pool.mutex);
  if (pool.holds == 0 || (pool.idle.size() + 1) * kBlockBytes > kMaxPooledBytes) {
    return false;
  }
  try {
    pool.idle.push_back(block);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void Unmap(MemoryBlock block) {
  Unhide(block);
  munmap(block.data, block.size);
}

}  // namespace

MemoryBlock TakeBlock(size_t bytes) {
  MemoryBlock block;
  if (bytes < kBlockBytes) {
    block = {static_cast<char*>(::operator new(bytes, kSmallBlockAlignment)), bytes};
  } else {
    block.size = (bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
    block.data = block.size == kBlockBytes ? TakePooled() : nullptr;
    if (block.data == nullptr) {
      block.data = MapAligned(block.size);
    }
  }
  Hide(block);
  return block;
}

void GiveBlock(MemoryBlock block) {
  if (block.size < kBlockBytes) {
    Unhide(block);
    ::operator delete(block.data, kSmallBlockAlignment);
  } else if (block.size > kBlockBytes || !KeepInPool(block.data)) {
    Unmap(block);
  }
}

size_t PooledBytes() {
  Pool& pool = ThePool();
  MutexLock lock(pool.mutex);
  return pool.idle.size() * kBlockBytes;
}

BlockHold::BlockHold() : pool_(&ThePool()) {
  Pool& pool = ThePool();
  MutexLock lock(pool.mutex);
  ++pool.holds;
}

BlockHold::~BlockHold() {
  Pool& pool = ThePool();
  if (&pool != pool_) {
    return;
  }
  std::vector<char*> idle;
  {
    MutexLock lock(pool.mutex);
    if (--pool.holds == 0) {
      idle.swap(pool.idle);
    }
  }
  for (char* block : idle) {
    Unmap({block, kBlockBytes});
  }
}

}  // namespace veralith
