// SPDX-License-Identifier: Apache-2.0

// The schedule explorer: runs a small concurrent program again and again, each time in another
// order of its steps, on fibers inside one real thread. Steps are the operations of Mutex, CondVar
// and Atomic (core/base/sync.h) and the tasks and timers of the executor below; the code explored
// is the engine's own, built with --config=explore.
//
// A program is a function that builds its state, spawns threads, joins them and checks:
//
//   Explore(options, [](Explored& run) {
//     Atomic<int> x{0};
//     run.Spawn("a", [&] { x.Store(x.Load() + 1); });
//     run.Spawn("b", [&] { x.Store(x.Load() + 1); });
//     run.Join();
//     run.Check(x.Load() == 2, "an increment was lost");
//   });
//
// Invariants
//   1. Only what runs between Join's start and its end is explored. Before and after, the program's
//      own fiber goes on until it has to wait: making and closing a database costs no schedules.
//   2. Join returns when every spawned thread has ended and nothing else can run; it lets no time
//      pass for timers unless a spawned thread still waits.
//   3. Exhaustive: every schedule with at most `preemptions` preemptions. A preemption is a switch
//      away from a thread that could go on, or waking another than the longest waiter. Switches at
//      waits and ends are free. Bounds are explored from 0 upwards, so what is found first has the
//      fewest. With `reduce`, runs that only repeat others are left out:
//        - A last preemption is not tried before a step that commutes with all that other threads
//          do until the preempted one goes on. It is tried after that step, which gives the same
//          run. (A bounded partial-order reduction, after Coons, Musuvathi and McKinley, 2013.)
//        - A run is not varied any further if another run reached the same past and the same
//          question with at least as many preemptions left. (After Musuvathi and Qadeer,
//          "Partial-order reduction for context-bounded state exploration", 2007.) Two pasts are
//          the same if every thread has taken the same steps, and each step came after the same
//          other steps that it does not commute with. A past is known by 64 bits, and an object by
//          its address. An object at the address of an earlier one makes pasts differ that need
//          not, so counts can differ a little.
//      Two steps commute unless they touch one object and one changes it. Plain memory is not
//      watched: a fault that lets two threads share memory without a mutex or an atomic (memory
//      freed too early, say) can be missed. So `reduce` is off by default, and meant for programs
//      too long to be explored in full without it.
//   4. Random: PCT (Burckhardt et al., "A randomized scheduler with probabilistic guarantees of
//      finding bugs", 2010) with `pct_depth`-1 priority changes per schedule.
//   5. Time stands still while anything can run; then it goes to the next timer or timeout.
//   6. Every failure carries its schedule, a short string that Replay takes, and has been replayed
//      before it is reported. If the same choices do not repeat what they did before, there is a
//      source of nondeterminism that is not controlled: that is a failure of its own.
//
// Exploration is sequentially consistent: what weaker orders of Atomic allow beyond that is not
// seen. After a deadlock or an endless run the fibers' stacks are dropped without unwinding (a
// leak).
//
// Thread rule: one exploration at a time in a process, all in the calling thread.
#ifndef VERALITH_CORE_BASE_TESTING_EXPLORER_H_
#define VERALITH_CORE_BASE_TESTING_EXPLORER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "veralith/clock.h"
#include "veralith/executor.h"

namespace veralith {

struct ExploreOptions {
  enum class Strategy { kExhaustive, kRandom };
  Strategy strategy = Strategy::kExhaustive;
  int preemptions = 2;
  bool reduce = false;
  // kRandom: the number of schedules, the seed, the depth.
  uint64_t random_schedules = 1000;
  uint64_t seed = 1;
  int pct_depth = 3;
  // Exhaustive exploration ends here, unfinished.
  uint64_t most_schedules = 5'000'000;
  // A run of more steps is taken for endless.
  uint64_t most_steps = 200'000;
};

struct ExploreFailure {
  enum class Kind { kCheck, kDeadlock, kEndless, kNondeterminism };
  Kind kind = Kind::kCheck;
  std::string message;
  std::string schedule;    // for Replay
  int preemptions = 0;     // kExhaustive: the bound under which it was found
  uint64_t schedules = 0;  // schedules run until then, including that one
};

struct ExploreResult {
  std::optional<ExploreFailure> failure;
  uint64_t schedules = 0;     // run in all (lower bounds are run again under higher ones)
  uint64_t distinct = 0;      // kExhaustive: schedules of the last bound, which are all of them
  uint64_t skipped = 0;       // kExhaustive: preemptions left out since they change nothing
  uint64_t known = 0;         // kExhaustive: how many of `distinct` reached a known past
  bool complete = false;      // kExhaustive: nothing within the bound was left out
  int bound = 0;              // kExhaustive: the last bound that was begun
  uint64_t most_steps = 0;    // in one run, between Join's start and end
  uint64_t most_choices = 0;  // how many of these steps had more than one thread that could go on
  uint64_t timeouts = 0;      // waits that ended by time while exploring
  double seconds = 0;

  // One line: name, schedules, bound, steps, seconds; or the failure.
  std::string Summary(std::string_view name) const;
};

// What a program under exploration sees.
class Explored {
 public:
  virtual void Spawn(std::string name, std::function<void()> body) = 0;
  virtual void Join() = 0;
  // Records the first failure of a run; the run goes on.
  virtual void Fail(std::string_view message) = 0;
  void Check(bool condition, std::string_view message) {
    if (!condition) {
      Fail(message);
    }
  }
  // Every task is a thread of its own (no bound on how many run at once); timers fire when nothing
  // else can run.
  virtual Executor& executor() = 0;
  virtual Clock& clock() = 0;

 protected:
  ~Explored() = default;
};

using ExploredProgram = std::function<void(Explored&)>;

ExploreResult Explore(const ExploreOptions& options, const ExploredProgram& program);

// Runs one schedule, as a failure reported it. "-" is the schedule without preemptions.
ExploreResult Replay(std::string_view schedule, const ExploredProgram& program);

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_TESTING_EXPLORER_H_
