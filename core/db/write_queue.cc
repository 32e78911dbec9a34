#include "core/db/write_queue.h"

#include "core/base/check.h"

namespace veralith {

bool WriteQueue::Join(Writer& writer) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  queue_.push_back(&writer);
  while (!writer.done && queue_.front() != &writer) {
    executor_.Await(mutex_, writer.wake);
  }
  return !writer.done;
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

void WriteQueue::Finish(const absl::Status& status) {
  VERALITH_CHECK(!queue_.empty());
  size_t count = group_.empty() ? 1 : group_.size();
  group_.clear();
  for (; count > 0; --count) {
    Writer* writer = queue_.front();
    queue_.pop_front();
    writer->status = status;
    writer->done = true;
    writer->wake.NotifyOne();  // under the mutex: the writer's stack may go right after it is freed
  }
  if (!queue_.empty()) {
    queue_.front()->wake.NotifyOne();
  }
}

}  // namespace veralith
