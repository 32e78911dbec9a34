// SPDX-License-Identifier: Apache-2.0

// The payload of one log record: a reduced batch with its timestamp (DESIGN 4, "Log"). The frame
// around it (length, checksums) is core/log's; FORMAT.md, "Log record", has the bytes.
//
// Invariants
//   1. Parse(Store(record)) is the record, and an accepted payload is Store of what it parsed to.
//   2. Parse checks everything: iterating a parsed record's operations cannot fail. It allocates
//      nothing.
//   3. Limits: namespaces, keys, values and timestamps as in veralith/types.h. An empty record (no
//      operations) is legal; so is a range delete that deletes nothing (begin >= end).
//   4. Store writes the form of the newest record file version (core/format/record_frame.h). Parse
//      reads the form of each version, and must be told which.
//
// Ownership: views into the caller's bytes.
#ifndef VERALITH_CORE_FORMAT_LOG_RECORD_H_
#define VERALITH_CORE_FORMAT_LOG_RECORD_H_

#include <compare>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/format/coding.h"
#include "veralith/types.h"

namespace veralith {

// A position in the sequence of logs; positions order as written. {0, 0} is before everything.
struct LogPosition {
  uint64_t log_number = 0;
  uint64_t offset = 0;  // in the file

  friend auto operator<=>(const LogPosition&, const LogPosition&) = default;
};

struct LogOperation {
  // The numbers are written to logs: never renumber. (4 is a delete-range with an open end.)
  enum class Kind : uint8_t { kPut = 1, kDelete = 2, kDeleteRange = 3 };

  Kind kind = Kind::kPut;
  bool open_end = false;  // kDeleteRange: up to the end of the namespace, `value` is ""
  NamespaceId ns = 0;
  std::string_view key;    // kDeleteRange: the begin, inclusive
  std::string_view value;  // kPut: the value; kDeleteRange: the end (exclusive); else ""

  friend bool operator==(const LogOperation&, const LogOperation&) = default;
};

// The most bytes that an operation's encoding takes besides its key and value: a batch with sum(key
// + value + kMaxLogOperationOverhead) <= kMaxBatchBytes always fits in a record.
inline constexpr size_t kMaxLogOperationOverhead = 1 + 9 + 3 + 5;
// The most bytes that lie before the operations, in any version.
inline constexpr size_t kMaxLogRecordHeaderBytes = 8 + 2 * kMaxVarint64Bytes;

// The exact number of bytes that StoreLogRecord writes.
size_t LogRecordBytes(LogPosition synced_through, std::span<const LogOperation> operations);
// The most bytes that it writes, whatever `synced_through` is.
size_t MaxLogRecordBytes(std::span<const LogOperation> operations);
// Returns the end of what it wrote. Allocates nothing. The limits hold (checked in debug builds).
char* StoreLogRecord(char* out, Timestamp ts, LogPosition synced_through,
                     std::span<const LogOperation> operations);

class LogRecordView {
 public:
  // The operations, in order:  for (auto c = record.operations(); c.Next(&operation);) ...
  class Cursor {
   public:
    bool Next(LogOperation* operation);

   private:
    friend class LogRecordView;
    Cursor(std::string_view bytes, uint32_t version) : reader_(bytes), version_(version) {}
    ByteReader reader_;
    uint32_t version_;
  };
  // The beginning of a payload.
  struct Header {
    Timestamp ts = 0;
    LogPosition synced_through;  // the position up to which everything was known to be durable
  };

  // DataLoss names the fault and its offset in the payload; an operation kind from a later version
  // is Unimplemented. `version` is the record file's.
  static absl::StatusOr<LogRecordView> Parse(std::string_view payload, uint32_t version);
  // Parses only the header; the first kMaxLogRecordHeaderBytes of the payload suffice.
  static absl::StatusOr<Header> ParseHeader(std::string_view payload, uint32_t version);

  Timestamp ts() const { return header_.ts; }
  LogPosition synced_through() const { return header_.synced_through; }
  uint32_t operation_count() const { return operation_count_; }
  Cursor operations() const { return Cursor(operations_, version_); }

 private:
  Header header_;
  uint32_t operation_count_ = 0;
  uint32_t version_ = 0;
  std::string_view operations_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_LOG_RECORD_H_
