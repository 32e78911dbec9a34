// SPDX-License-Identifier: Apache-2.0

// Latencies counts durations in buckets of at most 3% width, so it holds any number of them in a
// few kilobytes; the largest is kept exactly. Stopwatch fills it. Durations are in ticks of
// Ticks(): the processor's cycle counter where there is one, since a call of the system's clock
// costs as much as a fast lookup. Who prints them measures how long a tick is.
//
// One thread uses an object.
#ifndef VERALITH_BENCH_HARNESS_LATENCIES_H_
#define VERALITH_BENCH_HARNESS_LATENCIES_H_

#include <array>
#include <bit>
#include <chrono>
#include <cstdint>

namespace veralith::bench {

// Reads a clock that never goes back.
inline uint64_t Ticks() {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#else
  return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

class Latencies {
 public:
  void Record(uint64_t ticks) {
    ++count_;
    ++buckets_[BucketOf(ticks)];
    most_ = ticks > most_ ? ticks : most_;
  }
  uint64_t count() const { return count_; }
  // The greatest duration recorded, 0 if none.
  uint64_t most() const { return most_; }
  // Returns a duration that a share of `share` (0 to 1) of all does not exceed; 0 if there are
  // none. It is the middle of a bucket.
  uint64_t Quantile(double share) const;

 private:
  // Five bits after the leading one: 32 buckets for each power of two.
  static constexpr unsigned kBits = 5;
  static constexpr size_t kBuckets = (64 - kBits + 1) << kBits;

  static size_t BucketOf(uint64_t ticks) {
    if (ticks < (1u << kBits)) {
      return ticks;
    }
    const unsigned shift = static_cast<unsigned>(std::bit_width(ticks)) - kBits - 1;
    return ((shift + 1) << kBits) + ((ticks >> shift) & ((1u << kBits) - 1));
  }
  static uint64_t MiddleOf(size_t bucket);

  uint64_t count_ = 0;
  uint64_t most_ = 0;
  std::array<uint64_t, kBuckets> buckets_{};
};

// Each lap is the time since the one before it: so an operation's time includes making the next
// key, some nanoseconds.
class Stopwatch {
 public:
  explicit Stopwatch(Latencies* latencies) : latencies_(*latencies) {}
  void Lap() {
    const uint64_t now = Ticks();
    latencies_.Record(now - last_);
    last_ = now;
  }

 private:
  Latencies& latencies_;
  uint64_t last_ = Ticks();
};

}  // namespace veralith::bench

#endif  // VERALITH_BENCH_HARNESS_LATENCIES_H_
