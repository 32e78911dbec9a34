// SPDX-License-Identifier: Apache-2.0

#include "core/segment/page/page_cache.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/epoch.h"
#include "core/base/memory_budget.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "core/format/key_hash.h"
#include "core/segment/read/segment_reader.h"
#include "core/segment/testing/segment_model.h"
#include "core/segment/write/segment_writer.h"
#include "gtest/gtest.h"
#include "veralith/executor.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define VERALITH_MALLOC_ENDS_THE_PROCESS
#endif
#endif

namespace veralith {
namespace {

class TestPage : public Page {
 public:
  uint64_t number = 0;

 private:
  friend class Page;
  explicit TestPage(size_t bytes) : Page(bytes) {}
};

class WorthyPage : public Page {
 public:
  static constexpr int kWorth = 3;

 private:
  friend class Page;
  explicit WorthyPage(size_t bytes) : Page(bytes, kWorth) {}
};

constexpr size_t kPageBytes = 100;

PageRef<Page> NewPage(uint64_t number) {
  auto* page = Page::New<TestPage>(kPageBytes);
  page->number = number;
  return PageRef<Page>::Adopt(page);
}

uint64_t Number(const Page* page) { return static_cast<const TestPage*>(page)->number; }

bool Holds(const PageSlots& slots, size_t i) {
  EpochGuard guard;
  return slots.Find(i) != nullptr;
}

TEST(PageCache, KeepsPagesUpToItsCapacityAndChargesThemWhole) {
  PageCache cache(3 * kPageBytes);
  PageSlots slots(&cache, 10);
  for (size_t i = 0; i < 10; ++i) {
    slots.Insert(i, NewPage(i));
    EXPECT_EQ(cache.charged_bytes(), std::min<size_t>(i + 1, 3) * kPageBytes);
  }
  EXPECT_EQ(cache.evictions(), 7u);
}

TEST(PageCache, PagesGiveWayToMemtablesButForAnEighth) {
  const auto cache = std::make_shared<PageCache>(16 * kPageBytes, 8 * kPageBytes);
  const auto account = PageCache::NewMemoryAccount(cache);
  PageSlots slots(cache.get(), 20);
  for (size_t i = 0; i < 20; ++i) {
    slots.Insert(i, NewPage(i));
  }
  EXPECT_EQ(cache->charged_bytes(), 16 * kPageBytes);
  {
    MemoryCharge memtable(account);
    memtable.RaiseTo(5 * kPageBytes);
    EXPECT_EQ(cache->memtable_charged_bytes(), 5 * kPageBytes);
    EXPECT_EQ(cache->charged_bytes(), 11 * kPageBytes);
    slots.Insert(0, NewPage(0));
    EXPECT_EQ(cache->charged_bytes(), 11 * kPageBytes);
    slots.Insert(1, NewPage(1), /*may_displace=*/false);
    EXPECT_EQ(cache->charged_bytes(), 11 * kPageBytes);
    MemoryCharge other(account);
    other.RaiseTo(100 * kPageBytes);
    EXPECT_EQ(cache->charged_bytes(), 2 * kPageBytes);
  }
  EXPECT_EQ(cache->memtable_charged_bytes(), 0u);
  for (size_t i = 0; i < 20; ++i) {
    slots.Insert(i, NewPage(i));
  }
  EXPECT_EQ(cache->charged_bytes(), 16 * kPageBytes);
}

TEST(PageCache, APageLargerThanWhatMemtablesLeaveIsNotKept) {
  const auto cache = std::make_shared<PageCache>(3 * kPageBytes, 8 * kPageBytes);
  MemoryCharge memtable(PageCache::NewMemoryAccount(cache));
  memtable.RaiseTo(8 * kPageBytes);
  PageSlots slots(cache.get(), 1);
  EXPECT_EQ(Number(slots.Insert(0, NewPage(7)).get()), 7u);
  EXPECT_EQ(cache->charged_bytes(), 0u);
  EXPECT_EQ(PageCache::NewMemoryAccount(std::make_shared<PageCache>(1)), nullptr);
}

TEST(PageCache, APageThatMayNotDisplaceOthersIsKeptOnlyWhereThereIsRoom) {
  PageCache cache(3 * kPageBytes);
  PageSlots slots(&cache, 10);
  slots.Insert(0, NewPage(0));
  slots.Insert(1, NewPage(1));
  EXPECT_EQ(Number(slots.Insert(2, NewPage(2), /*may_displace=*/false).get()), 2u);
  EXPECT_EQ(Number(slots.Insert(3, NewPage(3), /*may_displace=*/false).get()), 3u);
  EXPECT_TRUE(Holds(slots, 2));
  EXPECT_FALSE(Holds(slots, 3));
  EXPECT_EQ(cache.evictions(), 0u);
  slots.Insert(4, NewPage(4));
  EXPECT_TRUE(Holds(slots, 4));
}

TEST(PageCache, ChargesEachAccountForItsOwnPages) {
  PageCache cache(4 * kPageBytes);
  CacheAccount ones;
  CacheAccount others;
  {
    PageSlots one(&cache, 10, &ones);
    {
      PageSlots other(&cache, 10, &others);
      PageSlots nobodys(&cache, 1);
      for (size_t i = 0; i < 10; ++i) {
        one.Insert(i, NewPage(i));
        other.Insert(i, NewPage(i));
        EXPECT_EQ(ones.charged.LoadRelaxed() + others.charged.LoadRelaxed(), cache.charged_bytes());
      }
      EXPECT_GT(ones.charged.LoadRelaxed(), 0u);
      EXPECT_GT(others.charged.LoadRelaxed(), 0u);
      nobodys.Insert(0, NewPage(0));
      EXPECT_EQ(ones.charged.LoadRelaxed() + others.charged.LoadRelaxed(), 3 * kPageBytes);
      EXPECT_EQ(cache.charged_bytes(), 4 * kPageBytes);
    }
    EXPECT_EQ(others.charged.LoadRelaxed(), 0u);
    EXPECT_EQ(ones.charged.LoadRelaxed(), cache.charged_bytes());
  }
  EXPECT_EQ(ones.charged.LoadRelaxed(), 0u);
}

TEST(PageCache, HoldsOnePage) {
  PageCache cache(kPageBytes);
  PageSlots slots(&cache, 2);
  slots.Insert(0, NewPage(0));
  EXPECT_TRUE(Holds(slots, 0));
  slots.Insert(1, NewPage(1));
  EXPECT_FALSE(Holds(slots, 0));
  EXPECT_TRUE(Holds(slots, 1));
}

TEST(Page, IsNoLargerThanTheLimitAndThanMemory) {
  EXPECT_EQ(Page::NewWithin<TestPage>(100, 100, "test").value()->bytes(), 100u);
  EXPECT_EQ(Page::NewWithin<TestPage>(100, 101, "test").status(),
            ResourceExhausted("a test page larger than the memory limit"));
#ifndef VERALITH_MALLOC_ENDS_THE_PROCESS
  EXPECT_EQ(Page::NewWithin<TestPage>(UINT64_MAX, uint64_t{1} << 62, "test").status(),
            ResourceExhausted("no memory for a test page"));
#endif
}

TEST(PageCache, DoesNotKeepAPageLargerThanItself) {
  PageCache cache(kPageBytes - 1);
  PageSlots slots(&cache, 1);
  const PageRef<Page> page = slots.Insert(0, NewPage(7));
  EXPECT_EQ(Number(page.get()), 7u);
  EXPECT_FALSE(Holds(slots, 0));
  EXPECT_EQ(cache.charged_bytes(), 0u);
}

TEST(PageCache, TheFirstInsertionWins) {
  PageCache cache(10 * kPageBytes);
  PageSlots slots(&cache, 1);
  slots.Insert(0, NewPage(1));
  EXPECT_EQ(Number(slots.Insert(0, NewPage(2)).get()), 1u);
  EXPECT_EQ(cache.charged_bytes(), kPageBytes);
}

TEST(PageCache, GivesPagesThatWereUsedASecondChance) {
  PageCache cache(3 * kPageBytes);
  PageSlots slots(&cache, 4);
  for (size_t i = 0; i < 3; ++i) {
    slots.Insert(i, NewPage(i));
  }
  EXPECT_TRUE(Holds(slots, 0));  // counts as a use
  EXPECT_TRUE(Holds(slots, 2));
  slots.Insert(3, NewPage(3));
  EXPECT_TRUE(Holds(slots, 0));
  EXPECT_FALSE(Holds(slots, 1));
  EXPECT_TRUE(Holds(slots, 2));
}

// Fills a cache of ten pages, half of them worthy, and puts `more` others in. Returns how many of
// the worthy pages are left.
size_t WorthyPagesLeftAfter(size_t more) {
  PageCache cache(10 * kPageBytes);
  PageSlots slots(&cache, 10 + more);
  for (size_t i = 0; i < 10 + more; ++i) {
    slots.Insert(i, i < 5 ? PageRef<Page>::Adopt(Page::New<WorthyPage>(kPageBytes)) : NewPage(i));
  }
  size_t left = 0;
  for (size_t i = 0; i < 5; ++i) {
    left += Holds(slots, i) ? 1 : 0;
  }
  return left;
}

TEST(PageCache, AWorthyPageOutlastsSweepsOfOthersButNotForEver) {
  EXPECT_EQ(WorthyPagesLeftAfter(8), 5u);
  EXPECT_EQ(WorthyPagesLeftAfter(100), 0u);
}

// While the others' hand goes round three times, that of the worthy pages goes round once.
TEST(PageCache, AWorthyPageThatIsUsedOnceInTwoSweepsOfOthersStays) {
  PageCache cache(10 * kPageBytes);
  PageSlots slots(&cache, 310);
  for (size_t i = 0; i < 310; ++i) {
    slots.Insert(i, i < 5 ? PageRef<Page>::Adopt(Page::New<WorthyPage>(kPageBytes)) : NewPage(i));
    for (size_t worthy = 0; i % 10 == 9 && worthy < 5; ++worthy) {
      ASSERT_TRUE(Holds(slots, worthy)) << i;
    }
  }
  EXPECT_EQ(cache.evictions(), 300u);
}

TEST(PageCache, NoPageThatNobodyUsesOutlastsTwoSweeps) {
  PageCache cache(4 * kPageBytes);
  PageSlots slots(&cache, 12);
  for (size_t i = 0; i < 12; ++i) {
    slots.Insert(i, NewPage(i));
  }
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_FALSE(Holds(slots, i)) << i;
  }
}

TEST(PageCache, SegmentsShareTheCapacityAndTakeTheirPagesAway) {
  PageCache cache(4 * kPageBytes);
  PageSlots first(&cache, 2);
  {
    PageSlots second(&cache, 2);
    for (size_t i = 0; i < 2; ++i) {
      first.Insert(i, NewPage(i));
      second.Insert(i, NewPage(10 + i));
    }
    EXPECT_EQ(cache.charged_bytes(), 4 * kPageBytes);
  }
  EXPECT_EQ(cache.charged_bytes(), 2 * kPageBytes);
  EXPECT_TRUE(Holds(first, 0));
  EXPECT_TRUE(Holds(first, 1));
}

TEST(PageCache, APinnedPageOutlivesEvictionSegmentAndCache) {
  PageRef<Page> pinned;
  {
    PageCache cache(kPageBytes);
    PageSlots slots(&cache, 2);
    slots.Insert(0, NewPage(42));
    {
      EpochGuard guard;
      pinned = PageRef<Page>::Share(slots.Find(0));
    }
    slots.Insert(1, NewPage(43));
    EXPECT_FALSE(Holds(slots, 0));
  }
  ReclaimRetired();
  EXPECT_EQ(Number(pinned.get()), 42u);
}

TEST(PageCache, APageSeenUnderAGuardStaysReadableAfterItsEviction) {
  PageCache cache(kPageBytes);
  PageSlots slots(&cache, 2);
  slots.Insert(0, NewPage(42));
  EpochGuard guard;
  const Page* page = slots.Find(0);
  slots.Insert(1, NewPage(43));
  ReclaimRetired();
  EXPECT_EQ(Number(page), 42u);
}

// Runs `work(0)` .. `work(n - 1)` on threads and waits for all.
void InParallel(int n, const std::function<void(int)>& work) {
  const auto executor = NewThreadPoolExecutor(n);
  Mutex mutex;
  CondVar done;
  int left = n;
  for (int i = 0; i < n; ++i) {
    executor->Schedule(TaskPriority::kHigh, [&, i] {
      work(i);
      MutexLock lock(mutex);
      --left;
      done.NotifyAll();
    });
  }
  MutexLock lock(mutex);
  while (left > 0) {
    executor->Await(mutex, done);
  }
}

TEST(PageCache, ThreadsSeeTheirPagesWhileOthersEvict) {
  PageCache cache(8 * kPageBytes);
  PageSlots slots(&cache, 64);
  InParallel(4, [&](int thread) {
    Random random(static_cast<uint64_t>(thread));
    std::vector<std::pair<uint64_t, PageRef<Page>>> pinned;
    for (int step = 0; step < 20'000; ++step) {
      const uint64_t i = random.Below(64);
      EpochGuard guard;
      Page* page = slots.Find(i);
      PageRef<Page> hold;
      if (page == nullptr) {
        hold = slots.Insert(i, NewPage(i));
        page = hold.get();
      }
      ASSERT_EQ(Number(page), i);
      if (random.OneIn(16)) {
        pinned.emplace_back(i, PageRef<Page>::Share(page));
      }
      if (pinned.size() > 20) {
        for (const auto& [number, ref] : pinned) {
          ASSERT_EQ(Number(ref.get()), number);
        }
        pinned.clear();
      }
      ASSERT_LE(cache.charged_bytes(), cache.capacity());
    }
  });
}

// There is room for one page. Threads find the cache empty and full by turns. On two cores it is
// sometimes full when they get its mutex, although there was room before.
TEST(PageCache, ThreadsThatMayNotDisplacePutNoPageOfAnotherOut) {
  PageCache cache(kPageBytes);
  Atomic<uint64_t> kept{0};
  InParallel(4, [&](int thread) {
    const auto number = static_cast<uint64_t>(thread);
    for (int step = 0; step < 50'000; ++step) {
      PageSlots mine(&cache, 1);
      ASSERT_EQ(Number(mine.Insert(0, NewPage(number), /*may_displace=*/false).get()), number);
      if (Holds(mine, 0)) {
        kept.FetchAdd(1);
        ASSERT_EQ(cache.charged_bytes(), kPageBytes);
      }
    }
  });
  EXPECT_GT(kept.Load(), 0u);
  EXPECT_EQ(cache.evictions(), 0u);
  EXPECT_EQ(cache.charged_bytes(), 0u);
}

TEST(PageCache, LookupsFromManyThreadsAgreeWhileACacheOfAFewPagesTurnsOver) {
  std::vector<OwnedEntry> entries;
  for (int i = 0; i < 2000; ++i) {
    entries.push_back(
        {0, "key" + std::to_string(10'000 + i), 7, EntryKind::kPut, "value" + std::to_string(i)});
  }
  SegmentOptions options;
  options.key_page_bytes = options.value_page_bytes = 256;
  const auto written = WriteSegment(entries, options);
  ASSERT_TRUE(written.ok());
  PageCache cache(4000);
  SegmentReaderOptions reader_options;
  reader_options.cache = &cache;
  const auto reader = SegmentReader::Open(OpenMemoryFile(written->bytes), reader_options);
  ASSERT_TRUE(reader.ok());
  std::vector<LookupResult> kept(4);
  InParallel(4, [&](int thread) {
    Random random(static_cast<uint64_t>(thread));
    for (int step = 0; step < 5000; ++step) {
      const OwnedEntry& entry = entries[random.Below(entries.size())];
      EpochGuard guard;
      LookupResult& result = kept[static_cast<size_t>(thread)];
      const absl::Status status =
          (*reader)->Get(0, entry.key, HashUserKey(0, entry.key), kMaxTimestamp,
                         {.fill_cache = !random.OneIn(4)}, &result);
      ASSERT_TRUE(status.ok()) << status;
      ASSERT_EQ(result.value, entry.value);
    }
  });
  EXPECT_LE(cache.charged_bytes(), cache.capacity());
}

TEST(PageCache, LookupsThatDoNotFillLeaveItAsItWas) {
  const auto written = WriteSegment({{0, "a", 1, EntryKind::kPut, "x"}}, {});
  ASSERT_TRUE(written.ok());
  PageCache cache(1 << 20);
  SegmentReaderOptions options;
  options.cache = &cache;
  const auto reader = SegmentReader::Open(OpenMemoryFile(written->bytes), options);
  ASSERT_TRUE(reader.ok());
  LookupResult result;
  for (const bool fill : {false, true}) {
    EXPECT_EQ(cache.charged_bytes(), 0u);
    EpochGuard guard;
    ASSERT_TRUE((*reader)
                    ->Get(0, "a", HashUserKey(0, "a"), kMaxTimestamp, {.fill_cache = fill}, &result)
                    .ok());
    EXPECT_EQ(result.value, "x");
  }
  EXPECT_GT(cache.charged_bytes(), 0u);
}

}  // namespace
}  // namespace veralith
