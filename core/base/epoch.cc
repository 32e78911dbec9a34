#include "core/base/epoch.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/sync.h"

namespace veralith {
namespace {

constexpr uint64_t kIdle = 0;

// One per live thread, on a cache line of its own. Slots are never freed, only reused, so that the
// list can be walked without a lock.
struct alignas(128) Slot {
  Atomic<uint64_t> epoch{kIdle};  // kIdle, or the epoch at which the outermost guard began
  Atomic<bool> taken{true};
  Slot* next = nullptr;  // immutable once the slot is in the list
  int depth = 0;         // of the owning thread's guards; touched by that thread only
};

struct Retired {
  uint64_t epoch;
  std::function<void()> free;
};

struct Domain {
  Atomic<uint64_t> epoch{1};
  Atomic<Slot*> slots{nullptr};
  Mutex mutex;
  std::vector<Retired> retired ABSL_GUARDED_BY(mutex);
};

#ifdef VERALITH_EXPLORE
// One per explored execution: no execution inherits another's guards.
Domain& TheDomain() { return explored::ExecutionLocal<Domain>(); }
#else
Domain& TheDomain() {
  static Domain* const domain = new Domain;
  return *domain;
}
#endif

Slot* TakeSlot() {
  Domain& domain = TheDomain();
  for (Slot* slot = domain.slots.Load(); slot != nullptr; slot = slot->next) {
    bool free = false;
    if (slot->taken.CompareExchange(free, true)) {
      return slot;
    }
  }
  Slot* slot = new Slot;
  Slot* head = domain.slots.Load();
  do {
    slot->next = head;
  } while (!domain.slots.CompareExchange(head, slot));
  return slot;
}

// Gives the thread's slot back when the thread ends.
struct SlotOwner {
  Slot* slot = TakeSlot();
  ~SlotOwner() {
    VERALITH_CHECK(slot->depth == 0);
    slot->taken.Store(false);
  }
};

Slot* MySlot() {
#ifdef VERALITH_EXPLORE
  return explored::FiberLocal<SlotOwner>().slot;
#else
  thread_local SlotOwner owner;
  return owner.slot;
#endif
}

// The smallest epoch that an active guard announces; `none` when there is none.
uint64_t OldestActive(uint64_t none) {
  uint64_t oldest = none;
  for (Slot* slot = TheDomain().slots.Load(); slot != nullptr; slot = slot->next) {
    const uint64_t epoch = slot->epoch.Load();
    if (epoch != kIdle && epoch < oldest) {
      oldest = epoch;
    }
  }
  return oldest;
}

}  // namespace

EpochGuard::EpochGuard() {
  Slot* slot = MySlot();
  if (slot->depth++ == 0) {
    slot->epoch.Store(TheDomain().epoch.Load());
  }
}

EpochGuard::~EpochGuard() {
  Slot* slot = MySlot();
  if (--slot->depth == 0) {
    slot->epoch.StoreRelease(kIdle);  // release: reads under the guard come before it
  }
}

void RetireAfterEpoch(std::function<void()> free) {
  Domain& domain = TheDomain();
  // The object was unlinked before this call, so a guard that begins after the increment cannot
  // find it; guards that announce an epoch up to `now` may hold it.
  const uint64_t now = domain.epoch.FetchAdd(1);
  {
    MutexLock lock(domain.mutex);
    domain.retired.push_back({now, std::move(free)});
  }
  ReclaimRetired();
}

bool ReclaimRetired() {
  Domain& domain = TheDomain();
  std::vector<Retired> ready;
  bool all = false;
  {
    MutexLock lock(domain.mutex);
    const uint64_t oldest = OldestActive(UINT64_MAX);
    std::vector<Retired> waiting;
    for (Retired& item : domain.retired) {
      (item.epoch < oldest ? ready : waiting).push_back(std::move(item));
    }
    domain.retired.swap(waiting);
    all = domain.retired.empty();
  }
  for (Retired& item : ready) {
    item.free();
  }
  return all;
}

}  // namespace veralith
