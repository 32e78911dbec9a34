// SPDX-License-Identifier: Apache-2.0

// A file system that passes every call on to another one, between two hooks. It is the one place
// where a decorator's forwarding is written: a decorator overrides only what it changes.
//
//   Before: the call has not reached the base; an error refuses it, and is what the caller gets.
//   After:  the base has answered, and the caller gets its answer.
// FileSystem's calls, those of its views (Pin) and those on Files go through the same hooks. Left
// out: path(), identity() and MaxOpenFiles(), the end of a File or a lock, and calls that ask and
// change nothing on the disk (LockDirectory, Pin itself, Absolute).
//
// It makes no call of its own, so it moves no fault and no crash point of the base.
//
// Thread rule: the base's; the hooks are called on the caller's thread, without a lock held. Does
// not own the base. Base and decorator outlive their Files.
#ifndef VERALITH_CORE_FS_TESTING_INTERCEPTED_FILE_SYSTEM_H_
#define VERALITH_CORE_FS_TESTING_INTERCEPTED_FILE_SYSTEM_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "veralith/file_system.h"
#include "veralith/testing/fault_plan.h"

namespace veralith {

class InterceptedFileSystem : public FileSystem {
 public:
  // One call, with everything that it was given.
  struct Call {
    FsCall kind;                            // kCreate: Open with OpenMode::kCreate
    const std::string& path;                // of a File, as it was opened
    const std::string* to = nullptr;        // Rename, Link
    uint64_t offset = 0;                    // WriteAt; Truncate and Preallocate: the size
    std::string_view data = {};             // Append, WriteAt
    LockMode lock = LockMode::kExclusive;   // Lock
    std::shared_ptr<void>* file = nullptr;  // whatever the decorator keeps with the File: empty
                                            // until it puts something there (After of its Open)
  };

  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) final;
  absl::Status Rename(const std::string& from, const std::string& to) final;
  absl::Status Link(const std::string& from, const std::string& to) final;
  absl::Status Remove(const std::string& path) final;
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) final;
  absl::Status CreateDirectory(const std::string& path) final;
  absl::Status RemoveDirectory(const std::string& path) final;
  absl::Status SyncDirectory(const std::string& path) final;
  absl::StatusOr<bool> Exists(const std::string& path) final;
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path, LockMode mode) final;
  absl::StatusOr<uint64_t> FreeBytes(const std::string& directory) final;
  std::optional<uint64_t> MaxOpenFiles() const final { return base_->MaxOpenFiles(); }
  absl::StatusOr<std::unique_ptr<FileLock>> LockDirectory(const std::string& directory,
                                                          LockMode mode) final;
  absl::StatusOr<std::unique_ptr<FileSystem>> Pin(const std::string& directory) final;
  absl::StatusOr<std::string> Absolute(const std::string& path) final;

 protected:
  explicit InterceptedFileSystem(FileSystem* base);
  ~InterceptedFileSystem() override;

  virtual absl::Status Before(const Call& call) { return absl::OkStatus(); }
  virtual void After(const Call& call, const absl::Status& status) {}

  FileSystem* base() const { return base_; }

 private:
  friend class InterceptedFile;
  friend class InterceptedCalls;

  // Calls Before, then the base, then After.
  template <typename Ask>
  auto Intercept(const Call& call, const Ask& ask) -> decltype(ask());

  FileSystem* const base_;
  const std::unique_ptr<FileSystem> calls_;  // what a call is: the same as in a view
};

}  // namespace veralith

#endif  // VERALITH_CORE_FS_TESTING_INTERCEPTED_FILE_SYSTEM_H_
