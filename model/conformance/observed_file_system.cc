#include "model/conformance/observed_file_system.h"

#include <utility>

#include "core/base/status.h"

namespace veralith::model {

absl::Status ObservedFileSystem::Shared::Alive() const {
  return dead.Load() ? Unavailable("the process is dead") : absl::OkStatus();
}

absl::Status ObservedFileSystem::Shared::Note(const std::string& path, absl::Status status) {
  const bool log = path.ends_with(".log") || path.find("MANIFEST") != std::string::npos;
  if (!status.ok() && log && path.starts_with(prefix)) {
    log_failures.FetchAdd(1);
  }
  return status;
}

class ObservedFile final : public File {
 public:
  ObservedFile(std::unique_ptr<File> file, std::shared_ptr<ObservedFileSystem::Shared> shared)
      : file_(std::move(file)), shared_(std::move(shared)) {}

  absl::Status Append(std::string_view data) override {
    VERALITH_RETURN_IF_ERROR(shared_->Alive());
    return shared_->Note(path(), file_->Append(data));
  }
  absl::Status WriteAt(uint64_t offset, std::string_view data) override {
    VERALITH_RETURN_IF_ERROR(shared_->Alive());
    return shared_->Note(path(), file_->WriteAt(offset, data));
  }
  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) const override {
    VERALITH_RETURN_IF_ERROR(shared_->Alive());
    return file_->ReadAt(offset, out);
  }
  absl::Status Preallocate(uint64_t size) override {
    VERALITH_RETURN_IF_ERROR(shared_->Alive());
    return file_->Preallocate(size);
  }
  absl::Status Truncate(uint64_t size) override {
    VERALITH_RETURN_IF_ERROR(shared_->Alive());
    return shared_->Note(path(), file_->Truncate(size));
  }
  absl::StatusOr<uint64_t> Size() const override {
    VERALITH_RETURN_IF_ERROR(shared_->Alive());
    return file_->Size();
  }
  absl::Status Sync() override {
    VERALITH_RETURN_IF_ERROR(shared_->Alive());
    return shared_->Note(path(), file_->Sync());
  }
  absl::Status Close() override {
    VERALITH_RETURN_IF_ERROR(shared_->Alive());
    return file_->Close();
  }
  const std::string& path() const override { return file_->path(); }

 private:
  const std::unique_ptr<File> file_;
  const std::shared_ptr<ObservedFileSystem::Shared> shared_;
};

absl::StatusOr<std::unique_ptr<File>> ObservedFileSystem::Open(const std::string& path,
                                                               OpenMode mode) {
  VERALITH_RETURN_IF_ERROR(shared_->Alive());
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> file, disk_->Open(path, mode));
  return std::unique_ptr<File>(std::make_unique<ObservedFile>(std::move(file), shared_));
}

absl::Status ObservedFileSystem::Rename(const std::string& from, const std::string& to) {
  VERALITH_RETURN_IF_ERROR(shared_->Alive());
  return disk_->Rename(from, to);
}

absl::Status ObservedFileSystem::Link(const std::string& from, const std::string& to) {
  VERALITH_RETURN_IF_ERROR(shared_->Alive());
  return disk_->Link(from, to);
}

absl::Status ObservedFileSystem::Remove(const std::string& path) {
  VERALITH_RETURN_IF_ERROR(shared_->Alive());
  return disk_->Remove(path);
}

absl::StatusOr<std::vector<std::string>> ObservedFileSystem::List(const std::string& directory) {
  VERALITH_RETURN_IF_ERROR(shared_->Alive());
  return disk_->List(directory);
}

absl::Status ObservedFileSystem::CreateDirectory(const std::string& path) {
  VERALITH_RETURN_IF_ERROR(shared_->Alive());
  return disk_->CreateDirectory(path);
}

absl::Status ObservedFileSystem::RemoveDirectory(const std::string& path) {
  VERALITH_RETURN_IF_ERROR(shared_->Alive());
  return disk_->RemoveDirectory(path);
}

absl::Status ObservedFileSystem::SyncDirectory(const std::string& path) {
  VERALITH_RETURN_IF_ERROR(shared_->Alive());
  return disk_->SyncDirectory(path);
}

absl::StatusOr<bool> ObservedFileSystem::Exists(const std::string& path) {
  VERALITH_RETURN_IF_ERROR(shared_->Alive());
  return disk_->Exists(path);
}

absl::StatusOr<std::unique_ptr<FileLock>> ObservedFileSystem::Lock(const std::string& path,
                                                                   LockMode mode) {
  VERALITH_RETURN_IF_ERROR(shared_->Alive());
  return disk_->Lock(path, mode);
}

absl::StatusOr<uint64_t> ObservedFileSystem::FreeBytes(const std::string& directory) {
  VERALITH_RETURN_IF_ERROR(shared_->Alive());
  return disk_->FreeBytes(directory);
}

}  // namespace veralith::model
