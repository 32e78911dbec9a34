// SPDX-License-Identifier: Apache-2.0

#include "veralith/testing/simulated_clock.h"

#include <limits>
#include <utility>

#include "core/base/check.h"
#include "core/base/sync.h"

namespace veralith {

struct SimulatedClock::State {
  explicit State(Timestamp wall_nanos) : wall(wall_nanos) {}

  Atomic<Timestamp> wall;
  Timestamp wrong_by = 0;  // modulo 2^64; used by the thread that drives the test
  Atomic<int64_t> monotonic{0};
};

SimulatedClock::SimulatedClock(Timestamp wall_nanos)
    : state_(std::make_unique<State>(wall_nanos)) {}

SimulatedClock::~SimulatedClock() = default;

Timestamp SimulatedClock::WallNanos() { return state_->wall.Load(); }

int64_t SimulatedClock::MonotonicNanos() { return state_->monotonic.Load(); }

void SimulatedClock::Advance(int64_t nanos) {
  VERALITH_CHECK(nanos >= 0);
  state_->wall.FetchAdd(static_cast<Timestamp>(nanos));
  const int64_t before = state_->monotonic.FetchAdd(nanos);
  VERALITH_CHECK(nanos <= std::numeric_limits<int64_t>::max() - before);
}

void SimulatedClock::SetWall(Timestamp wall_nanos) { state_->wall.Store(wall_nanos); }

void SimulatedClock::Misread(Timestamp reading) {
  ReadRight();
  state_->wrong_by = reading - state_->wall.Load();
  state_->wall.FetchAdd(state_->wrong_by);
}

void SimulatedClock::ReadRight() { state_->wall.FetchSub(std::exchange(state_->wrong_by, 0)); }

void SimulatedClock::StepBack(Timestamp nanos) {
  const Timestamp now = state_->wall.Load();
  state_->wall.Store(nanos > now ? 0 : now - nanos);
}

}  // namespace veralith
