// SPDX-License-Identifier: Apache-2.0

// Zipfian draws ranks as YCSB does (Gray et al., "Quickly generating billion-record synthetic
// databases"): rank r comes with a share in proportion to 1 / (r + 1)^0.99. Making one costs a
// power per rank, once; a draw costs one power.
#ifndef VERALITH_BENCH_HARNESS_ZIPFIAN_H_
#define VERALITH_BENCH_HARNESS_ZIPFIAN_H_

#include <cstdint>

#include "bench/harness/data.h"

namespace veralith::bench {

class Zipfian {
 public:
  // Over the ranks [0, n); n is at least 2.
  explicit Zipfian(uint64_t n);
  // Returns a rank; 0 is the most frequent.
  uint64_t Rank(Random& random) const;
  // Returns a number of [0, n): ranks scattered, so that frequent keys lie apart.
  uint64_t Scattered(Random& random) const { return Random::Mixed(Rank(random)) % n_; }

 private:
  const uint64_t n_;
  double zeta_ = 0;
  double alpha_;
  double eta_;
};

}  // namespace veralith::bench

#endif  // VERALITH_BENCH_HARNESS_ZIPFIAN_H_
