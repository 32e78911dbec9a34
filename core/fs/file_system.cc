// SPDX-License-Identifier: Apache-2.0

#include "veralith/file_system.h"

#include "core/base/status.h"

namespace veralith {

absl::StatusOr<std::unique_ptr<FileLock>> FileSystem::LockDirectory(const std::string& directory,
                                                                    LockMode) {
  return Unimplemented(directory + ": lock: this file system cannot lock directories");
}

absl::StatusOr<std::unique_ptr<FileSystem>> FileSystem::Pin(const std::string& directory) {
  return Unimplemented(directory + ": pin: this file system cannot pin directories");
}

absl::Status File::MapAppends() {
  return Unimplemented(path() + ": map appends: this file system maps no files");
}

absl::StatusOr<std::string> FileSystem::Absolute(const std::string& path) { return path; }

}  // namespace veralith
