// SPDX-License-Identifier: Apache-2.0

#include "veralith/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <memory>
#include <utility>

#include "core/base/fork.h"
#include "core/base/status.h"
#include "core/base/sync.h"
#include "core/fs/append_window.h"
#include "core/fs/errno_status.h"
#include "core/fs/file_helpers.h"

namespace veralith {
namespace {

constexpr uint64_t kMaxOffset = std::numeric_limits<off_t>::max();
// Linux transfers at most 0x7ffff000 bytes per call; asking for less keeps the calls simple.
constexpr size_t kMaxTransfer = size_t{1} << 30;
constexpr mode_t kFileMode = 0644;
constexpr mode_t kDirectoryMode = 0755;

// Repeats a call that returns -1 and EINTR.
template <typename Call>
auto Uninterrupted(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) {
    result = call();
  }
  return result;
}

// The calls below differ between systems. Each returns -1 and sets errno if it fails.

// Reserves space without a change of the size. Where there is no such call, it does nothing.
int Reserve([[maybe_unused]] int fd, [[maybe_unused]] uint64_t size) {
#if defined(__linux__)
  return fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size));
#else
  return 0;
#endif
}

// Makes what was written durable. Apple's fsync leaves it in the drive's cache; F_FULLFSYNC does
// not, but some of its file systems refuse it.
int SyncAll(int fd) {
#if defined(F_FULLFSYNC)
  if (fcntl(fd, F_FULLFSYNC) == 0) {
    return 0;
  }
  if (errno != ENOTSUP && errno != EINVAL && errno != ENOTTY) {
    return -1;
  }
#endif
  return fsync(fd);
}

// The same without what is not needed to read the data again, such as times.
int SyncData(int fd) {
#if defined(__APPLE__)
  return SyncAll(fd);
#else
  return fdatasync(fd);
#endif
}

const timespec& ModifiedAt(const struct stat& info) {
#if defined(__APPLE__)
  return info.st_mtimespec;
#else
  return info.st_mtim;
#endif
}

// Where a path leads: a name, to be looked up from a directory's descriptor.
struct Place {
  int directory;
  const char* name;  // a part of the path
};

// Never waits for another process, as opening a pipe without its other end would. Never returns 0,
// 1 or 2, even if the program's standard streams are closed: otherwise what anybody prints would be
// written into the file.
int OpenDescriptor(const Place& place, int flags) {
  const int fd = Uninterrupted([&] {
    return openat(place.directory, place.name, flags | O_CLOEXEC | O_NONBLOCK, kFileMode);
  });
  if (fd < 0 || fd > STDERR_FILENO) {
    return fd;
  }
  const int above = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int error = errno;
  close(fd);
  errno = error;
  return above;
}

// Owns a descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) {
      close(fd_);
    }
  }
  int get() const { return fd_; }
  // Returns -1 and sets errno if the file system reports an error late. Linux frees the descriptor
  // even when close is interrupted, so EINTR is no error, and the call is never repeated.
  int Close() {
    const int result = close(std::exchange(fd_, -1));
    return result == -1 && errno == EINTR ? 0 : result;
  }

 private:
  int fd_;
};

class PosixFile final : public File {
 public:
  PosixFile(std::string path, Descriptor fd, bool writable, const FileIdentity& identity)
      : path_(std::move(path)),
        fd_(std::move(fd)),
        writable_(writable),
        identity_(identity),
        size_(identity.bytes) {}
  ~PosixFile() override { EndMapping(); }

  absl::Status Append(std::string_view data) override {
    VERALITH_RETURN_IF_ERROR(CheckWritable("append"));
    if (window_ != nullptr && data.size() <= kMaxOffset - size_) {
      const size_t copied = window_->Append(size_, data);
      SetSize(size_ + copied);
      data.remove_prefix(copied);
    }
    return data.empty() ? absl::OkStatus() : Write("append", size_, data);
  }

  absl::Status WriteAt(uint64_t offset, std::string_view data) override {
    VERALITH_RETURN_IF_ERROR(CheckWritable("write"));
    return Write("write", offset, data);
  }

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) const override {
    VERALITH_RETURN_IF_ERROR(CheckOpen("read"));
    const uint64_t shown = shown_.Load();
    out = out.first(std::min<uint64_t>(out.size(), shown - std::min(shown, offset)));
    size_t done = 0;
    while (done < out.size() && offset + done <= kMaxOffset && offset + done >= offset) {
      const size_t want = std::min(out.size() - done, kMaxTransfer);
      const ssize_t got = Uninterrupted([&] {
        return pread(fd_.get(), out.data() + done, want, static_cast<off_t>(offset + done));
      });
      if (got < 0) {
        return ErrnoStatus(path_, "read", errno);
      }
      if (got == 0) {
        break;  // the end of the file
      }
      done += static_cast<size_t>(got);
    }
    return done;
  }

  absl::Status Preallocate(uint64_t size) override {
    VERALITH_RETURN_IF_ERROR(CheckWritable("preallocate"));
    if (size == 0) {
      return absl::OkStatus();
    }
    if (size > kMaxOffset) {
      return ErrnoStatus(path_, "preallocate", EFBIG);
    }
    const int result = Uninterrupted([&] { return Reserve(fd_.get(), size); });
    if (result != 0 && errno != EOPNOTSUPP && errno != ENOSYS) {
      return ErrnoStatus(path_, "preallocate", errno);
    }
    return absl::OkStatus();
  }

  absl::Status Truncate(uint64_t size) override {
    VERALITH_RETURN_IF_ERROR(CheckWritable("truncate"));
    if (size > kMaxOffset) {
      return ErrnoStatus(path_, "truncate", EFBIG);
    }
    full_sync_ = true;
    EndMapping();
    if (Uninterrupted([&] { return ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0) {
      return ErrnoStatus(path_, "truncate", errno);
    }
    size_ = size;
    return absl::OkStatus();
  }

  absl::StatusOr<uint64_t> Size() const override {
    VERALITH_RETURN_IF_ERROR(CheckOpen("size"));
    if (const uint64_t shown = shown_.Load(); shown != kNotMapped) {
      return shown;
    }
    struct stat info;
    if (fstat(fd_.get(), &info) != 0) {
      return ErrnoStatus(path_, "size", errno);
    }
    return static_cast<uint64_t>(info.st_size);
  }

  absl::Status Sync() override {
    VERALITH_RETURN_IF_ERROR(CheckOpen("sync"));
    // fdatasync makes a grown size durable, because without the size the data could not be read.
    // That it does the same for a cut is only custom, so after Truncate this is fsync.
    const int result =
        Uninterrupted([&] { return full_sync_ ? SyncAll(fd_.get()) : SyncData(fd_.get()); });
    if (result != 0) {
      return ErrnoStatus(path_, "sync", errno);
    }
    full_sync_ = false;
    return absl::OkStatus();
  }

  absl::Status Close() override {
    VERALITH_RETURN_IF_ERROR(CheckOpen("close"));
    EndMapping();
    if (fd_.Close() != 0) {
      return ErrnoStatus(path_, "close", errno);
    }
    return absl::OkStatus();
  }

  const std::string& path() const override { return path_; }
  FileIdentity identity() const override { return identity_; }

  absl::Status MapAppends() override {
    VERALITH_RETURN_IF_ERROR(CheckWritable("preallocate"));
    if (window_ != nullptr) {
      return absl::OkStatus();
    }
    auto window = std::make_unique<AppendWindow>(fd_.get());
    if (!window->CanMap()) {
      const int error = errno;
      return error == EOPNOTSUPP || error == ENOSYS
                 ? Unimplemented(path_ + ": preallocate: " + ErrnoText(error))
                 : ErrnoStatus(path_, "preallocate", error);
    }
    window_ = std::move(window);
    shown_.Store(size_);
    return absl::OkStatus();
  }

 private:
  static constexpr uint64_t kNotMapped = UINT64_MAX;
  static_assert(AppendWindow::kWindowBytes <= kMappedAheadBytes);

  // Sets where Append goes.
  void SetSize(uint64_t size) {
    size_ = size;
    if (window_ != nullptr) {
      shown_.Store(size);
    }
  }

  // Cuts what the mapping made ahead. A forked child leaves the file to its parent.
  void EndMapping() {
    if (window_ == nullptr) {
      return;
    }
    window_.reset();
    if (!IsForkedSince(opened_in_)) {
      // If it cannot be cut, zeros stay, which the contract allows.
      (void)Uninterrupted([&] { return ftruncate(fd_.get(), static_cast<off_t>(size_)); });
    }
    shown_.Store(kNotMapped);
  }

  absl::Status CheckOpen(const char* call) const {
    if (fd_.get() < 0) [[unlikely]] {
      return FailedPrecondition(path_ + ": " + call + ": the file is closed");
    }
    return absl::OkStatus();
  }

  absl::Status CheckWritable(const char* call) const {
    VERALITH_RETURN_IF_ERROR(CheckOpen(call));
    if (!writable_) [[unlikely]] {
      return FailedPrecondition(path_ + ": " + call + ": the file is open for reading only");
    }
    if (IsForkedSince(opened_in_)) [[unlikely]] {
      return FailedPrecondition(
          path_ + ": " + call +
          ": the file was opened by the process that this one was forked from; "
          "open it in this one");
    }
    return absl::OkStatus();
  }

  absl::Status Write(const char* call, uint64_t offset, std::string_view data) {
    if (offset > kMaxOffset || data.size() > kMaxOffset - offset) {
      return ErrnoStatus(path_, call, EFBIG);
    }
    uint64_t at = offset;
    while (!data.empty()) {
      const size_t want = std::min(data.size(), kMaxTransfer);
      const ssize_t put = Uninterrupted(
          [&] { return pwrite(fd_.get(), data.data(), want, static_cast<off_t>(at)); });
      if (put <= 0) {
        const int error = put == 0 ? EIO : errno;  // no progress, no reason: never wait for more
        SetSize(std::max(size_, at));
        return ErrnoStatus(path_, call, error);
      }
      at += static_cast<uint64_t>(put);
      data.remove_prefix(static_cast<size_t>(put));
      SetSize(std::max(size_, at));
    }
    return absl::OkStatus();
  }

  const std::string path_;
  Descriptor fd_;
  const bool writable_;
  const FileIdentity identity_;
  const uint64_t opened_in_ = ForkGeneration();  // a child shares the file with its parent
  // Used by the one thread that writes.
  uint64_t size_;           // where Append goes
  bool full_sync_ = false;  // Truncate was called since the last successful Sync
  std::unique_ptr<AppendWindow> window_;  // none: Append writes
  // What readers see of a file whose appends are mapped; kNotMapped: the file's size tells.
  Atomic<uint64_t> shown_{kNotMapped};
};

// A path that stands for the directory that it named when it was pinned.
struct PinnedDirectory {
  std::string path;
  Descriptor fd;
};

// `pin` may be null.
Place PlaceOf(const std::string& path, const PinnedDirectory* pin) {
  if (pin == nullptr || !path.starts_with(pin->path)) {
    return {AT_FDCWD, path.c_str()};
  }
  const char* rest = path.c_str() + pin->path.size();
  if (*rest != '\0' && *rest != '/' && !pin->path.ends_with('/')) {
    return {AT_FDCWD, path.c_str()};  // "db2" is not in "db"
  }
  while (*rest == '/') {
    ++rest;
  }
  return {pin->fd.get(), *rest == '\0' ? "." : rest};
}

// Whether the place still names the file that `fd` has open.
bool IsStill(const Place& place, int fd) {
  struct stat named;
  struct stat opened;
  return fstatat(place.directory, place.name, &named, 0) == 0 && fstat(fd, &opened) == 0 &&
         named.st_dev == opened.st_dev && named.st_ino == opened.st_ino && opened.st_nlink > 0;
}

class PosixLock final : public FileLock {
 public:
  PosixLock(std::string path, std::shared_ptr<const PinnedDirectory> pin, Descriptor fd)
      : path_(std::move(path)), pin_(std::move(pin)), fd_(std::move(fd)), owner_(getpid()) {}

  // Unlocks explicitly: a forked child has the descriptor, too, and closing ours would leave the
  // lock to the child.
  ~PosixLock() override {
    if (getpid() == owner_) {
      Uninterrupted([&] { return flock(fd_.get(), LOCK_UN); });
    }
  }

  absl::Status CheckHeld() const override {
    return IsStill(PlaceOf(path_, pin_.get()), fd_.get())
               ? absl::OkStatus()
               : FailedPrecondition(path_ + ": lock: removed or replaced while it was held");
  }

 private:
  const std::string path_;
  const std::shared_ptr<const PinnedDirectory> pin_;
  Descriptor fd_;
  const pid_t owner_;
};

// Also true if nobody holds the lock any more. Leaves it free.
bool OnlyReadersHold(int fd) {
  const bool shared = Uninterrupted([&] { return flock(fd, LOCK_SH | LOCK_NB); }) == 0;
  return shared && Uninterrupted([&] { return flock(fd, LOCK_UN); }) == 0;
}

// Returns 0, or errno.
int TakeLock(int fd, LockMode mode) {
  constexpr int kMostMillis = 100;
  const bool exclusive = mode == LockMode::kExclusive;
  const int operation = (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB;
  for (int waited = 0;; ++waited) {
    if (Uninterrupted([&] { return flock(fd, operation); }) == 0) {
      return 0;
    }
    const int error = errno;
    if (error != EWOULDBLOCK || !exclusive || waited == kMostMillis || !OnlyReadersHold(fd)) {
      return error;
    }
    poll(nullptr, 0, 1);
  }
}

absl::Status LockError(const std::string& path, int error) {
  return error == EWOULDBLOCK
             ? FailedPrecondition(path + ": lock: held by another process, or by this one already: "
                                         "close it there first")
             : ErrnoStatus(path, "lock", error);
}

FileIdentity IdentityOf(const struct stat& info) {
  const timespec& modified = ModifiedAt(info);
  return {static_cast<uint64_t>(info.st_dev), static_cast<uint64_t>(info.st_ino),
          int64_t{modified.tv_sec} * 1'000'000'000 + modified.tv_nsec,
          static_cast<uint64_t>(info.st_size)};
}

int OpenFlags(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY;
    case OpenMode::kReadWrite:
      return O_RDWR;
    case OpenMode::kCreate:
      return O_RDWR | O_CREAT | O_EXCL;
  }
  return O_RDONLY;
}

class PosixFileSystemImpl final : public FileSystem {
 public:
  explicit PosixFileSystemImpl(std::shared_ptr<const PinnedDirectory> pin = nullptr)
      : pin_(std::move(pin)) {}

  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override {
    Descriptor fd(OpenDescriptor(At(path), OpenFlags(mode)));
    if (fd.get() < 0) {
      return ErrnoStatus(path, "open", errno);
    }
    struct stat info;
    if (fstat(fd.get(), &info) != 0) {
      return ErrnoStatus(path, "open", errno);
    }
    if (S_ISDIR(info.st_mode)) {
      return ErrnoStatus(path, "open", EISDIR);
    }
    if (S_ISFIFO(info.st_mode)) {
      return FailedPrecondition(path + ": open: it is a pipe (FIFO), and a file is needed");
    }
    return std::make_unique<PosixFile>(path, std::move(fd), mode != OpenMode::kRead,
                                       IdentityOf(info));
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    const Place source = At(from);
    const Place target = At(to);
    return Check(renameat(source.directory, source.name, target.directory, target.name),
                 from + " to " + to, "rename");
  }

  absl::Status Link(const std::string& from, const std::string& to) override {
    const Place source = At(from);
    const Place target = At(to);
    if (linkat(source.directory, source.name, target.directory, target.name, 0) == 0) {
      return absl::OkStatus();
    }
    const int error = errno;
    if (CannotLink(source, error)) {
      return Unimplemented(from + " to " + to + ": link: " + ErrnoText(error));
    }
    return ErrnoStatus(from + " to " + to, "link", error);
  }

  absl::Status Remove(const std::string& path) override {
    const Place place = At(path);
    return Check(unlinkat(place.directory, place.name, 0), path, "remove");
  }

  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override {
    const int fd = OpenDescriptor(At(directory), O_RDONLY | O_DIRECTORY);
    DIR* stream = fd < 0 ? nullptr : fdopendir(fd);
    if (stream == nullptr) {
      const Descriptor unused(fd);
      return ErrnoStatus(directory, "list", errno);
    }
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = readdir(stream)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") {
        names.emplace_back(name);
      }
      errno = 0;
    }
    const int error = errno;
    closedir(stream);
    if (error != 0) {
      return ErrnoStatus(directory, "list", error);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  absl::Status CreateDirectory(const std::string& path) override {
    const Place place = At(path);
    if (mkdirat(place.directory, place.name, kDirectoryMode) == 0) {
      return absl::OkStatus();
    }
    const int error = errno;
    struct stat info;
    if (error == EEXIST && fstatat(place.directory, place.name, &info, 0) == 0 &&
        S_ISDIR(info.st_mode)) {
      return absl::OkStatus();
    }
    return ErrnoStatus(path, "create directory", error);
  }

  absl::Status RemoveDirectory(const std::string& path) override {
    const Place place = At(path);
    return Check(unlinkat(place.directory, place.name, AT_REMOVEDIR), path, "remove directory");
  }

  absl::Status SyncDirectory(const std::string& path) override {
    const Descriptor fd(OpenDescriptor(At(path), O_RDONLY | O_DIRECTORY));
    if (fd.get() < 0) {
      return ErrnoStatus(path, "sync directory", errno);
    }
    return Check(Uninterrupted([&] { return SyncAll(fd.get()); }), path, "sync directory");
  }

  absl::StatusOr<bool> Exists(const std::string& path) override {
    const Place place = At(path);
    struct stat info;
    if (fstatat(place.directory, place.name, &info, 0) == 0) {
      return true;
    }
    if (errno == ENOENT) {
      return false;
    }
    return ErrnoStatus(path, "exists", errno);
  }

  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path, LockMode mode) override {
    const int flags = mode == LockMode::kExclusive ? O_RDWR | O_CREAT : O_RDONLY;
    // The file may be removed and made again between opening and locking it; a lock on the removed
    // one would exclude nobody.
    for (int attempt = 0; attempt < 100; ++attempt) {
      Descriptor fd(OpenDescriptor(At(path), flags));
      if (fd.get() < 0) {
        return ErrnoStatus(path, "lock", errno);
      }
      if (const int error = TakeLock(fd.get(), mode); error != 0) {
        return LockError(path, error);
      }
      if (IsStill(At(path), fd.get())) {
        return std::make_unique<PosixLock>(path, pin_, std::move(fd));
      }
    }
    return Unavailable(path + ": lock: the file keeps being replaced");
  }

  absl::StatusOr<std::unique_ptr<FileLock>> LockDirectory(const std::string& directory,
                                                          LockMode mode) override {
    Descriptor fd(OpenDescriptor(At(directory), O_RDONLY | O_DIRECTORY));
    if (fd.get() < 0) {
      return ErrnoStatus(directory, "lock", errno);
    }
    const int error = TakeLock(fd.get(), mode);
    if (error == EBADF || error == EINVAL || error == ENOLCK || error == EOPNOTSUPP ||
        error == ENOSYS) {
      return Unimplemented(directory + ": lock: " + ErrnoText(error));
    }
    if (error != 0) {
      return LockError(directory, error);
    }
    return std::make_unique<PosixLock>(directory, pin_, std::move(fd));
  }

  absl::StatusOr<std::unique_ptr<FileSystem>> Pin(const std::string& directory) override {
    std::string path = directory;
    while (path.size() > 1 && path.back() == '/') {
      path.pop_back();
    }
    Descriptor fd(OpenDescriptor(At(path), O_RDONLY | O_DIRECTORY));
    if (fd.get() < 0) {
      return ErrnoStatus(directory, "open directory", errno);
    }
    return std::make_unique<PosixFileSystemImpl>(
        std::make_shared<const PinnedDirectory>(PinnedDirectory{std::move(path), std::move(fd)}));
  }

  absl::StatusOr<std::string> Absolute(const std::string& path) override {
    if (path.starts_with('/')) {
      return path;
    }
    char* const directory = getcwd(nullptr, 0);  // allocates
    if (directory == nullptr) {
      return ErrnoStatus(path, "working directory", errno);
    }
    std::string absolute = JoinPath(directory, path);
    std::free(directory);
    return absolute;
  }

  absl::StatusOr<uint64_t> FreeBytes(const std::string& directory) override {
    struct statvfs info;
    const Place place = At(directory);
    const auto ask = [&] {
      return place.directory == AT_FDCWD ? statvfs(place.name, &info)
                                         : fstatvfs(place.directory, &info);
    };
    if (Uninterrupted(ask) != 0) {
      return ErrnoStatus(directory, "free bytes", errno);
    }
    return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
  }

  std::optional<uint64_t> MaxOpenFiles() const override {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
      return std::nullopt;
    }
    return static_cast<uint64_t>(limit.rlim_cur);
  }

 private:
  static absl::Status Check(int result, const std::string& path, const char* call) {
    return result == 0 ? absl::OkStatus() : ErrnoStatus(path, call, errno);
  }

  // True if a copy would work although the link failed: another device, a file system without links
  // (EPERM, says POSIX), or too many links to this file.
  static bool CannotLink(const Place& from, int error) {
    if (error == EPERM) {
      struct stat info;
      return fstatat(from.directory, from.name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
             S_ISREG(info.st_mode);
    }
    return error == EXDEV || error == EMLINK || error == EOPNOTSUPP || error == ENOSYS;
  }

  Place At(const std::string& path) const { return PlaceOf(path, pin_.get()); }

  const std::shared_ptr<const PinnedDirectory> pin_;  // null if this is no view
};

}  // namespace

FileSystem* PosixFileSystem() {
  static PosixFileSystemImpl* const file_system = new PosixFileSystemImpl;
  return file_system;
}

}  // namespace veralith
