#include "core/db/hybrid_logical_clock.h"

#include <algorithm>
#include <string>

#include "core/base/check.h"
#include "core/base/status.h"

namespace veralith {

void HybridLogicalClock::Observe() {
  // Next() is last_ + 1; a physical clock beyond the end of time is as good as stopped there.
  const Timestamp now = std::min(physical_->WallNanos(), kMaxTimestamp);
  if (now > last_ + 1) {
    last_ = now - 1;
  }
}

absl::Status HybridLogicalClock::CeilingFor(uint64_t count, Timestamp* needed) const {
  if (count > kMaxTimestamp - last_) {
    return ResourceExhausted(
        "the clock has reached the largest timestamp, 2^63-1 ns (year 2262): no write is possible; "
        "check the physical clock and timestamps given to AdvanceClock");
  }
  const Timestamp target = last_ + count;
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
  VERALITH_CHECK(last_ < ceiling_);
  return ++last_;
}

absl::Status HybridLogicalClock::Advance(Timestamp remote) {
  if (remote < kMinTimestamp || remote > kMaxTimestamp) {
    return InvalidArgument("timestamp " + std::to_string(remote) +
                           " is outside 1 to 2^63-1 nanoseconds since the Unix epoch");
  }
  const Timestamp now = std::min(physical_->WallNanos(), kMaxTimestamp);
  if (remote > now && remote - now > static_cast<uint64_t>(max_skew_nanos_)) {
    return InvalidArgument("timestamp " + std::to_string(remote) + " is " +
                           std::to_string((remote - now) / 1'000'000) +
                           " ms ahead of the physical clock; the maximum skew is " +
                           std::to_string(max_skew_nanos_ / 1'000'000) + " ms");
  }
  last_ = std::max(last_, remote);
  return absl::OkStatus();
}

}  // namespace veralith
