// SPDX-License-Identifier: Apache-2.0

#include "veralith/testing/simulated_executor.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/base/sync.h"

namespace veralith {
namespace {

int64_t SaturatingAdd(int64_t now, int64_t delay) {
  const int64_t limit = std::numeric_limits<int64_t>::max();
  return delay > limit - now ? limit : now + std::max<int64_t>(delay, 0);
}

const char* Name(TaskPriority priority) { return priority == TaskPriority::kHigh ? "high" : "low"; }

}  // namespace

struct SimulatedExecutor::State {
  struct Task {
    uint64_t id;
    TaskPriority priority;
    std::function<void()> run;
  };
  using DueTime = std::pair<int64_t, uint64_t>;  // monotonic nanoseconds, task id

  State(uint64_t seed, SimulatedClock* clock, Order order)
      : clock(clock), order(order), random(seed) {}

  void Schedule(TaskPriority priority, std::function<void()> task);
  TimerId ScheduleAfter(int64_t delay_nanos, std::function<void()> task);
  bool Cancel(TimerId timer);
  void Await(Mutex& mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  bool AwaitFor(Mutex& mutex, int64_t nanos) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  bool RunOne();
  void RunUntilIdle();
  void AdvanceBy(int64_t nanos);
  void DropAll();
  size_t pending() const;

  void ReserveForOneMore();
  void CollectDueTimers();
  size_t Choose();
  void AdvanceTo(int64_t monotonic_nanos);
  [[noreturn]] void ReportDeadlock() const;

  SimulatedClock* const clock;
  const Order order;
  Random random;
  std::vector<Task> runnable;  // in the order in which they became runnable
  std::map<DueTime, std::function<void()>> timers;
  std::vector<Task> running;  // the stack of tasks being run, outermost first (`run` is empty)
  uint64_t last_id = 0;
  uint64_t steps = 0;
  uint64_t choices = 0;
};

void SimulatedExecutor::State::Schedule(TaskPriority priority, std::function<void()> task) {
  ReserveForOneMore();
  runnable.push_back({++last_id, priority, std::move(task)});
}

// Running what is pending needs no memory: real waits need none.
void SimulatedExecutor::State::ReserveForOneMore() {
  const size_t most = runnable.size() + timers.size() + 1;
  runnable.reserve(most);
  running.reserve(running.size() + most);
}

Executor::TimerId SimulatedExecutor::State::ScheduleAfter(int64_t delay_nanos,
                                                          std::function<void()> task) {
  ReserveForOneMore();
  const TimerId id = ++last_id;
  timers.emplace(DueTime(SaturatingAdd(clock->MonotonicNanos(), delay_nanos), id), std::move(task));
  return id;
}

bool SimulatedExecutor::State::Cancel(TimerId timer) {
  const auto is_it = [timer](const auto& entry) { return entry.first.second == timer; };
  if (const auto it = std::find_if(timers.begin(), timers.end(), is_it); it != timers.end()) {
    timers.erase(it);
    return true;
  }
  const auto due = std::find_if(runnable.begin(), runnable.end(),
                                [timer](const Task& task) { return task.id == timer; });
  if (due == runnable.end()) {
    return false;
  }
  runnable.erase(due);
  return true;
}

void SimulatedExecutor::State::CollectDueTimers() {
  const int64_t now = clock->MonotonicNanos();
  while (!timers.empty() && timers.begin()->first.first <= now) {
    auto node = timers.extract(timers.begin());
    runnable.push_back({node.key().second, TaskPriority::kHigh, std::move(node.mapped())});
  }
}

size_t SimulatedExecutor::State::Choose() {
  size_t index = 0;
  if (order == Order::kSeeded) {
    index = random.Below(runnable.size());
  } else {
    const auto high = std::find_if(runnable.begin(), runnable.end(), [](const Task& task) {
      return task.priority == TaskPriority::kHigh;
    });
    index = high == runnable.end() ? 0 : static_cast<size_t>(high - runnable.begin());
  }
  choices = Random(choices ^ runnable[index].id).Next();
  return index;
}

bool SimulatedExecutor::State::RunOne() {
  CollectDueTimers();
  if (runnable.empty()) {
    return false;
  }
  const auto it = runnable.begin() + static_cast<ptrdiff_t>(Choose());
  Task task = std::move(*it);
  runnable.erase(it);
  ++steps;
  clock->Advance(kStepNanos);
  running.push_back({task.id, task.priority, nullptr});
  task.run();
  running.pop_back();
  return true;
}

void SimulatedExecutor::State::RunUntilIdle() {
  while (RunOne()) {
  }
}

void SimulatedExecutor::State::AdvanceTo(int64_t monotonic_nanos) {
  clock->Advance(std::max<int64_t>(monotonic_nanos - clock->MonotonicNanos(), 0));
}

void SimulatedExecutor::State::AdvanceBy(int64_t nanos) {
  const int64_t end = SaturatingAdd(clock->MonotonicNanos(), nanos);
  RunUntilIdle();
  while (!timers.empty() && timers.begin()->first.first <= end) {
    AdvanceTo(timers.begin()->first.first);
    RunUntilIdle();
  }
  AdvanceTo(end);
}

void SimulatedExecutor::State::Await(Mutex& mutex) {
  mutex.Unlock();
  if (!RunOne()) {
    if (timers.empty()) {
      ReportDeadlock();
    }
    AdvanceTo(timers.begin()->first.first);
    RunOne();
  }
  mutex.Lock();
}

bool SimulatedExecutor::State::AwaitFor(Mutex& mutex, int64_t nanos) {
  const int64_t end = SaturatingAdd(clock->MonotonicNanos(), nanos);
  mutex.Unlock();
  if (!RunOne()) {
    const bool timer_first = !timers.empty() && timers.begin()->first.first < end;
    AdvanceTo(timer_first ? timers.begin()->first.first : end);
    if (timer_first) {
      RunOne();
    }
  }
  mutex.Lock();
  return clock->MonotonicNanos() < end;
}

void SimulatedExecutor::State::DropAll() {
  // Destroying a task may drop the last reference to something that schedules or cancels.
  const std::vector<Task> dropped_tasks = std::exchange(runnable, {});
  const std::map<DueTime, std::function<void()>> dropped_timers = std::exchange(timers, {});
}

size_t SimulatedExecutor::State::pending() const {
  size_t count = runnable.size();
  for (auto it = timers.begin(); it != timers.end() && it->first.first <= clock->MonotonicNanos();
       ++it) {
    ++count;
  }
  return count;
}

void SimulatedExecutor::State::ReportDeadlock() const {
  std::fprintf(stderr, "simulated deadlock: a wait with no task and no timer pending (step %llu)\n",
               static_cast<unsigned long long>(steps));
  for (auto it = running.rbegin(); it != running.rend(); ++it) {
    std::fprintf(stderr, "  waiting inside task %llu (%s)\n",
                 static_cast<unsigned long long>(it->id), Name(it->priority));
  }
  std::fprintf(stderr, "  waiting below them: the simulation's own caller\n");
  std::fflush(stderr);
  std::abort();
}

// --- The executor itself -------------------------------------------------------------------------

SimulatedExecutor::SimulatedExecutor(uint64_t seed, SimulatedClock* clock, Order order)
    : state_(std::make_unique<State>(seed, clock, order)) {}
SimulatedExecutor::~SimulatedExecutor() = default;

void SimulatedExecutor::Schedule(TaskPriority priority, std::function<void()> task) {
  state_->Schedule(priority, std::move(task));
}
Executor::TimerId SimulatedExecutor::ScheduleAfter(int64_t delay_nanos,
                                                   std::function<void()> task) {
  return state_->ScheduleAfter(delay_nanos, std::move(task));
}
bool SimulatedExecutor::Cancel(TimerId timer) { return state_->Cancel(timer); }
void SimulatedExecutor::Await(Mutex& mutex, CondVar& condition) { state_->Await(mutex); }
bool SimulatedExecutor::AwaitFor(Mutex& mutex, CondVar& condition, int64_t nanos) {
  return state_->AwaitFor(mutex, nanos);
}
bool SimulatedExecutor::RunOne() { return state_->RunOne(); }
void SimulatedExecutor::RunUntilIdle() { state_->RunUntilIdle(); }
void SimulatedExecutor::AdvanceBy(int64_t nanos) { state_->AdvanceBy(nanos); }
void SimulatedExecutor::DropAll() { state_->DropAll(); }

size_t SimulatedExecutor::pending() const { return state_->pending(); }
size_t SimulatedExecutor::timers() const { return state_->timers.size(); }
uint64_t SimulatedExecutor::steps() const { return state_->steps; }
uint64_t SimulatedExecutor::choices() const { return state_->choices; }

}  // namespace veralith
