// SPDX-License-Identifier: Apache-2.0

// The door to randomness: a generator with a seed that is always known, so that every choice can
// be repeated. SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators",
// 2014). Not for secrets. Not thread-safe: one per owner.
#ifndef VERALITH_CORE_BASE_RANDOM_H_
#define VERALITH_CORE_BASE_RANDOM_H_

#include <cstdint>

namespace veralith {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // Uniform in [0, bound); bound > 0. (Lemire's multiplication; the bias is below 2^-32 for
  // bounds below 2^32.)
  uint64_t Below(uint64_t bound) {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(Next()) * bound) >> 64);
  }
  bool OneIn(uint64_t n) { return Below(n) == 0; }

 private:
  uint64_t state_;
};

// A seed from the operating system that in practice no two calls share. For log ids of production
// databases; simulations pass their own seeds.
uint64_t EntropySeed();

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_RANDOM_H_
