// SPDX-License-Identifier: Apache-2.0

#include "core/base/testing/simulated_executor.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace veralith {
namespace {

int64_t SaturatingAdd(int64_t now, int64_t delay) {
  const int64_t limit = std::numeric_limits<int64_t>::max();
  return delay > limit - now ? limit : now + std::max<int64_t>(delay, 0);
}

const char* Name(TaskPriority priority) { return priority == TaskPriority::kHigh ? "high" : "low"; }

}  // namespace

SimulatedExecutor::SimulatedExecutor(uint64_t seed, SimulatedClock* clock, Order order)
    : clock_(clock), order_(order), random_(seed) {}

SimulatedExecutor::~SimulatedExecutor() = default;

void SimulatedExecutor::Schedule(TaskPriority priority, std::function<void()> task) {
  ReserveForOneMore();
  runnable_.push_back({++last_id_, priority, std::move(task)});
}

// Running what is pending needs no memory: real waits need none.
void SimulatedExecutor::ReserveForOneMore() {
  const size_t most = runnable_.size() + timers_.size() + 1;
  runnable_.reserve(most);
  running_.reserve(running_.size() + most);
}

Executor::TimerId SimulatedExecutor::ScheduleAfter(int64_t delay_nanos,
                                                   std::function<void()> task) {
  ReserveForOneMore();
  const TimerId id = ++last_id_;
  timers_.emplace(DueTime(SaturatingAdd(clock_->MonotonicNanos(), delay_nanos), id),
                  std::move(task));
  return id;
}

bool SimulatedExecutor::Cancel(TimerId timer) {
  const auto is_it = [timer](const auto& entry) { return entry.first.second == timer; };
  if (const auto it = std::find_if(timers_.begin(), timers_.end(), is_it); it != timers_.end()) {
    timers_.erase(it);
    return true;
  }
  const auto due = std::find_if(runnable_.begin(), runnable_.end(),
                                [timer](const Task& task) { return task.id == timer; });
  if (due == runnable_.end()) {
    return false;
  }
  runnable_.erase(due);
  return true;
}

void SimulatedExecutor::CollectDueTimers() {
  const int64_t now = clock_->MonotonicNanos();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    auto node = timers_.extract(timers_.begin());
    runnable_.push_back({node.key().second, TaskPriority::kHigh, std::move(node.mapped())});
  }
}

size_t SimulatedExecutor::Choose() {
  size_t index = 0;
  if (order_ == Order::kSeeded) {
    index = random_.Below(runnable_.size());
  } else {
    const auto high = std::find_if(runnable_.begin(), runnable_.end(), [](const Task& task) {
      return task.priority == TaskPriority::kHigh;
    });
    index = high == runnable_.end() ? 0 : static_cast<size_t>(high - runnable_.begin());
  }
  choices_ = Random(choices_ ^ runnable_[index].id).Next();
  return index;
}

bool SimulatedExecutor::RunOne() {
  CollectDueTimers();
  if (runnable_.empty()) {
    return false;
  }
  const auto it = runnable_.begin() + static_cast<ptrdiff_t>(Choose());
  Task task = std::move(*it);
  runnable_.erase(it);
  ++steps_;
  clock_->Advance(kStepNanos);
  running_.push_back({task.id, task.priority, nullptr});
  task.run();
  running_.pop_back();
  return true;
}

void SimulatedExecutor::RunUntilIdle() {
  while (RunOne()) {
  }
}

void SimulatedExecutor::AdvanceTo(int64_t monotonic_nanos) {
  clock_->Advance(std::max<int64_t>(monotonic_nanos - clock_->MonotonicNanos(), 0));
}

void SimulatedExecutor::AdvanceBy(int64_t nanos) {
  const int64_t end = SaturatingAdd(clock_->MonotonicNanos(), nanos);
  RunUntilIdle();
  while (!timers_.empty() && timers_.begin()->first.first <= end) {
    AdvanceTo(timers_.begin()->first.first);
    RunUntilIdle();
  }
  AdvanceTo(end);
}

void SimulatedExecutor::Await(Mutex& mutex, CondVar& condition) {
  mutex.Unlock();
  if (!RunOne()) {
    if (timers_.empty()) {
      ReportDeadlock();
    }
    AdvanceTo(timers_.begin()->first.first);
    RunOne();
  }
  mutex.Lock();
}

bool SimulatedExecutor::AwaitFor(Mutex& mutex, CondVar& condition, int64_t nanos) {
  const int64_t end = SaturatingAdd(clock_->MonotonicNanos(), nanos);
  mutex.Unlock();
  if (!RunOne()) {
    const bool timer_first = !timers_.empty() && timers_.begin()->first.first < end;
    AdvanceTo(timer_first ? timers_.begin()->first.first : end);
    if (timer_first) {
      RunOne();
    }
  }
  mutex.Lock();
  return clock_->MonotonicNanos() < end;
}

void SimulatedExecutor::DropAll() {
  // Destroying a task may drop the last reference to something that schedules or cancels.
  std::vector<Task> tasks;
  tasks.swap(runnable_);
  std::map<DueTime, std::function<void()>> timers;
  timers.swap(timers_);
}

size_t SimulatedExecutor::pending() const {
  size_t count = runnable_.size();
  for (auto it = timers_.begin();
       it != timers_.end() && it->first.first <= clock_->MonotonicNanos(); ++it) {
    ++count;
  }
  return count;
}

void SimulatedExecutor::ReportDeadlock() const {
  std::fprintf(stderr, "simulated deadlock: a wait with no task and no timer pending (step %llu)\n",
               static_cast<unsigned long long>(steps_));
  for (auto it = running_.rbegin(); it != running_.rend(); ++it) {
    std::fprintf(stderr, "  waiting inside task %llu (%s)\n",
                 static_cast<unsigned long long>(it->id), Name(it->priority));
  }
  std::fprintf(stderr, "  waiting below them: the simulation's own caller\n");
  std::fflush(stderr);
  std::abort();
}

}  // namespace veralith
