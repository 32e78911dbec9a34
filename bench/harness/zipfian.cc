// SPDX-License-Identifier: Apache-2.0
#include "bench/harness/zipfian.h"

#include <algorithm>
#include <cmath>

namespace veralith::bench {
namespace {

constexpr double kTheta = 0.99;

}  // namespace

Zipfian::Zipfian(uint64_t n) : n_(n) {
  for (uint64_t rank = 1; rank <= n; ++rank) {
    zeta_ += 1 / std::pow(static_cast<double>(rank), kTheta);
  }
  const double zeta_of_two = 1 + 1 / std::pow(2.0, kTheta);
  alpha_ = 1 / (1 - kTheta);
  eta_ = (1 - std::pow(2.0 / static_cast<double>(n), 1 - kTheta)) / (1 - zeta_of_two / zeta_);
}

uint64_t Zipfian::Rank(Random& random) const {
  const double u = random.Share();
  const double uz = u * zeta_;
  if (uz < 1) {
    return 0;
  }
  if (uz < 1 + std::pow(0.5, kTheta)) {
    return 1;
  }
  const double rank = static_cast<double>(n_) * std::pow(eta_ * u - eta_ + 1, alpha_);
  return std::min(static_cast<uint64_t>(rank), n_ - 1);
}

}  // namespace veralith::bench
