// SPDX-License-Identifier: Apache-2.0

#include "core/fs/yielding_file_system.h"

#include "core/base/status.h"
#include "core/fs/errno_status.h"

namespace veralith {
namespace {

constexpr int kMostAttempts = 3;

const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& answer) {
  return answer.status();
}

}  // namespace

template <typename Ask>
auto YieldingFileSystem::Yielding(const Ask& ask) -> decltype(ask()) {
  auto answer = ask();
  for (int i = 0;
       i < kMostAttempts && IsOutOfDescriptors(StatusOf(answer)) && files_->MakeRoom() > 0; ++i) {
    answer = ask();
  }
  return answer;
}

absl::StatusOr<std::unique_ptr<File>> YieldingFileSystem::Open(const std::string& path,
                                                               OpenMode mode) {
  return Yielding([&] { return base_->Open(path, mode); });
}

absl::Status YieldingFileSystem::Rename(const std::string& from, const std::string& to) {
  return base_->Rename(from, to);
}

absl::Status YieldingFileSystem::Link(const std::string& from, const std::string& to) {
  return base_->Link(from, to);
}

absl::Status YieldingFileSystem::Remove(const std::string& path) { return base_->Remove(path); }

absl::StatusOr<std::vector<std::string>> YieldingFileSystem::List(const std::string& directory) {
  return Yielding([&] { return base_->List(directory); });
}

absl::Status YieldingFileSystem::CreateDirectory(const std::string& path) {
  return base_->CreateDirectory(path);
}

absl::Status YieldingFileSystem::RemoveDirectory(const std::string& path) {
  return base_->RemoveDirectory(path);
}

absl::Status YieldingFileSystem::SyncDirectory(const std::string& path) {
  return Yielding([&] { return base_->SyncDirectory(path); });
}

absl::StatusOr<bool> YieldingFileSystem::Exists(const std::string& path) {
  return base_->Exists(path);
}

absl::StatusOr<std::unique_ptr<FileLock>> YieldingFileSystem::Lock(const std::string& path,
                                                                   LockMode mode) {
  return Yielding([&] { return base_->Lock(path, mode); });
}

absl::StatusOr<uint64_t> YieldingFileSystem::FreeBytes(const std::string& directory) {
  return base_->FreeBytes(directory);
}

absl::StatusOr<std::unique_ptr<FileLock>> YieldingFileSystem::LockDirectory(
    const std::string& directory, LockMode mode) {
  return Yielding([&] { return base_->LockDirectory(directory, mode); });
}

absl::StatusOr<std::unique_ptr<FileSystem>> YieldingFileSystem::Pin(const std::string& directory) {
  return Yielding([&] { return base_->Pin(directory); });
}

absl::StatusOr<std::string> YieldingFileSystem::Absolute(const std::string& path) {
  return base_->Absolute(path);
}

std::optional<uint64_t> YieldingFileSystem::MaxOpenFiles() const { return base_->MaxOpenFiles(); }

}  // namespace veralith
