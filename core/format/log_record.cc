#include "core/format/log_record.h"

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/base/text.h"

namespace veralith {
namespace {

constexpr uint8_t kOpenDeleteRangeTag = 4;

uint8_t TagOf(const LogOperation& op) {
  return op.open_end ? kOpenDeleteRangeTag : static_cast<uint8_t>(op.kind);
}

bool TagHasValue(uint8_t tag) {
  return tag == static_cast<uint8_t>(LogOperation::Kind::kPut) ||
         tag == static_cast<uint8_t>(LogOperation::Kind::kDeleteRange);
}

size_t MaxValueBytes(LogOperation::Kind kind) {
  return kind == LogOperation::Kind::kPut ? kMaxValueBytes : kMaxKeyBytes;
}

bool IsLegal(const LogOperation& op) {
  const bool open_end_is_legal = !op.open_end || op.kind == LogOperation::Kind::kDeleteRange;
  const bool value_is_legal =
      TagHasValue(TagOf(op)) ? op.value.size() <= MaxValueBytes(op.kind) : op.value.empty();
  return op.ns <= kMaxNamespace && op.key.size() <= kMaxKeyBytes && open_end_is_legal &&
         value_is_legal;
}

char* StoreBytes(char* out, std::string_view bytes) {
  if (!bytes.empty()) {
    std::memcpy(out, bytes.data(), bytes.size());
  }
  return out + bytes.size();
}

char* StoreOperation(char* out, const LogOperation& op) {
  VERALITH_DCHECK(IsLegal(op));
  const uint8_t tag = TagOf(op);
  *out++ = static_cast<char>(tag);
  out = StoreVarint64(out, op.ns);
  out = StoreVarint64(out, op.key.size());
  if (!TagHasValue(tag)) {
    return StoreBytes(out, op.key);
  }
  out = StoreVarint64(out, op.value.size());
  return StoreBytes(StoreBytes(out, op.key), op.value);
}

size_t OperationBytes(const LogOperation& op) {
  const size_t bytes = 1 + VarintBytes(op.ns) + VarintBytes(op.key.size()) + op.key.size();
  return TagHasValue(TagOf(op)) ? bytes + VarintBytes(op.value.size()) + op.value.size() : bytes;
}

// An unknown tag is left for the caller to report; everything else that is wrong is in the reader.
bool ReadOperation(ByteReader* reader, LogOperation* op, uint8_t* tag) {
  if (!reader->ReadFixed8(tag, "operation kind")) {
    return false;
  }
  if (*tag < 1 || *tag > kOpenDeleteRangeTag) {
    return reader->FailAtOffset(reader->offset() - 1, "unknown operation kind");
  }
  op->open_end = *tag == kOpenDeleteRangeTag;
  op->kind = op->open_end ? LogOperation::Kind::kDeleteRange : LogOperation::Kind{*tag};
  op->value = {};
  uint64_t key_bytes = 0;
  uint64_t value_bytes = 0;
  reader->ReadVarintUpTo(kMaxNamespace, &op->ns, "namespace");
  reader->ReadVarintUpTo(kMaxKeyBytes, &key_bytes, "key length");
  if (TagHasValue(*tag)) {
    reader->ReadVarintUpTo(MaxValueBytes(op->kind), &value_bytes, "value length");
  }
  return reader->ReadBytes(key_bytes, &op->key, "key") &&
         reader->ReadBytes(value_bytes, &op->value, "value");
}

bool ReadHeader(ByteReader* reader, Timestamp* ts, LogPosition* synced_through, uint32_t* count) {
  return reader->ReadFixed64(ts, "timestamp") &&
         reader->ReadFixed64(&synced_through->log_number, "synced-through log") &&
         reader->ReadFixed64(&synced_through->offset, "synced-through offset") &&
         reader->ReadFixed32(count, "operation count");
}

}  // namespace

size_t LogRecordBytes(std::span<const LogOperation> operations) {
  size_t bytes = kLogRecordHeaderBytes;
  for (const LogOperation& op : operations) {
    bytes += OperationBytes(op);
  }
  return bytes;
}

char* StoreLogRecord(char* out, Timestamp ts, LogPosition synced_through,
                     std::span<const LogOperation> operations) {
  VERALITH_DCHECK(ts >= kMinTimestamp && ts <= kMaxTimestamp);
  StoreLe64(out, ts);
  StoreLe64(out + 8, synced_through.log_number);
  StoreLe64(out + 16, synced_through.offset);
  StoreLe32(out + 24, static_cast<uint32_t>(operations.size()));
  out += kLogRecordHeaderBytes;
  for (const LogOperation& op : operations) {
    out = StoreOperation(out, op);
  }
  return out;
}

bool LogRecordView::Cursor::Next(LogOperation* operation) {
  uint8_t tag = 0;
  return !reader_.AtEnd() && ReadOperation(&reader_, operation, &tag);
}

absl::StatusOr<LogRecordView> LogRecordView::Parse(std::string_view payload) {
  ByteReader reader(payload);
  LogRecordView record;
  if (ReadHeader(&reader, &record.ts_, &record.synced_through_, &record.operation_count_) &&
      (record.ts_ < kMinTimestamp || record.ts_ > kMaxTimestamp)) {
    reader.FailAtOffset(0, "timestamp out of range");
  }
  record.operations_ = reader.Rest();
  for (uint32_t i = 0; i < record.operation_count_ && reader.ok(); ++i) {
    LogOperation ignored;
    uint8_t tag = 0;
    const size_t start = reader.offset();
    if (!ReadOperation(&reader, &ignored, &tag) && tag > kOpenDeleteRangeTag) {
      return Unimplemented(StrCat("log record: offset ", start, ": operation kind ", tag));
    }
  }
  if (!reader.ExpectEnd("the operations")) {
    return Annotate(reader.status(), "log record");
  }
  return record;
}

absl::StatusOr<LogPosition> LogRecordView::ParseSyncedThrough(std::string_view payload) {
  ByteReader reader(payload);
  Timestamp ts = 0;
  LogPosition synced_through;
  uint32_t count = 0;
  if (!ReadHeader(&reader, &ts, &synced_through, &count)) {
    return Annotate(reader.status(), "log record");
  }
  return synced_through;
}

}  // namespace veralith
