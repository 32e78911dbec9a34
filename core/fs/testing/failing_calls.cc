// SPDX-License-Identifier: Apache-2.0

#include "core/fs/testing/failing_calls.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace veralith {
namespace {

struct ActiveRule {
  FaultRule rule;
  uint64_t matched = 0;
};

struct OpenDescriptor {
  std::string path;
  bool directory = false;
  int next_write_fails_with = 0;  // the second part of a short write
};

// What to do with one call.
struct Verdict {
  int error = 0;      // 0: the call goes through
  bool late = false;  // it happens, and fails all the same
  bool half = false;  // a pwrite transfers half, and its continuation fails
};

bool MayBeInterrupted(FsCall call) {
  switch (call) {
    case FsCall::kOpen:
    case FsCall::kCreate:
    case FsCall::kRead:
    case FsCall::kAppend:
    case FsCall::kWrite:
    case FsCall::kPreallocate:
    case FsCall::kTruncate:
    case FsCall::kSync:
    case FsCall::kSyncDirectory:
    case FsCall::kLock:
    case FsCall::kFreeBytes:
      return true;
    default:
      return false;
  }
}

Verdict VerdictFor(FaultEffect effect, FsCall call) {
  const bool no_space = effect == FaultEffect::kNoSpace || effect == FaultEffect::kShortNoSpace;
  const bool shortens = effect == FaultEffect::kShort || effect == FaultEffect::kShortNoSpace;
  Verdict verdict;
  verdict.error = no_space ? ENOSPC : EIO;
  verdict.late = effect == FaultEffect::kLate;
  verdict.half = shortens && (call == FsCall::kAppend || call == FsCall::kWrite);
  return verdict;
}

class Shim {
 public:
  // Never destroyed: calls come until the process has ended.
  static Shim& Get() {
    static Shim& shim = *new Shim;
    return shim;
  }

  void Set(FailingCalls calls) {
    const std::lock_guard lock(mutex_);
    rules_.clear();
    for (FaultRule& rule : calls.faults) {
      rules_.push_back({std::move(rule)});
    }
    how_ = std::move(calls);
    watched_ = failed_ = 0;
  }
  uint64_t watched() const {
    const std::lock_guard lock(mutex_);
    return watched_;
  }
  uint64_t failed() const {
    const std::lock_guard lock(mutex_);
    return failed_;
  }
  bool shorten() const { return how_.shorten; }
  bool skip_syncs() const { return how_.skip_syncs; }

  void Opened(int fd, const char* path, bool directory) {
    const std::lock_guard lock(mutex_);
    if (fd >= 0 && Watches(path)) {
      open_[fd] = {path, directory};
    }
  }
  void Closed(int fd) {
    const std::lock_guard lock(mutex_);
    open_.erase(fd);
  }
  std::optional<OpenDescriptor> Find(int fd) const {
    const std::lock_guard lock(mutex_);
    const auto it = open_.find(fd);
    return it == open_.end() ? std::nullopt : std::optional<OpenDescriptor>(it->second);
  }
  void FailNextWrite(int fd, int error) {
    const std::lock_guard lock(mutex_);
    if (const auto it = open_.find(fd); it != open_.end()) {
      it->second.next_write_fails_with = error;
    }
  }

  Verdict Judge(FsCall call, std::string_view path, std::string_view path2 = {}) {
    const std::lock_guard lock(mutex_);
    if (!Watches(path) && !Watches(path2)) {
      return {};
    }
    ++watched_;
    if (how_.interrupt && MayBeInterrupted(call) && (interrupted_ = !interrupted_)) {
      return {.error = EINTR};
    }
    Verdict verdict;
    for (ActiveRule& active : rules_) {
      const FaultRule& rule = active.rule;
      const bool same_call = rule.call == FsCall::kAny || rule.call == call;
      const bool same_path = path.find(rule.path_part) != std::string_view::npos ||
                             path2.find(rule.path_part) != std::string_view::npos;
      if (same_call && same_path &&
          (++active.matched == rule.nth || (rule.from_then_on && active.matched > rule.nth)) &&
          verdict.error == 0) {
        verdict = VerdictFor(rule.effect, call);
      }
    }
    failed_ += verdict.error != 0 ? 1 : 0;
    return verdict;
  }

 private:
  Shim() {
    const char* under = std::getenv("VERALITH_FAIL_UNDER");
    const char* calls = std::getenv("VERALITH_FAIL_CALLS");
    if (under == nullptr || calls == nullptr) {
      return;
    }
    absl::StatusOr<FaultPlan> plan = ParseFaultPlan(calls);
    if (!plan.ok()) {
      std::fprintf(stderr, "VERALITH_FAIL_CALLS: %s is no fault plan\n", calls);
      std::abort();
    }
    Set({.directory = under, .faults = *std::move(plan)});
  }

  bool Watches(std::string_view path) const {
    return !how_.directory.empty() && path.starts_with(how_.directory);
  }

  mutable std::mutex mutex_;
  FailingCalls how_;
  std::vector<ActiveRule> rules_;
  std::map<int, OpenDescriptor> open_;
  bool interrupted_ = false;
  uint64_t watched_ = 0;
  uint64_t failed_ = 0;
};

// The next definition after this one: the C library's.
template <typename Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

int Fail(int error) {
  errno = error;
  return -1;
}

// A call by path, or by a descriptor whose path is known.
template <typename Call>
auto Through(FsCall call, std::string_view path, const Call& real, std::string_view path2 = {})
    -> decltype(real()) {
  const Verdict verdict = Shim::Get().Judge(call, path, path2);
  if (verdict.error == 0) {
    return real();
  }
  if (verdict.late) {
    if (const auto result = real(); result < 0) {
      return result;
    }
  }
  return Fail(verdict.error);
}

template <typename Call>
int ThroughDescriptor(FsCall call, int fd, const Call& real) {
  const std::optional<OpenDescriptor> file = Shim::Get().Find(fd);
  return file ? Through(call, file->path, real) : real();
}

int SyncWith(const char* name, int fd) {
  const auto real = [&] { return Real<int(int)>(name)(fd); };
  const std::optional<OpenDescriptor> file = Shim::Get().Find(fd);
  if (!file) {
    return real();
  }
  const bool skip = Shim::Get().skip_syncs();
  return Through(file->directory ? FsCall::kSyncDirectory : FsCall::kSync, file->path,
                 [&] { return skip ? 0 : real(); });
}

// Returns the whole path of a path that starts at a directory's descriptor, if the directory was
// opened by a watched path.
std::string WholePath(int directory, const char* path) {
  const std::optional<OpenDescriptor> from =
      directory == AT_FDCWD || *path == '/' ? std::nullopt : Shim::Get().Find(directory);
  return !from ? path : path == std::string_view(".") ? from->path : from->path + "/" + path;
}

bool IsAtEnd(int fd, off_t offset) {
  struct stat info;
  return Real<int(int, struct stat*)>("fstat")(fd, &info) == 0 && info.st_size == offset;
}

}  // namespace

void SetFailingCalls(FailingCalls calls) { Shim::Get().Set(std::move(calls)); }
uint64_t CallsWatched() { return Shim::Get().watched(); }
uint64_t CallsFailed() { return Shim::Get().failed(); }

}  // namespace veralith

// --- In place of the C library's calls -----------------------------------------------------------

using veralith::FsCall;
using veralith::Real;
using veralith::Shim;
using veralith::Through;
using veralith::ThroughDescriptor;
using veralith::WholePath;

extern "C" {

int openat(int directory, const char* name, int flags, ...) {
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  const std::string path = WholePath(directory, name);
  const auto real = [&] {
    const int fd = Real<int(int, const char*, int, ...)>("openat")(directory, name, flags, mode);
    Shim::Get().Opened(fd, path.c_str(), (flags & O_DIRECTORY) != 0);
    return fd;
  };
  if ((flags & O_DIRECTORY) != 0 || ((flags & O_CREAT) != 0 && (flags & O_EXCL) == 0)) {
    return real();  // the beginning of a list, a sync_directory or a lock
  }
  return Through((flags & O_CREAT) != 0 ? FsCall::kCreate : FsCall::kOpen, path, real);
}

ssize_t pread(int fd, void* out, size_t count, off_t offset) {
  const auto file = Shim::Get().Find(fd);
  const size_t some = file && Shim::Get().shorten() ? (count + 1) / 2 : count;
  const auto real = [&] {
    return Real<ssize_t(int, void*, size_t, off_t)>("pread")(fd, out, some, offset);
  };
  return file ? Through(FsCall::kRead, file->path, real) : real();
}

ssize_t pwrite(int fd, const void* data, size_t count, off_t offset) {
  const auto real = [&](size_t bytes) {
    return Real<ssize_t(int, const void*, size_t, off_t)>("pwrite")(fd, data, bytes, offset);
  };
  const auto file = Shim::Get().Find(fd);
  if (!file) {
    return real(count);
  }
  if (file->next_write_fails_with != 0) {
    Shim::Get().FailNextWrite(fd, 0);
    return veralith::Fail(file->next_write_fails_with);
  }
  const FsCall call = veralith::IsAtEnd(fd, offset) ? FsCall::kAppend : FsCall::kWrite;
  const veralith::Verdict verdict = Shim::Get().Judge(call, file->path);
  if (verdict.error == 0) {
    return real(Shim::Get().shorten() ? (count + 1) / 2 : count);
  }
  if (verdict.half && count > 1) {
    Shim::Get().FailNextWrite(fd, verdict.error);
    return real(count / 2);
  }
  if (verdict.late) {
    real(count);
  }
  return veralith::Fail(verdict.error);
}

int fallocate(int fd, int mode, off_t offset, off_t length) {
  return ThroughDescriptor(FsCall::kPreallocate, fd, [&] {
    return Real<int(int, int, off_t, off_t)>("fallocate")(fd, mode, offset, length);
  });
}

int ftruncate(int fd, off_t length) noexcept {
  return ThroughDescriptor(FsCall::kTruncate, fd,
                           [&] { return Real<int(int, off_t)>("ftruncate")(fd, length); });
}

int fstat(int fd, struct stat* info) noexcept {
  return ThroughDescriptor(FsCall::kSize, fd,
                           [&] { return Real<int(int, struct stat*)>("fstat")(fd, info); });
}

int fsync(int fd) { return veralith::SyncWith("fsync", fd); }
int fdatasync(int fd) { return veralith::SyncWith("fdatasync", fd); }

// Linux frees the descriptor whatever it answers, so a failing close closes, too.
int close(int fd) {
  const auto file = Shim::Get().Find(fd);
  Shim::Get().Closed(fd);
  const int result = Real<int(int)>("close")(fd);
  return file && !file->directory ? Through(FsCall::kClose, file->path, [&] { return result; })
                                  : result;
}

int renameat(int from_directory, const char* from, int to_directory, const char* to) noexcept {
  const auto real = [&] {
    return Real<int(int, const char*, int, const char*)>("renameat")(from_directory, from,
                                                                     to_directory, to);
  };
  return Through(FsCall::kRename, WholePath(from_directory, from), real,
                 WholePath(to_directory, to));
}

int linkat(int from_directory, const char* from, int to_directory, const char* to,
           int flags) noexcept {
  const auto real = [&] {
    return Real<int(int, const char*, int, const char*, int)>("linkat")(from_directory, from,
                                                                        to_directory, to, flags);
  };
  return Through(FsCall::kLink, WholePath(from_directory, from), real, WholePath(to_directory, to));
}

int unlinkat(int directory, const char* name, int flags) noexcept {
  const auto real = [&] {
    return Real<int(int, const char*, int)>("unlinkat")(directory, name, flags);
  };
  return Through(flags == AT_REMOVEDIR ? FsCall::kRemoveDirectory : FsCall::kRemove,
                 WholePath(directory, name), real);
}

DIR* fdopendir(int fd) {
  const auto file = Shim::Get().Find(fd);
  const veralith::Verdict verdict =
      file ? Shim::Get().Judge(FsCall::kList, file->path) : veralith::Verdict();
  if (verdict.error != 0) {
    errno = verdict.error;
    return nullptr;
  }
  return Real<DIR*(int)>("fdopendir")(fd);
}

// The C library closes the descriptor itself.
int closedir(DIR* stream) {
  Shim::Get().Closed(dirfd(stream));
  return Real<int(DIR*)>("closedir")(stream);
}

int mkdirat(int directory, const char* name, mode_t mode) noexcept {
  return Through(FsCall::kCreateDirectory, WholePath(directory, name), [&] {
    return Real<int(int, const char*, mode_t)>("mkdirat")(directory, name, mode);
  });
}

int fstatat(int directory, const char* name, struct stat* info, int flags) noexcept {
  return Through(FsCall::kExists, WholePath(directory, name), [&] {
    return Real<int(int, const char*, struct stat*, int)>("fstatat")(directory, name, info, flags);
  });
}

int flock(int fd, int operation) noexcept {
  return ThroughDescriptor(FsCall::kLock, fd,
                           [&] { return Real<int(int, int)>("flock")(fd, operation); });
}

int statvfs(const char* path, struct statvfs* info) noexcept {
  return Through(FsCall::kFreeBytes, path,
                 [&] { return Real<int(const char*, struct statvfs*)>("statvfs")(path, info); });
}

int fstatvfs(int fd, struct statvfs* info) noexcept {
  return ThroughDescriptor(FsCall::kFreeBytes, fd,
                           [&] { return Real<int(int, struct statvfs*)>("fstatvfs")(fd, info); });
}

}  // extern "C"
