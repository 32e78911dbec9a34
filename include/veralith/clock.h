// SPDX-License-Identifier: Apache-2.0

// The door to time. Production reads the machine's clocks; a simulation or a program that brings
// its own physical clock implements this interface.
#ifndef VERALITH_CLOCK_H_
#define VERALITH_CLOCK_H_

#include <cstdint>

#include "veralith/export.h"
#include "veralith/types.h"

namespace veralith {

// Thread rule: all calls from any thread.
class VERALITH_EXPORT Clock {
 public:
  virtual ~Clock() = default;
  // Nanoseconds since the Unix epoch; may step backwards (the hybrid logical clock copes).
  virtual Timestamp WallNanos() = 0;
  // Nanoseconds since some fixed point; never decreases. For durations and timeouts.
  virtual int64_t MonotonicNanos() = 0;
};

// The machine's clocks. Lives for ever.
VERALITH_EXPORT Clock* SystemClock();

}  // namespace veralith

#endif  // VERALITH_CLOCK_H_
