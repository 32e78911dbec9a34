// SPDX-License-Identifier: Apache-2.0

// Files that are read for as long as a database lives, with a limit on how many are open at once.
// Each opens its path again when it is read; the files not read for longest are closed (hazard E2).
//
// Invariants
//   1. A read that finds its file open takes no lock: it updates the file's own counter twice.
//      (That is little beside its system call: pages in the cache are not read at all.)
//   2. At most `limit` files are open, except while more threads than that read at the same moment:
//      each of them needs a file, and none waits. No file is closed under a reader.
//   3. A file that is opened again is the one that was opened first: identity() says so. If
//      identity() differs (the file system numbers files anew, or a copy was put in its place), the
//      size and the last bytes must agree. Another file, or none, is DataLoss that names the path.
//   4. When the process is out of descriptors, idle files are closed first: those of this table,
//      then those of all other tables on the same file system. Only then does opening give the
//      error.
//
// So the path of a File must name the same bytes until the File is destroyed: contract point 6 of
// file_system.h (a File outlives its name) does not hold here.
//
// Thread rule: any thread. One leaf mutex, not held during I/O. Above it, one mutex of the process
// for invariant 4, if MaxOpenFiles() is known. A File keeps its table alive; the file system
// outlives both.
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

  // limit >= 1. Always made by std::make_shared. Tables of one file system make room for one
  // another; `whole` is the file system of which `fs` is a view (FileSystem::Pin), or null if it is
  // no view.
  FileTable(FileSystem* fs, size_t limit, FileSystem* whole = nullptr);
  ~FileTable();
  FileTable(const FileTable&) = delete;
  FileTable& operator=(const FileTable&) = delete;

  // Sets what explains an error of opening a file again. Call it before the first Open.
  void SetJudge(std::function<absl::Status(const absl::Status&)> judge) {
    judge_ = std::move(judge);
  }

  // Opens a file for reading, here for the first time.
  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path);

  // Closes every file that nobody reads at this moment; it is opened again when it is read. Returns
  // how many were closed. Needs no memory.
  size_t CloseIdle() noexcept;
  // For a call that found no descriptor left: CloseIdle; if that closed none, the other tables'
  // too.
  size_t MakeRoom();
  // Closes the files and opens none any more: a read that needs to open one is FailedPrecondition.
  void Close() noexcept;

  size_t open_files() const;      // now
  uint64_t files_opened() const;  // so far, including those opened again

 private:
  friend class TableFile;
  class Place;

  absl::StatusOr<std::unique_ptr<File>> OpenOnDisk(const std::string& path);
  // Opens the file again if it is closed; on OK the caller holds a use of it.
  absl::Status OpenAgain(TableFile* file);
  absl::Status CheckNotClosed(const TableFile& file) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Runs the clock, which passes over files read since its last round. Null if all are being read.
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
  const bool is_listed_;  // among the tables that make room for one another

  mutable Mutex mutex_;
  std::vector<TableFile*> open_ ABSL_GUARDED_BY(mutex_);
  size_t hand_ ABSL_GUARDED_BY(mutex_) = 0;     // the clock's hand, an index in open_
  size_t opening_ ABSL_GUARDED_BY(mutex_) = 0;  // places taken by files that are not in open_ yet
  uint64_t opened_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace veralith

#endif  // VERALITH_CORE_FS_FILE_TABLE_H_
