// SPDX-License-Identifier: Apache-2.0

// What a read-only user of a database has instead of a lock: it keeps no writer out, and notices
// that one came.
//
// Why that is enough: a segment's bytes never change, and its number is never used again. A log
// that a manifest names is never written again once another writer opens. A writer that opens puts
// another manifest into CURRENT before it removes or changes anything. So as long as CURRENT is
// what it was, everything that was read belongs together. Afterwards what a reader has open stays
// readable, and what it has not yet opened may be missing: an error, which Judge explains.
//
// Thread rule: any thread. The file system outlives it.
#ifndef VERALITH_CORE_DB_READER_WATCH_H_
#define VERALITH_CORE_DB_READER_WATCH_H_

#include <string>

#include "core/base/status.h"
#include "veralith/file_system.h"

namespace veralith {

class ReaderWatch {
 public:
  // FailedPrecondition while a writer lives.
  static absl::StatusOr<ReaderWatch> Begin(FileSystem* fs, const std::string& directory);

  // `status`; or, for an error met after a writer had come, FailedPrecondition, which says so.
  absl::Status Judge(const absl::Status& status) const;
  // For the end of an opening: `status`, and FailedPrecondition if a writer came meanwhile.
  absl::Status JudgeOpening(const absl::Status& status) const;

 private:
  ReaderWatch(FileSystem* fs, std::string directory) : fs_(fs), directory_(std::move(directory)) {}
  absl::StatusOr<std::string> ReadCurrent() const;
  absl::StatusOr<bool> WriterCame() const;
  absl::Status Explain() const;

  FileSystem* fs_;
  std::string directory_;
  std::string current_;  // what ReadCurrent said when the watch began
};

// FailedPrecondition while a writer has the directory.
absl::Status CheckNoWriter(FileSystem* fs, const std::string& directory);

}  // namespace veralith

#endif  // VERALITH_CORE_DB_READER_WATCH_H_
