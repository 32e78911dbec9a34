// A file system as one process sees it: forwards every call to the disk beneath, notes what failed,
// and refuses everything once the process is dead.
//
// What was opened through it stays usable until Die(); locks are released when their holder is
// destroyed, dead or not.
//
// Thread rule: as FileSystem's; the disk outlives it.
#ifndef VERALITH_MODEL_CONFORMANCE_OBSERVED_FILE_SYSTEM_H_
#define VERALITH_MODEL_CONFORMANCE_OBSERVED_FILE_SYSTEM_H_

#include <memory>
#include <string>
#include <vector>

#include "core/base/sync.h"
#include "core/fs/file_system.h"

namespace veralith::model {

class ObservedFileSystem final : public FileSystem {
 public:
  // Failures are noted of the logs and manifests in `directory`.
  ObservedFileSystem(FileSystem* disk, const std::string& directory)
      : disk_(disk), shared_(std::make_shared<Shared>()) {
    shared_->prefix = directory + "/";
  }

  void Die() { shared_->dead.Store(true); }
  // Failed appends, writes, truncations and syncs.
  uint64_t log_failures() const { return shared_->log_failures.Load(); }

  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Link(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override;
  absl::Status CreateDirectory(const std::string& path) override;
  absl::Status RemoveDirectory(const std::string& path) override;
  absl::Status SyncDirectory(const std::string& path) override;
  absl::StatusOr<bool> Exists(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path, LockMode mode) override;
  absl::StatusOr<uint64_t> FreeBytes(const std::string& directory) override;

 private:
  friend class ObservedFile;
  struct Shared {
    std::string prefix;  // immutable after construction
    Atomic<bool> dead;
    Atomic<uint64_t> log_failures;
    absl::Status Alive() const;
    // Notes a failed change of the file at `path`.
    absl::Status Note(const std::string& path, absl::Status status);
  };

  FileSystem* const disk_;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace veralith::model

#endif  // VERALITH_MODEL_CONFORMANCE_OBSERVED_FILE_SYSTEM_H_
