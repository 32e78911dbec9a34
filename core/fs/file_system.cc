#include "veralith/file_system.h"

#include "core/base/status.h"

namespace veralith {

absl::StatusOr<std::unique_ptr<FileLock>> FileSystem::LockDirectory(const std::string& directory,
                                                                    LockMode) {
  return Unimplemented(directory + ": lock: not a directory, in this file system");
}

absl::StatusOr<std::unique_ptr<FileSystem>> FileSystem::Pin(const std::string& directory) {
  return Unimplemented(directory + ": pin: not in this file system");
}

absl::StatusOr<std::string> FileSystem::Absolute(const std::string& path) { return path; }

}  // namespace veralith
