// SPDX-License-Identifier: Apache-2.0

// A lookup in a memtable allocates nothing on the heap.
#include <string>
#include <vector>

#include "core/format/testing/allocation_count.h"
#include "core/memtable/memtable.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

std::string Key(int i) {
  return "a key longer than any small string buffer / " + std::to_string(i);
}

size_t LookUpAll(const Memtable& memtable, const std::vector<std::string>& keys,
                 Timestamp snapshot) {
  size_t found = 0;
  for (const std::string& key : keys) {
    EntryView entry;
    found += memtable.Get(3, key, snapshot, &entry) ? 1 : 0;
    found += memtable.Get(4, key, snapshot, &entry) ? 1 : 0;
  }
  return found;
}

TEST(MemtableAllocation, LookupsAllocateNothing) {
  const MemtableRef memtable = MemtableRef::Make(1);
  std::vector<std::string> keys;
  for (int i = 0; i < 2000; ++i) {
    keys.push_back(Key(i * 7919 % 3000));
  }
  Timestamp ts = 0;
  for (size_t i = 0; i < keys.size(); i += 2) {
    for (int version = 0; version < 2; ++version) {
      memtable->Add({3, keys[i], ++ts, version == 0 ? EntryKind::kPut : EntryKind::kDelete, ""});
    }
  }
  const uint64_t before = AllocationCount();
  EXPECT_EQ(LookUpAll(*memtable, keys, kMaxTimestamp), keys.size() / 2);
  EXPECT_EQ(LookUpAll(*memtable, keys, 1), 1u);
  EXPECT_EQ(AllocationCount(), before);
}

}  // namespace
}  // namespace veralith
