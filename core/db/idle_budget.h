// SPDX-License-Identifier: Apache-2.0

// What merges in idle time may write: a share of what was flushed since opening, less what they
// have written since then. A merge is charged before it begins, with what it reads, which bounds
// what it writes. One that ends early or fails is charged as a whole: nobody knows what it wrote.
// So the share is never exceeded.
//
// Thread rule: one thread at a time.
#ifndef VERALITH_CORE_DB_IDLE_BUDGET_H_
#define VERALITH_CORE_DB_IDLE_BUDGET_H_

#include <algorithm>
#include <cstdint>

namespace veralith {

class IdleBudget {
 public:
  explicit IdleBudget(int percent) : percent_(percent) {}

  bool is_on() const { return percent_ > 0; }
  uint64_t Left(uint64_t flushed_bytes) const {
    const uint64_t earned = ShareOf(flushed_bytes);
    return earned - std::min(earned, spent_);
  }
  void Charge(uint64_t bytes) { spent_ += bytes; }
  // A merge that was charged wrote so much less.
  void GiveBack(uint64_t bytes) { spent_ -= std::min(spent_, bytes); }

 private:
  // Saturates.
  uint64_t ShareOf(uint64_t bytes) const {
    const uint64_t rest = bytes % 100 * percent_ / 100;
    return percent_ > 0 && bytes / 100 > (UINT64_MAX - rest) / percent_
               ? UINT64_MAX
               : bytes / 100 * percent_ + rest;
  }

  const uint64_t percent_;
  uint64_t spent_ = 0;
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_IDLE_BUDGET_H_
