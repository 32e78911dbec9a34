#include "core/memtable/arena.h"

#include "core/base/check.h"

namespace veralith {
namespace {

// Blocks grow to their full size, so that a memtable of a few entries is small.
constexpr size_t kFirstBlockBytes = 16 << 10;
constexpr size_t kSecondBlockBytes = 128 << 10;

}  // namespace

Arena::~Arena() {
  for (MemoryBlock block : blocks_) {
    GiveBlock(block);
  }
}

char* Arena::NewBlock(size_t bytes) {
  blocks_.push_back(TakeBlock(bytes));
  reserved_.StoreRelaxed(reserved_.LoadRelaxed() + blocks_.back().size);
  return blocks_.back().data;
}

char* Arena::AllocateElsewhere(size_t bytes, size_t alignment) {
  const size_t needed = bytes + alignment - 1;
  size_t size = kBlockBytes;
  if (reserved_.LoadRelaxed() < kBlockBytes) {
    size = blocks_.empty() ? kFirstBlockBytes : kSecondBlockBytes;
  }
  // More than a quarter of the next block: a block of its own, and the current one goes on.
  if (needed > size / 4) {
    char* const block = NewBlock(needed);
    char* const result = block + Padding(block, alignment);
    HandOut(result, bytes);
    used_.StoreRelaxed(used_.LoadRelaxed() + needed);
    return result;
  }
  // The rest of the old block is lost: it counts as used.
  used_.StoreRelaxed(used_.LoadRelaxed() + static_cast<size_t>(limit_ - next_));
  next_ = NewBlock(size);
  limit_ = next_ + size;
  return Allocate(bytes, alignment);
}

}  // namespace veralith
