// SPDX-License-Identifier: Apache-2.0

// The door to files. Everything Veralith does with a disk goes through this interface: POSIX in
// production (veralith/posix_file_system.h), a simulated disk in tests (core/fs/testing).
//
// Contract (core/fs/testing/file_system_conformance_test.cc holds both implementations to it)
//   1. Bytes written are seen by every later read, synced or not. They survive a crash for sure
//      only after File::Sync on them returned OK; the file's name only after SyncDirectory on its
//      directory returned OK since the name was made. A size change is made durable by Sync too.
//   2. A failed Sync promises nothing about the bytes, and a later successful Sync does not repair
//      that: the caller must not rely on the file any more.
//   3. Append and WriteAt write everything or return an error; after an error any part may have
//      been written. ReadAt returns fewer bytes than asked only at the end of the file.
//   4. Every error names the path, the call and the reason. ENOSPC, EDQUOT and EFBIG are
//      ResourceExhausted, and so are EMFILE and ENFILE (errno_status.h tells these apart); ENOENT
//      is NotFound; EEXIST is AlreadyExists; EACCES, EPERM and EROFS are FailedPrecondition;
//      everything else is Unavailable.
//   5. A writing call on a File opened with kRead, and any call but path() after Close, is
//      FailedPrecondition.
//   6. One File at a time changes the size of a file; others may read it. An open File outlives
//      the removal or renaming of its name.
//   7. A relative path is looked up from the process's working directory as it is at that call.
//
// Thread rule: FileSystem: any thread. File: ReadAt and Size from any thread. Calls that write: one
// thread at a time, which may run beside reads of bytes written before.
#ifndef VERALITH_FILE_SYSTEM_H_
#define VERALITH_FILE_SYSTEM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "veralith/export.h"

namespace veralith {

// Tells a file from others, as found when it was opened. Two files of one path with equal
// identities are the same file, unchanged, as far as the file system can say without reading it.
struct FileIdentity {
  uint64_t device = 0;         // of the file system
  uint64_t inode = 0;          // its number there
  int64_t modified_nanos = 0;  // since the Unix epoch
  uint64_t bytes = 0;          // its size

  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

// An open file. The contract above has its rules.
class VERALITH_EXPORT File {
 public:
  virtual ~File() = default;  // closes; an error that close would report is dropped

  // Adds `data` to the end of the file.
  virtual absl::Status Append(std::string_view data) = 0;
  // Writes `data` from `offset` on.
  virtual absl::Status WriteAt(uint64_t offset, std::string_view data) = 0;
  // Fills `out` from `offset`; returns the number of bytes read.
  virtual absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) const = 0;
  // Reserves blocks up to `size` bytes without changing the size that readers see.
  virtual absl::Status Preallocate(uint64_t size) = 0;
  // Cuts the file, or extends it with zeros.
  virtual absl::Status Truncate(uint64_t size) = 0;
  // Returns the size in bytes.
  virtual absl::StatusOr<uint64_t> Size() const = 0;
  // Makes bytes and size durable (rules 1 and 2).
  virtual absl::Status Sync() = 0;
  // After Close every call except path() is FailedPrecondition.
  virtual absl::Status Close() = 0;
  // Returns the path that it was opened by.
  virtual const std::string& path() const = 0;
  // An implementation may return equal identities for all files if nobody opens a path twice.
  virtual FileIdentity identity() const { return {}; }
  // From now on Append copies into memory that is mapped from the file, which costs no system call.
  // What this File shows is as without. But the file is made longer ahead of what is appended, by
  // at most kMappedAheadBytes of zeros. Others that open it see them, and so does everybody after a
  // crash; Close, Truncate and the destructor cut them. A process that is killed loses nothing.
  // One whose file is cut by others, or whose disk fails beneath the mapping, may die (SIGBUS).
  // Unimplemented if there is no such thing here: Append goes on as before.
  virtual absl::Status MapAppends();
  // By how many bytes of zeros, at most, MapAppends makes a file longer.
  static constexpr uint64_t kMappedAheadBytes = uint64_t{1} << 20;
};

// What a file is opened for.
enum class OpenMode {
  kRead,       // an existing file, for reading
  kReadWrite,  // an existing file, for reading and writing; Append goes to its end
  kCreate,     // a new file; AlreadyExists when the name is taken
};

// Held until destroyed.
class VERALITH_EXPORT FileLock {
 public:
  virtual ~FileLock() = default;
  // FailedPrecondition once the lock keeps nobody out any more: its name was removed, or now names
  // another file, which others can lock.
  virtual absl::Status CheckHeld() const { return absl::OkStatus(); }
};

// Who else may hold a lock.
enum class LockMode {
  // Creates the lock file if it is missing. Waits a moment (0.1 s) for shared holders to go:
  // readers only look whether a writer is there.
  kExclusive,
  kShared,  // NotFound when the lock file is missing: read-only opening creates nothing
};

class VERALITH_EXPORT FileSystem {
 public:
  virtual ~FileSystem() = default;

  // Opens the file; `mode` says whether it must exist or must not.
  virtual absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) = 0;
  // Replaces `to` atomically if it exists.
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  // Gives the same bytes a second name; Unimplemented if the file system has no links.
  virtual absl::Status Link(const std::string& from, const std::string& to) = 0;
  // Removes the name of a file.
  virtual absl::Status Remove(const std::string& path) = 0;
  // Returns the names (not paths) in a directory, sorted, without "." and "..".
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& directory) = 0;
  // OK if it exists already. The parent must exist.
  virtual absl::Status CreateDirectory(const std::string& path) = 0;
  // The directory must be empty.
  virtual absl::Status RemoveDirectory(const std::string& path) = 0;
  // Makes the names in the directory durable (rule 1).
  virtual absl::Status SyncDirectory(const std::string& path) = 0;
  // Returns whether a file or directory has this path.
  virtual absl::StatusOr<bool> Exists(const std::string& path) = 0;
  // FailedPrecondition, saying so, if another holder conflicts (also one in this process).
  virtual absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path,
                                                         LockMode mode) = 0;
  // Bytes an unprivileged writer can still add to the directory's file system.
  virtual absl::StatusOr<uint64_t> FreeBytes(const std::string& directory) = 0;
  // The number of files that the process may have open now; nullopt: no limit.
  virtual std::optional<uint64_t> MaxOpenFiles() const { return std::nullopt; }

  // --- What an implementation may leave out ------------------------------------------------------
  // Locks the directory itself, which nobody can sweep away as a file. Otherwise like Lock.
  // NotFound if the directory is missing; Unimplemented if directories cannot be locked.
  virtual absl::StatusOr<std::unique_ptr<FileLock>> LockDirectory(const std::string& directory,
                                                                  LockMode mode);
  // Returns a view of this file system. In it the path `directory`, and every path that begins with
  // it, leads to the directory that it names now. That stays so after the directory was renamed or
  // removed (then nothing can be made in it), after a symbolic link on the way changed, and after
  // the process changed its working directory. Other paths are not affected. The file system
  // outlives the view; Files and locks may outlive the view. Unimplemented if every call looks its
  // whole path up.
  virtual absl::StatusOr<std::unique_ptr<FileSystem>> Pin(const std::string& directory);
  // Returns a path that always means what `path` means now, even if the working directory changes.
  // The default is `path` itself: there is no working directory.
  virtual absl::StatusOr<std::string> Absolute(const std::string& path);
};

}  // namespace veralith

#endif  // VERALITH_FILE_SYSTEM_H_
