// SPDX-License-Identifier: Apache-2.0

// Whether the disk has room for a flush or a compaction (Options::min_free_bytes).
//
// Thread rule: a function; asks the file system, so without the database's mutex.
#ifndef VERALITH_CORE_DB_DISK_ROOM_H_
#define VERALITH_CORE_DB_DISK_ROOM_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/compaction/merge.h"
#include "veralith/file_system.h"
#include "veralith/options.h"

namespace veralith {

struct RoomRequest {
  uint64_t needed_bytes = 0;  // at most; 0: none
  bool reclaims = false;      // the job has no other purpose than to give room back
  // Says what the job would write, as far as this many bytes.
  std::function<absl::StatusOr<OutputMeasure>(uint64_t most_bytes)> measure;
};

// OK when the disk has room for what a job may write, and for what must stay free; or when the job
// gives room back, and may use that. ResourceExhausted otherwise.
absl::Status CheckRoom(FileSystem& fs, const std::string& directory, const Options& options,
                       const RoomRequest& request);

}  // namespace veralith

#endif  // VERALITH_CORE_DB_DISK_ROOM_H_
