// SPDX-License-Identifier: Apache-2.0

#include "core/db/write_queue.h"

#include <utility>

#include "core/base/check.h"

namespace veralith {

bool WriteQueue::Enter(Writer& writer) {
  queue_.push_back(&writer);
  return queue_.size() == 1;
}

// A group without a sync takes about as long as a wake-up: spins for a while before it sleeps.
bool WriteQueue::AwaitTurn(Writer& writer) {
  for (int spins = writer.sync ? 0 : kSpins;
       spins > 0 && writer.state.LoadAcquire() == Writer::kAwake; --spins) {
    SpinPause();
  }
  if (writer.state.LoadAcquire() == Writer::kAwake) {
    Sleep(writer);
  }
  return writer.state.LoadAcquire() == Writer::kLeads;
}

void WriteQueue::Sleep(Writer& writer) {
  MutexLock lock(writer.mutex);
  Writer::State awake = Writer::kAwake;
  if (!writer.state.CompareExchange(awake, Writer::kAsleep)) {
    return;  // told just now
  }
  while (writer.state.LoadAcquire() == Writer::kAsleep) {
    executor_.Await(writer.mutex, writer.wake);
  }
}

void WriteQueue::Tell(Writer& writer, Writer::State state) {
  Writer::State awake = Writer::kAwake;
  if (writer.state.CompareExchange(awake, state)) {
    return;
  }
  MutexLock lock(writer.mutex);
  writer.state.Store(state);
  writer.wake.NotifyOne();
}

bool WriteQueue::Join(Writer& writer) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  if (Enter(writer)) {
    return true;
  }
  MutexUnlock unlock(mutex_);
  return AwaitTurn(writer);
}

const std::vector<WriteQueue::Writer*>& WriteQueue::Group() {
  VERALITH_CHECK(group_.empty() && !queue_.empty());
  const Writer& leader = *queue_.front();
  group_.push_back(queue_.front());
  size_t bytes = leader.bytes;
  for (size_t i = 1; i < queue_.size() && !leader.exclusive; ++i) {
    Writer* follower = queue_[i];
    if (follower->exclusive || (follower->sync && !leader.sync) ||
        (leader.operations.empty() && !follower->operations.empty()) ||
        bytes + follower->bytes > kMaxGroupBytes || group_.size() == kMaxGroupWriters) {
      break;
    }
    bytes += follower->bytes;
    group_.push_back(follower);
  }
  return group_;
}

void WriteQueue::Finish(const absl::Status& status) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  VERALITH_CHECK(!queue_.empty());
  for (size_t count = group_.empty() ? 1 : group_.size(); count > 0; --count) {
    queue_.front()->status = status;
    queue_.pop_front();
  }
  Writer* const next = queue_.empty() ? nullptr : queue_.front();
  if (group_.size() <= 1 && next == nullptr) {
    group_.clear();
    return;
  }
  // The next leader may be at work before the last of the group is awake: the list is ours alone.
  const std::vector<Writer*> group = std::exchange(group_, {});
  MutexUnlock unlock(mutex_);
  if (next != nullptr) {
    Tell(*next, Writer::kLeads);
  }
  for (size_t i = 1; i < group.size(); ++i) {
    Tell(*group[i], Writer::kFinished);
  }
}

}  // namespace veralith
