// SPDX-License-Identifier: Apache-2.0

// How long background work waits after a failure, before it is tried again.
#ifndef VERALITH_CORE_DB_RETRY_DELAY_H_
#define VERALITH_CORE_DB_RETRY_DELAY_H_

#include <algorithm>
#include <cstdint>

namespace veralith {

// 50 ms after the first failure, twice as long after each further one, up to 13 s.
inline int64_t RetryDelayNanos(int failures_before) {
  constexpr int64_t kFirstNanos = 50'000'000;
  constexpr int kMostDoublings = 8;
  return kFirstNanos << std::min(failures_before, kMostDoublings);
}

}  // namespace veralith

#endif  // VERALITH_CORE_DB_RETRY_DELAY_H_
