// SPDX-License-Identifier: Apache-2.0

#include "core/fs/testing/intercepted_file_system.h"

#include <utility>

#include "core/base/status.h"

namespace veralith {
namespace {

const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& answer) {
  return answer.status();
}

}  // namespace

template <typename Ask>
auto InterceptedFileSystem::Intercept(const Call& call, const Ask& ask) -> decltype(ask()) {
  VERALITH_RETURN_IF_ERROR(Before(call));
  auto answer = ask();
  After(call, StatusOf(answer));
  return answer;
}

class InterceptedFile final : public File {
 public:
  InterceptedFile(InterceptedFileSystem* owner, std::unique_ptr<File> base,
                  std::shared_ptr<void> kept)
      : owner_(owner), base_(std::move(base)), kept_(std::move(kept)) {}

  absl::Status Append(std::string_view data) override {
    return owner_->Intercept(
        {.kind = FsCall::kAppend, .path = path(), .data = data, .file = &kept_},
        [&] { return base_->Append(data); });
  }
  absl::Status WriteAt(uint64_t offset, std::string_view data) override {
    return owner_->Intercept(
        {.kind = FsCall::kWrite, .path = path(), .offset = offset, .data = data, .file = &kept_},
        [&] { return base_->WriteAt(offset, data); });
  }
  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) const override {
    return owner_->Intercept(
        {.kind = FsCall::kRead, .path = path(), .offset = offset, .file = &kept_},
        [&] { return base_->ReadAt(offset, out); });
  }
  absl::Status Preallocate(uint64_t size) override {
    return owner_->Intercept(
        {.kind = FsCall::kPreallocate, .path = path(), .offset = size, .file = &kept_},
        [&] { return base_->Preallocate(size); });
  }
  absl::Status Truncate(uint64_t size) override {
    return owner_->Intercept(
        {.kind = FsCall::kTruncate, .path = path(), .offset = size, .file = &kept_},
        [&] { return base_->Truncate(size); });
  }
  absl::StatusOr<uint64_t> Size() const override {
    return owner_->Intercept({.kind = FsCall::kSize, .path = path(), .file = &kept_},
                             [&] { return base_->Size(); });
  }
  absl::Status Sync() override {
    return owner_->Intercept({.kind = FsCall::kSync, .path = path(), .file = &kept_},
                             [&] { return base_->Sync(); });
  }
  absl::Status Close() override {
    return owner_->Intercept({.kind = FsCall::kClose, .path = path(), .file = &kept_},
                             [&] { return base_->Close(); });
  }
  const std::string& path() const override { return base_->path(); }
  FileIdentity identity() const override { return base_->identity(); }
  absl::Status MapAppends() override {
    return owner_->Intercept(
        {.kind = FsCall::kPreallocate, .path = path(), .offset = 0, .file = &kept_},
        [&] { return base_->MapAppends(); });
  }

 private:
  InterceptedFileSystem* const owner_;
  const std::unique_ptr<File> base_;
  mutable std::shared_ptr<void> kept_;
};

// The calls on a base, or on a view of it.
class InterceptedCalls final : public FileSystem {
 public:
  InterceptedCalls(InterceptedFileSystem* owner, FileSystem* base) : owner_(owner), base_(base) {}
  InterceptedCalls(InterceptedFileSystem* owner, std::unique_ptr<FileSystem> view)
      : owner_(owner), view_(std::move(view)), base_(view_.get()) {}

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
  absl::StatusOr<std::unique_ptr<FileLock>> LockDirectory(const std::string& directory,
                                                          LockMode mode) override {
    return base_->LockDirectory(directory, mode);
  }
  absl::StatusOr<std::unique_ptr<FileSystem>> Pin(const std::string& directory) override {
    VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<FileSystem> view, base_->Pin(directory));
    return std::make_unique<InterceptedCalls>(owner_, std::move(view));
  }
  absl::StatusOr<std::string> Absolute(const std::string& path) override {
    return base_->Absolute(path);
  }
  std::optional<uint64_t> MaxOpenFiles() const override { return base_->MaxOpenFiles(); }

 private:
  InterceptedFileSystem* const owner_;
  const std::unique_ptr<FileSystem> view_;
  FileSystem* const base_;
};

absl::StatusOr<std::unique_ptr<File>> InterceptedCalls::Open(const std::string& path,
                                                             OpenMode mode) {
  std::shared_ptr<void> kept;
  const InterceptedFileSystem::Call call{
      .kind = mode == OpenMode::kCreate ? FsCall::kCreate : FsCall::kOpen,
      .path = path,
      .file = &kept};
  VERALITH_RETURN_IF_ERROR(owner_->Before(call));
  absl::StatusOr<std::unique_ptr<File>> file = base_->Open(path, mode);
  owner_->After(call, file.status());
  VERALITH_RETURN_IF_ERROR(file.status());
  return std::make_unique<InterceptedFile>(owner_, *std::move(file), std::move(kept));
}

absl::Status InterceptedCalls::Rename(const std::string& from, const std::string& to) {
  return owner_->Intercept({.kind = FsCall::kRename, .path = from, .to = &to},
                           [&] { return base_->Rename(from, to); });
}

absl::Status InterceptedCalls::Link(const std::string& from, const std::string& to) {
  return owner_->Intercept({.kind = FsCall::kLink, .path = from, .to = &to},
                           [&] { return base_->Link(from, to); });
}

absl::Status InterceptedCalls::Remove(const std::string& path) {
  return owner_->Intercept({.kind = FsCall::kRemove, .path = path},
                           [&] { return base_->Remove(path); });
}

absl::StatusOr<std::vector<std::string>> InterceptedCalls::List(const std::string& directory) {
  return owner_->Intercept({.kind = FsCall::kList, .path = directory},
                           [&] { return base_->List(directory); });
}

absl::Status InterceptedCalls::CreateDirectory(const std::string& path) {
  return owner_->Intercept({.kind = FsCall::kCreateDirectory, .path = path},
                           [&] { return base_->CreateDirectory(path); });
}

absl::Status InterceptedCalls::RemoveDirectory(const std::string& path) {
  return owner_->Intercept({.kind = FsCall::kRemoveDirectory, .path = path},
                           [&] { return base_->RemoveDirectory(path); });
}

absl::Status InterceptedCalls::SyncDirectory(const std::string& path) {
  return owner_->Intercept({.kind = FsCall::kSyncDirectory, .path = path},
                           [&] { return base_->SyncDirectory(path); });
}

absl::StatusOr<bool> InterceptedCalls::Exists(const std::string& path) {
  return owner_->Intercept({.kind = FsCall::kExists, .path = path},
                           [&] { return base_->Exists(path); });
}

absl::StatusOr<std::unique_ptr<FileLock>> InterceptedCalls::Lock(const std::string& path,
                                                                 LockMode mode) {
  return owner_->Intercept({.kind = FsCall::kLock, .path = path, .lock = mode},
                           [&] { return base_->Lock(path, mode); });
}

absl::StatusOr<uint64_t> InterceptedCalls::FreeBytes(const std::string& directory) {
  return owner_->Intercept({.kind = FsCall::kFreeBytes, .path = directory},
                           [&] { return base_->FreeBytes(directory); });
}

// --- The file system itself ----------------------------------------------------------------------

InterceptedFileSystem::InterceptedFileSystem(FileSystem* base)
    : base_(base), calls_(std::make_unique<InterceptedCalls>(this, base)) {}
InterceptedFileSystem::~InterceptedFileSystem() = default;

absl::StatusOr<std::unique_ptr<File>> InterceptedFileSystem::Open(const std::string& path,
                                                                  OpenMode mode) {
  return calls_->Open(path, mode);
}
absl::Status InterceptedFileSystem::Rename(const std::string& from, const std::string& to) {
  return calls_->Rename(from, to);
}
absl::Status InterceptedFileSystem::Link(const std::string& from, const std::string& to) {
  return calls_->Link(from, to);
}
absl::Status InterceptedFileSystem::Remove(const std::string& path) { return calls_->Remove(path); }
absl::StatusOr<std::vector<std::string>> InterceptedFileSystem::List(const std::string& directory) {
  return calls_->List(directory);
}
absl::Status InterceptedFileSystem::CreateDirectory(const std::string& path) {
  return calls_->CreateDirectory(path);
}
absl::Status InterceptedFileSystem::RemoveDirectory(const std::string& path) {
  return calls_->RemoveDirectory(path);
}
absl::Status InterceptedFileSystem::SyncDirectory(const std::string& path) {
  return calls_->SyncDirectory(path);
}
absl::StatusOr<bool> InterceptedFileSystem::Exists(const std::string& path) {
  return calls_->Exists(path);
}
absl::StatusOr<std::unique_ptr<FileLock>> InterceptedFileSystem::Lock(const std::string& path,
                                                                      LockMode mode) {
  return calls_->Lock(path, mode);
}
absl::StatusOr<uint64_t> InterceptedFileSystem::FreeBytes(const std::string& directory) {
  return calls_->FreeBytes(directory);
}
absl::StatusOr<std::unique_ptr<FileLock>> InterceptedFileSystem::LockDirectory(
    const std::string& directory, LockMode mode) {
  return calls_->LockDirectory(directory, mode);
}
absl::StatusOr<std::unique_ptr<FileSystem>> InterceptedFileSystem::Pin(
    const std::string& directory) {
  return calls_->Pin(directory);
}
absl::StatusOr<std::string> InterceptedFileSystem::Absolute(const std::string& path) {
  return calls_->Absolute(path);
}

}  // namespace veralith
