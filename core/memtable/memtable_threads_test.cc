// SPDX-License-Identifier: Apache-2.0

// Readers beside the writer, on real threads; ThreadSanitizer runs this too (--config=tsan).
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "core/base/random.h"
#include "core/base/sync.h"
#include "core/memtable/memtable.h"
#include "veralith/executor.h"

namespace veralith {
namespace {

constexpr int kReaders = 3;
constexpr Timestamp kCommits = 30'000;
constexpr int kKeys = 700;

// Commit t writes key KeyOf(t) and a companion key, both with the value "t": a batch of two. Every
// 200th commit deletes a range instead.
std::string KeyOf(Timestamp t) {
  Random random(t);
  const uint64_t number = random.Below(kKeys);
  std::string key(number % 3 == 0 ? "a long shared prefix of keys/" : "");
  key += std::to_string(number * 7919 % 10'007);
  key += static_cast<char>(number % 256);
  return key;
}
std::string CompanionOf(Timestamp t) { return KeyOf(t) + std::string("\0c", 2); }
bool DeletesRange(Timestamp t) { return t % 200 == 0; }

// What the writer and its readers share.
struct Shared {
  MemtableRef memtable = MemtableRef::Make(1);
  Atomic<Timestamp> visible{0};
  Atomic<int> reading{0};  // readers that have begun
  Atomic<uint64_t> faults{0};
  Mutex mutex;
  CondVar done;
  int running ABSL_GUARDED_BY(mutex) = 0;

  void Expect(bool holds) {
    if (!holds) {
      faults.FetchAdd(1);
    }
  }
};

void Commit(Shared* shared, Timestamp t) {
  if (DeletesRange(t)) {
    shared->memtable->AddRangeTombstone({0, "1", "2", false, t});
  } else {
    const std::string value = std::to_string(t);
    shared->memtable->Add({0, KeyOf(t), t, EntryKind::kPut, value});
    shared->memtable->Add({0, CompanionOf(t), t, EntryKind::kPut, value});
  }
  shared->visible.Store(t);
}

void WriteAll(Shared* shared) {
  while (shared->reading.Load() < kReaders) {
  }
  for (Timestamp t = 1; t <= kCommits; ++t) {
    Commit(shared, t);
  }
}

// Checks reads at the visible timestamp. The commit is there, whole, and so is an older one. The
// newest version at or below that timestamp is the last commit of its key.
void CheckGets(Shared* shared, Timestamp visible, Random* random) {
  const Memtable& memtable = *shared->memtable;
  for (const Timestamp t : {visible, 1 + random->Below(visible)}) {
    if (DeletesRange(t)) {
      shared->Expect(memtable.MaxCoveringTombstone(0, "15", t) == t);
      continue;
    }
    for (const std::string& key : {KeyOf(t), CompanionOf(t)}) {
      EntryView entry;
      shared->Expect(memtable.Get(0, key, t, &entry) && entry.ts == t && entry.key == key &&
                     entry.value == std::to_string(t));
    }
  }
}

// Every version: in order, and exactly those of commits up to `visible` among those at or below it.
// How many keys these have.
uint64_t CheckVersions(Shared* shared, Timestamp visible) {
  const auto iterator = shared->memtable->NewStream();
  uint64_t seen = 0;
  uint64_t keys = 0;
  EntryView last;
  std::string_view last_seen;
  iterator->SeekToFirst();
  for (bool first = true; iterator->Valid(); first = false) {
    const EntryView entry = iterator->entry();
    shared->Expect(first || CompareEntries(last, entry) < 0);
    if (entry.ts <= visible) {
      keys += seen == 0 || entry.key != last_seen ? 1 : 0;
      last_seen = entry.key;
      ++seen;
    }
    last = entry;
    iterator->Next();
  }
  shared->Expect(seen == 2 * (visible - visible / 200));
  return keys;
}

// A scan at `visible` shows that many keys in order, each as a commit up to `visible` wrote it.
template <bool kForward>
void CheckScan(Shared* shared, Timestamp visible, uint64_t keys) {
  const auto cursor = shared->memtable->NewCursor(0, visible);
  uint64_t seen = 0;
  std::string_view last;
  kForward ? cursor->SeekToFirst() : cursor->SeekToLast();
  for (; cursor->Valid() && cursor->Load() && cursor->LoadTimestamp(); ++seen) {
    const Timestamp ts = cursor->timestamp();
    shared->Expect(seen == 0 || (kForward ? last < cursor->key() : cursor->key() < last));
    shared->Expect(ts <= visible && cursor->value() == std::to_string(ts));
    shared->Expect(cursor->key() == KeyOf(ts) || cursor->key() == CompanionOf(ts));
    last = cursor->key();
    kForward ? cursor->Next() : cursor->Prev();
  }
  shared->Expect(seen == keys);
}

void ReadBesideTheWriter(Shared* shared, uint64_t seed) {
  Random random(seed);
  Timestamp visible = 0;
  shared->reading.FetchAdd(1);
  while (visible < kCommits) {
    visible = shared->visible.Load();
    if (visible == 0) {
      continue;
    }
    for (int i = 0; i < 50; ++i) {
      CheckGets(shared, visible, &random);
    }
    const uint64_t keys = CheckVersions(shared, visible);
    CheckScan<true>(shared, visible, keys);
    CheckScan<false>(shared, visible, keys);
  }
}

void RunOn(Executor* executor, Shared* shared, std::function<void()> work) {
  {
    MutexLock lock(shared->mutex);
    ++shared->running;
  }
  executor->Schedule(TaskPriority::kHigh, [shared, work = std::move(work)] {
    work();
    MutexLock lock(shared->mutex);
    --shared->running;
    shared->done.NotifyAll();
  });
}

TEST(MemtableThreads, ReadersBesideTheWriterSeeWholePrefixesOfTheCommits) {
  const auto executor = NewThreadPoolExecutor(kReaders + 1);
  Shared shared;
  for (int i = 0; i < kReaders; ++i) {
    RunOn(executor.get(), &shared, [&shared, i] { ReadBesideTheWriter(&shared, 100 + i); });
  }
  RunOn(executor.get(), &shared, [&shared] { WriteAll(&shared); });
  MutexLock lock(shared.mutex);
  while (shared.running > 0) {
    executor->Await(shared.mutex, shared.done);
  }
  EXPECT_EQ(shared.faults.Load(), 0u);
}

}  // namespace
}  // namespace veralith
