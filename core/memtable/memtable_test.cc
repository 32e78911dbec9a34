// SPDX-License-Identifier: Apache-2.0

#include "core/memtable/memtable.h"

#include <gtest/gtest.h>

#include <map>

#include "core/iterator/testing/cursor_walk.h"
#include "core/iterator/testing/stream_walk.h"
#include "core/iterator/testing/vector_stream.h"
#include "core/iterator/testing/visible_model.h"
#include "rapidcheck.h"
#include "rapidcheck/gtest.h"

namespace veralith {
namespace {

using testing::AnyEntry;
using testing::AnyKey;
using testing::AnyNamespace;
using testing::AnyRangeTombstone;
using testing::BruteForceCovering;
using testing::CheckCursorWalks;
using testing::CheckCursorYields;
using testing::CheckWalks;
using testing::CheckYields;
using testing::NewestPerKey;
using testing::SortedUnique;

using Entries = std::vector<OwnedEntry>;

// Puts entries in commit order: timestamps rise; entries of one batch share one, for different
// keys.
Entries AnyCommits(Entries entries) {
  Timestamp ts = 1;
  std::map<std::pair<NamespaceId, std::string>, Timestamp> newest;
  for (OwnedEntry& entry : entries) {
    ts += *rc::gen::inRange<Timestamp>(0, 2);
    Timestamp& its = newest[{entry.ns, entry.key}];
    if (its == ts) {
      ++ts;
    }
    its = ts;
    entry.ts = ts;
  }
  return entries;
}

Entries AnyEntries() { return *rc::gen::container<Entries>(rc::gen::exec(AnyEntry)); }

MemtableRef Filled(const Entries& entries) {
  MemtableRef memtable = MemtableRef::Make(1);
  for (const OwnedEntry& entry : entries) {
    memtable->Add(entry.view());
  }
  return memtable;
}

// Finds the newest version with ts <= snapshot by looking at everything.
const OwnedEntry* Find(const Entries& entries, NamespaceId ns, const std::string& key,
                       Timestamp snapshot) {
  const OwnedEntry* found = nullptr;
  for (const OwnedEntry& entry : entries) {
    const bool matches = entry.ns == ns && entry.key == key && entry.ts <= snapshot;
    if (matches && (found == nullptr || entry.ts > found->ts)) {
      found = &entry;
    }
  }
  return found;
}

void CheckGet(const Memtable& memtable, const Entries& entries, NamespaceId ns,
              const std::string& key, Timestamp snapshot) {
  EntryView got;
  const OwnedEntry* const expected = Find(entries, ns, key, snapshot);
  RC_ASSERT(memtable.Get(ns, key, snapshot, &got) == (expected != nullptr));
  if (expected != nullptr) {
    RC_ASSERT(OwnedEntry(got) == *expected);
  }
}

RC_GTEST_PROP(Memtable, GetsTheNewestVersionAtEverySnapshot, ()) {
  const Entries entries = AnyCommits(AnyEntries());
  const MemtableRef memtable = Filled(entries);
  for (const OwnedEntry& entry : entries) {
    for (const Timestamp snapshot : {Timestamp{0}, entry.ts - 1, entry.ts, kMaxTimestamp}) {
      CheckGet(*memtable, entries, entry.ns, entry.key, snapshot);
    }
  }
  for (int i = 0; i < 20; ++i) {
    CheckGet(*memtable, entries, AnyNamespace(), AnyKey(), *rc::gen::inRange<Timestamp>(0, 50));
  }
  RC_ASSERT(memtable->entries() == entries.size());
}

RC_GTEST_PROP(Memtable, IteratesAsASortedVectorUnderRandomMoves, ()) {
  const Entries entries = AnyCommits(AnyEntries());
  const MemtableRef memtable = Filled(entries);
  const auto iterator = memtable->NewStream();
  CheckYields(iterator.get(), SortedUnique(entries));
  CheckWalks(iterator.get(), SortedUnique(entries), 60);
}

RC_GTEST_PROP(Memtable, ShowsEachKeyOfANamespaceWithItsNewestVersionAtTheSnapshot, ()) {
  const Entries entries = AnyCommits(AnyEntries());
  const MemtableRef memtable = Filled(entries);
  for (const NamespaceId ns : {NamespaceId{0}, AnyNamespace(), kMaxNamespace}) {
    const auto snapshot = *rc::gen::inRange<Timestamp>(0, entries.size() + 2);
    const auto shown = NewestPerKey(entries, ns, snapshot);
    const auto cursor = memtable->NewCursor(ns, snapshot);
    CheckCursorYields(cursor.get(), shown);
    CheckCursorWalks(cursor.get(), shown, 40);
  }
}

// Every fan-out of inner nodes, with all byte values.
RC_GTEST_PROP(Memtable, HoldsKeysThatDifferInOneByteAtAnyDepth, ()) {
  const size_t prefix = *rc::gen::inRange<size_t>(0, 40);
  Entries entries;
  for (int i = *rc::gen::inRange(1, 400); i > 0; --i) {
    std::string key(prefix, 'p');
    key += static_cast<char>(*rc::gen::inRange(0, 256));
    if (*rc::gen::inRange(0, 4) == 0) {
      key += static_cast<char>(*rc::gen::inRange(0, 256));
    }
    entries.push_back({0, key, 0, EntryKind::kPut, std::to_string(i)});
  }
  entries = AnyCommits(entries);
  const MemtableRef memtable = Filled(entries);
  const auto iterator = memtable->NewStream();
  CheckYields(iterator.get(), SortedUnique(entries));
  CheckWalks(iterator.get(), SortedUnique(entries), 20);
  for (const OwnedEntry& entry : entries) {
    CheckGet(*memtable, entries, 0, entry.key, kMaxTimestamp);
  }
}

RC_GTEST_PROP(Memtable, AnIteratorMadeBeforeAddsStillWalksEverythingItWasMadeOver, ()) {
  const Entries before = AnyCommits(AnyEntries());
  const MemtableRef memtable = Filled(before);
  const auto iterator = memtable->NewStream();
  const Timestamp last = before.empty() ? 0 : before.back().ts;
  Entries expected = SortedUnique(before);
  Timestamp ts = last;
  iterator->SeekToFirst();
  for (const OwnedEntry& entry : expected) {
    while (iterator->Valid() && iterator->entry().ts > last) {
      iterator->Next();
    }
    RC_ASSERT(iterator->Valid());
    RC_ASSERT(OwnedEntry(iterator->entry()) == entry);
    iterator->Next();
    OwnedEntry more = AnyEntry();
    more.ts = ++ts;
    memtable->Add(more.view());
  }
}

RC_GTEST_PROP(Memtable, RangeTombstonesCoverAsBruteForceDoes, ()) {
  const auto tombstones =
      *rc::gen::container<std::vector<OwnedRangeTombstone>>(rc::gen::exec(AnyRangeTombstone));
  const MemtableRef memtable = MemtableRef::Make(1);
  std::vector<OwnedRangeTombstone> added;
  for (const OwnedRangeTombstone& t : tombstones) {
    added.push_back(t);
    memtable->AddRangeTombstone(t.view());
    const NamespaceId ns = AnyNamespace();
    const std::string key = AnyKey();
    const Timestamp snapshot = *rc::gen::inRange<Timestamp>(0, 14);
    const Timestamp expected = BruteForceCovering(added, ns, key, snapshot);
    RC_ASSERT(memtable->MaxCoveringTombstone(ns, key, snapshot) == expected);
    RC_ASSERT(memtable->range_tombstones()->MaxCovering(ns, key, snapshot) == expected);
  }
  RC_ASSERT(memtable->range_tombstone_count() == tombstones.size());
  RC_ASSERT(memtable->empty() == tombstones.empty());
}

TEST(Memtable, HoldsTheLongestKeysAndTheEmptyOne) {
  Entries entries;
  for (const size_t size : {size_t{0}, size_t{1}, kMaxKeyBytes - 1, kMaxKeyBytes}) {
    for (const char fill : {'\0', 'a', '\xff'}) {
      for (const NamespaceId ns : {NamespaceId{0}, kMaxNamespace}) {
        entries.push_back({ns, std::string(size, fill), entries.size() + 1, EntryKind::kPut,
                           std::to_string(size)});
      }
    }
  }
  const MemtableRef memtable = Filled(entries);
  for (const OwnedEntry& entry : entries) {
    EntryView got;
    ASSERT_TRUE(memtable->Get(entry.ns, entry.key, entry.ts, &got));
    EXPECT_TRUE(OwnedEntry(got) == entry);
  }
  size_t yielded = 0;
  const Entries sorted = SortedUnique(entries);
  const auto iterator = memtable->NewStream();
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    ASSERT_TRUE(OwnedEntry(iterator->entry()) == sorted[yielded++]);
  }
  EXPECT_EQ(yielded, sorted.size());
  iterator->Seek(kMaxNamespace, std::string(kMaxKeyBytes + 5, '\xff'));
  EXPECT_FALSE(iterator->Valid());
  const auto cursor = memtable->NewCursor(0, kMaxTimestamp);
  cursor->SeekForPrev(std::string(kMaxKeyBytes, '\xff'));
  ASSERT_TRUE(cursor->Valid());
  EXPECT_EQ(cursor->key().size(), kMaxKeyBytes);
}

TEST(Memtable, FindsAnyOfManyVersionsOfOneKey) {
  const MemtableRef memtable = MemtableRef::Make(1);
  constexpr Timestamp kVersions = 100'000;
  for (Timestamp ts = 1; ts <= kVersions; ++ts) {
    memtable->Add({0, "hot", 2 * ts, EntryKind::kPut, std::to_string(ts)});
  }
  for (Timestamp ts = 1; ts <= kVersions; ++ts) {
    EntryView got;
    ASSERT_TRUE(memtable->Get(0, "hot", 2 * ts + 1, &got));
    ASSERT_EQ(got.value, std::to_string(ts));
    const auto cursor = memtable->NewCursor(0, 2 * ts + 1);
    cursor->SeekForPrev("hot");
    ASSERT_TRUE(cursor->Valid());
    ASSERT_EQ(cursor->timestamp(), 2 * ts);
  }
  EntryView got;
  EXPECT_FALSE(memtable->Get(0, "hot", 1, &got));
}

TEST(Memtable, AVersionOfTheSameTimestampTakesThePlaceOfTheOneBefore) {
  const Entries expected = {{0, "k", 7, EntryKind::kDelete, ""}, {0, "k", 3, EntryKind::kPut, "b"}};
  const MemtableRef memtable = Filled({{0, "k", 3, EntryKind::kPut, "a"},
                                       {0, "k", 3, EntryKind::kPut, "b"},
                                       {0, "k", 7, EntryKind::kPut, "c"},
                                       {0, "k", 7, EntryKind::kDelete, ""}});
  EXPECT_EQ(memtable->entries(), 2u);
  const auto iterator = memtable->NewStream();
  Entries yielded;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    yielded.emplace_back(iterator->entry());
  }
  EXPECT_TRUE(yielded == expected);
}

TEST(MemtableDeathTest, AnOlderVersionThanTheNewestIsABug) {
  const MemtableRef memtable = Filled({{0, "k", 3, EntryKind::kPut, "a"}});
  EXPECT_DEATH(memtable->Add({0, "k", 2, EntryKind::kPut, "b"}), "entry.ts >= head->ts");
}

TEST(Memtable, KnowsItsTimestampsAndItsSize) {
  const MemtableRef memtable = MemtableRef::Make(9);
  EXPECT_TRUE(memtable->empty());
  EXPECT_EQ(memtable->min_ts(), 0u);
  memtable->AddRangeTombstone({0, "a", "b", false, 4});
  EXPECT_FALSE(memtable->empty());
  const size_t small = memtable->MemoryBytes();
  memtable->Add({0, "k", 9, EntryKind::kPut, std::string(1000, 'v')});
  EXPECT_EQ(memtable->min_ts(), 4u);
  EXPECT_EQ(memtable->max_ts(), 9u);
  EXPECT_GE(memtable->MemoryBytes(), small + 1000);
  EXPECT_EQ(memtable->id(), 9u);
}

TEST(Memtable, LivesAsLongAsAPinHoldsIt) {
  Pin pin;
  EntryView got;
  {
    const MemtableRef memtable = Filled({{0, "k", 1, EntryKind::kPut, "value"}});
    ASSERT_TRUE(memtable->Get(0, "k", 1, &got));
    pin = memtable->MakePin();
  }
  EXPECT_EQ(got.value, "value");  // AddressSanitizer would see a dead arena
}

}  // namespace
}  // namespace veralith
