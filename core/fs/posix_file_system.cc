#include "core/fs/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "core/base/status.h"
#include "core/fs/errno_status.h"

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

// Never waits for another process, as opening a pipe without its other end would.
// Never 0, 1 or 2, also where the program's standard streams are closed: whatever anybody prints would
// be written into the file.
int OpenDescriptor(const std::string& path, int flags) {
  const int fd = Uninterrupted(
      [&] { return open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK, kFileMode); });
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
  // -1 and errno when the file system reports an error late. Linux frees the descriptor even when
  // close is interrupted, so EINTR is no error, and the call is never repeated.
  int Close() {
    const int result = close(std::exchange(fd_, -1));
    return result == -1 && errno == EINTR ? 0 : result;
  }

 private:
  int fd_;
};

class PosixFile final : public File {
 public:
  PosixFile(std::string path, Descriptor fd, bool writable, uint64_t size)
      : path_(std::move(path)), fd_(std::move(fd)), writable_(writable), size_(size) {}

  absl::Status Append(std::string_view data) override {
    VERALITH_RETURN_IF_ERROR(CheckWritable("append"));
    return Write("append", size_, data);
  }

  absl::Status WriteAt(uint64_t offset, std::string_view data) override {
    VERALITH_RETURN_IF_ERROR(CheckWritable("write"));
    return Write("write", offset, data);
  }

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) const override {
    VERALITH_RETURN_IF_ERROR(CheckOpen("read"));
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
    const int result = Uninterrupted(
        [&] { return fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size)); });
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
    if (Uninterrupted([&] { return ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0) {
      return ErrnoStatus(path_, "truncate", errno);
    }
    size_ = size;
    return absl::OkStatus();
  }

  absl::StatusOr<uint64_t> Size() const override {
    VERALITH_RETURN_IF_ERROR(CheckOpen("size"));
    struct stat info;
    if (fstat(fd_.get(), &info) != 0) {
      return ErrnoStatus(path_, "size", errno);
    }
    return static_cast<uint64_t>(info.st_size);
  }

  absl::Status Sync() override {
    VERALITH_RETURN_IF_ERROR(CheckOpen("sync"));
    // fdatasync makes a grown size durable, for without it the data could not be read; that it
    // does the same for a cut is only custom, so after Truncate it is fsync.
    const int result = Uninterrupted(
        [&] { return full_sync_ ? fsync(fd_.get()) : fdatasync(fd_.get()); });
    if (result != 0) {
      return ErrnoStatus(path_, "sync", errno);
    }
    full_sync_ = false;
    return absl::OkStatus();
  }

  absl::Status Close() override {
    VERALITH_RETURN_IF_ERROR(CheckOpen("close"));
    if (fd_.Close() != 0) {
      return ErrnoStatus(path_, "close", errno);
    }
    return absl::OkStatus();
  }

  const std::string& path() const override { return path_; }

 private:
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
        size_ = std::max(size_, at);
        return ErrnoStatus(path_, call, error);
      }
      at += static_cast<uint64_t>(put);
      data.remove_prefix(static_cast<size_t>(put));
      size_ = std::max(size_, at);
    }
    return absl::OkStatus();
  }

  const std::string path_;
  Descriptor fd_;
  const bool writable_;
  // Of the one thread that writes.
  uint64_t size_;           // where Append goes
  bool full_sync_ = false;  // since the last successful Sync the size was set
};

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  Descriptor fd_;  // closing it releases the lock
};

// Whether `path` still names the file that `fd` has open.
bool IsStill(const std::string& path, int fd) {
  struct stat named;
  struct stat opened;
  return stat(path.c_str(), &named) == 0 && fstat(fd, &opened) == 0 &&
         named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
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
  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override {
    Descriptor fd(OpenDescriptor(path, OpenFlags(mode)));
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
                                       static_cast<uint64_t>(info.st_size));
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    return Check(rename(from.c_str(), to.c_str()), from + " to " + to, "rename");
  }

  absl::Status Link(const std::string& from, const std::string& to) override {
    if (link(from.c_str(), to.c_str()) == 0) {
      return absl::OkStatus();
    }
    const int error = errno;
    if (CannotLink(from, error)) {
      return Unimplemented(from + " to " + to + ": link: " + ErrnoText(error));
    }
    return ErrnoStatus(from + " to " + to, "link", error);
  }

  absl::Status Remove(const std::string& path) override {
    return Check(unlink(path.c_str()), path, "remove");
  }

  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override {
    DIR* stream = opendir(directory.c_str());  // close-on-exec
    if (stream == nullptr) {
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
    if (mkdir(path.c_str(), kDirectoryMode) == 0) {
      return absl::OkStatus();
    }
    const int error = errno;
    struct stat info;
    if (error == EEXIST && stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
      return absl::OkStatus();
    }
    return ErrnoStatus(path, "create directory", error);
  }

  absl::Status RemoveDirectory(const std::string& path) override {
    return Check(rmdir(path.c_str()), path, "remove directory");
  }

  absl::Status SyncDirectory(const std::string& path) override {
    const Descriptor fd(OpenDescriptor(path, O_RDONLY | O_DIRECTORY));
    if (fd.get() < 0) {
      return ErrnoStatus(path, "sync directory", errno);
    }
    return Check(Uninterrupted([&] { return fsync(fd.get()); }), path, "sync directory");
  }

  absl::StatusOr<bool> Exists(const std::string& path) override {
    struct stat info;
    if (stat(path.c_str(), &info) == 0) {
      return true;
    }
    if (errno == ENOENT) {
      return false;
    }
    return ErrnoStatus(path, "exists", errno);
  }

  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path, LockMode mode) override {
    const bool exclusive = mode == LockMode::kExclusive;
    // The file may be removed and made again between opening and locking it; a lock on the removed
    // one would exclude nobody.
    for (int attempt = 0; attempt < 100; ++attempt) {
      Descriptor fd(OpenDescriptor(path, exclusive ? O_RDWR | O_CREAT : O_RDONLY));
      if (fd.get() < 0) {
        return ErrnoStatus(path, "lock", errno);
      }
      const int operation = (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB;
      if (Uninterrupted([&] { return flock(fd.get(), operation); }) != 0) {
        return errno == EWOULDBLOCK
                   ? FailedPrecondition(path + ": lock: held by another process, or by this one "
                                               "already: close it there first")
                   : ErrnoStatus(path, "lock", errno);
      }
      if (IsStill(path, fd.get())) {
        return std::make_unique<PosixLock>(std::move(fd));
      }
    }
    return Unavailable(path + ": lock: the file keeps being replaced");
  }

  absl::StatusOr<uint64_t> FreeBytes(const std::string& directory) override {
    struct statvfs info;
    if (Uninterrupted([&] { return statvfs(directory.c_str(), &info); }) != 0) {
      return ErrnoStatus(directory, "free bytes", errno);
    }
    return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
  }

 private:
  static absl::Status Check(int result, const std::string& path, const char* call) {
    return result == 0 ? absl::OkStatus() : ErrnoStatus(path, call, errno);
  }

  // True when a copy would do where the link failed: another device, a file system without links
  // (EPERM, by POSIX), or no more of them for this file.
  static bool CannotLink(const std::string& from, int error) {
    if (error == EPERM) {
      struct stat info;
      return lstat(from.c_str(), &info) == 0 && S_ISREG(info.st_mode);
    }
    return error == EXDEV || error == EMLINK || error == EOPNOTSUPP || error == ENOSYS;
  }
};

}  // namespace

FileSystem* PosixFileSystem() {
  static PosixFileSystemImpl* const file_system = new PosixFileSystemImpl;
  return file_system;
}

}  // namespace veralith
