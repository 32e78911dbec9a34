// SPDX-License-Identifier: Apache-2.0

// Appends records of opaque bytes to a record file (core/format/record_frame.h): the log and the
// manifest are both written through it.
//
// Invariants
//   1. Stage copies into a buffer that is reused: no allocation in steady state, no I/O.
//   2. Commit hands everything staged (and, the first time, the file's header) to one File::Append.
//      Nothing reaches the file before that.
//   3. After a failed Commit or Sync the writer is poisoned: every later Commit and Sync returns
//      the first error and no longer touches the file (HAZARDS W4, W5).
//   4. Stage throws std::bad_alloc when there is no memory; what was staged before is still staged.
//   5. synced_offset() <= committed_offset() <= staged_offset(). Everything before synced_offset()
//      is durable, except for the file's name: that is SyncDirectory's work.
//
// Owns the file. Thread rule: one thread at a time.
#ifndef VERALITH_CORE_LOG_RECORD_WRITER_H_
#define VERALITH_CORE_LOG_RECORD_WRITER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "core/format/record_frame.h"
#include "veralith/file_system.h"

namespace veralith {

// Where a file that ends with a good record goes on; RecordReader::resume_point() gives it.
struct RecordResumePoint {
  uint64_t offset = 0;  // the file's size
  uint32_t previous_checksum = 0;
  uint32_t version = 0;  // the file's version
};

class RecordWriter {
 public:
  // Begins a new, empty file. `continues`: checksum() of the file that it continues; 0: none.
  RecordWriter(std::unique_ptr<File> file, const RecordFileId& id, uint32_t continues = 0);
  // Goes on after the last good record of a file that ends there. The caller cut the file at
  // resume.offset if anything followed, synced the cut, and opened the file kReadWrite. The file
  // has the newest version: no other is written.
  RecordWriter(std::unique_ptr<File> file, const RecordFileId& id, const RecordResumePoint& resume);

  // Stages one record of 1 to kMaxRecordPayloadBytes.
  void Stage(std::string_view payload);
  // Stages a record without a copy: returns the place where the caller writes exactly `bytes` bytes
  // of payload before it calls SealStaged. Nothing else may be called in between.
  char* BeginStage(size_t bytes);
  void SealStaged();

  // Forgets what is staged, as if it had never been staged.
  void DropStaged();

  absl::Status Commit();
  // Makes what was committed durable. Does not commit what is only staged.
  absl::Status Sync();
  // Closes the file without syncing. What is staged is dropped.
  absl::Status Close();

  const RecordFileId& id() const { return id_; }
  uint64_t staged_offset() const { return committed_offset_ + staged_bytes_; }
  uint64_t committed_offset() const { return committed_offset_; }
  uint64_t synced_offset() const { return synced_offset_; }
  // Checksum of the last record staged, or of the file header.
  uint32_t checksum() const { return previous_checksum_; }
  const absl::Status& status() const { return status_; }
  File* file() const { return file_.get(); }

 private:
  void Reserve(size_t more);

  const std::unique_ptr<File> file_;
  const RecordFileId id_;

  absl::Status status_;  // the first error
  uint64_t committed_offset_ = 0;
  uint64_t synced_offset_ = 0;
  uint32_t previous_checksum_ = 0;   // of the last record staged
  uint32_t committed_checksum_ = 0;  // of the last record committed

  std::unique_ptr<char[]> buffer_;
  size_t buffer_bytes_ = 0;
  size_t staged_bytes_ = 0;
  uint32_t open_payload_bytes_ = 0;  // between BeginStage and SealStaged
};

}  // namespace veralith

#endif  // VERALITH_CORE_LOG_RECORD_WRITER_H_
