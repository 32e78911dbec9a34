// Group commit: writers queue up; the first is the leader and commits for those behind it with one
// log append and at most one sync; the others sleep until their work is done or they lead.
//
// Invariants
//   1. Groups commit one after the other, in queue order: there is one leader at a time.
//   2. A group is a prefix of the queue. A leader that does not ask for a sync takes no follower
//      that does; a leader without operations (a barrier: Sync) takes no follower that has some; an
//      exclusive writer (a memtable switch) is a group of its own.
//   3. Every writer that joined is finished exactly once, with its group's status.
//
// Thread rule: every call under the mutex given, which is the database's (the thread-safety analysis
// cannot see that they are one, so it is not asked); Join waits through the executor.
// Ownership: writers live on their callers' stacks.
#ifndef VERALITH_CORE_DB_WRITE_QUEUE_H_
#define VERALITH_CORE_DB_WRITE_QUEUE_H_

#include <cstddef>
#include <deque>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "core/base/executor.h"
#include "core/base/sync.h"
#include "core/base/types.h"
#include "core/format/log_record.h"

namespace veralith {

class WriteQueue {
 public:
  struct Writer {
    std::span<const LogOperation> operations;  // reduced; empty: a barrier
    size_t bytes = 0;                          // of their keys and values
    bool sync = false;
    bool exclusive = false;  // leads a group of one

    // Results, set before done.
    absl::Status status;
    Timestamp timestamp = 0;
    bool done = false;
    CondVar wake;
  };

  WriteQueue(Mutex& mutex, Executor& executor) : mutex_(mutex), executor_(executor) {}

  // Waits until `writer` leads (true) or another leader has finished it (false).
  bool Join(Writer& writer);

  // The leader's group, the leader first; valid until Finish. Called once by the leader.
  const std::vector<Writer*>& Group();

  // Gives `status` to the leader's group (the leader alone if Group was not called), wakes its
  // writers and the next leader.
  void Finish(const absl::Status& status);

  bool empty() const { return queue_.empty(); }

  // A group stops growing here, so that one commit's latency stays bounded.
  static constexpr size_t kMaxGroupBytes = size_t{1} << 20;
  static constexpr size_t kMaxGroupWriters = 4096;

 private:
  Mutex& mutex_;
  Executor& executor_;
  std::deque<Writer*> queue_;
  std::vector<Writer*> group_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_WRITE_QUEUE_H_
