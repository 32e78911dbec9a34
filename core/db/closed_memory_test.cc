// SPDX-License-Identifier: Apache-2.0

// Nothing of a database is kept once it is closed and destroyed: neither on the heap nor in blocks
// of memtables. Real files, real threads.
#include <malloc.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/memtable/block_pool.h"
#include "gtest/gtest.h"
#include "veralith/db.h"

#if !defined(__has_feature)
#define __has_feature(feature) 0
#endif

namespace veralith {
namespace {

#define ASSERT_OK(expression) ASSERT_EQ(ToString(expression), "OK")

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer) || \
    __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
constexpr bool kIsSanitized = true;
#else
constexpr bool kIsSanitized = false;
#endif

constexpr int kDatabases = 50;
constexpr int kKeys = 3000;

struct Held {
  uint64_t heap = 0;       // bytes that malloc has handed out
  uint64_t anonymous = 0;  // RssAnon
};

Held HeldNow() {
  const struct mallinfo2 info = mallinfo2();
  Held held{.heap = info.uordblks + info.hblkhd};
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("RssAnon:")) {
      held.anonymous = std::strtoull(line.c_str() + 8, nullptr, 10) << 10;
    }
  }
  return held;
}

// Returns whether the heap is the machine's. (A sanitizer's keeps what is freed, and its mallinfo2
// counts nothing.)
bool MallocCounts() {
  const uint64_t before = HeldNow().heap;
  const std::unique_ptr<char[]> bytes(new char[size_t{1} << 20]);
  asm volatile("" : : "r"(bytes.get()) : "memory");  // so that it is not optimised away
  return HeldNow().heap >= before + (size_t{1} << 20);
}

// Does some of everything: memtables with blocks of the pool, flushes, a merge, cached pages, a
// snapshot, an iterator.
void Live(int number) {
  Options options;
  options.write_buffer_bytes = size_t{4} << 20;
  options.cache_bytes = size_t{2} << 20;
  const std::string directory = StrCat(std::getenv("TEST_TMPDIR"), "/closed", number);
  absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(directory, options);
  ASSERT_OK(db.status());
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < kKeys; ++i) {
      ASSERT_OK((*db)->Put({}, StrCat("key", i), StrCat(i, std::string(1000, 'v'))));
    }
    ASSERT_OK((*db)->Flush());
  }
  const Snapshot* const snapshot = (*db)->GetSnapshot();
  std::unique_ptr<DbIterator> it = (*db)->NewIterator({});
  int rows = 0;
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    ++rows;
  }
  EXPECT_EQ(rows, kKeys);
  it.reset();
  (*db)->ReleaseSnapshot(snapshot);
  ASSERT_OK((*db)->CompactAll());
  PinnedValue value;
  EXPECT_TRUE(*(*db)->Get({}, "key7", &value));
  ASSERT_OK((*db)->Close());
}

TEST(ClosedMemory, IsThatOfBeforeHoweverManyDatabasesThereWere) {
  constexpr int kWarmUp = 10;  // threads, their scratch, the allocator's own lists
  for (int i = 0; i < kWarmUp; ++i) {
    Live(i);
  }
  const Held before = HeldNow();
  for (int i = 0; i < kDatabases; ++i) {
    Live(kWarmUp + i);
  }
  const Held after = HeldNow();
  EXPECT_EQ(PooledBytes(), 0u);
  EXPECT_EQ(MallocCounts(), !kIsSanitized);
  if (!kIsSanitized) {
    EXPECT_LE(after.heap, before.heap + (size_t{64} << 10));
    EXPECT_LE(after.anonymous, before.anonymous + (size_t{4} << 20));
  }
  std::printf("heap %llu -> %llu, anonymous %llu -> %llu\n",
              static_cast<unsigned long long>(before.heap),
              static_cast<unsigned long long>(after.heap),
              static_cast<unsigned long long>(before.anonymous),
              static_cast<unsigned long long>(after.anonymous));
}

}  // namespace
}  // namespace veralith
