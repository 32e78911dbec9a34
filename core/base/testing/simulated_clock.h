// SPDX-License-Identifier: Apache-2.0

// A clock that moves only when it is told to: the time of a simulation.
//
// Invariants
//   1. Monotonic time never decreases; wall time does what the test says.
//   2. Reading moves nothing, so the number of readings changes no decision.
//
// Thread rule: all calls from any thread, except Misread and ReadRight: only from the test's own.
#ifndef VERALITH_CORE_BASE_TESTING_SIMULATED_CLOCK_H_
#define VERALITH_CORE_BASE_TESTING_SIMULATED_CLOCK_H_

#include <cstdint>
#include <limits>
#include <utility>

#include "core/base/check.h"
#include "core/base/sync.h"
#include "veralith/clock.h"
#include "veralith/types.h"

namespace veralith {

class SimulatedClock final : public Clock {
 public:
  // 2001-09-09T01:46:40Z: a date that nobody mistakes for a real one.
  static constexpr Timestamp kDefaultStart = 1'000'000'000'000'000'000;

  explicit SimulatedClock(Timestamp wall_nanos = kDefaultStart) : wall_(wall_nanos) {}

  Timestamp WallNanos() override { return wall_.Load(); }
  int64_t MonotonicNanos() override { return monotonic_.Load(); }

  // Moves both clocks forward; nanos >= 0. Monotonic time ends after 2^63 ns, 292 years: no
  // simulation may go there.
  void Advance(int64_t nanos) {
    VERALITH_CHECK(nanos >= 0);
    wall_.FetchAdd(static_cast<Timestamp>(nanos));
    const int64_t before = monotonic_.FetchAdd(nanos);
    VERALITH_CHECK(nanos <= std::numeric_limits<int64_t>::max() - before);
  }
  // As if somebody set the machine's clock; monotonic time does not change.
  void SetWall(Timestamp wall_nanos) { wall_.Store(wall_nanos); }
  // Makes wall time wrong, from `reading` on, until ReadRight.
  void Misread(Timestamp reading) {
    ReadRight();
    wrong_by_ = reading - wall_.Load();
    wall_.FetchAdd(wrong_by_);
  }
  void ReadRight() { wall_.FetchSub(std::exchange(wrong_by_, 0)); }
  // Moves wall time back, at most to 0.
  void StepBack(Timestamp nanos) {
    const Timestamp now = wall_.Load();
    wall_.Store(nanos > now ? 0 : now - nanos);
  }

 private:
  Atomic<Timestamp> wall_;
  Timestamp wrong_by_ = 0;  // modulo 2^64; used by the thread that drives the test
  Atomic<int64_t> monotonic_{0};
};

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_TESTING_SIMULATED_CLOCK_H_
