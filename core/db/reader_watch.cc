// SPDX-License-Identifier: Apache-2.0

#include "core/db/reader_watch.h"

#include <memory>
#include <utility>

#include "core/fs/file_helpers.h"
#include "core/manifest/file_names.h"

namespace veralith {
namespace {

constexpr uint64_t kMaxCurrentBytes = 4096;

}  // namespace

// No writer is known if the directory has no lock file (a checkpoint never opened), is missing, or
// cannot be locked.
absl::Status CheckNoWriter(FileSystem* fs, const std::string& directory) {
  const absl::Status file =
      fs->Lock(JoinPath(directory, kLockFileName), LockMode::kShared).status();
  if (!file.ok() && !absl::IsNotFound(file)) {
    return file;
  }
  const absl::Status itself = fs->LockDirectory(directory, LockMode::kShared).status();
  return absl::IsNotFound(itself) || absl::IsUnimplemented(itself) ? absl::OkStatus() : itself;
}

// Reads first what is compared later, and then looks at the locks: so a writer that comes and goes
// in between is noticed.
absl::StatusOr<ReaderWatch> ReaderWatch::Begin(FileSystem* fs, const std::string& directory) {
  ReaderWatch watch(fs, directory);
  VERALITH_ASSIGN_OR_RETURN(watch.current_, watch.ReadCurrent());
  VERALITH_RETURN_IF_ERROR(CheckNoWriter(fs, directory));
  return watch;
}

// If CURRENT is missing or too long to be ours, returns words that no CURRENT holds: judging it is
// not this class's task.
absl::StatusOr<std::string> ReaderWatch::ReadCurrent() const {
  absl::StatusOr<std::string> bytes =
      ReadWholeFile(*fs_, JoinPath(directory_, kCurrentFileName), kMaxCurrentBytes);
  if (absl::IsNotFound(bytes.status()) || absl::IsResourceExhausted(bytes.status())) {
    return absl::IsNotFound(bytes.status()) ? "missing" : "too long";
  }
  return bytes;
}

absl::StatusOr<bool> ReaderWatch::WriterCame() const {
  VERALITH_ASSIGN_OR_RETURN(const std::string now, ReadCurrent());
  return now != current_;
}

absl::Status ReaderWatch::Explain() const {
  return FailedPrecondition(directory_ +
                            ": a writer opened the database while it was being read, and what it "
                            "replaced is gone: read it again when the writer has closed it");
}

absl::Status ReaderWatch::Judge(const absl::Status& status) const {
  const bool is_explained = status.ok() || absl::IsFailedPrecondition(status);
  return !is_explained && WriterCame().value_or(false)
             ? Annotate(Explain(), std::string(Message(status)))
             : status;
}

absl::Status ReaderWatch::JudgeOpening(const absl::Status& status) const {
  if (!status.ok()) {
    return Judge(status);
  }
  VERALITH_ASSIGN_OR_RETURN(const bool came, WriterCame());
  return came ? Explain() : absl::OkStatus();
}

}  // namespace veralith
