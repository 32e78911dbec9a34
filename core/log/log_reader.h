// SPDX-License-Identifier: Apache-2.0

// Reads one log file for recovery: its records in order up to the first bad place. Then sound
// records after that place tell what had been synced.
//
// How recovery decides (DESIGN 4, "Log"). A log that ends with zeros ends there as if the file did:
// if they stand where records were, the next log does not continue it (kBrokenChain), or the
// manifest knows of more. Position P is where a log ends with kBadRecord, or where
// a log that should exist is short or missing. If some later sound record (after P in this log, or
// anywhere in a later log) carries synced_through > P, the bytes at P had been durable: DataLoss.
// Otherwise P is the end of the database's history, and everything after it is discarded.
//
// Invariants: those of core/log/record_reader.h. A record that is sound but does not parse is an
// error (DataLoss or Unimplemented, naming file and offset), never the end.
//
// Owns the file. Thread rule: one thread at a time.
#ifndef VERALITH_CORE_LOG_LOG_READER_H_
#define VERALITH_CORE_LOG_LOG_READER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/format/log_record.h"
#include "core/log/record_reader.h"
#include "veralith/file_system.h"

namespace veralith {

class LogReader {
 public:
  using EndReason = RecordReader::EndReason;

  // The manifest states number and id. A file that states others (or nothing) has no records and
  // ends with kBadRecord at offset 0 (kZeros if it is only zeros); an empty one with kEndOfFile.
  static absl::StatusOr<std::unique_ptr<LogReader>> Open(std::unique_ptr<File> file,
                                                         uint64_t log_number, uint64_t log_id);

  // Call it before the first Next, with the checksum() with which the log before this one ended. If
  // the header is sound but continues another checksum, that log has lost its tail: nothing is
  // yielded, and end_reason() is kBrokenChain.
  void ExpectContinues(uint32_t checksum) { reader_->ExpectContinues(checksum); }
  // Checksum of the last record yielded, or else of the header; nothing if the header is not sound.
  std::optional<uint32_t> checksum() const {
    return reader_->header_is_good() ? std::optional(reader_->checksum()) : std::nullopt;
  }

  // Returns true and sets *record to the next record, valid until the next call. False: the end.
  absl::StatusOr<bool> Next(LogRecordView* record);
  // Start of the record that Next last yielded.
  LogPosition record_position() const { return {log_number_, reader_->record_offset()}; }

  // Valid after Next returned false.
  EndReason end_reason() const { return reader_->end_reason(); }
  LogPosition end() const { return {log_number_, reader_->end_offset()}; }
  const std::string& end_detail() const { return reader_->end_detail(); }

  // Returns the largest synced_through among the records that are sound in themselves, at or after
  // the place that Next has reached; none if there is no such record.
  absl::StatusOr<std::optional<LogPosition>> FurthestSyncedBehindDamage();

 private:
  LogReader(std::unique_ptr<RecordReader> reader, uint64_t log_number);

  // Puts file and offset before the error.
  absl::Status Locate(const absl::Status& status, uint64_t offset) const;

  const std::unique_ptr<RecordReader> reader_;
  const uint64_t log_number_;
  absl::Status error_;  // of a record that does not parse: nothing after it is read
};

}  // namespace veralith

#endif  // VERALITH_CORE_LOG_LOG_READER_H_
