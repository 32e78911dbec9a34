// SPDX-License-Identifier: Apache-2.0

// What reads have paid for the runs of level 0 that a merge would take away (LevelDB's "allowed
// seeks", as the rent-or-buy rule).
//
// Every seek of an iterator pays Options::seek_charge_bytes for each run of level 0 beyond the
// first that it has to look into. Once the payments come to the bytes that merging level 0 would
// read, the policy merges it (PickerState::seek_bytes). So merges for the sake of reads never read
// more than the reads before them have paid, and reads never pay for long what one merge would have
// ended.
//
// Lookups cost less: filters let them pass by most runs without looking into them. One key in
// sixteen, chosen by its hash, pays as much as a seek, and all others nothing. So a lookup pays a
// sixteenth in the mean and never more than a seek, and most lookups write nothing that threads
// share (super_version.h). What is paid depends on the keys alone.
//
// Thread rule: Charge from any thread, without a lock; the others under the database's mutex.
#ifndef VERALITH_CORE_DB_SEEK_DEBT_H_
#define VERALITH_CORE_DB_SEEK_DEBT_H_

#include <algorithm>
#include <cstdint>

#include "core/base/sync.h"

namespace veralith {

class SeekDebt {
 public:
  // Less than this, by default 256 runs looked into, is no reason for a merge, however small.
  static constexpr uint64_t kLeastBytes = uint64_t{1} << 20;

  explicit SeekDebt(uint64_t charge_bytes) : charge_bytes_(charge_bytes) {}

  // `visits`: seeks times runs beyond the first. True: it is time to see whether a merge is due,
  // and Look() tells what has been paid. Saturates at 2^20 visits a call.
  bool Charge(uint64_t visits) {
    const uint64_t bytes = std::min(visits, uint64_t{1} << 20) * charge_bytes_;
    return bytes != 0 && paid_.FetchAddRelaxed(bytes) + bytes >= look_at_.LoadRelaxed();
  }
  // The next look comes when a quarter more has been paid: so looks are few, and a merge begins at
  // most a quarter late.
  void Look() {
    const uint64_t paid = paid_.LoadRelaxed();
    look_at_.StoreRelaxed(std::max(kLeastBytes, paid + paid / 4));
  }
  // Since the last Clear(); 0 while it is less than kLeastBytes.
  uint64_t bytes() const {
    const uint64_t paid = paid_.LoadRelaxed();
    return paid < kLeastBytes ? 0 : paid;
  }
  // Level 0 was merged. (A move costs nothing, and often only prepares a merge.)
  void Clear() {
    paid_.StoreRelaxed(0);
    look_at_.StoreRelaxed(kLeastBytes);
  }

 private:
  const uint64_t charge_bytes_;
  // Relaxed: a payment that is seen late only delays a merge.
  alignas(kCacheLineBytes) Atomic<uint64_t> paid_{0};
  Atomic<uint64_t> look_at_{kLeastBytes};
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_SEEK_DEBT_H_
