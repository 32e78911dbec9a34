// SPDX-License-Identifier: Apache-2.0

#include "core/base/testing/explorer.h"

#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/random.h"
#include "core/base/sync.h"

namespace veralith {
namespace {

using explored::Step;

constexpr size_t kStackBytes = size_t{512} << 10;
constexpr int kNobody = -1;
constexpr size_t kMostFibers = 64;  // one bit each in a choice

// Stacks are reused from run to run; the lowest page of each is a guard.
class StackPool {
 public:
  char* Take() {
    if (!free_.empty()) {
      char* stack = free_.back();
      free_.pop_back();
      return stack;
    }
    void* memory = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    VERALITH_CHECK(memory != MAP_FAILED);
    VERALITH_CHECK(mprotect(memory, 4096, PROT_NONE) == 0);
    return static_cast<char*>(memory);
  }
  void Give(char* stack) { free_.push_back(stack); }

 private:
  std::vector<char*> free_;
};

StackPool& Stacks() {
  static StackPool* const pool = new StackPool;
  return *pool;
}

struct Fiber {
  enum class State { kReady, kOnMutex, kOnCondition, kTimer, kJoin, kEnded };

  int id = 0;
  std::string name;
  bool spawned = false;  // by the program; otherwise a task or timer of the executor
  std::function<void()> body;
  State state = State::kReady;
  bool* held = nullptr;             // kOnMutex, kOnCondition: the mutex to take
  const void* condition = nullptr;  // kOnCondition
  int64_t deadline = -1;            // kTimer, kOnCondition; negative: none
  bool timed_out = false;
  uint64_t waiting_since = 0;  // order of waits
  bool started = false;
  uint64_t past = 0;  // fingerprint of its steps, and of those of others before them
  char* stack = nullptr;
  ucontext_t context;
  std::list<std::pair<const void*, std::shared_ptr<void>>> locals;  // oldest first
  std::map<const void*, std::shared_ptr<void>> lasting_locals;
};

// What a fiber did to an object: enough to tell which steps commute.
struct Event {
  int fiber;
  const void* place;
  bool changes;
  bool pending = false;  // the fiber has come to a lock, and may have to wait for it

  bool ConflictsWith(const Event& other) const {
    return place == other.place && (changes || other.changes);
  }
};

uint64_t Mix(uint64_t a, uint64_t b) { return Random(a ^ (b * 0x9E3779B97F4A7C15)).Next(); }

// One choice among several: `mask` has a bit per candidate, `first` is the default.
struct Choice {
  uint64_t mask = 0;
  int first = kNobody;              // kNobody: the lowest
  bool costs = false;               // anything but the default is a preemption
  bool switches = false;            // which thread runs; otherwise which is woken
  size_t events = 0;                // number of events before it
  std::vector<const void*> wanted;  // mutexes that others wait for, or will when they are woken
  int position = 0;                 // 0: the default, then the others ascending
  uint64_t past = 0;                // what came before, without the order of commuting steps

  bool SameQuestion(const Choice& other) const {
    return mask == other.mask && first == other.first && costs == other.costs;
  }
  int size() const { return __builtin_popcountll(mask); }
  int Candidate(int at) const {
    uint64_t rest = mask;
    if (first != kNobody) {
      if (at == 0) {
        return first;
      }
      rest &= ~(uint64_t{1} << first);
      --at;
    }
    for (; at > 0; --at) {
      rest &= rest - 1;
    }
    return __builtin_ctzll(rest);
  }
  int PositionOf(int candidate) const {
    for (int at = 0; at < size(); ++at) {
      if (Candidate(at) == candidate) {
        return at;
      }
    }
    return -1;
  }
};

// Decides the choices of one run.
class Guide {
 public:
  virtual ~Guide() = default;
  virtual int Position(size_t number, const Choice& choice, int current) = 0;
  virtual void NewFiber(int /*id*/) {}
};

class DefaultGuide : public Guide {
 public:
  int Position(size_t, const Choice&, int) override { return 0; }
};

class PlanGuide final : public Guide {
 public:
  explicit PlanGuide(const std::vector<int>& plan) : plan_(plan) {}
  int Position(size_t number, const Choice& choice, int) override {
    return number < plan_.size() ? plan_[number] : 0;
  }

 private:
  const std::vector<int>& plan_;
};

// Returns a schedule's text: where it leaves the default, and for which fiber.
std::string ToText(const std::vector<Choice>& choices) {
  std::string text;
  for (size_t i = 0; i < choices.size(); ++i) {
    if (choices[i].position != 0) {
      text += (text.empty() ? "" : ",") + std::to_string(i) + ">" +
              std::to_string(choices[i].Candidate(choices[i].position));
    }
  }
  return text.empty() ? "-" : text;
}

class ReplayGuide final : public Guide {
 public:
  explicit ReplayGuide(std::string_view text) {
    const char* at = text.data();
    const char* end = at + text.size();
    while (at < end && *at != '-') {
      size_t number = 0;
      int candidate = 0;
      at = std::from_chars(at, end, number).ptr;
      VERALITH_CHECK(at < end && *at == '>');
      at = std::from_chars(at + 1, end, candidate).ptr;
      deviations_[number] = candidate;
      if (at < end) {
        VERALITH_CHECK(*at == ',');
        ++at;
      }
    }
  }
  int Position(size_t number, const Choice& choice, int) override {
    const auto it = deviations_.find(number);
    if (it == deviations_.end()) {
      return 0;
    }
    const int position = choice.PositionOf(it->second);
    impossible_ = impossible_ || position < 0;
    return std::max(position, 0);
  }
  bool impossible() const { return impossible_; }

 private:
  std::map<size_t, int> deviations_;
  bool impossible_ = false;
};

class PctGuide final : public Guide {
 public:
  PctGuide(uint64_t seed, int depth, uint64_t choices) : random_(seed) {
    for (int i = 1; i < depth; ++i) {
      changes_.insert(random_.Below(std::max<uint64_t>(choices, 1)));
    }
  }
  void NewFiber(int id) override {
    priorities_[static_cast<size_t>(id)] = (uint64_t{1} << 32) + (random_.Next() >> 32);
  }
  int Position(size_t number, const Choice& choice, int current) override {
    if (changes_.contains(number) && current != kNobody) {
      priorities_[static_cast<size_t>(current)] = --lowest_;
    }
    int best = 0;
    for (int at = 1; at < choice.size(); ++at) {
      if (Priority(choice.Candidate(at)) > Priority(choice.Candidate(best))) {
        best = at;
      }
    }
    return best;
  }

 private:
  uint64_t Priority(int id) const { return priorities_[static_cast<size_t>(id)]; }

  Random random_;
  std::set<uint64_t> changes_;
  std::array<uint64_t, kMostFibers> priorities_{};
  uint64_t lowest_ = uint64_t{1} << 16;
};

// One run of a program.
class Run final : public Explored, public Executor, public Clock, public explored::Scheduler {
 public:
  Run(const ExploreOptions& options, const ExploredProgram& program, Guide& guide)
      : options_(options), program_(program), guide_(guide) {}

  ~Run() {
    for (const std::unique_ptr<Fiber>& fiber : fibers_) {
      if (fiber->stack != nullptr) {
        Stacks().Give(fiber->stack);
      }
      if (abandoned_) {  // what its stack refers to is lost anyway
        new std::list<std::pair<const void*, std::shared_ptr<void>>>(std::move(fiber->locals));
      }
    }
    if (abandoned_) {
      new std::map<const void*, std::shared_ptr<void>>(std::move(places_));
    }
  }

  void Execute() {
    Add("main", /*spawned=*/false, [this] { Main(); });
    VERALITH_CHECK(explored::active == nullptr);
    explored::active = this;
    current_ = 0;
    Start(*fibers_[0], &home_);
    explored::active = nullptr;
  }

  const std::vector<Choice>& choices() const { return choices_; }
  const std::vector<Event>& events() const { return events_; }
  uint64_t fingerprint() const { return fingerprint_; }
  uint64_t explored_steps() const { return explored_steps_; }
  uint64_t timeouts() const { return timeouts_; }
  const std::optional<ExploreFailure>& failure() const { return failure_; }

  // --- Explored ----------------------------------------------------------------------------------
  void Spawn(std::string name, std::function<void()> body) override {
    Add(std::move(name), /*spawned=*/true, std::move(body));
  }
  void Join() override {
    exploring_ = true;
    Current().state = Fiber::State::kJoin;
    Reschedule();
    exploring_ = false;
  }
  void Fail(std::string_view message) override {
    Record(ExploreFailure::Kind::kCheck, std::string(message));
  }
  Executor& executor() override { return *this; }
  Clock& clock() override { return *this; }

  // --- Executor ----------------------------------------------------------------------------------
  void Schedule(TaskPriority priority, std::function<void()> task) override {
    Effect(&fibers_);
    Add(priority == TaskPriority::kHigh ? "high task" : "low task", false, std::move(task));
  }
  TimerId ScheduleAfter(int64_t delay_nanos, std::function<void()> task) override {
    Effect(&fibers_);
    Fiber& fiber = Add("timer", false, std::move(task));
    fiber.state = Fiber::State::kTimer;
    fiber.deadline = now_ + std::max<int64_t>(delay_nanos, 0);
    return static_cast<TimerId>(fiber.id) + 1;
  }
  bool Cancel(TimerId timer) override {
    Effect(&fibers_);
    Fiber& fiber = *fibers_[timer - 1];
    Effect(&fiber);
    if (fiber.started || fiber.state == Fiber::State::kEnded) {
      return false;
    }
    fiber.state = Fiber::State::kEnded;
    fiber.body = nullptr;
    return true;
  }
  void Await(Mutex& mutex, CondVar& condition) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    condition.Wait(mutex);
  }
  bool AwaitFor(Mutex& mutex, CondVar& condition, int64_t nanos) override
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    return condition.WaitFor(mutex, std::max<int64_t>(nanos, 0));
  }

  // --- Clock -------------------------------------------------------------------------------------
  Timestamp WallNanos() override {
    return 1'000'000'000'000'000'000 + static_cast<Timestamp>(now_);
  }
  int64_t MonotonicNanos() override { return now_; }

  // --- Scheduler ---------------------------------------------------------------------------------
  void Point(Step step, const void* place) override {
    CountStep(step);
    if (exploring_) {
      Reschedule();
      Note(place, step != Step::kLoad);
    }
  }

  void Effect(const void* place) override {
    if (exploring_) {
      Note(place, true);
    }
  }

  void Lock(bool* held) override {
    CountStep(Step::kLock);
    Fiber& self = Current();
    self.state = Fiber::State::kOnMutex;
    self.held = held;
    if (exploring_) {
      events_.push_back({current_, held, true, /*pending=*/true});
    }
    if (exploring_ || *held) {
      Reschedule();
    }
    Resume(self);
    Effect(held);
  }

  bool Wait(const void* condition, bool* held, int64_t nanos) override {
    CountStep(Step::kWait);
    Fiber& self = Current();
    self.state = Fiber::State::kOnCondition;
    self.condition = condition;
    self.held = held;
    self.deadline = nanos < 0 ? -1 : now_ + std::min(nanos, INT64_MAX / 2 - now_);
    self.timed_out = false;
    self.waiting_since = ++waits_;
    Effect(held);
    Effect(condition);
    Reschedule();
    Resume(self);
    Effect(held);
    Effect(condition);
    return !self.timed_out;
  }

  void Notify(const void* condition, bool all) override {
    Point(Step::kNotify, condition);
    Fiber* first = nullptr;
    uint64_t waiters = 0;
    for (const std::unique_ptr<Fiber>& fiber : fibers_) {
      if (fiber->state != Fiber::State::kOnCondition || fiber->condition != condition) {
        continue;
      }
      if (all) {
        Wake(*fiber);
      }
      waiters |= Bit(fiber->id);
      first = first == nullptr || fiber->waiting_since < first->waiting_since ? fiber.get() : first;
    }
    if (waiters == 0) {
      ++unheard_[condition];
    } else if (!all) {
      const int woken = Choose(waiters, first->id, /*costs=*/true, /*switches=*/false);
      Current().past = Mix(Current().past, static_cast<uint64_t>(woken));
      Wake(*fibers_[static_cast<size_t>(woken)]);
    }
  }

  std::shared_ptr<void>& FiberPlace(const void* key) override {
    auto& locals = Current().locals;
    for (auto& [other, place] : locals) {
      if (other == key) {
        return place;
      }
    }
    return locals.emplace_back(key, nullptr).second;
  }
  std::shared_ptr<void>& LastingFiberPlace(const void* key) override {
    return Current().lasting_locals[key];
  }
  std::shared_ptr<void>& ExecutionPlace(const void* key) override { return places_[key]; }

 private:
  static uint64_t Bit(int id) { return uint64_t{1} << id; }

  Fiber& Current() { return *fibers_[static_cast<size_t>(current_)]; }

  Fiber& Add(std::string name, bool spawned, std::function<void()> body) {
    VERALITH_CHECK(fibers_.size() < kMostFibers);
    auto fiber = std::make_unique<Fiber>();
    fiber->id = static_cast<int>(fibers_.size());
    fiber->name = std::move(name);
    fiber->spawned = spawned;
    fiber->body = std::move(body);
    fiber->past = Mix(current_ == kNobody ? 0 : Current().past, static_cast<uint64_t>(fiber->id));
    guide_.NewFiber(fiber->id);
    fibers_.push_back(std::move(fiber));
    return *fibers_.back();
  }

  void Main() {
    program_(*this);
    // Whatever the program left running ends now, or shows that it cannot.
    Current().state = Fiber::State::kJoin;
    Reschedule();
  }

  // --- Fibers ------------------------------------------------------------------------------------
  static void Enter(unsigned high, unsigned low) {
    auto* run = reinterpret_cast<Run*>((static_cast<uintptr_t>(high) << 32) | low);
    run->RunFiber();
  }

  void RunFiber() {
    Fiber& self = Current();
    self.body();
    self.body = nullptr;
    // Runs in the fiber itself: destructors take steps, too, and may make further objects.
    while (!self.locals.empty()) {
      const std::shared_ptr<void> last = std::move(self.locals.back().second);
      self.locals.pop_back();
    }
    self.state = Fiber::State::kEnded;
    if (self.id != 0) {
      Reschedule();
    }
    setcontext(&home_);
  }

  void Start(Fiber& fiber, ucontext_t* from) {
    fiber.started = true;
    Effect(&fiber);
    fiber.stack = Stacks().Take();
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack;
    fiber.context.uc_stack.ss_size = kStackBytes;
    fiber.context.uc_link = nullptr;
    const auto self = reinterpret_cast<uintptr_t>(this);
    makecontext(&fiber.context, reinterpret_cast<void (*)()>(&Run::Enter), 2,
                static_cast<unsigned>(self >> 32), static_cast<unsigned>(self));
    swapcontext(from, &fiber.context);
  }

  void SwitchTo(int id) {
    if (id == current_) {
      return;
    }
    Fiber& from = Current();
    current_ = id;
    Fiber& to = Current();
    if (to.started) {
      swapcontext(&from.context, &to.context);
    } else {
      Start(to, &from.context);
    }
  }

  // Ends the run where it stands.
  void Abandon() {
    abandoned_ = true;
    setcontext(&home_);
  }

  // --- Scheduling --------------------------------------------------------------------------------
  void Note(const void* place, bool changes) {
    events_.push_back({current_, place, changes});
    if (options_.reduce) {
      uint64_t& changed = objects_[place];
      Fiber& self = Current();
      self.past = Mix(self.past, changed);
      if (changes) {
        changed = self.past;
      }
    }
  }

  // Two values are equal if every fiber has taken the same steps, and each step came after the same
  // other steps that it does not commute with.
  uint64_t Past() const {
    uint64_t past = time_passed_;
    for (const std::unique_ptr<Fiber>& fiber : fibers_) {
      past = Mix(past, fiber->past);
    }
    return past;
  }

  void CountStep(Step step) {
    fingerprint_ =
        Random(fingerprint_ ^ (static_cast<uint64_t>(current_) << 8) ^ static_cast<uint64_t>(step))
            .Next();
    explored_steps_ += exploring_ ? 1 : 0;
    if (++steps_ > options_.most_steps) {
      Record(ExploreFailure::Kind::kEndless,
             "no end after " + std::to_string(steps_) + " steps; '" + Current().name + "' runs");
      Abandon();
    }
  }

  static bool CanRun(const Fiber& fiber) {
    return fiber.state == Fiber::State::kReady ||
           (fiber.state == Fiber::State::kOnMutex && !*fiber.held);
  }

  uint64_t Runnable() const {
    uint64_t mask = 0;
    for (const std::unique_ptr<Fiber>& fiber : fibers_) {
      mask |= CanRun(*fiber) ? Bit(fiber->id) : 0;
    }
    return mask;
  }

  bool SpawnedEnded() const {
    return std::ranges::all_of(fibers_, [](const std::unique_ptr<Fiber>& fiber) {
      return !fiber->spawned || fiber->state == Fiber::State::kEnded;
    });
  }

  // Gives the turn to a fiber that can run; returns when the caller has it again.
  void Reschedule() {
    uint64_t mask = Runnable();
    while (mask == 0) {
      Fiber& main = *fibers_[0];
      if (main.state == Fiber::State::kJoin && SpawnedEnded()) {
        main.state = Fiber::State::kReady;
      } else if (!LetTimePass()) {
        ReportDeadlock();
        Abandon();
      }
      mask = Runnable();
    }
    const bool goes_on = (mask & Bit(current_)) != 0;
    const int next = Choose(mask, goes_on ? current_ : kNobody, goes_on, /*switches=*/true);
    SwitchTo(next);
  }

  // The caller was chosen: it has its mutex.
  void Resume(Fiber& self) {
    VERALITH_CHECK(!*self.held);
    *self.held = true;
    self.held = nullptr;
    self.state = Fiber::State::kReady;
  }

  static void Wake(Fiber& fiber) {
    fiber.state = Fiber::State::kOnMutex;
    fiber.condition = nullptr;
    fiber.deadline = -1;
  }

  // Moves time to the earliest timer or timeout; returns false if there is none.
  bool LetTimePass() {
    Fiber* next = nullptr;
    for (const std::unique_ptr<Fiber>& fiber : fibers_) {
      const bool waits = fiber->state == Fiber::State::kTimer ||
                         (fiber->state == Fiber::State::kOnCondition && fiber->deadline >= 0);
      if (waits && (next == nullptr || fiber->deadline < next->deadline)) {
        next = fiber.get();
      }
    }
    if (next == nullptr) {
      return false;
    }
    now_ = std::max(now_, next->deadline);
    time_passed_ = Mix(Past(), static_cast<uint64_t>(next->id));
    if (next->state == Fiber::State::kTimer) {
      next->state = Fiber::State::kReady;
    } else {
      next->timed_out = true;
      timeouts_ += exploring_ ? 1 : 0;
      Wake(*next);
    }
    return true;
  }

  int Choose(uint64_t mask, int first, bool costs, bool switches) {
    Choice choice{mask, first, costs, switches, events_.size(), {}, 0, 0};
    if (choice.size() == 1 || !exploring_) {
      return choice.Candidate(0);
    }
    if (costs && switches) {
      for (const std::unique_ptr<Fiber>& fiber : fibers_) {
        if (fiber->held != nullptr && fiber->id != current_) {
          choice.wanted.push_back(fiber->held);
        }
      }
    }
    if (options_.reduce) {
      choice.past = Mix(Past(), Mix(mask, static_cast<uint64_t>(first)) + (switches ? 1 : 0));
    }
    choice.position = guide_.Position(choices_.size(), choice, first);
    VERALITH_CHECK(choice.position >= 0);
    // The plan does not fit any more: the caller finds the different question and reports it.
    choice.position = std::min(choice.position, choice.size() - 1);
    choices_.push_back(choice);
    return choice.Candidate(choice.position);
  }

  void Record(ExploreFailure::Kind kind, std::string message) {
    if (!failure_.has_value()) {
      failure_ = ExploreFailure{kind, std::move(message), {}, 0, 0};
    }
  }

  void ReportDeadlock() {
    std::string message = "deadlock:";
    for (const std::unique_ptr<Fiber>& fiber : fibers_) {
      if (fiber->state == Fiber::State::kOnMutex) {
        message += " '" + fiber->name + "' waits for a mutex;";
      } else if (fiber->state == Fiber::State::kOnCondition) {
        const uint64_t unheard = unheard_[fiber->condition];
        message +=
            " '" + fiber->name + "' waits for a notification" +
            (unheard > 0 ? " (" + std::to_string(unheard) + " came while none waited)" : "") + ";";
      } else if (fiber->state == Fiber::State::kJoin) {
        message += " '" + fiber->name + "' waits for the others;";
      }
    }
    message.pop_back();
    Record(ExploreFailure::Kind::kDeadlock, std::move(message));
  }

  const ExploreOptions& options_;
  const ExploredProgram& program_;
  Guide& guide_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  int current_ = kNobody;
  ucontext_t home_;
  bool exploring_ = false;
  bool abandoned_ = false;
  int64_t now_ = 0;
  uint64_t steps_ = 0;
  uint64_t explored_steps_ = 0;
  uint64_t waits_ = 0;
  uint64_t timeouts_ = 0;
  uint64_t fingerprint_ = 0;
  std::vector<Choice> choices_;
  std::vector<Event> events_;  // while exploring
  // Used while exploring, for Past: the past of the thread that last changed an object, at that
  // time; and when time passed.
  std::unordered_map<const void*, uint64_t> objects_;
  uint64_t time_passed_ = 0;
  std::map<const void*, uint64_t> unheard_;  // notifications without a waiter; looked up only
  std::map<const void*, std::shared_ptr<void>> places_;
  std::optional<ExploreFailure> failure_;
};

// The run whose schedule is printed when the program under exploration crashes.
const Run* running = nullptr;

void PrintScheduleAndDie(int signal) {
  std::signal(signal, SIG_DFL);
  if (running != nullptr) {
    std::fprintf(stderr, "explorer: died by signal %d in schedule %s\n", signal,
                 ToText(running->choices()).c_str());
    std::fflush(stderr);
  }
  std::raise(signal);
}

class Exploration {
 public:
  Exploration(const ExploreOptions& options, const ExploredProgram& program)
      : options_(options), program_(program), start_(SystemClock()->MonotonicNanos()) {
    std::signal(SIGABRT, PrintScheduleAndDie);
    std::signal(SIGSEGV, PrintScheduleAndDie);
  }

  ExploreResult Exhaustive() {
    for (int bound = 0; bound <= options_.preemptions && !Over(); ++bound) {
      result_.bound = bound;
      result_.distinct = 0;
      result_.skipped = 0;
      result_.known = 0;
      result_.complete = false;
      ExploreBound(bound);
    }
    return Finish();
  }

  ExploreResult RandomSchedules() {
    Random seeds(options_.seed);
    while (result_.schedules < options_.random_schedules && !Over()) {
      const uint64_t seed = seeds.Next();
      PctGuide guide(seed, options_.pct_depth, result_.most_choices);
      RunOnce(guide);
    }
    return Finish();
  }

  ExploreResult One(std::string_view schedule) {
    ReplayGuide guide(schedule);
    RunOnce(guide);
    if (guide.impossible()) {
      result_.failure = ExploreFailure{ExploreFailure::Kind::kNondeterminism,
                                       "the schedule asks for a thread that cannot run there",
                                       std::string(schedule), 0, 1};
    }
    return Finish();
  }

 private:
  bool Over() const {
    return result_.failure.has_value() || result_.schedules >= options_.most_schedules;
  }

  // Goes depth first over the choices; each run but the first follows the last up to one choice.
  void ExploreBound(int bound) {
    std::vector<int> plan;
    std::vector<Choice> last;
    reductions_.clear();
    known_.clear();
    while (!Over()) {
      PlanGuide guide(plan);
      std::vector<Choice> choices = RunOnce(guide);
      ++result_.distinct;
      const size_t known =
          options_.reduce ? KnownFrom(choices, plan.size(), bound) : choices.size();
      reductions_.resize(choices.size());
      NoteReach(choices, bound, known);
      if (result_.failure.has_value()) {
        result_.failure->preemptions = bound;
        return;
      }
      if (!SamePrefix(last, choices, plan.size())) {
        result_.failure = ExploreFailure{ExploreFailure::Kind::kNondeterminism,
                                         "the same choices led to other questions than before",
                                         ToText(choices), bound, result_.schedules};
        return;
      }
      if (!NextPlan(choices, known, bound, &plan)) {
        result_.complete = true;
        return;
      }
      reductions_.resize(plan.size());
      last = std::move(choices);
    }
  }

  // Returns the run's first choice after its plan that another run reached with the same past and
  // with at least as many preemptions left: what can follow was explored from there.
  size_t KnownFrom(const std::vector<Choice>& choices, size_t planned, int bound) {
    const int left = bound - PreemptionsBefore(choices).back();
    for (size_t i = planned; i < choices.size(); ++i) {
      if (left == 0 && choices[i].costs) {
        continue;  // only its default can follow
      }
      const auto [it, unknown] = known_.try_emplace(choices[i].past, left);
      if (!unknown && it->second >= left) {
        ++result_.known;
        return i;
      }
      it->second = left;
    }
    return choices.size();
  }

  // What is known about the last preemptions of one choice on the current path, by position.
  struct Reduction {
    // The earliest earlier choice from which the preempted fiber's steps commute with all that ran
    // in its place: a preemption there gives the same run. Nothing: not tried.
    std::vector<std::optional<size_t>> reach;
    bool prepared = false;  // `skip` is filled in
    std::vector<bool> skip;
  };

  static std::vector<int> PreemptionsBefore(const std::vector<Choice>& choices) {
    std::vector<int> used(choices.size() + 1, 0);
    for (size_t i = 0; i < choices.size(); ++i) {
      used[i + 1] = used[i] + (choices[i].costs && choices[i].position > 0 ? 1 : 0);
    }
    return used;
  }

  // Called after a run that spent its last preemption: finds how much earlier it could have been.
  // Of all runs with this beginning, the answer least far back counts.
  void NoteReach(const std::vector<Choice>& choices, int bound, size_t known) {
    const std::vector<int> used = PreemptionsBefore(choices);
    for (size_t k = 0; k < choices.size(); ++k) {
      const Choice& choice = choices[k];
      if (used[k] + 1 == bound && used[k + 1] == bound && choice.switches) {
        const auto at = static_cast<size_t>(choice.position);
        Reduction& reduction = reductions_[k];
        reduction.reach.resize(static_cast<size_t>(choice.size()));
        reduction.reach[at] = std::max(reduction.reach[at].value_or(0), ReachOf(choices, k, known));
        return;
      }
    }
  }

  // `known`: from there on, this is only one of the possible runs.
  size_t ReachOf(const std::vector<Choice>& choices, size_t k, size_t known) const {
    const int preempted = choices[k].first;
    const int instead = choices[k].Candidate(choices[k].position);
    size_t end = choices[k].events;  // end of the events that ran instead
    while (end < events_.size() && events_[end].fiber != preempted) {
      ++end;
    }
    if (known < choices.size() && choices[known].events <= end) {
      return k;
    }
    size_t reach = k;
    while (reach > 0) {
      const Choice& before = choices[reach - 1];
      if (!before.costs || !before.switches || before.first != preempted || before.position != 0 ||
          before.PositionOf(instead) < 0 ||
          !Commutes(preempted, before.events, choices[reach].events, choices[k], end)) {
        break;
      }
      --reach;
    }
    return reach;
  }

  // Whether all events [from, to) are `fiber`'s, none conflicts with what happened from the choice
  // to `end`, and none would have kept another fiber from running there. (A fiber that wants a
  // mutex which `fiber` has taken cannot be chosen. It could be chosen if `fiber` had not come so
  // far.)
  bool Commutes(int fiber, size_t from, size_t to, const Choice& choice, size_t end) const {
    for (size_t i = from; i < to; ++i) {
      if (events_[i].fiber != fiber) {
        return false;
      }
      if (events_[i].pending) {
        continue;  // it has come to a lock; taking it is an event of its own
      }
      for (size_t j = choice.events; j < end; ++j) {
        if (events_[i].ConflictsWith(events_[j])) {
          return false;
        }
      }
      if (std::ranges::find(choice.wanted, events_[i].place) != choice.wanted.end()) {
        return false;
      }
    }
    return true;
  }

  // Called when everything after the default of choice i is explored: finds which of its other
  // positions are known to repeat a run that preempted later.
  void Prepare(const std::vector<Choice>& choices, size_t i) {
    Reduction& reduction = reductions_[i];
    const Choice& choice = choices[i];
    reduction.prepared = true;
    reduction.skip.assign(static_cast<size_t>(choice.size()), false);
    reduction.reach.resize(static_cast<size_t>(choice.size()));
    if (!choice.costs || !choice.switches || i + 1 >= choices.size()) {
      return;
    }
    const Choice& next = choices[i + 1];
    const Reduction& known = reductions_[i + 1];
    for (int at = 1; at < choice.size(); ++at) {
      const int position = next.PositionOf(choice.Candidate(at));
      if (position <= 0 || static_cast<size_t>(position) >= known.reach.size() ||
          next.first != choice.first || !next.costs || !next.switches) {
        continue;
      }
      const std::optional<size_t> reach = known.reach[static_cast<size_t>(position)];
      if (reach.has_value() && *reach <= i) {
        reduction.skip[static_cast<size_t>(at)] = true;
        reduction.reach[static_cast<size_t>(at)] = reach;
        ++result_.skipped;
      }
    }
  }

  static bool SamePrefix(const std::vector<Choice>& last, const std::vector<Choice>& now,
                         size_t planned) {
    if (planned > now.size()) {
      return false;
    }
    for (size_t i = 0; i < planned; ++i) {
      if (!last[i].SameQuestion(now[i])) {
        return false;
      }
    }
    return true;
  }

  // `known`: nothing new follows this choice.
  bool NextPlan(const std::vector<Choice>& choices, size_t known, int bound,
                std::vector<int>* plan) {
    const std::vector<int> used = PreemptionsBefore(choices);
    for (size_t i = std::min(known, choices.size()); i > 0; --i) {
      const Choice& choice = choices[i - 1];
      if (used[i - 1] + (choice.costs ? 1 : 0) > bound) {
        continue;
      }
      if (options_.reduce && !reductions_[i - 1].prepared && used[i - 1] + 1 == bound) {
        Prepare(choices, i - 1);
      }
      const std::vector<bool>& skip = reductions_[i - 1].skip;
      int position = choice.position + 1;
      while (position < choice.size() && static_cast<size_t>(position) < skip.size() &&
             skip[static_cast<size_t>(position)]) {
        ++position;
      }
      if (position < choice.size()) {
        plan->clear();
        for (size_t j = 0; j + 1 < i; ++j) {
          plan->push_back(choices[j].position);
        }
        plan->push_back(position);
        return true;
      }
    }
    return false;
  }

  // Runs the program once, notes what it cost, and replays a failure.
  std::vector<Choice> RunOnce(Guide& guide) {
    Run run(options_, program_, guide);
    Execute(run);
    ++result_.schedules;
    result_.most_steps = std::max(result_.most_steps, run.explored_steps());
    result_.most_choices = std::max<uint64_t>(result_.most_choices, run.choices().size());
    result_.timeouts += run.timeouts();
    if (run.failure().has_value()) {
      result_.failure = run.failure();
      result_.failure->schedule = ToText(run.choices());
      result_.failure->schedules = result_.schedules;
      Confirm(run);
    }
    events_ = run.events();
    return run.choices();
  }

  void Confirm(const Run& failed) {
    ReplayGuide guide(result_.failure->schedule);
    Run again(options_, program_, guide);
    Execute(again);
    if (guide.impossible() || again.fingerprint() != failed.fingerprint() ||
        !again.failure().has_value() || again.failure()->message != failed.failure()->message) {
      result_.failure->kind = ExploreFailure::Kind::kNondeterminism;
      result_.failure->message += " (a replay went another way)";
    }
  }

  static void Execute(Run& run) {
    running = &run;
    run.Execute();
    running = nullptr;
  }

  ExploreResult Finish() {
    result_.seconds = static_cast<double>(SystemClock()->MonotonicNanos() - start_) / 1e9;
    return std::move(result_);
  }

  const ExploreOptions& options_;
  const ExploredProgram& program_;
  const int64_t start_;
  ExploreResult result_;
  std::vector<Event> events_;          // events of the last run
  std::vector<Reduction> reductions_;  // one for each choice on the current path
  // Choices that were reached, by their past, and the preemptions left there.
  std::unordered_map<uint64_t, int> known_;
};

}  // namespace

ExploreResult Explore(const ExploreOptions& options, const ExploredProgram& program) {
  Exploration exploration(options, program);
  return options.strategy == ExploreOptions::Strategy::kExhaustive ? exploration.Exhaustive()
                                                                   : exploration.RandomSchedules();
}

ExploreResult Replay(std::string_view schedule, const ExploredProgram& program) {
  const ExploreOptions options;
  return Exploration(options, program).One(schedule);
}

std::string ExploreResult::Summary(std::string_view name) const {
  char figures[300];
  std::snprintf(
      figures, sizeof(figures),
      "%llu schedules (%llu at bound %d, %s; %llu preemptions would repeat one, %llu come to "
      "a known past), up to %llu steps and %llu choices, %.2f s",
      static_cast<unsigned long long>(schedules), static_cast<unsigned long long>(distinct), bound,
      complete ? "all" : "not exhaustive", static_cast<unsigned long long>(skipped),
      static_cast<unsigned long long>(known), static_cast<unsigned long long>(most_steps),
      static_cast<unsigned long long>(most_choices), seconds);
  std::string text = "schedules | " + std::string(name) + " | " + figures;
  if (failure.has_value()) {
    text += " | FOUND after " + std::to_string(failure->schedules) + " with " +
            std::to_string(failure->preemptions) + " preemptions: " + failure->message +
            " | replay: " + failure->schedule;
  }
  return text;
}

}  // namespace veralith
