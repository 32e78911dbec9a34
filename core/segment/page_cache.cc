#include "core/segment/page_cache.h"

#include <utility>

#include "core/base/check.h"
#include "core/base/epoch.h"

namespace veralith {
namespace {

// Gives up the cache's references once nobody can be looking through a slot any more.
void GiveUp(std::vector<Page*> pages) {
  if (pages.empty()) {
    return;
  }
  RetireAfterEpoch([pages = std::move(pages)] {
    for (Page* page : pages) {
      page->Unref();
    }
  });
}

}  // namespace

PageCache::~PageCache() {
  std::vector<Page*> retired;
  {
    MutexLock lock(mutex_);
    VERALITH_CHECK(users_ == 0 && ring_.empty());
    retired = TakeRetired(/*all=*/true);
  }
  GiveUp(std::move(retired));
}

void PageCache::RemoveAt(size_t ring_index) {
  Page* page = ring_[ring_index].page;
  ring_[ring_index].slot->Store(nullptr);
  ring_[ring_index] = ring_.back();
  ring_[ring_index].page->ring_index_ = static_cast<uint32_t>(ring_index);
  ring_.pop_back();
  charged_.StoreRelaxed(charged_.LoadRelaxed() - page->bytes());
  retired_.push_back(page);
  retired_bytes_ += page->bytes();
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
      RemoveAt(hand_);  // swaps in the newest page, whose turn is then behind all others
      ++hand_;
      evictions_.FetchAddRelaxed(1);
    }
  }
}

std::vector<Page*> PageCache::TakeRetired(bool all) {
  if (!all && retired_bytes_ * 32 < capacity_) {
    return {};
  }
  retired_bytes_ = 0;
  return std::exchange(retired_, {});
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
  std::vector<Page*> retired;
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
  GiveUp(std::move(retired));
}

PageRef<Page> PageSlots::Insert(size_t index, PageRef<Page> page, bool may_displace) {
  if (cache_ == nullptr || page->bytes() > cache_->capacity_) {
    return page;
  }
  const size_t room_below = cache_->capacity_ - page->bytes();
  if (!may_displace && cache_->charged_bytes() > room_below) {
    return page;  // without the mutex: that of a full cache is busy
  }
  std::vector<Page*> retired;
  {
    MutexLock lock(cache_->mutex_);
    page = InsertLocked(slots_[index], std::move(page), may_displace, &retired);
  }
  GiveUp(std::move(retired));
  return page;
}

PageRef<Page> PageSlots::InsertLocked(Atomic<Page*>& slot, PageRef<Page> page, bool may_displace,
                                      std::vector<Page*>* retired) {
  if (Page* winner = slot.LoadRelaxed(); winner != nullptr) {  // relaxed: under the mutex
    return PageRef<Page>::Share(winner);
  }
  const size_t room_below = cache_->capacity_ - page->bytes();
  if (!may_displace && cache_->charged_bytes() > room_below) {
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
