#include "core/base/sync.h"

#include <chrono>

namespace veralith {

void CondVar::Wait(Mutex& mutex) {
  std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
  condition_.wait(lock);
  lock.release();
}

bool CondVar::WaitFor(Mutex& mutex, int64_t nanos) {
  std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
  const std::cv_status result = condition_.wait_for(lock, std::chrono::nanoseconds(nanos));
  lock.release();
  return result == std::cv_status::no_timeout;
}

}  // namespace veralith
