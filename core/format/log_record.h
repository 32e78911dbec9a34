// The payload of one log record: a reduced batch with its timestamp (DESIGN 4, "Log"). The frame
// around it (length, checksums) is core/log's; FORMAT.md, "Log record", has the bytes.
//
// Invariants
//   1. Parse(Store(record)) is the record, and an accepted payload is Store of what it parsed to.
//   2. Parse checks everything: iterating a parsed record's operations cannot fail. It allocates
//      nothing, whatever the operation count says.
//   3. Limits: namespaces, keys, values and timestamps as in core/base/types.h. An empty record (no
//      operations) is legal; so is a range delete that deletes nothing (begin >= end).
//
// Ownership: views into the caller's bytes.
#ifndef VERALITH_CORE_FORMAT_LOG_RECORD_H_
#define VERALITH_CORE_FORMAT_LOG_RECORD_H_

#include <compare>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/base/types.h"
#include "core/format/coding.h"

namespace veralith {

// A place in the sequence of logs; positions order as written. {0, 0} is before everything.
struct LogPosition {
  uint64_t log_number = 0;
  uint64_t offset = 0;  // in the file

  friend auto operator<=>(const LogPosition&, const LogPosition&) = default;
};

struct LogOperation {
  // The numbers are written to logs: never renumber. (4 is a delete-range with an open end.)
  enum class Kind : uint8_t { kPut = 1, kDelete = 2, kDeleteRange = 3 };

  Kind kind = Kind::kPut;
  bool open_end = false;  // of kDeleteRange: up to the end of the namespace, `value` is ""
  NamespaceId ns = 0;
  std::string_view key;    // of kDeleteRange: the begin, inclusive
  std::string_view value;  // of kPut the value, of kDeleteRange the end (exclusive), else ""

  friend bool operator==(const LogOperation&, const LogOperation&) = default;
};

// The most an operation's encoding takes besides its key and value: a batch with
// sum(key + value + kMaxLogOperationOverhead) <= kMaxBatchBytes always fits in a record.
inline constexpr size_t kMaxLogOperationOverhead = 1 + 9 + 3 + 5;
inline constexpr size_t kLogRecordHeaderBytes = 8 + 8 + 8 + 4;

// Exactly what StoreLogRecord writes.
size_t LogRecordBytes(std::span<const LogOperation> operations);
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
    explicit Cursor(std::string_view bytes) : reader_(bytes) {}
    ByteReader reader_;
  };

  // DataLoss names the fault and its offset in the payload; an operation kind from a later version
  // is Unimplemented.
  static absl::StatusOr<LogRecordView> Parse(std::string_view payload);
  // Only the place up to which everything was known durable; the payload begins with
  // kLogRecordHeaderBytes (or is DataLoss).
  static absl::StatusOr<LogPosition> ParseSyncedThrough(std::string_view payload);

  Timestamp ts() const { return ts_; }
  LogPosition synced_through() const { return synced_through_; }
  uint32_t operation_count() const { return operation_count_; }
  Cursor operations() const { return Cursor(operations_); }

 private:
  Timestamp ts_ = 0;
  LogPosition synced_through_;
  uint32_t operation_count_ = 0;
  std::string_view operations_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_LOG_RECORD_H_
