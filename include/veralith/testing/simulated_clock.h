// SPDX-License-Identifier: Apache-2.0

// A clock that moves only when it is told to: the time of a simulation.
//
// Invariants
//   1. Monotonic time never decreases; wall time does what the test says.
//   2. Reading moves nothing, so the number of readings changes no decision.
//
// Thread rule: all calls from any thread, except Misread and ReadRight: only from the test's own.
#ifndef VERALITH_TESTING_SIMULATED_CLOCK_H_
#define VERALITH_TESTING_SIMULATED_CLOCK_H_

#include <cstdint>
#include <memory>

#include "veralith/clock.h"
#include "veralith/export.h"
#include "veralith/types.h"

namespace veralith {

class VERALITH_EXPORT SimulatedClock final : public Clock {
 public:
  // 2001-09-09T01:46:40Z: a date that nobody mistakes for a real one.
  static constexpr Timestamp kDefaultStart = 1'000'000'000'000'000'000;

  explicit SimulatedClock(Timestamp wall_nanos = kDefaultStart);
  ~SimulatedClock() override;
  SimulatedClock(const SimulatedClock&) = delete;
  SimulatedClock& operator=(const SimulatedClock&) = delete;

  Timestamp WallNanos() override;
  int64_t MonotonicNanos() override;

  // Moves both clocks forward; nanos >= 0. Monotonic time ends after 2^63 ns, 292 years: no
  // simulation may go there. (Otherwise the program is aborted.)
  void Advance(int64_t nanos);
  // As if somebody set the machine's clock; monotonic time does not change.
  void SetWall(Timestamp wall_nanos);
  // Makes wall time wrong, from `reading` on, until ReadRight.
  void Misread(Timestamp reading);
  void ReadRight();
  // Moves wall time back, at most to 0.
  void StepBack(Timestamp nanos);

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace veralith

#endif  // VERALITH_TESTING_SIMULATED_CLOCK_H_
