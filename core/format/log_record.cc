// SPDX-License-Identifier: Apache-2.0

#include "core/format/log_record.h"

#include <optional>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/base/text.h"

namespace veralith {
namespace {

// An operation begins with one byte: its kind, and whether a namespace other than 0 follows.
constexpr uint8_t kOpenDeleteRange = 4;
constexpr uint8_t kKindBits = 0x7f;
constexpr uint8_t kNamespaceFollows = 0x80;

uint8_t WrittenKind(const LogOperation& op) {
  return op.open_end ? kOpenDeleteRange : static_cast<uint8_t>(op.kind);
}

bool KindHasValue(uint8_t written_kind) {
  return written_kind == static_cast<uint8_t>(LogOperation::Kind::kPut) ||
         written_kind == static_cast<uint8_t>(LogOperation::Kind::kDeleteRange);
}

size_t MaxValueBytes(LogOperation::Kind kind) {
  return kind == LogOperation::Kind::kPut ? kMaxValueBytes : kMaxKeyBytes;
}

bool IsLegal(const LogOperation& op) {
  const bool open_end_is_legal = !op.open_end || op.kind == LogOperation::Kind::kDeleteRange;
  const bool value_is_legal =
      KindHasValue(WrittenKind(op)) ? op.value.size() <= MaxValueBytes(op.kind) : op.value.empty();
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
  const uint8_t kind = WrittenKind(op);
  *out++ = static_cast<char>(op.ns == 0 ? kind : kind | kNamespaceFollows);
  if (op.ns != 0) {
    out = StoreVarint64(out, op.ns);
  }
  out = StoreVarint64(out, op.key.size());
  if (!KindHasValue(kind)) {
    return StoreBytes(out, op.key);
  }
  out = StoreVarint64(out, op.value.size());
  return StoreBytes(StoreBytes(out, op.key), op.value);
}

size_t OperationBytes(const LogOperation& op) {
  const size_t bytes =
      1 + (op.ns == 0 ? 0 : VarintBytes(op.ns)) + VarintBytes(op.key.size()) + op.key.size();
  return KindHasValue(WrittenKind(op)) ? bytes + VarintBytes(op.value.size()) + op.value.size()
                                       : bytes;
}

size_t OperationsBytes(std::span<const LogOperation> operations) {
  size_t bytes = 0;
  for (const LogOperation& op : operations) {
    bytes += OperationBytes(op);
  }
  return bytes;
}

// Version 1 writes every namespace, and only the kind into the first byte.
bool ReadKindAndNamespace(ByteReader* reader, uint32_t version, uint8_t* kind, NamespaceId* ns) {
  if (!reader->ReadFixed8(kind, "operation kind")) {
    return false;
  }
  const bool namespace_follows = version == 1 || (*kind & kNamespaceFollows) != 0;
  *kind &= version == 1 ? 0xff : kKindBits;
  if (*kind < 1 || *kind > kOpenDeleteRange) {
    return reader->FailAtOffset(reader->offset() - 1, "unknown operation kind");
  }
  *ns = 0;
  const size_t start = reader->offset();
  return !namespace_follows ||
         (reader->ReadVarintUpTo(kMaxNamespace, ns, "namespace") &&
          (version == 1 || *ns != 0 || reader->FailAtOffset(start, "namespace 0 is not written")));
}

// Leaves an unknown kind for the caller to report; the reader holds every other fault.
bool ReadOperation(ByteReader* reader, uint32_t version, LogOperation* op, uint8_t* kind) {
  if (!ReadKindAndNamespace(reader, version, kind, &op->ns)) {
    return false;
  }
  op->open_end = *kind == kOpenDeleteRange;
  op->kind = op->open_end ? LogOperation::Kind::kDeleteRange : LogOperation::Kind{*kind};
  op->value = {};
  uint64_t key_bytes = 0;
  uint64_t value_bytes = 0;
  reader->ReadVarintUpTo(kMaxKeyBytes, &key_bytes, "key length");
  if (KindHasValue(*kind)) {
    reader->ReadVarintUpTo(MaxValueBytes(op->kind), &value_bytes, "value length");
  }
  return reader->ReadBytes(key_bytes, &op->key, "key") &&
         reader->ReadBytes(value_bytes, &op->value, "value");
}

// Sets `count` to the number of operations that follow, which only version 1 states.
bool ReadHeader(ByteReader* reader, uint32_t version, LogRecordView::Header* header,
                std::optional<uint32_t>* count) {
  LogPosition& synced = header->synced_through;
  if (!reader->ReadFixed64(&header->ts, "timestamp")) {
    return false;
  }
  if (version == 1) {
    return reader->ReadFixed64(&synced.log_number, "synced-through log") &&
           reader->ReadFixed64(&synced.offset, "synced-through offset") &&
           reader->ReadFixed32(&count->emplace(), "operation count");
  }
  return reader->ReadVarint64(&synced.log_number, "synced-through log") &&
         reader->ReadVarint64(&synced.offset, "synced-through offset");
}

}  // namespace

size_t LogRecordBytes(LogPosition synced_through, std::span<const LogOperation> operations) {
  return sizeof(Timestamp) + VarintBytes(synced_through.log_number) +
         VarintBytes(synced_through.offset) + OperationsBytes(operations);
}

size_t MaxLogRecordBytes(std::span<const LogOperation> operations) {
  return kMaxLogRecordHeaderBytes + OperationsBytes(operations);
}

char* StoreLogRecord(char* out, Timestamp ts, LogPosition synced_through,
                     std::span<const LogOperation> operations) {
  VERALITH_DCHECK(ts >= kMinTimestamp && ts <= kMaxTimestamp);
  StoreLe64(out, ts);
  out = StoreVarint64(out + sizeof(ts), synced_through.log_number);
  out = StoreVarint64(out, synced_through.offset);
  for (const LogOperation& op : operations) {
    out = StoreOperation(out, op);
  }
  return out;
}

bool LogRecordView::Cursor::Next(LogOperation* operation) {
  uint8_t kind = 0;
  return !reader_.AtEnd() && ReadOperation(&reader_, version_, operation, &kind);
}

absl::StatusOr<LogRecordView> LogRecordView::Parse(std::string_view payload, uint32_t version) {
  ByteReader reader(payload);
  LogRecordView record;
  record.version_ = version;
  std::optional<uint32_t> stated_count;
  const Timestamp& ts = record.header_.ts;
  if (ReadHeader(&reader, version, &record.header_, &stated_count) &&
      (ts < kMinTimestamp || ts > kMaxTimestamp)) {
    reader.FailAtOffset(0, "timestamp out of range");
  }
  record.operations_ = reader.Rest();
  const auto more = [&] {
    return stated_count.has_value() ? record.operation_count_ < *stated_count : !reader.AtEnd();
  };
  for (; reader.ok() && more(); ++record.operation_count_) {
    LogOperation ignored;
    uint8_t kind = 0;
    const size_t start = reader.offset();
    if (!ReadOperation(&reader, version, &ignored, &kind) && kind > kOpenDeleteRange) {
      return Unimplemented(StrCat("log record: offset ", start, ": operation kind ", kind));
    }
  }
  if (!reader.ExpectEnd("the operations")) {
    return Annotate(reader.status(), "log record");
  }
  return record;
}

absl::StatusOr<LogRecordView::Header> LogRecordView::ParseHeader(std::string_view payload,
                                                                 uint32_t version) {
  ByteReader reader(payload);
  Header header;
  std::optional<uint32_t> count;
  if (!ReadHeader(&reader, version, &header, &count)) {
    return Annotate(reader.status(), "log record");
  }
  return header;
}

}  // namespace veralith
