// Files that are read for as long as a database lives, of which only so many are open at once: each
// opens its path again when it is read, and the ones longest unread make way (hazard E2).
//
// Invariants
//   1. A read that finds its file open takes no lock: two updates of the file's own counter.
//      (Beside it stands a system call: pages that are cached are not read at all.)
//   2. At most `limit` files are open, except while more threads than that read at the same moment:
//      each of them needs one, and none waits. No file is closed under a reader.
//   3. A file that is opened again is the one that was opened first: identity() says so, or where
//      it differs (file systems that number files anew, a copy put in its place) the size and the
//      last bytes. Another one, or none, is DataLoss that names the path.
//   4. A process out of descriptors costs idle files first: opening closes those of this table,
//      then those of all others on the same file system, and tries again before it gives the error.
//
// So the path of a File must name the same bytes until the File is destroyed: contract point 6 of
// file_system.h (a File outlives its name) does not hold here.
//
// Thread rule: any thread; one leaf mutex, not held during I/O; above it one of the process, for
// invariant 4 where MaxOpenFiles() is known. A File keeps its table alive; the
// file system outlives both.
#ifndef VERALITH_CORE_FS_FILE_TABLE_H_
#define VERALITH_CORE_FS_FILE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/sync.h"
#include "veralith/file_system.h"

namespace veralith {

class TableFile;

class FileTable : public std::enable_shared_from_this<FileTable> {
 public:
  static constexpr size_t kNoLimit = SIZE_MAX;

  // limit >= 1. Always by std::make_shared. Tables of one file system make room for one another:
  // `whole` is the one that `fs` is a view of (FileSystem::Pin), null where it is none.
  FileTable(FileSystem* fs, size_t limit, FileSystem* whole = nullptr);
  ~FileTable();
  FileTable(const FileTable&) = delete;
  FileTable& operator=(const FileTable&) = delete;

  // Says what an error of opening a file again means. Call it before the first Open.
  void SetJudge(std::function<absl::Status(const absl::Status&)> judge) {
    judge_ = std::move(judge);
  }

  // For reading. The first opening happens here.
  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path);

  // Closes what nobody reads at this moment, to be opened again when it is read; how many files.
  // Needs no memory.
  size_t CloseIdle() noexcept;
  // For a call that found no descriptor left: CloseIdle, and if that was none, of the other tables.
  size_t MakeRoom();
  // The same, and nothing is opened any more: a read that would have to is FailedPrecondition.
  void Close() noexcept;

  size_t open_files() const;      // now
  uint64_t files_opened() const;  // so far, again included

 private:
  friend class TableFile;
  class Place;

  absl::StatusOr<std::unique_ptr<File>> OpenOnDisk(const std::string& path);
  // Opens what the file has closed; on OK the caller holds a use of it.
  absl::Status OpenAgain(TableFile* file);
  absl::Status CheckNotClosed(const TableFile& file) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The clock: passes files that were read since it last came by. Null when all are being read.
  std::unique_ptr<File> Evict() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Puts the file among the open ones, where its Place has reserved room.
  void Add(TableFile* file, std::unique_ptr<File> opened) noexcept
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::unique_ptr<File> TakeIdle() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::unique_ptr<File> Take(TableFile* file) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Forget(TableFile* file);
  size_t CloseIdleOfOthers();

  FileSystem* const fs_;
  FileSystem* const whole_;
  const size_t limit_;
  std::function<absl::Status(const absl::Status&)> judge_;  // may be null
  const bool is_listed_;  // among those that make room for one another

  mutable Mutex mutex_;
  std::vector<TableFile*> open_ ABSL_GUARDED_BY(mutex_);
  size_t hand_ ABSL_GUARDED_BY(mutex_) = 0;     // of the clock, in open_
  size_t opening_ ABSL_GUARDED_BY(mutex_) = 0;  // places taken by files that are not in open_ yet
  uint64_t opened_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace veralith

#endif  // VERALITH_CORE_FS_FILE_TABLE_H_
