// SPDX-License-Identifier: Apache-2.0

#include "veralith/clock.h"

#include <chrono>

namespace veralith {
namespace {

class RealClock final : public Clock {
 public:
  Timestamp WallNanos() override {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<Timestamp>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(since_epoch).count());
  }
  int64_t MonotonicNanos() override {
    const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(since_start).count();
  }
};

}  // namespace

Clock* SystemClock() {
  static RealClock* const clock = new RealClock;
  return clock;
}

}  // namespace veralith
