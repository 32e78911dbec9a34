#include "core/memtable/arena.h"

#include <utility>

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
  if (spare_.data != nullptr) {
    GiveBlock(spare_);
  }
}

size_t Arena::NextBlockBytes() const {
  if (spare_.data != nullptr) {
    return spare_.size;
  }
  if (reserved_.LoadRelaxed() >= kBlockBytes) {
    return kBlockBytes;
  }
  return blocks_.empty() ? kFirstBlockBytes : kSecondBlockBytes;
}

// With a place for it in blocks_.
MemoryBlock Arena::TakeCounted(size_t bytes) {
  if (blocks_.size() == blocks_.capacity()) {
    blocks_.reserve(2 * blocks_.size() + 2);
  }
  const MemoryBlock block = TakeBlock(bytes);
  reserved_.StoreRelaxed(reserved_.LoadRelaxed() + block.size);
  return block;
}

void Arena::Prepare(size_t bytes) {
  if (bytes > static_cast<size_t>(limit_ - next_) && spare_.data == nullptr) {
    spare_ = TakeCounted(NextBlockBytes());
  }
}

char* Arena::NewBlock(size_t bytes) {
  const bool is_spare = spare_.data != nullptr && spare_.size == bytes;
  blocks_.push_back(is_spare ? std::exchange(spare_, {}) : TakeCounted(bytes));
  return blocks_.back().data;
}

char* Arena::AllocateElsewhere(size_t bytes, size_t alignment) {
  const size_t needed = bytes + alignment - 1;
  const size_t size = NextBlockBytes();
  // More than a quarter of the next block: a block of its own, and the current one goes on.
  if (needed > size / 4) {
    char* const block = NewBlock(needed);
    char* const result = block + Padding(block, alignment);
    HandOut(result, bytes);
    used_.StoreRelaxed(used_.LoadRelaxed() + needed);
    return result;
  }
  // The rest of the old block is lost: it counts as used.
  char* const block = NewBlock(size);
  used_.StoreRelaxed(used_.LoadRelaxed() + static_cast<size_t>(limit_ - next_));
  next_ = block;
  limit_ = next_ + size;
  return Allocate(bytes, alignment);
}

}  // namespace veralith
