// SPDX-License-Identifier: Apache-2.0

// Which rows of live segments a reader at one timestamp must not see: superseded versions,
// tombstones, rows under a range tombstone, rows newer than the timestamp, rows of other
// namespaces.
//
// One merge of all segments in the order of entries, over their keys and timestamps alone: no value
// is read, except in segments with tombstones, whose value pages tell which rows are tombstones.
//
// Invariants
//   1. Of each user key at most one row is not hidden: the newest at or below `at`, if it is a put
//      and no range tombstone in (its timestamp, at] covers it.
//   2. What cannot be read is an error; nothing is guessed.
//   3. Memory: a page of each column, and what is read ahead, of one segment per run; the sets.
//
// Thread rule: one thread. Borrows the readers.
#ifndef VERALITH_CORE_ICEBERG_HIDDEN_ROWS_H_
#define VERALITH_CORE_ICEBERG_HIDDEN_ROWS_H_

#include <functional>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/iceberg/position_set.h"
#include "core/segment/read/segment_reader.h"
#include "veralith/types.h"

namespace veralith::iceberg {

// Segments whose keys ascend from one to the next, and of which no two share a user key.
using RunOfReaders = std::vector<const SegmentReader*>;

struct HiddenRowsRequest {
  std::vector<RunOfReaders> runs;   // newest first
  Timestamp at = 0;                 // all history that it sees is in the segments
  std::optional<NamespaceId> ns;    // nothing: all namespaces
  std::function<bool()> cancelled;  // asked now and then; may be empty. True: Aborted
};

// Returns a finished set per segment, in the order of the runs and their segments.
absl::StatusOr<std::vector<PositionSet>> FindHiddenRows(const HiddenRowsRequest& request);

}  // namespace veralith::iceberg

#endif  // VERALITH_CORE_ICEBERG_HIDDEN_ROWS_H_
