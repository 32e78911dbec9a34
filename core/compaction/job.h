// SPDX-License-Identifier: Apache-2.0

// What flush and compaction jobs have in common: their surroundings and their result.
#ifndef VERALITH_CORE_COMPACTION_JOB_H_
#define VERALITH_CORE_COMPACTION_JOB_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/sync.h"
#include "core/compaction/options.h"
#include "core/format/version_edit.h"
#include "core/segment/write/segment_writer.h"
#include "veralith/executor.h"
#include "veralith/file_system.h"
#include "veralith/types.h"

namespace veralith {

// Borrowed doors and callbacks, alive until the job returns. Callbacks run without any lock of the
// job, on its thread, and on several at once when it is cut into pieces.
struct JobEnvironment {
  FileSystem* fs = nullptr;
  std::string directory;
  uint64_t job_id = 0;
  // A number never used before. The caller registers it as pending, so that no garbage collection
  // takes the file, until it has installed the edit or dropped the job.
  std::function<uint64_t()> new_file_number;
  // How segments of a level are written; `bottommost`: no deeper level holds data.
  std::function<SegmentOptions(int level, bool bottommost)> segment_options;
  // Runs pieces of a compaction beside the job's own thread. May be null: no pieces.
  Executor* executor = nullptr;
  // Once one of them is true, the job ends with Aborted within one entry.
  std::vector<const Atomic<bool>*> cancel;
  // Bytes written to outputs since the last call; called at least once per output and about every
  // 64 KiB. It may block (a rate limit). May be null.
  std::function<void(uint64_t bytes)> progress;
};

struct JobStatistics {
  uint64_t pieces = 1;  // subcompactions
  uint64_t files_read = 0;
  uint64_t files_written = 0;
  uint64_t bytes_read = 0;  // sizes of the input files; 0 for a flush
  uint64_t bytes_written = 0;
  // Value pages of inputs that were written as they stood there, and their bytes.
  uint64_t value_pages_copied = 0;
  uint64_t value_bytes_copied = 0;
  uint64_t versions_read = 0;
  uint64_t versions_written = 0;
  uint64_t versions_hidden = 0;     // dropped: no point sees them
  uint64_t tombstones_dropped = 0;  // dropped: nothing lies beneath
};

struct JobResult {
  // All the changes, to be installed in one manifest record. The outputs and their directory
  // entries are durable.
  VersionEdit edit;
  JobStatistics statistics;
};

}  // namespace veralith

#endif  // VERALITH_CORE_COMPACTION_JOB_H_
