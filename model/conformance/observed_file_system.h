// SPDX-License-Identifier: Apache-2.0

// A file system as one process sees it: passes every call on to the disk below, notes what failed,
// and refuses everything once the process is dead.
//
// What was opened through it stays usable until Die(); locks are released when their holder is
// destroyed, dead or not.
//
// Thread rule: as FileSystem's; the disk outlives it.
#ifndef VERALITH_MODEL_CONFORMANCE_OBSERVED_FILE_SYSTEM_H_
#define VERALITH_MODEL_CONFORMANCE_OBSERVED_FILE_SYSTEM_H_

#include <string>

#include "core/base/sync.h"
#include "core/fs/testing/intercepted_file_system.h"

namespace veralith::model {

class ObservedFileSystem final : public InterceptedFileSystem {
 public:
  // Notes failures of the logs and manifests in `directory`.
  ObservedFileSystem(FileSystem* disk, const std::string& directory)
      : InterceptedFileSystem(disk), prefix_(directory + "/") {}

  void Die() { dead_.Store(true); }
  // The number of failed appends, writes, truncations and syncs.
  uint64_t log_failures() const { return log_failures_.Load(); }

 private:
  absl::Status Before(const Call& call) override;
  void After(const Call& call, const absl::Status& status) override;

  const std::string prefix_;
  Atomic<bool> dead_;
  Atomic<uint64_t> log_failures_;
};

}  // namespace veralith::model

#endif  // VERALITH_MODEL_CONFORMANCE_OBSERVED_FILE_SYSTEM_H_
