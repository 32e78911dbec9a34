// SPDX-License-Identifier: Apache-2.0

#include "core/db/hybrid_logical_clock.h"

#include <algorithm>
#include <string>

#include "core/base/check.h"
#include "core/base/status.h"

namespace veralith {

std::optional<Timestamp> HybridLogicalClock::ReadWall() const {
  const Timestamp now = physical_->WallNanos();
  return now <= kMaxTimestamp ? std::optional(now) : std::nullopt;
}

void HybridLogicalClock::Observe() { observed_ = ReadWall().value_or(0); }

absl::Status HybridLogicalClock::CeilingFor(uint64_t count, Timestamp* needed) const {
  const Timestamp before = Before();
  if (count > kMaxTimestamp - before) {
    return ResourceExhausted(
        "the clock has reached the largest timestamp, 2^63-1 ns (year 2262): no write is possible; "
        "check the physical clock and timestamps given to AdvanceClock");
  }
  const Timestamp target = before + count;
  const Timestamp come = target - std::min(target, first_);
  const Timestamp step = std::clamp<Timestamp>(come, kLeastStepNanos, kMostStepNanos);
  *needed = target <= ceiling_ ? ceiling_ : target + std::min(step, kMaxTimestamp - target);
  return absl::OkStatus();
}

void HybridLogicalClock::RaiseCeiling(Timestamp durable_ceiling) {
  VERALITH_CHECK(durable_ceiling >= ceiling_ && durable_ceiling <= kMaxTimestamp);
  ceiling_ = durable_ceiling;
}

Timestamp HybridLogicalClock::Next() {
  const Timestamp before = Before();
  VERALITH_CHECK(before < ceiling_);
  return last_ = before + 1;
}

absl::Status HybridLogicalClock::Advance(Timestamp remote) {
  if (remote < kMinTimestamp || remote > kMaxTimestamp) {
    return InvalidArgument("timestamp " + std::to_string(remote) +
                           " is outside 1 to 2^63-1 nanoseconds since the Unix epoch");
  }
  const std::optional<Timestamp> now = ReadWall();
  if (!now.has_value()) {
    return Unavailable(
        "the physical clock reads a time before 1970 or after 2262, so that timestamp " +
        std::to_string(remote) + " cannot be judged: set the clock right");
  }
  if (remote > *now && remote - *now > static_cast<uint64_t>(max_skew_nanos_)) {
    return InvalidArgument("timestamp " + std::to_string(remote) + " is " +
                           std::to_string((remote - *now) / 1'000'000) +
                           " ms ahead of the physical clock; the maximum skew is " +
                           std::to_string(max_skew_nanos_ / 1'000'000) + " ms");
  }
  last_ = std::max(last_, remote);
  return absl::OkStatus();
}

}  // namespace veralith
