// SPDX-License-Identifier: Apache-2.0

#include "core/db/owner_lock.h"

#include <utility>

#include "core/fs/file_helpers.h"
#include "core/manifest/file_names.h"

namespace veralith {
namespace {

absl::Status Lost(const absl::Status& why) {
  return FailedPrecondition(std::string(Message(why)) +
                            "; another process may own the database now, so nothing more is "
                            "changed in it: close it, find out what removed the file, and open it "
                            "again");
}

}  // namespace

absl::StatusOr<std::unique_ptr<OwnerLock>> OwnerLock::Take(FileSystem* fs,
                                                           const std::string& directory) {
  const std::string path = JoinPath(directory, kLockFileName);
  std::unique_ptr<OwnerLock> owner(new OwnerLock(fs, directory));
  absl::StatusOr<std::unique_ptr<FileLock>> itself =
      fs->LockDirectory(directory, LockMode::kExclusive);
  if (!absl::IsUnimplemented(itself.status())) {
    VERALITH_RETURN_IF_ERROR(Annotate(itself.status(), path));
    owner->directory_lock_ = *std::move(itself);
  }
  // After the directory: who is refused there never holds LOCK, which an owner may be taking again.
  MutexLock lock(owner->mutex_);
  VERALITH_ASSIGN_OR_RETURN(owner->file_, fs->Lock(path, LockMode::kExclusive));
  return owner;
}

absl::Status OwnerLock::Check() {
  MutexLock lock(mutex_);
  if (directory_lock_ != nullptr) {
    if (const absl::Status held = directory_lock_->CheckHeld(); !held.ok()) {
      return Lost(held);
    }
  }
  const absl::Status held = file_->CheckHeld();
  if (held.ok()) {
    return held;
  }
  return directory_lock_ != nullptr ? TakeAgain() : Lost(held);
}

// The directory was locked all the time, so only an older version can have come in, and it would
// hold the new LOCK. If CURRENT is gone, too, this was not a cleaner of lock files: everything is
// lost.
absl::Status OwnerLock::TakeAgain() {
  VERALITH_ASSIGN_OR_RETURN(const bool exists, fs_->Exists(JoinPath(directory_, kCurrentFileName)));
  if (!exists) {
    return Lost(FailedPrecondition(directory_ + ": its files were removed while it was open"));
  }
  absl::StatusOr<std::unique_ptr<FileLock>> again =
      fs_->Lock(JoinPath(directory_, kLockFileName), LockMode::kExclusive);
  if (!again.ok()) {
    return Lost(again.status());
  }
  file_ = *std::move(again);
  return absl::OkStatus();
}

}  // namespace veralith
