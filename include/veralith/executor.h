// SPDX-License-Identifier: Apache-2.0

// The door to background work: tasks, timers, and every wait of the engine.
//
// Invariants
//   1. A scheduled task runs exactly once, or never if the executor is destroyed first; Schedule
//      never runs it on the caller's stack.
//   2. All waiting of the engine goes through Await/AwaitFor, so that a simulated executor, which
//      has one thread, can run pending work there.
//   3. A wait may return without a notification: callers loop over their condition.
//   4. Schedule and ScheduleAfter may throw std::bad_alloc, and have then done nothing. A task
//      throws nothing. Waits need no memory.
//
// Thread rule: all calls from any thread; the executor outlives every database that uses it.
#ifndef VERALITH_EXECUTOR_H_
#define VERALITH_EXECUTOR_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "veralith/export.h"

// Checked by clang's -Wthread-safety: the caller holds the mutex.
#ifdef __clang__
#define VERALITH_REQUIRES(mutex) __attribute__((requires_capability(mutex)))
#else
#define VERALITH_REQUIRES(mutex)
#endif

namespace veralith {

// The engine's own; an executor only passes them on.
class CondVar;
class Mutex;

// Which tasks run first.
enum class TaskPriority {
  kHigh,  // flushes, timers
  kLow,   // compactions
};

class VERALITH_EXPORT Executor {
 public:
  // Names a timer, for Cancel.
  using TimerId = uint64_t;

  virtual ~Executor() = default;

  // Runs `task` once, soon, on another stack.
  virtual void Schedule(TaskPriority priority, std::function<void()> task) = 0;
  // How many kLow tasks can make progress at once, which is the number of parts into which it pays
  // to cut work. It never changes; that of a simulation does not depend on the machine.
  virtual int parallelism() const { return 1; }

  // Runs `task` once, no earlier than `delay_nanos` from now.
  virtual TimerId ScheduleAfter(int64_t delay_nanos, std::function<void()> task) = 0;
  // Returns true if the task had not started; then it never will.
  virtual bool Cancel(TimerId timer) = 0;

  // Releases `mutex`, waits for a notification of `condition`, takes `mutex`. An executor of real
  // threads leaves both waits as they are; a simulation runs other work in them.
  virtual void Await(Mutex& mutex, CondVar& condition) VERALITH_REQUIRES(mutex);
  // The same; false when `nanos` passed without a notification.
  virtual bool AwaitFor(Mutex& mutex, CondVar& condition, int64_t nanos) VERALITH_REQUIRES(mutex);
};

// A pool of real threads. kHigh tasks run first, and one thread is kept for them alone when
// `threads` is at least 2. Destroying it waits for running tasks and drops the others. A child of
// fork can use it: it starts its own threads there, and has none of the parent's tasks and timers.
VERALITH_EXPORT std::unique_ptr<Executor> NewThreadPoolExecutor(int threads);

// The pool that databases share by default: a thread per core (at least 1, at most 4), and the
// reserved one. It is made at the first use and never destroyed.
VERALITH_EXPORT Executor* DefaultExecutor();

}  // namespace veralith

#undef VERALITH_REQUIRES

#endif  // VERALITH_EXECUTOR_H_
