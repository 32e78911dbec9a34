// SPDX-License-Identifier: Apache-2.0

// WriteStalls alone, with no database around it: all schedules of a leader that waits for a write
// buffer and of whatever ends its wait. No job runs: a thread frees buffers as a flush does.
#include <memory>
#include <utility>

#include "core/base/status.h"
#include "core/base/sync.h"
#include "core/base/testing/explorer.h"
#include "core/db/db_state.h"
#include "core/db/garbage_remover.h"
#include "core/db/job_scheduler.h"
#include "core/db/testing/bare_state.h"
#include "core/db/write_stalls.h"
#include "core/memtable/memtable.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

// Every stall that begins ends before the next one does.
class StallLog final : public Listener {
 public:
  explicit StallLog(Explored& run) : run_(run) {}

  void OnStallBegin(const StallEvent&) override {
    run_.Check(!stalled_.Exchange(true), "two stalls at a time");
  }
  void OnStallEnd(const StallEvent&) override {
    run_.Check(stalled_.Exchange(false), "a stall ended that had not begun");
  }
  bool stalled() const { return stalled_.Load(); }

 private:
  Explored& run_;
  Atomic<bool> stalled_{false};
};

class Stalling {
 public:
  // All write buffers but the active one wait for their flush.
  explicit Stalling(Explored& run)
      : run_(run),
        log_(std::make_shared<StallLog>(run)),
        bare_(run, FewBuffers(log_)),
        garbage_(state_),
        jobs_(state_, garbage_, [] {}),
        stalls_(state_, jobs_) {
    MutexLock lock(state_.mutex());
    jobs_.Pause();
    for (uint64_t id = 1; id < kBuffers; ++id) {
      state_.frozen.push_back({MemtableRef::Make(id), /*log_number=*/id});
    }
    state_.active = MemtableRef::Make(kBuffers);
  }

  // As the leader does it; `code`: how the wait may end besides with room.
  void Lead(absl::StatusCode code = absl::StatusCode::kOk) {
    MutexLock lock(state_.mutex());
    const absl::Status status = stalls_.AwaitRoom();
    run_.Check(status.ok() || status.code() == code, "the wait ended with another error");
    run_.Check(!status.ok() || state_.frozen.size() < kBuffers - 1, "there is no room");
    run_.Check(stalls_.reason().empty(), "the wait has ended, and the stall has not");
    state_.DeliverEvents();
    led_ = true;
  }

  // As a flush does it.
  void FreeABuffer() {
    MutexLock lock(state_.mutex());
    state_.frozen.erase(state_.frozen.begin());
    state_.changed.NotifyAll();
  }

  // As Close does it.
  void RequestClose() {
    MutexLock lock(state_.mutex());
    state_.close_requested = true;
    state_.changed.NotifyAll();
  }

  // As Statistics does it.
  void Look() {
    MutexLock lock(state_.mutex());
    run_.Check(!led_ || stalls_.reason().empty(), "no writer waits, and there is a reason why");
  }

  void CheckEnd() {
    MutexLock lock(state_.mutex());
    run_.Check(led_, "the leader waits for ever");
    run_.Check(!log_->stalled() && state_.events.idle(), "a stall was never told to have ended");
  }

 private:
  static constexpr int kBuffers = 3;

  static Options FewBuffers(std::shared_ptr<Listener> listener) {
    Options options;
    options.max_write_buffers = kBuffers;
    options.listeners = {std::move(listener)};
    return options;
  }

  Explored& run_;
  const std::shared_ptr<StallLog> log_;
  BareState bare_;
  DbState& state_ = bare_.state();
  GarbageRemover garbage_;
  JobScheduler jobs_;
  WriteStalls stalls_;
  bool led_ ABSL_GUARDED_BY(database_mutex) = false;
};

TEST(WriteStallsSchedules, ALeaderGoesOnOnceABufferIsFree) {
  ExpectSound("write stalls: leader vs flush", 2, [](Explored& run) {
    Stalling stalling(run);
    run.Spawn("leader", [&] { stalling.Lead(); });
    run.Spawn("flush", [&] { stalling.FreeABuffer(); });
    run.Spawn("statistics", [&] { stalling.Look(); });
    run.Join();
    stalling.CheckEnd();
  });
}

TEST(WriteStallsSchedules, CloseEndsTheWait) {
  ExpectSound("write stalls: leader vs close", 2, [](Explored& run) {
    Stalling stalling(run);
    run.Spawn("leader", [&] { stalling.Lead(absl::StatusCode::kFailedPrecondition); });
    run.Spawn("close", [&] { stalling.RequestClose(); });
    run.Spawn("statistics", [&] { stalling.Look(); });
    run.Join();
    stalling.CheckEnd();
  });
}

TEST(WriteStallsSchedules, TimeEndsTheWait) {
  ExpectSound("write stalls: leader alone", 2, [](Explored& run) {
    Stalling stalling(run);
    run.Spawn("leader", [&] { stalling.Lead(absl::StatusCode::kUnavailable); });
    run.Spawn("statistics", [&] { stalling.Look(); });
    run.Join();
    stalling.CheckEnd();
  });
}

}  // namespace
}  // namespace veralith
