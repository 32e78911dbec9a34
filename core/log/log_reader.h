// Reads one log file for recovery: its records in order up to the first bad place, and then what
// sound records behind that place say about what had been synced.
//
// How recovery decides (DESIGN 4, "Log"): when the log at position P ends with kBadRecord, or a
// log that should be there is short or missing, and some later sound record (behind P in this log,
// or anywhere in a later one) carries synced_through > P, the bytes at P had been durable:
// DataLoss. Otherwise P is the end of the database's history and everything behind is discarded.
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

  // Number and id are those the manifest states. A file that says otherwise (or nothing) is one
  // without records that ends with kBadRecord at offset 0; an empty file ends with kEndOfFile.
  static absl::StatusOr<std::unique_ptr<LogReader>> Open(std::unique_ptr<File> file,
                                                         uint64_t log_number, uint64_t log_id);

  // Before the first Next: the checksum() with which the log before this one ended. When the header
  // is sound but continues another checksum, that log has lost its tail: nothing is yielded, and
  // end_reason() is kBrokenChain.
  void ExpectContinues(uint32_t checksum) { reader_->ExpectContinues(checksum); }
  // Of the last record yielded or of the header; nothing when not even the header is sound.
  std::optional<uint32_t> checksum() const {
    return reader_->header_is_good() ? std::optional(reader_->checksum()) : std::nullopt;
  }

  // True: *record is the next one, valid until the next call. False: the end.
  absl::StatusOr<bool> Next(LogRecordView* record);
  // Where the record that Next yielded last begins.
  LogPosition record_position() const { return {log_number_, reader_->record_offset()}; }

  // After Next returned false.
  EndReason end_reason() const { return reader_->end_reason(); }
  LogPosition end() const { return {log_number_, reader_->end_offset()}; }
  const std::string& end_detail() const { return reader_->end_detail(); }

  // The largest synced_through among the records that are sound in themselves at or behind the
  // place that Next has reached; none when there is no such record.
  absl::StatusOr<std::optional<LogPosition>> FurthestSyncedBehindDamage();

 private:
  LogReader(std::unique_ptr<RecordReader> reader, uint64_t log_number);

  // The error with file and offset before it.
  absl::Status Locate(const absl::Status& status, uint64_t offset) const;

  const std::unique_ptr<RecordReader> reader_;
  const uint64_t log_number_;
  absl::Status error_;  // of a record that does not parse: nothing behind it is read
};

}  // namespace veralith

#endif  // VERALITH_CORE_LOG_LOG_READER_H_
