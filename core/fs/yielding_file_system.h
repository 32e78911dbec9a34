// SPDX-License-Identifier: Apache-2.0

// Passes every call on. A call that found the process out of descriptors is made again once a table
// has made room. A log or an output is worth more than a segment that can be opened again (hazard
// E2).
//
// Thread rule: the base's. Owns nothing but its share of the table; the base outlives it.
#ifndef VERALITH_CORE_FS_YIELDING_FILE_SYSTEM_H_
#define VERALITH_CORE_FS_YIELDING_FILE_SYSTEM_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/fs/file_table.h"
#include "veralith/file_system.h"

namespace veralith {

class YieldingFileSystem final : public FileSystem {
 public:
  YieldingFileSystem(FileSystem* base, std::shared_ptr<FileTable> files)
      : base_(base), files_(std::move(files)) {}

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
  std::optional<uint64_t> MaxOpenFiles() const override;
  absl::StatusOr<std::unique_ptr<FileLock>> LockDirectory(const std::string& directory,
                                                          LockMode mode) override;
  absl::StatusOr<std::unique_ptr<FileSystem>> Pin(const std::string& directory) override;
  absl::StatusOr<std::string> Absolute(const std::string& path) override;

 private:
  // Returns the answer of `ask`; asks again if it is EMFILE or ENFILE and files could be closed.
  template <typename Ask>
  auto Yielding(const Ask& ask) -> decltype(ask());

  FileSystem* const base_;
  const std::shared_ptr<FileTable> files_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_FS_YIELDING_FILE_SYSTEM_H_
