// SPDX-License-Identifier: Apache-2.0

// Appends batches to one log file (DESIGN 4, "Log"). A write takes these steps: Stage (once per
// batch of the group), Commit (one write call), Sync if asked.
//
// Invariants: those of core/log/record_writer.h; in short: Stage does not allocate in steady state,
// Commit is one File::Append, and the first error of Commit or Sync is the answer for ever.
//
// Owns the file. Thread rule: one thread at a time.
#ifndef VERALITH_CORE_LOG_LOG_WRITER_H_
#define VERALITH_CORE_LOG_LOG_WRITER_H_

#include <cstdint>
#include <memory>
#include <span>

#include "absl/status/status.h"
#include "core/format/log_record.h"
#include "core/log/record_writer.h"
#include "veralith/file_system.h"
#include "veralith/types.h"

namespace veralith {

class LogWriter {
 public:
  // `file` is new and empty. `log_id` is random and recorded, with the number, in the manifest
  // before the first write that relies on this log is acknowledged.
  // `continues`: checksum() of the log before it; 0: recovery starts here.
  LogWriter(std::unique_ptr<File> file, uint64_t log_number, uint64_t log_id,
            uint32_t continues = 0);

  // Stages one record. MaxLogRecordBytes(operations) <= kMaxRecordPayloadBytes, and the limits of
  // veralith/types.h hold: the caller refused what is outside them.
  // `synced_through`: a position that is known durable now, with everything before it.
  void Stage(Timestamp ts, LogPosition synced_through, std::span<const LogOperation> operations);

  void DropStaged() { writer_.DropStaged(); }
  absl::Status Commit() { return writer_.Commit(); }
  // Makes everything committed durable.
  absl::Status Sync() { return writer_.Sync(); }
  // Closes the file without syncing.
  absl::Status Close() { return writer_.Close(); }

  uint64_t number() const { return writer_.id().number; }
  uint64_t id() const { return writer_.id().id; }
  uint32_t checksum() const { return writer_.checksum(); }
  // The end of the last record committed; offset 0 before the first Commit.
  LogPosition end() const { return {number(), writer_.committed_offset()}; }
  // A position before which everything in this log is durable.
  LogPosition synced() const { return {number(), writer_.synced_offset()}; }
  // The first error, which stays; OK before it.
  const absl::Status& status() const { return writer_.status(); }

 private:
  RecordWriter writer_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_LOG_LOG_WRITER_H_
