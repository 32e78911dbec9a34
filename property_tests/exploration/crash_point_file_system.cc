#include "property_tests/exploration/crash_point_file_system.h"

#include <span>
#include <string_view>

#include "core/base/status.h"

namespace veralith::model {

class CrashPointFile final : public File {
 public:
  CrashPointFile(CrashPointFileSystem* owner, std::unique_ptr<File> file)
      : owner_(owner), file_(std::move(file)) {}

  absl::Status Append(std::string_view data) override {
    return owner_->Change(path(), [&] { return file_->Append(data); });
  }
  absl::Status WriteAt(uint64_t offset, std::string_view data) override {
    return owner_->Change(path(), [&] { return file_->WriteAt(offset, data); });
  }
  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) const override {
    VERALITH_RETURN_IF_ERROR(owner_->Alive());
    if (!read_) {
      read_ = true;
      owner_->NoteRead(path());
    }
    return file_->ReadAt(offset, out);
  }
  absl::Status Preallocate(uint64_t size) override {
    VERALITH_RETURN_IF_ERROR(owner_->Alive());
    return file_->Preallocate(size);
  }
  absl::Status Truncate(uint64_t size) override {
    return owner_->Change(path(), [&] { return file_->Truncate(size); });
  }
  absl::StatusOr<uint64_t> Size() const override {
    VERALITH_RETURN_IF_ERROR(owner_->Alive());
    return file_->Size();
  }
  absl::Status Sync() override {
    return owner_->Sync([&] { return file_->Sync(); });
  }
  absl::Status Close() override {
    VERALITH_RETURN_IF_ERROR(owner_->Alive());
    return file_->Close();
  }
  const std::string& path() const override { return file_->path(); }

 private:
  CrashPointFileSystem* const owner_;
  const std::unique_ptr<File> file_;
  mutable bool read_ = false;
};

absl::Status CrashPointFileSystem::Alive() const {
  return dead_ ? Unavailable("the process is dead") : absl::OkStatus();
}

void CrashPointFileSystem::NoteRead(const std::string& path) {
  if (!made_.contains(path)) {
    read_.insert(path);
  }
}

absl::Status CrashPointFileSystem::Change(const std::string& path,
                                          const std::function<absl::Status()>& call) {
  VERALITH_RETURN_IF_ERROR(Alive());
  const absl::Status status = call();
  manifest_changes_ += path.find("MANIFEST") != std::string::npos ? 1 : 0;
  Point();
  return status;
}

absl::Status CrashPointFileSystem::Sync(const std::function<absl::Status()>& call) {
  VERALITH_RETURN_IF_ERROR(Alive());
  Point();
  return call();
}

absl::StatusOr<std::unique_ptr<File>> CrashPointFileSystem::Open(const std::string& path,
                                                                 OpenMode mode) {
  VERALITH_RETURN_IF_ERROR(Alive());
  absl::StatusOr<std::unique_ptr<File>> file = disk_->Open(path, mode);
  if (mode == OpenMode::kCreate) {
    made_.insert(path);
    Point();
  }
  VERALITH_RETURN_IF_ERROR(file.status());
  return std::make_unique<CrashPointFile>(this, *std::move(file));
}

absl::Status CrashPointFileSystem::Rename(const std::string& from, const std::string& to) {
  return Change(from, [&] { return disk_->Rename(from, to); });
}

absl::Status CrashPointFileSystem::Link(const std::string& from, const std::string& to) {
  return Change(to, [&] { return disk_->Link(from, to); });
}

absl::Status CrashPointFileSystem::Remove(const std::string& path) {
  return Change(path, [&] { return disk_->Remove(path); });
}

absl::StatusOr<std::vector<std::string>> CrashPointFileSystem::List(const std::string& directory) {
  VERALITH_RETURN_IF_ERROR(Alive());
  return disk_->List(directory);
}

absl::Status CrashPointFileSystem::CreateDirectory(const std::string& path) {
  return Change(path, [&] { return disk_->CreateDirectory(path); });
}

absl::Status CrashPointFileSystem::RemoveDirectory(const std::string& path) {
  return Change(path, [&] { return disk_->RemoveDirectory(path); });
}

absl::Status CrashPointFileSystem::SyncDirectory(const std::string& path) {
  return Sync([&] { return disk_->SyncDirectory(path); });
}

absl::StatusOr<bool> CrashPointFileSystem::Exists(const std::string& path) {
  VERALITH_RETURN_IF_ERROR(Alive());
  return disk_->Exists(path);
}

absl::StatusOr<std::unique_ptr<FileLock>> CrashPointFileSystem::Lock(const std::string& path,
                                                                     LockMode mode) {
  VERALITH_RETURN_IF_ERROR(Alive());
  absl::StatusOr<std::unique_ptr<FileLock>> lock = disk_->Lock(path, mode);
  Point();
  return lock;
}

absl::StatusOr<uint64_t> CrashPointFileSystem::FreeBytes(const std::string& directory) {
  VERALITH_RETURN_IF_ERROR(Alive());
  return disk_->FreeBytes(directory);
}

}  // namespace veralith::model
