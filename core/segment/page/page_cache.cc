// SPDX-License-Identifier: Apache-2.0

#include "core/segment/page/page_cache.h"

#include <new>
#include <utility>

#include "core/base/check.h"
#include "core/base/epoch.h"
#include "core/base/no_memory.h"

namespace veralith {
namespace {

// Drops the cache's references once no reader can still be looking through a slot.
void GiveUp(Page* chain, void (*unref)(Page*), Retirement place) {
  if (chain != nullptr) {
    RetireAfterEpoch(std::move(place), [chain, unref] { unref(chain); });
  }
}

}  // namespace

void PageCache::UnrefAll(Page* chain) {
  while (chain != nullptr) {
    std::exchange(chain, chain->next_retired_)->Unref();
  }
}

std::shared_ptr<Cache> MakeCache(size_t capacity_bytes, size_t memtable_bytes) noexcept {
  std::shared_ptr<Cache> made;
  TryWithMemory([&] { made = std::make_shared<PageCache>(capacity_bytes, memtable_bytes); });
  return made;
}

std::shared_ptr<MemoryAccount> PageCache::NewMemoryAccount(
    const std::shared_ptr<PageCache>& cache) {
  return cache->budget_.most_bytes() == 0
             ? nullptr
             : std::make_shared<MemoryAccount>(
                   std::shared_ptr<MemoryBudget>(cache, &cache->budget_));
}

PageCache::~PageCache() {
  Page* retired = nullptr;
  {
    MutexLock lock(mutex_);
    VERALITH_CHECK(users_ == 0 && charged_.LoadRelaxed() == 0);
    retired = TakeRetired(/*all=*/true);
  }
  GiveUp(retired, UnrefAll, std::move(last_));
}

void PageCache::GiveUpOrKeep(Page* chain) {
  const auto give_up = [chain] { GiveUp(chain, UnrefAll, Retirement()); };
  if (chain == nullptr || TryWithMemory(give_up)) {
    return;
  }
  MutexLock lock(mutex_);
  while (chain != nullptr) {
    Page* const page = std::exchange(chain, chain->next_retired_);
    Retire(page);
  }
}

PageCache::Ring* PageCache::RingOf(uint8_t worth) {
  for (Ring& ring : rings_) {
    if (ring.worth == worth) {
      return &ring;
    }
  }
  return nullptr;
}

PageCache::Ring* PageCache::MakeRoom(uint8_t worth) {
  try {
    Ring* ring = RingOf(worth);
    if (ring == nullptr) {
      ring = &rings_.emplace_back(Ring{.worth = worth, .entries = {}});
    }
    if (ring->entries.size() == ring->entries.capacity()) {
      ring->entries.reserve(2 * ring->entries.size() + 1);
    }
    return ring;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void PageCache::Retire(Page* page) {
  page->next_retired_ = retired_;
  retired_ = page;
  retired_bytes_ += page->bytes();
}

void PageCache::Charge(size_t bytes, CacheAccount* account) {
  charged_.StoreRelaxed(charged_.LoadRelaxed() + bytes);
  if (account != nullptr) {
    account->charged.StoreRelaxed(account->charged.LoadRelaxed() + bytes);
  }
}

void PageCache::Uncharge(size_t bytes, CacheAccount* account) {
  charged_.StoreRelaxed(charged_.LoadRelaxed() - bytes);
  if (account != nullptr) {
    account->charged.StoreRelaxed(account->charged.LoadRelaxed() - bytes);
  }
}

// The ring's last page takes its place.
void PageCache::Remove(Page* page) {
  std::vector<Entry>& entries = RingOf(page->worth_)->entries;
  Entry& place = entries[page->ring_index_];
  place.slot->Store(nullptr);
  Uncharge(page->bytes(), place.account);
  place = entries.back();
  place.page->ring_index_ = page->ring_index_;
  entries.pop_back();
  Retire(page);
}

PageCache::Ring& PageCache::NextRing() {
  Ring* next = nullptr;
  for (Ring& ring : rings_) {
    if (!ring.entries.empty() && (next == nullptr || ring.swept < next->swept)) {
      next = &ring;
    }
  }
  VERALITH_CHECK(next != nullptr);
  return *next;
}

void PageCache::EvictUntil(size_t limit) {
  constexpr size_t kAhead = 8;  // the hand will come to that page: its bit is fetched meanwhile
  while (charged_.LoadRelaxed() > limit) {
    Ring& ring = NextRing();
    swept_ = ring.swept;
    ring.swept += kSweep * ring.worth / ring.entries.size();
    if (ring.hand >= ring.entries.size()) {
      ring.hand = 0;
    }
    Page* const page = ring.entries[ring.hand++].page;
    if (ring.hand + kAhead < ring.entries.size()) {
      __builtin_prefetch(ring.entries[ring.hand + kAhead].page);
    }
    if (page->used_.LoadRelaxed()) {  // relaxed: a hint that orders nothing
      page->used_.StoreRelaxed(false);
    } else {
      Remove(page);  // the newest page comes there, whose turn then comes last
      evictions_.FetchAddRelaxed(1);
    }
  }
}

void PageCache::GiveWay() {
  Page* retired = nullptr;
  {
    MutexLock lock(mutex_);
    EvictUntil(PageLimit());
    retired = TakeRetired(/*all=*/false);
  }
  GiveUpOrKeep(retired);
}

Page* PageCache::TakeRetired(bool all) {
  if (!all && retired_bytes_ * 32 < capacity_) {
    return nullptr;
  }
  retired_bytes_ = 0;
  return std::exchange(retired_, nullptr);
}

PageSlots::PageSlots(PageCache* cache, size_t count, CacheAccount* account)
    : cache_(cache), account_(account), count_(count), slots_(new Atomic<Page*>[count]) {
  if (cache_ != nullptr) {
    MutexLock lock(cache_->mutex_);
    ++cache_->users_;
  }
}

PageSlots::~PageSlots() {
  if (cache_ == nullptr) {
    return;
  }
  Page* retired = nullptr;
  {
    MutexLock lock(cache_->mutex_);
    for (size_t i = 0; i < count_; ++i) {
      if (Page* page = slots_[i].LoadRelaxed(); page != nullptr) {  // relaxed: under the mutex
        cache_->Remove(page);
      }
    }
    --cache_->users_;
    retired = cache_->TakeRetired(/*all=*/true);
  }
  GiveUp(retired, PageCache::UnrefAll, std::move(last_));
}

PageRef<Page> PageSlots::Insert(size_t index, PageRef<Page> page, bool may_displace) {
  if (cache_ == nullptr || page->bytes() > cache_->capacity_) {
    return page;
  }
  if (!may_displace && !cache_->HasRoomFor(*page)) {
    return page;  // without the mutex: a full cache's mutex is busy
  }
  Page* retired = nullptr;
  {
    MutexLock lock(cache_->mutex_);
    page = InsertLocked(slots_[index], std::move(page), may_displace, &retired);
  }
  cache_->GiveUpOrKeep(retired);
  return page;
}

PageRef<Page> PageSlots::InsertLocked(Atomic<Page*>& slot, PageRef<Page> page, bool may_displace,
                                      Page** retired) {
  if (Page* winner = slot.LoadRelaxed(); winner != nullptr) {  // relaxed: under the mutex
    return PageRef<Page>::Share(winner);
  }
  const size_t limit = cache_->PageLimit();
  if (page->bytes() > limit || (!may_displace && !cache_->HasRoomFor(*page))) {
    return page;
  }
  PageCache::Ring* const ring = cache_->MakeRoom(page->worth_);
  if (ring == nullptr) {
    return page;
  }
  cache_->EvictUntil(limit - page->bytes());
  if (ring->entries.empty()) {  // its hand has stood still
    ring->swept = cache_->swept_;
  }
  page->Ref();
  page->ring_index_ = static_cast<uint32_t>(ring->entries.size());
  ring->entries.push_back({page.get(), &slot, account_});
  cache_->Charge(page->bytes(), account_);
  slot.Store(page.get());
  *retired = cache_->TakeRetired(/*all=*/false);
  return page;
}

}  // namespace veralith
