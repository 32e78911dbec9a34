// SPDX-License-Identifier: Apache-2.0

// Whether a single, atomic database could have produced a recorded history of concurrent calls. The
// commit timestamps are the witness: they give the order in which the writes took effect. So
// nothing must be searched, and n calls are checked in O(n log n) (scans: per key in their range).
//
// What is checked
//   1. Commit timestamps are positive and no two commits share one.
//   2. Real-time order: a commit that began after another call ended has a later timestamp than
//      every commit that the call made, saw or (a snapshot) fixed.
//   3. A read of the newest state has some moment T such that it saw exactly the state after all
//      commits <= T. T is not before any moment made or seen by calls that had ended when the read
//      began. The smallest such T is taken, which is possible whenever any is.
//   4. A read at a snapshot saw exactly the state at its timestamp, whenever it ran. Batches are
//      atomic, because all their writes have one timestamp. Scans are ascending and miss nothing.
// Maintenance (flush, compaction, reopening) must change no answer: it need only run, and is not
// recorded.
//
// A write that failed, or did not return, may have happened or not. It counts from its beginning if
// a row with its timestamp and value was read (so values should be unique). If it deletes, absence
// of what it deletes is no longer judged.
//
// The state at the beginning is empty: a history over filled keys starts with a write of them.
#ifndef VERALITH_MODEL_LINEARIZABILITY_H_
#define VERALITH_MODEL_LINEARIZABILITY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/kv_model.h"
#include "veralith/types.h"

namespace veralith::model {

struct Call {
  enum class Kind { kWrite, kGet, kScan, kSnapshot };
  static constexpr uint64_t kNever = UINT64_MAX;

  Kind kind = Kind::kWrite;
  // Real time, in ticks of any clock that never stands still between an end and a later begin.
  uint64_t begin = 0;
  uint64_t end = kNever;

  // kWrite: the commit's; 0: not acknowledged. kSnapshot: what it fixed. Reads: the snapshot's; 0:
  // the newest state.
  Timestamp timestamp = 0;

  std::vector<Write> batch;  // kWrite
  // kWrite: acknowledged as synced (for checks of crashes; not judged here).
  bool durable = false;

  NamespaceId ns = 0;     // kGet, kScan
  std::string key;        // kGet
  Bound lower;            // kScan
  Bound upper;            // kScan
  std::vector<Row> rows;  // kGet: one or none; kScan
};

// Returns nothing if the history is linearizable; otherwise what is wrong, with the call.
std::optional<std::string> CheckLinearizable(const std::vector<Call>& history);

}  // namespace veralith::model

#endif  // VERALITH_MODEL_LINEARIZABILITY_H_
