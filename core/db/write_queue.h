// SPDX-License-Identifier: Apache-2.0

// Group commit. Writers queue up. The first is the leader and commits for those after it, with one
// log append and at most one sync. The others wait until their work is done or they lead.
//
// Invariants
//   1. Groups commit one after the other, in queue order: there is one leader at a time.
//   2. A group is a prefix of the queue. A leader that does not ask for a sync takes no follower
//      that does. A leader without operations (a barrier: Sync) takes no follower that has some. An
//      exclusive writer (a memtable switch) is a group of its own.
//   3. Every writer that entered is finished exactly once, with its group's status.
//   4. A writer that finds nobody before it pays for no wake-up; one that waits sleeps on a mutex
//      of its own and, once finished, goes on without the database's.
//
// Thread rule: every call except AwaitTurn under the mutex given, which is the database's (the
// thread-safety analysis cannot see that they are one, so it is not asked). Waiting goes through
// the executor. Ownership: writers live on their callers' stacks until they are finished.
#ifndef VERALITH_CORE_DB_WRITE_QUEUE_H_
#define VERALITH_CORE_DB_WRITE_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "core/base/sync.h"
#include "core/format/log_record.h"
#include "veralith/executor.h"
#include "veralith/types.h"

namespace veralith {

class WriteQueue {
 public:
  struct Writer {
    std::span<const LogOperation> operations;  // reduced; empty: a barrier
    size_t bytes = 0;                          // size of their keys and values
    bool sync = false;
    bool exclusive = false;  // leads a group of one

    // Results, good once the writer is finished.
    absl::Status status;
    Timestamp timestamp = 0;

   private:
    friend class WriteQueue;
    enum State : uint8_t { kAwake, kAsleep, kLeads, kFinished };
    // From kAsleep only under `mutex`: who sleeps there returns, and takes the writer away, only
    // after whoever woke it let go of it.
    Atomic<State> state{kAwake};
    Mutex mutex;
    CondVar wake;
  };

  WriteQueue(Mutex& mutex, Executor& executor) : mutex_(mutex), executor_(executor) {}

  // Puts the writer into the queue. True: it leads. False: AwaitTurn is next.
  bool Enter(Writer& writer);
  // Without the mutex: waits until the writer leads (true) or is finished (false).
  bool AwaitTurn(Writer& writer);
  // Both, for callers that keep the mutex: releases it while it waits.
  bool Join(Writer& writer);

  // The leader's group, the leader first; valid until Finish. Called once by the leader.
  const std::vector<Writer*>& Group();

  // Gives `status` to the leader's group (the leader alone if Group was not called), wakes the next
  // leader and the group's writers; releases the mutex while it wakes any.
  void Finish(const absl::Status& status);

  bool empty() const { return queue_.empty(); }

  // A group stops growing here, so that one commit's latency stays bounded.
  static constexpr size_t kMaxGroupBytes = size_t{1} << 20;
  static constexpr size_t kMaxGroupWriters = 4096;

 private:
  // Ends a writer's waiting; afterwards it may be gone.
  static void Tell(Writer& writer, Writer::State state);
  void Sleep(Writer& writer);

  Mutex& mutex_;
  Executor& executor_;
  std::deque<Writer*> queue_;
  std::vector<Writer*> group_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_WRITE_QUEUE_H_
