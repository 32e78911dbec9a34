// SPDX-License-Identifier: Apache-2.0

#include "core/db/log_set.h"

#include <utility>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/fs/file_helpers.h"
#include "core/manifest/file_names.h"

namespace veralith {

absl::StatusOr<std::unique_ptr<LogWriter>> CreateLog(FileSystem& fs, const std::string& directory,
                                                     const NewLog& log) {
  VERALITH_ASSIGN_OR_RETURN(
      std::unique_ptr<File> file,
      fs.Open(JoinPath(directory, LogFileName(log.number)), OpenMode::kCreate));
  if (log.mapped) {
    file->MapAppends().IgnoreError();  // without it appends are calls, and no worse
  }
  VERALITH_RETURN_IF_ERROR(fs.SyncDirectory(directory));
  return std::make_unique<LogWriter>(std::move(file), log.number, log.id, log.continues);
}

void LogSet::Stage(Timestamp timestamp, std::span<const LogOperation> operations) {
  logs_.back()->Stage(timestamp, SyncedThrough(), operations);
}

absl::Status LogSet::Commit() {
  VERALITH_RETURN_IF_ERROR(failed_);
  failed_ = logs_.back()->Commit();
  return failed_;
}

absl::Status LogSet::Sync() {
  VERALITH_RETURN_IF_ERROR(failed_);
  for (const std::unique_ptr<LogWriter>& log : logs_) {
    if (log->synced() != log->end()) {
      failed_ = log->Sync();
      VERALITH_RETURN_IF_ERROR(failed_);
    }
  }
  return absl::OkStatus();
}

LogPosition LogSet::DurableEnd() const {
  LogPosition end;
  for (const std::unique_ptr<LogWriter>& log : logs_) {
    if (log->synced().offset > 0) {
      end = log->synced();
    }
    if (log->synced() != log->end()) {
      break;
    }
  }
  return end;
}

void LogSet::Rotate(std::unique_ptr<LogWriter> fresh) {
  VERALITH_CHECK(fresh->number() > active_number());
  logs_.push_back(std::move(fresh));
}

void LogSet::DropBefore(uint64_t number) {
  VERALITH_CHECK(number <= active_number());
  while (logs_.front()->number() < number) {
    logs_.erase(logs_.begin());
  }
}

// The first log that is not durable to its end tells how far durability reaches.
LogPosition LogSet::SyncedThrough() const {
  for (const std::unique_ptr<LogWriter>& log : logs_) {
    if (log->synced() != log->end()) {
      return log->synced();
    }
  }
  return logs_.back()->synced();
}

}  // namespace veralith
