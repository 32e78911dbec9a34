// SPDX-License-Identifier: Apache-2.0

// The arenas' large blocks: anonymous memory on huge pages, recycled process-wide while somebody
// writes.
//
// Why a pool: a fresh page costs 1-2 us per 4 KiB (fault, zeroing) on every map and unmap, as much
// as the inserts that fill it, and memtables come and go all the time. Why huge pages: a lookup in
// a memtable is a few dependent cache misses, and without huge pages each would also miss the TLB.
// Why holds: a block that nobody will ask for is only memory that the program does not have.
//
// Invariants
//   1. Blocks lie idle only while there is a BlockHold. Without one, a block that is given goes
//      back to the system at once, whoever gives it and however late.
//   2. At most kMaxPooledBytes lie idle; beyond that a block goes back to the system.
//   3. A pooled block's bytes are not cleared: they hold whatever their last user wrote.
//
// Thread rule: any thread.
#ifndef VERALITH_CORE_MEMTABLE_BLOCK_POOL_H_
#define VERALITH_CORE_MEMTABLE_BLOCK_POOL_H_

#include <cstddef>

namespace veralith {

inline constexpr size_t kBlockBytes = size_t{2} << 20;
inline constexpr size_t kMaxPooledBytes = size_t{64} << 20;

struct MemoryBlock {
  char* data = nullptr;
  size_t size = 0;
};

// Returns a block of at least `bytes`. Blocks of kBlockBytes come from the pool if it has one,
// larger ones from the system, smaller ones from the heap. Throws std::bad_alloc if there is no
// memory.
MemoryBlock TakeBlock(size_t bytes);
void GiveBlock(MemoryBlock block);

// While it lives, blocks that are given are kept for the next memtable. The last one to end gives
// all idle blocks back to the system: some milliseconds, so not under a lock that others wait for.
class BlockHold {
 public:
  BlockHold();
  ~BlockHold();
  BlockHold(const BlockHold&) = delete;
  BlockHold& operator=(const BlockHold&) = delete;

 private:
  void* const pool_;  // in a child of fork the pool is another: there it is no hold
};

// Idle bytes now. For tests and statistics.
size_t PooledBytes();

}  // namespace veralith

#endif  // VERALITH_CORE_MEMTABLE_BLOCK_POOL_H_
