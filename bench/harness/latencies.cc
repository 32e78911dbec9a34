// SPDX-License-Identifier: Apache-2.0
#include "bench/harness/latencies.h"

#include <algorithm>

namespace veralith::bench {

uint64_t Latencies::MiddleOf(size_t bucket) {
  if (bucket < (1u << kBits)) {
    return bucket;
  }
  const size_t shift = (bucket >> kBits) - 1;
  const uint64_t low = ((1u << kBits) + (bucket & ((1u << kBits) - 1))) << shift;
  return low + ((uint64_t{1} << shift) >> 1);
}

uint64_t Latencies::Quantile(double share) const {
  const double wanted = share * static_cast<double>(count_);
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += buckets_[bucket];
    if (seen > 0 && static_cast<double>(seen) >= wanted) {
      return std::min(MiddleOf(bucket), most_);
    }
  }
  return most_;
}

}  // namespace veralith::bench
