// SPDX-License-Identifier: Apache-2.0

// The one door to threads' shared state: Mutex, MutexLock, CondVar, Atomic, ThisThread. Nothing
// else in core names std::mutex, std::condition_variable, std::atomic or std::thread.
//
// Invariants
//   1. Atomic's operations are sequentially consistent unless a call names a weaker order; the
//      weaker ones are acquire loads, release stores and relaxed counters, each with its reason at
//      the call. There are no bare fences (ThreadSanitizer cannot see them).
//   2. A CondVar is waited on only through Executor::Await (veralith/executor.h), so that a
//      simulation can run other work instead of sleeping.
//
// Built on the standard library's primitives, which ThreadSanitizer instruments. Under
// --config=explore (tests only, core/base/testing/explorer.h) the same names are steps of the
// schedule explorer instead; nothing of that is compiled into any other build.
#ifndef VERALITH_CORE_BASE_SYNC_H_
#define VERALITH_CORE_BASE_SYNC_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>

#include "absl/base/thread_annotations.h"

#ifdef VERALITH_EXPLORE
#include "core/base/sync_explored.h"  // Mutex, CondVar, Atomic
#endif

namespace veralith {

// Data that one thread writes often and others read is kept this far from everything else. Two
// lines, because processors fetch them in pairs.
inline constexpr size_t kCacheLineBytes = 128;

// A thread that expects an answer within microseconds looks this many times before it sleeps, with
// a SpinPause between. (Under exploration, looking again can change nothing.)
#ifdef VERALITH_EXPLORE
inline constexpr int kSpins = 0;
#else
inline constexpr int kSpins = 100;
#endif
inline void SpinPause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb");  // about as long as x86's pause; "yield" is over at once
#endif
}

// A value that tells the calling thread from all other living threads.
const void* ThisThread();

#ifndef VERALITH_EXPLORE
class ABSL_LOCKABLE Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  void Unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }
  bool TryLock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) { return mutex_.try_lock(); }
  // For a child of fork, where the thread that holds it may not exist: makes it free.
  void Abandon() { new (&mutex_) std::mutex; }

 private:
  friend class CondVar;
  std::mutex mutex_;
};
#endif

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Says that a function releases a mutex. Clang's analysis takes ABSL_UNLOCK_FUNCTION for the
// generic release, and does not know when that ends. Other compilers do not know the attribute.
#ifdef __clang__
#define VERALITH_RELEASES(...) __attribute__((release_capability(__VA_ARGS__)))
#else
#define VERALITH_RELEASES(...)
#endif

// Releases a held mutex for a scope (to do I/O), and takes it again.
class ABSL_SCOPED_LOCKABLE MutexUnlock {
 public:
  explicit MutexUnlock(Mutex& mutex) VERALITH_RELEASES(mutex) : mutex_(mutex) { mutex_.Unlock(); }
  ~MutexUnlock() VERALITH_RELEASES() { mutex_.Lock(); }
  MutexUnlock(const MutexUnlock&) = delete;
  MutexUnlock& operator=(const MutexUnlock&) = delete;

 private:
  Mutex& mutex_;
};

#ifndef VERALITH_EXPLORE
class CondVar {
 public:
  CondVar() = default;
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

  // For executors only (invariant 2). May wake without a notification.
  void Wait(Mutex& mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Returns false if `nanos` passed first.
  bool WaitFor(Mutex& mutex, int64_t nanos) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

 private:
  std::condition_variable condition_;
};

template <typename T>
class Atomic {
 public:
  constexpr Atomic() : value_() {}
  constexpr explicit Atomic(T value) : value_(value) {}
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  T Load() const { return value_.load(std::memory_order_seq_cst); }
  T LoadAcquire() const { return value_.load(std::memory_order_acquire); }
  T LoadRelaxed() const { return value_.load(std::memory_order_relaxed); }
  void Store(T value) { value_.store(value, std::memory_order_seq_cst); }
  void StoreRelease(T value) { value_.store(value, std::memory_order_release); }
  void StoreRelaxed(T value) { value_.store(value, std::memory_order_relaxed); }
  T Exchange(T value) { return value_.exchange(value, std::memory_order_seq_cst); }
  // On failure sets `expected` to the value found.
  bool CompareExchange(T& expected, T desired) {
    return value_.compare_exchange_strong(expected, desired, std::memory_order_seq_cst);
  }
  T FetchAdd(T delta) { return value_.fetch_add(delta, std::memory_order_seq_cst); }
  T FetchSub(T delta) { return value_.fetch_sub(delta, std::memory_order_seq_cst); }
  // For statistics that order nothing.
  T FetchAddRelaxed(T delta) { return value_.fetch_add(delta, std::memory_order_relaxed); }

 private:
  std::atomic<T> value_;
};
#endif

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_SYNC_H_
