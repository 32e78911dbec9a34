// SPDX-License-Identifier: Apache-2.0

// Epoch-based reclamation (Fraser, "Practical lock-freedom", 2004). Readers of a shared pointer
// take no lock and touch no shared counter. What a writer unlinks is freed once no reader is left
// that could have seen it.
//
// Use
//   reader:  EpochGuard guard;  T* p = shared.Load();  ... p is safe until guard ends ...
//   writer:  T* old = shared.Exchange(fresh);  RetireAfterEpoch([old] { delete old; });
//
// Invariants
//   1. An object retired at epoch e is freed only when every active guard began after e.
//   2. Guards nest; only the outermost announces. No two threads share a place to announce in. A
//      thread that is ending (in destructors of thread_local objects) takes a place for each guard.
//   3. What a writer unlinks must be retired. A writer that cannot do without makes a Retirement
//      before the unlinking, and needs no memory after it.
//   4. Guards are short: one lookup, never across a wait except for I/O. Long holders (iterators,
//      pinned values) take a reference count under a guard instead.
//   5. A child of fork begins anew: it has no guards, and what the parent retired stays.
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

// A place in the list of what waits for its readers, allocated ahead.
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

// Runs `free` once no guard is active that is active now. That may be at once, or in a later call
// on any thread. `free` throws nothing.
void RetireAfterEpoch(Retirement place, std::function<void()> free) noexcept;
// Does the same; throws std::bad_alloc when there is no memory, and then `free` is never run.
void RetireAfterEpoch(std::function<void()> free);

// Runs everything retired whose readers have gone. Returns true when nothing waits for readers any
// more. RetireAfterEpoch calls it; a closing database calls it too, so that nothing waits for a
// later retirement.
bool ReclaimRetired() noexcept;

// Returns roughly how many guards there have been at once at most. For tests and statistics.
size_t EpochPlaces();

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_EPOCH_H_
