// SPDX-License-Identifier: Apache-2.0

// The database's hybrid logical clock (Kulkarni et al., "Logical physical clocks", 2014): commit
// timestamps that follow the wall clock and never repeat or go back.
//
// Invariants
//   1. Every timestamp handed out is larger than all before it, and than the `start` it was made
//      with: an old durable ceiling.
//   2. None exceeds ceiling(); the owner makes a new ceiling durable before RaiseCeiling.
//   3. No more than kMaxTimestamp is ever handed out.
//   4. A reading of the wall clock counts only in what is handed out at it. One that is no
//      timestamp (before 1970, after 2262) counts nowhere: the clock goes on as if the wall clock
//      stood still.
//
// Thread rule: guarded by its owner (the commit pipeline). Does no I/O.
#ifndef VERALITH_CORE_DB_HYBRID_LOGICAL_CLOCK_H_
#define VERALITH_CORE_DB_HYBRID_LOGICAL_CLOCK_H_

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "veralith/clock.h"
#include "veralith/types.h"

namespace veralith {

class HybridLogicalClock {
 public:
  // `physical` is not owned. Timestamps start above `start`.
  HybridLogicalClock(Clock* physical, int64_t max_skew_nanos, Timestamp start)
      : physical_(physical),
        max_skew_nanos_(max_skew_nanos),
        first_(std::max(start, ReadWall().value_or(0))),
        last_(start),
        ceiling_(start) {}

  // The physical clock moves the next timestamps up to its reading, never down, until the next
  // call.
  void Observe();
  // The ceiling that must be durable before `count` timestamps are taken; ceiling() when the one
  // that is durable suffices. ResourceExhausted at the end of time (year 2262).
  absl::Status CeilingFor(uint64_t count, Timestamp* needed) const;
  void RaiseCeiling(Timestamp durable_ceiling);

  // The next timestamp; CeilingFor has been satisfied since Observe.
  Timestamp Next();

  // A timestamp from elsewhere: later ones are above it. InvalidArgument when it is beyond the
  // physical clock by more than the maximum skew, or no timestamp at all; Unavailable while the
  // physical clock's reading is none.
  absl::Status Advance(Timestamp remote);

  Timestamp last() const { return last_; }
  Timestamp ceiling() const { return ceiling_; }

  // How far ahead of use the ceiling is raised: as far as the clock has come since it was made, in
  // these bounds. So there is one manifest edit per kMostStepNanos, and a dozen before. The next
  // life begins at the ceiling. So it leads the wall clock by no more than this one lasted, or
  // kLeastStepNanos. Short lives, one after the other, do not add up to a clock that is wrong.
  static constexpr uint64_t kLeastStepNanos = 1'000'000;
  static constexpr uint64_t kMostStepNanos = 10'000'000'000;

 private:
  // Nothing when the reading is no timestamp.
  std::optional<Timestamp> ReadWall() const;
  // Next() is one more.
  Timestamp Before() const {
    return std::max(last_, observed_ - std::min<Timestamp>(observed_, 1));
  }

  Clock* const physical_;
  const int64_t max_skew_nanos_;
  const Timestamp first_;   // where it was when it was made
  Timestamp last_;          // handed out, or come from elsewhere
  Timestamp observed_ = 0;  // the wall clock's last reading; 0: none that counts
  Timestamp ceiling_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_HYBRID_LOGICAL_CLOCK_H_
