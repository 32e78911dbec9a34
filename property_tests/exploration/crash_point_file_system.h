// SPDX-License-Identifier: Apache-2.0

// A disk as one process sees it, with a hook at every place where a power cut can fall.
//
// The hook runs once for each step of the disk (simulated_file_system.h, STEPS): before a sync, and
// after any other call that changes what the disk may hold. What the disk could survive as at these
// places is all that a power cut could ever leave of the run. So one run shows every crash point,
// and nothing needs to run again for each of them.
//
// It also notes the files whose bytes were read and which it did not make itself: what recovery
// believed. (Whether a file exists, and its size, may be asked of any file.)
//
// Thread rule: one thread. The hook must not call this object. Does not own the disk, which
// outlives it and its Files.
#ifndef VERALITH_PROPERTY_TESTS_EXPLORATION_CRASH_POINT_FILE_SYSTEM_H_
#define VERALITH_PROPERTY_TESTS_EXPLORATION_CRASH_POINT_FILE_SYSTEM_H_

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/fs/testing/intercepted_file_system.h"

namespace veralith::model {

class CrashPointFileSystem final : public InterceptedFileSystem {
 public:
  explicit CrashPointFileSystem(FileSystem* disk) : InterceptedFileSystem(disk) {}

  void SetHook(std::function<void()> hook) { hook_ = std::move(hook); }
  // The process is dead: every call from now on fails and reaches no disk.
  void Die() { dead_ = true; }
  // Paths whose bytes were read, and which this process did not make.
  const std::set<std::string>& read() const { return read_; }
  // The number of changes so far to manifests and to what points to them.
  uint64_t manifest_changes() const { return manifest_changes_; }

  // A step of the disk that was taken.
  struct Step {
    FsCall kind;
    std::string path;
  };
  // Returns the steps since the last call, while there was a hook.
  std::vector<Step> TakeSteps() { return std::exchange(steps_, {}); }

 private:
  absl::Status Before(const Call& call) override;
  void After(const Call& call, const absl::Status& status) override;
  void Point() const {
    if (hook_ != nullptr) {
      hook_();
    }
  }

  std::function<void()> hook_;
  bool dead_ = false;
  // Marks a File of which it is known that its bytes were read.
  const std::shared_ptr<void> noted_ = std::make_shared<bool>(true);
  std::set<std::string> made_;
  std::set<std::string> read_;
  uint64_t manifest_changes_ = 0;
  std::vector<Step> steps_;
};

}  // namespace veralith::model

#endif  // VERALITH_PROPERTY_TESTS_EXPLORATION_CRASH_POINT_FILE_SYSTEM_H_
