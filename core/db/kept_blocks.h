// SPDX-License-Identifier: Apache-2.0

// KeptBlocks: keeps the memory of flushed memtables for the next ones while writing goes on, and
// gives it back to the machine at rest.
//
// What a kept block buys: no first touch of its pages, 0.8 to 2.2 us for each 4 KiB, so about a
// fifth of a put. A writer of 2 MiB a second or less loses about a thousandth of its time
// without it.
//
// Invariants
//   1. From the first flush of memtables that had blocks of the pool (memtable/block_pool.h), the
//      database has a hold. It ends once less than a block was written between two looks,
//      kLookNanos apart, or when the database is closed.
//   2. No hold without a timer that will look: if there is no memory for one, the hold ends.
//   3. Small memtables have no such blocks, and then there is neither hold nor timer.
//
// Thread rule: every call under the database's mutex. Borrows the state, which outlives it.
#ifndef VERALITH_CORE_DB_KEPT_BLOCKS_H_
#define VERALITH_CORE_DB_KEPT_BLOCKS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "core/base/sync.h"
#include "core/db/db_state.h"
#include "core/memtable/block_pool.h"
#include "veralith/executor.h"

namespace veralith {

class KeptBlocks {
 public:
  static constexpr int64_t kLookNanos = 1'000'000'000;

  explicit KeptBlocks(DbState& state) : state_(state) {}
  KeptBlocks(const KeptBlocks&) = delete;
  KeptBlocks& operator=(const KeptBlocks&) = delete;

  // Memtables that took this much from the machine are in segments, and about to go.
  void Flushed(size_t reserved_bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  // Ends the hold: the database is closing. The timer is cancelled before.
  void End() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) { hold_.reset(); }
  // For DbState::CancelTimers.
  std::optional<Executor::TimerId>* timer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex) {
    return &timer_;
  }

 private:
  // Looks again later. Without memory for a timer it ends the hold.
  void LookLater() ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex);
  void Look() ABSL_LOCKS_EXCLUDED(database_mutex);

  DbState& state_;
  std::unique_ptr<BlockHold> hold_ ABSL_GUARDED_BY(database_mutex);
  std::optional<Executor::TimerId> timer_ ABSL_GUARDED_BY(database_mutex);
  uint64_t user_bytes_ ABSL_GUARDED_BY(database_mutex) = 0;  // written at the last look
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_KEPT_BLOCKS_H_
