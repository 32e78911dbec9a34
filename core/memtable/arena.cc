// SPDX-License-Identifier: Apache-2.0

#include "core/memtable/arena.h"

#include <algorithm>
#include <utility>

namespace veralith {
namespace {

// Blocks grow to their full size, so a memtable of a few entries stays small.
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
  for (MemoryBlock block : own_) {
    GiveBlock(block);
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

// Also reserves a place for the block in blocks_, beside those of all blocks taken ahead.
MemoryBlock Arena::TakeCounted(size_t bytes) {
  const size_t most = blocks_.size() + own_.size() + 2;
  if (most > blocks_.capacity()) {
    blocks_.reserve(2 * most);
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

void Arena::PrepareLarge(size_t bytes, size_t of_bytes) {
  if (bytes > NextBlockBytes() / 4 && of_bytes > static_cast<size_t>(limit_ - next_)) {
    own_.reserve(own_.size() + 1);
    own_.push_back(TakeCounted(bytes));
  }
}

char* Arena::NextBlock(size_t bytes) {
  blocks_.push_back(spare_.data != nullptr ? std::exchange(spare_, {}) : TakeCounted(bytes));
  return blocks_.back().data;
}

// Finds a block that was taken ahead for a request of about this many bytes.
std::vector<MemoryBlock>::iterator Arena::FindAhead(size_t bytes) {
  return std::find_if(own_.begin(), own_.end(), [bytes](const MemoryBlock& block) {
    return bytes <= block.size && bytes > block.size / 4;
  });
}

char* Arena::OwnBlock(size_t bytes) {
  const auto ahead = FindAhead(bytes);
  if (ahead == own_.end()) {
    blocks_.push_back(TakeCounted(bytes));
  } else {
    blocks_.push_back(*ahead);
    own_.erase(ahead);
  }
  return blocks_.back().data;
}

char* Arena::AllocateElsewhere(size_t bytes, size_t alignment) {
  const size_t needed = bytes + alignment - 1;
  const size_t size = NextBlockBytes();
  // More than a quarter of the next block: a block of its own, and the current one goes on.
  if (needed > size / 4 || FindAhead(needed) != own_.end()) {
    char* const block = OwnBlock(needed);
    char* const result = block + Padding(block, alignment);
    HandOut(result, bytes);
    used_.StoreRelaxed(used_.LoadRelaxed() + needed);
    return result;
  }
  // The rest of the old block is lost, so it counts as used.
  char* const block = NextBlock(size);
  used_.StoreRelaxed(used_.LoadRelaxed() + static_cast<size_t>(limit_ - next_));
  next_ = block;
  limit_ = next_ + size;
  return Allocate(bytes, alignment);
}

}  // namespace veralith
