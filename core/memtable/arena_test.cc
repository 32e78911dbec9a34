// SPDX-License-Identifier: Apache-2.0

#include "core/memtable/arena.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/testing/failing_allocations.h"

namespace veralith {
namespace {

TEST(Arena, HandsOutAlignedPlacesThatKeepTheirBytes) {
  Arena arena;
  std::vector<std::pair<char*, size_t>> places;
  for (size_t i = 1; i < 3000; ++i) {
    const size_t alignment = size_t{1} << (i % 7);
    const size_t size = i * 7 % 4000 + 1;
    char* const place = arena.Allocate(size, alignment);
    ASSERT_EQ(reinterpret_cast<uintptr_t>(place) % alignment, 0u);
    std::memset(place, static_cast<int>(i), size);
    places.push_back({place, size});
  }
  for (size_t i = 0; i < places.size(); ++i) {
    const std::string expected(places[i].second, static_cast<char>(i + 1));
    ASSERT_EQ(std::string(places[i].first, places[i].second), expected);
  }
}

TEST(Arena, NeedsNoMemoryForWhatItWasPreparedFor) {
  for (const size_t large : {size_t{2000}, size_t{5000}, size_t{100'000}, size_t{3'000'000}}) {
    Arena arena;
    for (int i = 0; i < 12; ++i) {
      arena.Prepare(3000 + large);
      arena.PrepareLarge(large, 3000 + large);
      FailAllocations(1, kAllOfThem);
      {
        const AllocationsCount count;
        for (int k = 0; k < 10; ++k) {
          std::memset(arena.Allocate(200), 1, 200);
        }
        std::memset(arena.Allocate(large - 64), 1, large - 64);
      }
      StopFailingAllocations();
      ASSERT_EQ(AllocationsCounted(), 0u) << large << ", round " << i;  // else Allocate threw
    }
  }
}

TEST(Arena, ThatLacksMemoryIsAsBefore) {
  Arena arena;
  arena.Allocate(100);
  const size_t used = arena.used_bytes();
  for (const size_t bytes : {size_t{40'000}, size_t{3'000'000}}) {
    int thrown = 0;
    FailAllocations(1, kAllOfThem);
    for (const bool ahead : {false, true}) {
      const AllocationsCount count;
      try {
        ahead ? arena.PrepareLarge(bytes, bytes) : static_cast<void>(arena.Allocate(bytes));
      } catch (const std::bad_alloc&) {
        ++thrown;
      }
    }
    StopFailingAllocations();
    EXPECT_EQ(thrown, 2);
    EXPECT_EQ(arena.used_bytes(), used);
  }
  arena.Allocate(100);
  EXPECT_LE(arena.used_bytes(), used + 107);
}

TEST(Arena, OfAFewBytesHoldsLittle) {
  Arena arena;
  arena.Allocate(100);
  EXPECT_LE(arena.reserved_bytes(), size_t{16} << 10);
  EXPECT_GE(arena.used_bytes(), 100u);
  EXPECT_LE(arena.used_bytes(), 107u);
}

TEST(Arena, GivesALargeThingABlockOfItsOwn) {
  Arena arena;
  char* const small = arena.Allocate(8);
  char* const large = arena.Allocate(size_t{5} << 20);
  std::memset(large, 1, size_t{5} << 20);
  EXPECT_EQ(arena.Allocate(8), small + 8);
  EXPECT_GE(arena.reserved_bytes(), size_t{5} << 20);
}

TEST(Arena, AccountsForEveryByte) {
  Arena arena;
  size_t asked = 0;
  for (size_t i = 0; i < 100'000; ++i) {
    arena.Allocate(96);
    asked += 96;
  }
  EXPECT_GE(arena.used_bytes(), asked);
  EXPECT_LE(arena.used_bytes(), asked + asked / 50 + (16 << 10));
  EXPECT_GE(arena.reserved_bytes(), arena.used_bytes());
  EXPECT_LE(arena.reserved_bytes(), arena.used_bytes() + 2 * kBlockBytes);
}

// Fills an arena with blocks of the pool, and gives them all back.
void UseBlocks(size_t bytes) {
  Arena arena;
  while (arena.reserved_bytes() < bytes) {
    arena.Allocate(kBlockBytes / 4 - 64);
  }
}

TEST(BlockPool, RecyclesBlocksUpToItsBoundWhileItIsHeld) {
  std::optional<BlockHold> hold(std::in_place);
  EXPECT_EQ(PooledBytes(), 0u);
  UseBlocks(kMaxPooledBytes + 4 * kBlockBytes);
  EXPECT_EQ(PooledBytes(), kMaxPooledBytes);
  const MemoryBlock block = TakeBlock(kBlockBytes);
  EXPECT_EQ(PooledBytes(), kMaxPooledBytes - kBlockBytes);
  GiveBlock(block);
  EXPECT_EQ(PooledBytes(), kMaxPooledBytes);
  hold.reset();
  EXPECT_EQ(PooledBytes(), 0u);
}

TEST(BlockPool, KeepsNothingThatIsGivenAfterTheLastHold) {
  std::optional<BlockHold> one(std::in_place);
  std::optional<BlockHold> other(std::in_place);
  const MemoryBlock late = TakeBlock(kBlockBytes);
  UseBlocks(8 * kBlockBytes);
  one.reset();
  EXPECT_GT(PooledBytes(), 0u);
  other.reset();
  EXPECT_EQ(PooledBytes(), 0u);
  GiveBlock(late);
  UseBlocks(8 * kBlockBytes);
  EXPECT_EQ(PooledBytes(), 0u);
}

}  // namespace
}  // namespace veralith
