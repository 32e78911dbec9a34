// SPDX-License-Identifier: Apache-2.0

// The executor of production: a fixed number of real threads over two queues and a list of timers.
// A child of fork does not have these threads: it starts others at the first use. What the parent
// had queued stays the parent's.
//
// Invariants
//   1. The last worker is the reserved one when there are at least two: it takes timers and kHigh
//      only. If not all threads of a pool could be started, it has those that could, and no
//      reserved one.
//   2. A task is in exactly one of timers_, high_, low_ until a worker takes it; it is destroyed
//      and run without mutex_ held.
//   3. Every idle worker that may run a task was notified after the task was queued, or looks at
//      the queues again before it waits: no wake-up is lost.
#include <algorithm>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/fork.h"
#include "core/base/per_process.h"
#include "core/base/sync.h"
#include "veralith/clock.h"
#include "veralith/executor.h"

namespace veralith {
namespace {

using Task = std::function<void()>;

constexpr unsigned kMostDefaultWorkers = 4;

int64_t SaturatingAdd(int64_t now, int64_t delay) {
  const int64_t limit = std::numeric_limits<int64_t>::max();
  return delay > limit - now ? limit : now + std::max<int64_t>(delay, 0);
}

class WorkerPool {
 public:
  using TimerId = Executor::TimerId;

  explicit WorkerPool(int threads) {
    VERALITH_CHECK(threads >= 1);
    threads_.reserve(static_cast<size_t>(threads));
    for (int i = 0; i < threads; ++i) {
      const bool reserved = i > 0 && i == threads - 1;
      if (!Start(reserved)) {
        break;
      }
    }
  }

  ~WorkerPool() {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
      WakeAll();
    }
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }

  void Schedule(TaskPriority priority, Task task) {
    MutexLock lock(mutex_);
    if (priority == TaskPriority::kHigh) {
      high_.push_back(std::move(task));
      reserved_.NotifyOne();
    } else {
      low_.push_back(std::move(task));
    }
    general_.NotifyOne();
  }

  TimerId ScheduleAfter(int64_t delay_nanos, Task task) {
    const int64_t due = SaturatingAdd(SystemClock()->MonotonicNanos(), delay_nanos);
    MutexLock lock(mutex_);
    const TimerId id = ++last_timer_;
    const auto by_id = due_.emplace(id, due).first;
    try {
      timers_.emplace(std::make_pair(due, id), std::move(task));
    } catch (const std::bad_alloc&) {
      due_.erase(by_id);  // all of it or nothing
      throw;
    }
    WakeAll();  // every idle worker may now have to wake earlier
    return id;
  }

  bool Cancel(TimerId timer) {
    Task dropped;  // destroyed after the mutex is released
    MutexLock lock(mutex_);
    const auto due = due_.find(timer);
    if (due == due_.end()) {
      return false;
    }
    const auto it = timers_.find({due->second, timer});
    dropped = std::move(it->second);
    timers_.erase(it);
    due_.erase(due);
    return true;
  }

 private:
  // Returns false if there is no memory for another thread, or the system has none. The first
  // thread must start.
  bool Start(bool reserved) {
    try {
      threads_.emplace_back([this, reserved] { Work(reserved); });
      return true;
    } catch (const std::exception&) {
      if (threads_.empty()) {
        throw;
      }
      return false;
    }
  }

  void WakeAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    reserved_.NotifyAll();
    general_.NotifyAll();
  }

  void Work(bool reserved) {
    while (std::optional<Task> task = Next(reserved)) {
      (*task)();
    }
  }

  // Waits for a task this worker may run; nothing when the executor is being destroyed.
  std::optional<Task> Next(bool reserved) {
    MutexLock lock(mutex_);
    while (!stopping_) {
      const int64_t now = SystemClock()->MonotonicNanos();
      if (std::optional<Task> task = Take(reserved, now)) {
        return task;
      }
      CondVar& condition = reserved ? reserved_ : general_;
      if (timers_.empty()) {
        condition.Wait(mutex_);
      } else {
        condition.WaitFor(mutex_, timers_.begin()->first.first - now);
      }
    }
    return std::nullopt;
  }

  std::optional<Task> Take(bool reserved, int64_t now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!timers_.empty() && timers_.begin()->first.first <= now) {
      auto node = timers_.extract(timers_.begin());
      due_.erase(node.key().second);
      return std::move(node.mapped());
    }
    if (!high_.empty()) {
      return TakeFront(high_);
    }
    if (!reserved && !low_.empty()) {
      return TakeFront(low_);
    }
    return std::nullopt;
  }

  static Task TakeFront(std::deque<Task>& queue) {
    Task task = std::move(queue.front());
    queue.pop_front();
    return task;
  }

  Mutex mutex_;
  CondVar reserved_;  // the reserved worker waits here
  CondVar general_;   // the others
  std::deque<Task> high_ ABSL_GUARDED_BY(mutex_);
  std::deque<Task> low_ ABSL_GUARDED_BY(mutex_);
  std::map<std::pair<int64_t, TimerId>, Task> timers_ ABSL_GUARDED_BY(mutex_);  // by due time
  std::map<TimerId, int64_t> due_ ABSL_GUARDED_BY(mutex_);  // the same timers, by id
  // No child of fork hands out a number of its parent.
  TimerId last_timer_ ABSL_GUARDED_BY(mutex_) = ForkGeneration() << 40;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // last: they use everything above
};

class ThreadPoolExecutor final : public Executor {
 public:
  explicit ThreadPoolExecutor(int threads)
      : parallelism_(std::max(1, threads - 1)),
        pools_([threads] { return std::make_unique<WorkerPool>(threads); }) {}

  void Schedule(TaskPriority priority, Task task) override {
    Pool().Schedule(priority, std::move(task));
  }
  int parallelism() const override { return parallelism_; }
  TimerId ScheduleAfter(int64_t delay_nanos, Task task) override {
    return Pool().ScheduleAfter(delay_nanos, std::move(task));
  }
  bool Cancel(TimerId timer) override { return Pool().Cancel(timer); }

 private:
  WorkerPool& Pool() { return pools_.Get(); }

  const int parallelism_;
  PerProcess<WorkerPool> pools_;  // threads start at its first use
};

}  // namespace

void Executor::Await(Mutex& mutex, CondVar& condition) { condition.Wait(mutex); }

bool Executor::AwaitFor(Mutex& mutex, CondVar& condition, int64_t nanos) {
  return condition.WaitFor(mutex, nanos);
}

std::unique_ptr<Executor> NewThreadPoolExecutor(int threads) {
  return std::make_unique<ThreadPoolExecutor>(threads);
}

Executor* DefaultExecutor() {
  static Executor* const executor = [] {
    const unsigned cores = std::clamp(std::thread::hardware_concurrency(), 1u, kMostDefaultWorkers);
    return NewThreadPoolExecutor(static_cast<int>(cores) + 1).release();
  }();
  return executor;
}

}  // namespace veralith
