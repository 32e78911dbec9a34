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

PageCache::~PageCache() {
  Page* retired = nullptr;
  {
    MutexLock lock(mutex_);
    VERALITH_CHECK(users_ == 0 && ring_.empty());
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

bool PageCache::HasRoomForOneMore() {
  try {
    if (ring_.size() == ring_.capacity()) {
      ring_.reserve(2 * ring_.size() + 1);
    }
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void PageCache::Retire(Page* page) {
  page->next_retired_ = retired_;
  retired_ = page;
  retired_bytes_ += page->bytes();
}

void PageCache::RemoveAt(size_t ring_index) {
  Page* page = ring_[ring_index].page;
  ring_[ring_index].slot->Store(nullptr);
  ring_[ring_index] = ring_.back();
  ring_[ring_index].page->ring_index_ = static_cast<uint32_t>(ring_index);
  ring_.pop_back();
  charged_.StoreRelaxed(charged_.LoadRelaxed() - page->bytes());
  Retire(page);
}

void PageCache::EvictUntil(size_t limit) {
  while (charged_.LoadRelaxed() > limit) {
    if (hand_ >= ring_.size()) {
      hand_ = 0;
    }
    Page* page = ring_[hand_].page;
    const uint8_t chances = page->chances_.LoadRelaxed();  // relaxed: a hint that orders nothing
    if (chances > 0) {
      page->chances_.StoreRelaxed(static_cast<uint8_t>(chances - 1));
      ++hand_;
    } else {
      RemoveAt(hand_);  // swaps in the newest page, whose turn then comes last
      ++hand_;
      evictions_.FetchAddRelaxed(1);
    }
  }
}

Page* PageCache::TakeRetired(bool all) {
  if (!all && retired_bytes_ * 32 < capacity_) {
    return nullptr;
  }
  retired_bytes_ = 0;
  return std::exchange(retired_, nullptr);
}

PageSlots::PageSlots(PageCache* cache, size_t count)
    : cache_(cache), count_(count), slots_(new Atomic<Page*>[count]) {
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
        cache_->RemoveAt(page->ring_index_);
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
  const size_t room_below = cache_->capacity_ - page->bytes();
  if (!may_displace && cache_->charged_bytes() > room_below) {
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
  const size_t room_below = cache_->capacity_ - page->bytes();
  if (!may_displace && cache_->charged_bytes() > room_below) {
    return page;
  }
  if (!cache_->HasRoomForOneMore()) {
    return page;
  }
  cache_->EvictUntil(room_below);
  page->Ref();
  page->ring_index_ = static_cast<uint32_t>(cache_->ring_.size());
  cache_->ring_.push_back({page.get(), &slot});
  cache_->charged_.StoreRelaxed(cache_->charged_.LoadRelaxed() + page->bytes());
  slot.Store(page.get());
  *retired = cache_->TakeRetired(/*all=*/false);
  return page;
}

}  // namespace veralith
