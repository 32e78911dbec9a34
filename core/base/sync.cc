// SPDX-License-Identifier: Apache-2.0

#include "core/base/sync.h"

#include <algorithm>
#include <chrono>

#ifdef VERALITH_EXPLORE
namespace veralith {

const void* ThisThread() {
  struct Identity {
    char byte;
  };
  return &explored::FiberLocal<Identity>();
}

}  // namespace veralith
#else
namespace veralith {
namespace {

// Ten years: the standard library adds the duration to the time now, and must not overflow.
constexpr int64_t kLongestWaitNanos = int64_t{10} * 365 * 24 * 3600 * 1'000'000'000;

}  // namespace

const void* ThisThread() {
  static thread_local const char identity = 0;
  return &identity;
}

void CondVar::Wait(Mutex& mutex) {
  std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
  condition_.wait(lock);
  lock.release();
}

bool CondVar::WaitFor(Mutex& mutex, int64_t nanos) {
  std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
  const std::cv_status result =
      condition_.wait_for(lock, std::chrono::nanoseconds(std::min(nanos, kLongestWaitNanos)));
  lock.release();
  return result == std::cv_status::no_timeout;
}

}  // namespace veralith
#endif  // VERALITH_EXPLORE
