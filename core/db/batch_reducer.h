// SPDX-License-Identifier: Apache-2.0

// Checks a batch against the limits and reduces it to what its commit means: at most one operation
// per key, and none that a later range delete of the batch covers (DESIGN promise 4). What is left
// can share one timestamp, since a range tombstone hides only strictly older versions.
//
// Cost: O(n) for a batch whose keys strictly ascend and that deletes no range (the common bulk
// load); O(n log n) otherwise. The result's views point into the batch.
#ifndef VERALITH_CORE_DB_BATCH_REDUCER_H_
#define VERALITH_CORE_DB_BATCH_REDUCER_H_

#include <vector>

#include "absl/status/status.h"
#include "core/format/log_record.h"
#include "veralith/write_batch.h"

namespace veralith {

// InvalidArgument, naming the limit, unless the operation is inside all limits.
absl::Status CheckOperationLimits(const LogOperation& operation);

// InvalidArgument when any operation or the whole batch is beyond a limit.
absl::Status ReduceBatch(const WriteBatch& batch, std::vector<LogOperation>* reduced);

}  // namespace veralith

#endif  // VERALITH_CORE_DB_BATCH_REDUCER_H_
