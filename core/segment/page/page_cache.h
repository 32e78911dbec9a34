// SPDX-License-Identifier: Apache-2.0

// Decoded pages of all segments of a database, or of several that share it, within a number of
// bytes. It is what veralith::Cache is. It may also hold a budget for the memtables of these
// databases (core/base/memory_budget.h), to which pages give way.
//
// A segment has one atomic pointer per page (PageSlots); a lookup that hits is one load, one test
// of the page's bit, and nothing shared is written (unless the clock took the bit). Pages leave by
// CLOCK: a hand that comes by takes the bit, or the page if the bit was taken before. Pages of one
// worth have a ring and a hand of their own. All hands move at once, and one of worth w goes round
// once while one of worth 1 goes round w times. (Key pages, each asked for hundreds of rows,
// outlast value pages that way. In one ring each value page that leaves would cost a look at all
// key pages before the next one.) A page that left is given up after the epoch
// (core/base/epoch.h), so a reader under a guard may still use it.
//
// Invariants
//   1. Pages are charged their whole allocation. charged_bytes() <= capacity at all times, and
//      <= PageLimit() whenever a charge of memtables, or an insertion, has ended after which none
//      was made. Pages that left but are pinned, wait for the epoch, or are not yet inserted are
//      not charged. Those that wait are at most 1/32 of the capacity plus one page.
//   2. A slot changes only under the cache's mutex: from null to a page and back. So a pointer that
//      was loaded under a guard names the page of that slot, for the whole guard (no ABA).
//   3. A page larger than PageLimit() is not inserted; a cache of 0 bytes holds nothing.
//   4. What leaves depends on the order of calls only: same calls, same victims.
//   5. Without memory for the cache itself a page is not kept, and that is no error.
//   6. An account is charged for what is in the cache of its segments: accounts of all users add up
//      to charged_bytes(), of slots without one disregarded.
//
// Thread rule: all calls from any thread; Find needs an EpochGuard of the caller, which must last
// while the raw pointer is used (or until it was shared as a PageRef).
// Ownership: the cache and the accounts outlive their PageSlots. Both may be destroyed before
// pinned pages are.
#ifndef VERALITH_CORE_SEGMENT_PAGE_PAGE_CACHE_H_
#define VERALITH_CORE_SEGMENT_PAGE_PAGE_CACHE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/epoch.h"
#include "core/base/fork.h"
#include "core/base/memory_budget.h"
#include "core/base/sync.h"
#include "core/segment/page/page.h"
#include "veralith/cache.h"

namespace veralith {

// What one database has of a cache that it may share.
struct CacheAccount {
  Atomic<size_t> charged{0};   // bytes of its pages; written under the cache's mutex
  Atomic<uint64_t> misses{0};  // pages read from its files
};

class PageCache final : public Cache {
 public:
  // `memtable_bytes`: of the budget; 0: it is none.
  explicit PageCache(size_t capacity_bytes, size_t memtable_bytes = 0)
      : capacity_(capacity_bytes), budget_(memtable_bytes, [this] { GiveWay(); }) {}
  ~PageCache() override;  // CHECKs that no PageSlots are left

  size_t capacity() const { return capacity_; }
  size_t capacity_bytes() const override { return capacity_; }
  size_t charged_bytes() const override { return charged_.LoadRelaxed(); }
  size_t memtable_charged_bytes() const override { return budget_.bytes(); }
  // An account of the budget of `cache`, which it shares; null if the cache is none.
  static std::shared_ptr<MemoryAccount> NewMemoryAccount(const std::shared_ptr<PageCache>& cache);
  // The ForkGeneration() of the process that made it.
  uint64_t fork_generation() const { return fork_generation_; }
  // Pages read from files through this cache since it was made, and pages that were displaced.
  uint64_t misses() const { return misses_.LoadRelaxed(); }
  uint64_t evictions() const { return evictions_.LoadRelaxed(); }
  void CountMiss(CacheAccount* account) {
    misses_.FetchAddRelaxed(1);
    if (account != nullptr) {
      account->misses.FetchAddRelaxed(1);
    }
  }

 private:
  friend class PageSlots;

  struct Entry {
    Page* page;
    Atomic<Page*>* slot;
    CacheAccount* account;  // or null
  };
  // Pages of one worth.
  struct Ring {
    uint8_t worth;
    size_t hand = 0;
    uint64_t swept = 0;  // how far the hand has come: kSweep times worth for each time round
    std::vector<Entry> entries;
  };
  static constexpr uint64_t kSweep = uint64_t{1} << 28;

  // The most bytes that pages may have now: what memtables leave, and an eighth at least.
  size_t PageLimit() const {
    return capacity_ - std::min(budget_.bytes(), capacity_ - capacity_ / 8);
  }
  // No other page would have to leave for it.
  bool HasRoomFor(const Page& page) const {
    return charged_.LoadRelaxed() + page.bytes() <= PageLimit();
  }
  // Lets pages leave until they keep to the limit, which has become less.
  void GiveWay() ABSL_LOCKS_EXCLUDED(mutex_);
  // The ring of a worth; null: there is none yet.
  Ring* RingOf(uint8_t worth) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The ring, not empty, whose hand is behind all others.
  Ring& NextRing() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EvictUntil(size_t limit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Pages that left, as a chain.
  static void UnrefAll(Page* chain);
  // A ring with room for one more page of that worth; null: there is no memory for that.
  Ring* MakeRoom(uint8_t worth) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Retire(Page* page) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Remove(Page* page) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Adds to what is charged, or takes it away.
  void Charge(size_t bytes, CacheAccount* account) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Uncharge(size_t bytes, CacheAccount* account) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Takes the pages that left, when they are enough to be worth an epoch: a chain through them.
  Page* TakeRetired(bool all) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Gives up a chain; without memory for that it waits for the next.
  void GiveUpOrKeep(Page* chain) ABSL_LOCKS_EXCLUDED(mutex_);

  const size_t capacity_;
  const uint64_t fork_generation_ = ForkGeneration();
  MemoryBudget budget_;
  Atomic<size_t> charged_{0};  // written under the mutex
  Atomic<uint64_t> misses_{0};
  Atomic<uint64_t> evictions_{0};
  Mutex mutex_;
  std::vector<Ring> rings_ ABSL_GUARDED_BY(mutex_);  // as many as there are worths: a few
  uint64_t swept_ ABSL_GUARDED_BY(mutex_) = 0;       // how far all hands have come
  Page* retired_ ABSL_GUARDED_BY(mutex_) = nullptr;
  size_t retired_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int users_ ABSL_GUARDED_BY(mutex_) = 0;
  Retirement last_;  // for the end, when there may be no memory
};

// The pages of one segment, by number. A null cache keeps nothing.
class PageSlots {
 public:
  // `account`: whose pages they are; may be null.
  PageSlots(PageCache* cache, size_t count, CacheAccount* account = nullptr);
  // Takes the segment's pages out of the cache. No Find or Insert may be running.
  ~PageSlots();
  PageSlots(const PageSlots&) = delete;
  PageSlots& operator=(const PageSlots&) = delete;

  // Null: not there. Marks the page as recently used.
  Page* Find(size_t index) const {
    Page* page = slots_[index].Load();
    if (page != nullptr && !page->used_.LoadRelaxed()) {  // relaxed: a hint
      page->used_.StoreRelaxed(true);
    }
    return page;
  }

  // Keeps `page` (the cache takes a reference of its own), unless another thread was faster, it
  // does not fit, or others would have to leave and `may_displace` is false. Returns the page to
  // use: the one kept, or `page` itself.
  PageRef<Page> Insert(size_t index, PageRef<Page> page, bool may_displace = true);

 private:
  // Inserts, under the mutex. Pages to release after unlocking go to `retired`.
  PageRef<Page> InsertLocked(Atomic<Page*>& slot, PageRef<Page> page, bool may_displace,
                             Page** retired) ABSL_EXCLUSIVE_LOCKS_REQUIRED(cache_->mutex_);

  PageCache* const cache_;
  CacheAccount* const account_;
  const size_t count_;
  std::unique_ptr<Atomic<Page*>[]> slots_;
  Retirement last_;  // for the end
};

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_PAGE_PAGE_CACHE_H_
