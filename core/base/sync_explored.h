// SPDX-License-Identifier: Apache-2.0

// Mutex, CondVar and Atomic as steps of the schedule explorer (core/base/testing/explorer.h).
// Included by core/base/sync.h under --config=explore only; never by anything that is shipped.
//
// Invariants
//   1. Inside an exploration every operation asks the scheduler before it takes effect, except for
//      Unlock: nothing can differ between it and the thread's next operation. (TryLock could tell,
//      but is a step itself.)
//   2. All is sequentially consistent: weaker orders of Atomic are explored as strong ones.
//   3. Outside an exploration there is one thread, and nothing may have to wait.
#ifndef VERALITH_CORE_BASE_SYNC_EXPLORED_H_
#define VERALITH_CORE_BASE_SYNC_EXPLORED_H_

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <type_traits>
#include <utility>

#include "absl/base/thread_annotations.h"

namespace veralith {
namespace explored {

enum class Step : uint8_t { kLoad, kStore, kUpdate, kLock, kTryLock, kWait, kNotify, kStart };

class Scheduler {
 public:
  // Returns when the calling fiber is chosen to take this step, on the object at `place`.
  virtual void Point(Step step, const void* place) = 0;
  // Notes a change of the object at `place` that is no step of its own (an unlock).
  virtual void Effect(const void* place) = 0;
  // The same for a lock, which can be chosen only while it is free.
  virtual void Lock(bool* held) = 0;
  // Called after the caller has released the mutex. Returns with it taken again; false if the time
  // passed first. A negative number of nanoseconds waits for ever.
  virtual bool Wait(const void* condition, bool* held, int64_t nanos) = 0;
  virtual void Notify(const void* condition, bool all) = 0;

  // Places for FiberLocal, LastingFiberLocal and ExecutionLocal.
  virtual std::shared_ptr<void>& FiberPlace(const void* key) = 0;
  virtual std::shared_ptr<void>& LastingFiberPlace(const void* key) = 0;
  virtual std::shared_ptr<void>& ExecutionPlace(const void* key) = 0;

 protected:
  ~Scheduler() = default;
};

// The exploration that runs now; null: none.
inline Scheduler* active = nullptr;

inline void Point(Step step, const void* place) {
  if (active != nullptr) {
    active->Point(step, place);
  }
}

// What a thread_local is to a thread. Objects are destroyed when the fiber ends, the newest first.
template <typename T>
T& FiberLocal() {
  static const char key = 0;
  if (active == nullptr) {
    static T* const outside = new T;
    return *outside;
  }
  std::shared_ptr<void>& place = active->FiberPlace(&key);
  if (place == nullptr) {
    place = std::make_shared<T>();
  }
  return *static_cast<T*>(place.get());
}

// What a thread_local without a destructor is to a thread: destructors of others still find it.
template <typename T>
T& LastingFiberLocal() {
  static_assert(std::is_trivially_destructible_v<T>);
  static const char key = 0;
  if (active == nullptr) {
    static T* const outside = new T;
    return *outside;
  }
  std::shared_ptr<void>& place = active->LastingFiberPlace(&key);
  if (place == nullptr) {
    place = std::make_shared<T>();
  }
  return *static_cast<T*>(place.get());
}

// What a static is to a process.
template <typename T>
T& ExecutionLocal() {
  static const char key = 0;
  if (active == nullptr) {
    static T* const outside = new T;
    return *outside;
  }
  std::shared_ptr<void>& place = active->ExecutionPlace(&key);
  if (place == nullptr) {
    place = std::make_shared<T>();
  }
  return *static_cast<T*>(place.get());
}

}  // namespace explored

class ABSL_LOCKABLE Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    if (explored::active != nullptr) {
      explored::active->Lock(&held_);
    } else if (std::exchange(held_, true)) {
      std::abort();
    }
  }
  void Unlock() ABSL_UNLOCK_FUNCTION() {
    if (!std::exchange(held_, false)) {
      std::abort();
    }
    if (explored::active != nullptr) {
      explored::active->Effect(&held_);
    }
  }
  bool TryLock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) {
    explored::Point(explored::Step::kTryLock, &held_);
    return !std::exchange(held_, true);
  }
  void Abandon() { held_ = false; }

 private:
  friend class CondVar;
  bool held_ = false;
};

class CondVar {
 public:
  CondVar() = default;
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  void NotifyOne() { Notify(/*all=*/false); }
  void NotifyAll() { Notify(/*all=*/true); }

  void Wait(Mutex& mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { WaitFor(mutex, -1); }
  bool WaitFor(Mutex& mutex, int64_t nanos) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (explored::active == nullptr) {
      std::abort();
    }
    mutex.held_ = false;
    return explored::active->Wait(this, &mutex.held_, nanos);
  }

 private:
  void Notify(bool all) {
    if (explored::active != nullptr) {
      explored::active->Notify(this, all);
    }
  }
};

template <typename T>
class Atomic {
 public:
  constexpr Atomic() : value_() {}
  constexpr explicit Atomic(T value) : value_(value) {}
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  T Load() const {
    explored::Point(explored::Step::kLoad, this);
    return value_;
  }
  T LoadAcquire() const { return Load(); }
  T LoadRelaxed() const { return Load(); }
  void Store(T value) {
    explored::Point(explored::Step::kStore, this);
    value_ = value;
  }
  void StoreRelease(T value) { Store(value); }
  void StoreRelaxed(T value) { Store(value); }
  T Exchange(T value) {
    explored::Point(explored::Step::kUpdate, this);
    return std::exchange(value_, value);
  }
  bool CompareExchange(T& expected, T desired) {
    explored::Point(explored::Step::kUpdate, this);
    if (value_ == expected) {
      value_ = desired;
      return true;
    }
    expected = value_;
    return false;
  }
  T FetchAdd(T delta) {
    explored::Point(explored::Step::kUpdate, this);
    return std::exchange(value_, static_cast<T>(value_ + delta));
  }
  T FetchSub(T delta) {
    explored::Point(explored::Step::kUpdate, this);
    return std::exchange(value_, static_cast<T>(value_ - delta));
  }
  T FetchAddRelaxed(T delta) { return FetchAdd(delta); }

 private:
  T value_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_SYNC_EXPLORED_H_
