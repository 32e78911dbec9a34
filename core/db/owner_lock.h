// SPDX-License-Identifier: Apache-2.0

// What keeps a second owner out of a database's directory: a lock on the file LOCK, which every
// version of Veralith takes, and one on the directory itself, which no cleaner can sweep away.
//
// Whoever removes LOCK while the database is open lets nobody in: the directory is still locked.
// Where directories cannot be locked (NFS, a program's own FileSystem), and against versions that
// know LOCK alone, Check notices before anything more is changed.
//
// Thread rule: any thread. The file system outlives it.
#ifndef VERALITH_CORE_DB_OWNER_LOCK_H_
#define VERALITH_CORE_DB_OWNER_LOCK_H_

#include <memory>
#include <string>

#include "core/base/status.h"
#include "core/base/sync.h"
#include "veralith/file_system.h"

namespace veralith {

class OwnerLock {
 public:
  // FailedPrecondition while somebody else owns the directory, or repairs from it.
  static absl::StatusOr<std::unique_ptr<OwnerLock>> Take(FileSystem* fs,
                                                         const std::string& directory);

  // OK while nobody else can own the directory; takes LOCK again when it was swept away. Otherwise
  // FailedPrecondition: what follows must not change anything in the directory.
  absl::Status Check() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  OwnerLock(FileSystem* fs, std::string directory) : fs_(fs), directory_(std::move(directory)) {}
  absl::Status TakeAgain() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  FileSystem* const fs_;
  const std::string directory_;
  std::unique_ptr<FileLock> directory_lock_;  // null where directories cannot be locked
  Mutex mutex_;                               // held during I/O, by one caller at a time
  std::unique_ptr<FileLock> file_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_OWNER_LOCK_H_
