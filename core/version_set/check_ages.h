// SPDX-License-Identifier: Apache-2.0

// Verifies what lookups and scans rely on: for every key, all versions in a run are newer than
// those in the runs after it. So the first run that knows a key is right about it.
//
// A slow look at every version of every run, one file per run open at a time; shares no code with
// the merges that scans and jobs use.
#ifndef VERALITH_CORE_VERSION_SET_CHECK_AGES_H_
#define VERALITH_CORE_VERSION_SET_CHECK_AGES_H_

#include <vector>

#include "absl/status/status.h"
#include "core/segment/read/segment_reader.h"

namespace veralith {

// Runs newest first; a run's segments ascend. DataLoss names the two files and the key; an error of
// reading is returned as it is.
absl::Status CheckAges(const std::vector<std::vector<const SegmentReader*>>& runs);

}  // namespace veralith

#endif  // VERALITH_CORE_VERSION_SET_CHECK_AGES_H_
