// SPDX-License-Identifier: Apache-2.0

#include "core/base/epoch.h"

#include <cstdint>
#include <list>
#include <utility>

#include "core/base/check.h"
#include "core/base/fork.h"
#include "core/base/per_process.h"
#include "core/base/sync.h"

namespace veralith {
namespace {

constexpr uint64_t kIdle = 0;

}  // namespace

// One slot per owner of guards. An owner is a thread until its thread_local objects are destroyed,
// and a single guard after that. A slot has a cache line of its own. Slots are never freed, only
// reused, so the list can be walked without a lock.
struct alignas(kCacheLineBytes) EpochSlot {
  Atomic<uint64_t> epoch{kIdle};  // kIdle, or the epoch at which the outermost guard began
  Atomic<bool> taken{true};
  EpochSlot* next = nullptr;  // immutable once the slot is in the list
  int depth = 0;              // guards that the owner has now; only the owner touches it
};

namespace {

struct Domain {
  Atomic<uint64_t> epoch{1};
  Atomic<EpochSlot*> slots{nullptr};
  Mutex mutex;
  std::list<Retirement::Waiting> retired ABSL_GUARDED_BY(mutex);
};

EpochSlot* TakeSlot(Domain& domain) {
  for (EpochSlot* slot = domain.slots.Load(); slot != nullptr; slot = slot->next) {
    bool free = false;
    if (slot->taken.CompareExchange(free, true)) {
      return slot;
    }
  }
  EpochSlot* slot = new EpochSlot;
  EpochSlot* head = domain.slots.Load();
  do {
    slot->next = head;
  } while (!domain.slots.CompareExchange(head, slot));
  return slot;
}

void GiveSlot(EpochSlot* slot) {
  VERALITH_CHECK(slot->depth == 0);
  slot->taken.Store(false);
}

// What a thread knows of its slot. It has no destructor, so it lasts as long as the thread.
struct Mine {
  EpochSlot* slot = nullptr;
  bool is_over = false;  // the thread's slot was given back: each guard takes one
};

#ifdef VERALITH_EXPLORE
// One per explored execution: no execution inherits another's guards.
Domain& TheDomain() { return explored::ExecutionLocal<Domain>(); }
Mine& OfThisThread() { return explored::LastingFiberLocal<Mine>(); }
#else
Mine& OfThisThread() {
  static thread_local constinit Mine mine;
  return mine;
}

// In a child of fork the slot belongs to an abandoned domain, and so do the slots of other threads.
class SlotForgetter final : public ForkObserver {
 public:
  SlotForgetter() { AddForkObserver(this); }
  void AfterForkInChild() override { OfThisThread().slot = nullptr; }
};

Domain& TheDomain() {
  static PerProcess<Domain>* const domains = [] {
    new SlotForgetter;
    return new PerProcess<Domain>;
  }();
  return domains->Get();
}
#endif

// Gives the thread's slot back when its thread_local objects are destroyed. (A slot of a domain
// that a fork has abandoned belongs to nobody.)
struct SlotOwner {
  Mine& mine = OfThisThread();
  ~SlotOwner() {
    EpochSlot* const slot = mine.slot;
    if (slot != nullptr) {
      GiveSlot(slot);
    }
    mine.slot = nullptr;
    mine.is_over = true;
  }
};

// Returns the slot for a new guard.
EpochSlot* SlotOfThisThread() {
  Mine& mine = OfThisThread();
  if (mine.slot != nullptr) [[likely]] {
    return mine.slot;
  }
  if (mine.is_over) {
    return TakeSlot(TheDomain());
  }
#ifdef VERALITH_EXPLORE
  explored::FiberLocal<SlotOwner>();
#else
  static thread_local SlotOwner owner;
  static_cast<void>(owner);
#endif
  return mine.slot = TakeSlot(TheDomain());
}

// Returns the smallest epoch that an active guard announces; `none` if no guard is active.
uint64_t OldestActive(uint64_t none) {
  uint64_t oldest = none;
  for (EpochSlot* slot = TheDomain().slots.Load(); slot != nullptr; slot = slot->next) {
    const uint64_t epoch = slot->epoch.Load();
    if (epoch != kIdle && epoch < oldest) {
      oldest = epoch;
    }
  }
  return oldest;
}

}  // namespace

EpochGuard::EpochGuard() : slot_(SlotOfThisThread()) {
  if (slot_->depth++ == 0) {
    slot_->epoch.Store(TheDomain().epoch.Load());
  }
}

EpochGuard::~EpochGuard() {
  if (--slot_->depth > 0) {
    return;
  }
  slot_->epoch.StoreRelease(kIdle);  // release: reads under the guard come before it
  if (OfThisThread().is_over) [[unlikely]] {
    GiveSlot(slot_);  // the slot of a single guard
  }
}

size_t EpochPlaces() {
  size_t places = 0;
  for (const EpochSlot* slot = TheDomain().slots.Load(); slot != nullptr; slot = slot->next) {
    ++places;
  }
  return places;
}

// Makes the domain if it does not exist yet: RetireAfterEpoch must not need memory for it.
Retirement::Retirement() : place_(1) { TheDomain(); }

void RetireAfterEpoch(Retirement place, std::function<void()> free) noexcept {
  Domain& domain = TheDomain();
  // The object was unlinked before this call, so a guard that begins after the increment cannot
  // find it; guards that announce an epoch up to `now` may hold it.
  place.place_.front().epoch = domain.epoch.FetchAdd(1);
  place.place_.front().free = std::move(free);
  {
    MutexLock lock(domain.mutex);
    domain.retired.splice(domain.retired.end(), place.place_);
  }
  ReclaimRetired();
}

void RetireAfterEpoch(std::function<void()> free) {
  RetireAfterEpoch(Retirement(), std::move(free));
}

bool ReclaimRetired() noexcept {
  Domain& domain = TheDomain();
  std::list<Retirement::Waiting> ready;
  bool all = false;
  {
    MutexLock lock(domain.mutex);
    const uint64_t oldest = OldestActive(UINT64_MAX);
    for (auto item = domain.retired.begin(); item != domain.retired.end();) {
      const auto waiting = item++;
      if (waiting->epoch < oldest) {
        ready.splice(ready.end(), domain.retired, waiting);
      }
    }
    all = domain.retired.empty();
  }
  for (Retirement::Waiting& item : ready) {
    item.free();
  }
  return all;
}

}  // namespace veralith
