// Epoch-based reclamation (Fraser, "Practical lock-freedom", 2004): readers of a shared pointer
// take no lock and touch no shared counter; what a writer unlinks is freed once no reader that
// could have seen it is left.
//
// Use
//   reader:  EpochGuard guard;  T* p = shared.Load();  ... p is safe until guard ends ...
//   writer:  T* old = shared.Exchange(fresh);  RetireAfterEpoch([old] { delete old; });
//
// Invariants
//   1. An object retired at epoch e is freed only when every active guard began after e.
//   2. Guards nest; only the outermost announces. No two threads share a place to announce in: one
//      that is ending, in destructors of thread_local objects, takes a place for each guard.
//   3. What a writer unlinks must be retired: whoever cannot do without, takes a Retirement before
//      the unlinking, and needs no memory after it.
//   4. Guards are short: one lookup, never across a wait, I/O excepted. Long holders (iterators,
//      pinned values) take a reference count under a guard instead.
//   5. In a child of fork it begins anew: with no guards, and what the parent retired stays.
//
// Thread rule: all of it from any thread. A guard belongs to the thread that made it. Cost: one
// store with full ordering per outermost guard, into a cache line of the thread's own.
#ifndef VERALITH_CORE_BASE_EPOCH_H_
#define VERALITH_CORE_BASE_EPOCH_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>

namespace veralith {

struct EpochSlot;

class EpochGuard {
 public:
  EpochGuard();
  ~EpochGuard();
  EpochGuard(const EpochGuard&) = delete;
  EpochGuard& operator=(const EpochGuard&) = delete;

 private:
  EpochSlot* const slot_;
};

// A place among what waits for its readers, taken ahead.
class Retirement {
 public:
  // Throws std::bad_alloc when there is no memory.
  Retirement();

  // For RetireAfterEpoch.
  struct Waiting {
    uint64_t epoch = 0;
    std::function<void()> free;
  };

 private:
  friend void RetireAfterEpoch(Retirement place, std::function<void()> free) noexcept;

  std::list<Waiting> place_;  // one, or moved from
};

// Runs `free` once no guard that is active now is active any more: perhaps at once, perhaps in a
// later call on any thread. `free` throws nothing.
void RetireAfterEpoch(Retirement place, std::function<void()> free) noexcept;
// The same; throws std::bad_alloc when there is no memory, and then `free` is never run.
void RetireAfterEpoch(std::function<void()> free);

// Runs everything retired whose readers have gone; true when nothing waits for readers any more.
// Called by RetireAfterEpoch; a closing database calls it so that nothing waits for a later
// retirement.
bool ReclaimRetired() noexcept;

// How many guards there have been at once at most, roughly. For tests and statistics.
size_t EpochPlaces();

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_EPOCH_H_
