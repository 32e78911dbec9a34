// SPDX-License-Identifier: Apache-2.0

// An executor without threads: background tasks run on the one thread of the simulation, at its
// waits and where a test asks for it, in an order chosen by a seed.
//
// Invariants
//   1. Same seed, same calls: same choices (`choices()` is a fingerprint of them all).
//   2. Schedule and ScheduleAfter run nothing. Await runs exactly one task, AwaitFor at most one,
//      both with the mutex released.
//   3. Timers fire in the order of their due times, never early. Time passes only in three ways: by
//      kStepNanos per task run, by a wait with nothing else to run (to the next timer or to its own
//      end), and by AdvanceBy. So no wait with a timeout can last for ever.
//   4. Await with nothing pending would never return: it prints what waits and aborts.
//
// A task that waits runs other tasks on top of itself, on the same stack. So a task may wait for
// tasks that are still pending. It must never wait for the rest of a task or caller further down
// the stack; such a wait is reported as a deadlock.
//
// Thread rule: everything on one thread. Does not own the clock, which outlives it.
#ifndef VERALITH_TESTING_SIMULATED_EXECUTOR_H_
#define VERALITH_TESTING_SIMULATED_EXECUTOR_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "veralith/executor.h"
#include "veralith/export.h"
#include "veralith/testing/simulated_clock.h"

// Checked by clang's -Wthread-safety: the caller holds the mutex.
#ifdef __clang__
#define VERALITH_REQUIRES(mutex) __attribute__((requires_capability(mutex)))
#else
#define VERALITH_REQUIRES(mutex)
#endif

namespace veralith {

class VERALITH_EXPORT SimulatedExecutor final : public Executor {
 public:
  enum class Order {
    kSeeded,  // any task that could run, whatever its priority: what real threads may do
    kFifo,    // kHigh (and timers) first, each priority in the order of scheduling
  };
  static constexpr int64_t kStepNanos = 1'000;

  SimulatedExecutor(uint64_t seed, SimulatedClock* clock, Order order = Order::kSeeded);
  // Drops what is pending.
  ~SimulatedExecutor() override;
  SimulatedExecutor(const SimulatedExecutor&) = delete;
  SimulatedExecutor& operator=(const SimulatedExecutor&) = delete;

  void Schedule(TaskPriority priority, std::function<void()> task) override;
  TimerId ScheduleAfter(int64_t delay_nanos, std::function<void()> task) override;
  bool Cancel(TimerId timer) override;
  void Await(Mutex& mutex, CondVar& condition) override VERALITH_REQUIRES(mutex);
  bool AwaitFor(Mutex& mutex, CondVar& condition, int64_t nanos) override VERALITH_REQUIRES(mutex);

  // Runs one task or due timer; returns false if there is none. Does not move time to a later
  // timer.
  bool RunOne();
  // Calls RunOne until there is nothing to run now; timers that are not due stay.
  void RunUntilIdle();
  // Lets time pass, running what is pending and every timer that becomes due on the way.
  void AdvanceBy(int64_t nanos);
  // A power cut: forgets every task and timer without running them.
  void DropAll();

  // Tasks that could run now, without timers that are not due.
  size_t pending() const;
  size_t timers() const;
  uint64_t steps() const;  // tasks and timers run so far
  // A fingerprint of every choice so far.
  uint64_t choices() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace veralith

#undef VERALITH_REQUIRES

#endif  // VERALITH_TESTING_SIMULATED_EXECUTOR_H_
