// SPDX-License-Identifier: Apache-2.0

// The keys and values of the benchmarks: functions of numbers, so that every engine sees the same
// ones and nothing has to be remembered. Making one costs some nanoseconds, which counts as part of
// every operation. Objects are small and a thread has its own; values may be shared by threads.
#ifndef VERALITH_BENCH_HARNESS_DATA_H_
#define VERALITH_BENCH_HARNESS_DATA_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace veralith::bench {

// SplitMix64, as in core/base/random.h; repeated here so that peers link nothing of ours.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next() { return Mixed(state_ += 0x9e3779b97f4a7c15u); }
  uint64_t Below(uint64_t bound) {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(Next()) * bound) >> 64);
  }
  // Returns a number from 0 up to, not including, 1.
  double Share() { return static_cast<double>(Next() >> 11) * 0x1p-53; }
  static uint64_t Mixed(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

 private:
  uint64_t state_;
};

// Writes keys: of 16 bytes, decimal numbers; of 60 bytes, with long prefixes that many share.
class Keys {
 public:
  explicit Keys(size_t key_size) : is_long_(key_size == 60) {}
  // Returns the key of number i, good until the next call.
  std::string_view Of(uint64_t i) { return is_long_ ? Long(i) : Decimal(i); }
  // Returns a key that is never written, just after the i-th. Good until the next call.
  std::string_view MissingAfter(uint64_t i);

 private:
  std::string_view Decimal(uint64_t i);
  std::string_view Long(uint64_t i);

  const bool is_long_;
  char text_[64];
};

// Values of which half is random and half is one character, so that a codec halves them. They are
// cut from one buffer of a megabyte.
class Values {
 public:
  explicit Values(size_t value_size);
  // The value that key number i has at a version. Good as long as this object.
  std::string_view Of(uint64_t i, uint64_t version) const {
    return std::string_view(pool_).substr(((i + version) * value_size_) % kPool, value_size_);
  }
  size_t size() const { return value_size_; }

 private:
  static constexpr size_t kPool = 1 << 20;
  const size_t value_size_;
  std::string pool_;
};

// A permutation of [0, n) that looks random.
class Shuffle {
 public:
  explicit Shuffle(uint64_t n);
  uint64_t operator()(uint64_t i) const {
    do {  // odd multipliers and shifts permute the power of two: walk the cycle into [0, n)
      i = (i * 0x9e3779b97f4a7c15u + 0x1234567) & mask_;
      i ^= i >> shift_;
      i = (i * 0xbf58476d1ce4e5b9u) & mask_;
      i ^= i >> shift_;
    } while (i >= n_);
    return i;
  }

 private:
  const uint64_t n_;
  uint64_t mask_;
  uint64_t shift_;
};

}  // namespace veralith::bench

#endif  // VERALITH_BENCH_HARNESS_DATA_H_
