// SPDX-License-Identifier: Apache-2.0

// Bytes as the payload of a log record, in each version: what parses is exactly the encoding of its
// operations.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/format/log_record.h"
#include "core/format/record_frame.h"
#include "core/format/testing/version_1.h"

namespace veralith {
namespace {

std::string Store(const LogRecordView& record, const std::vector<LogOperation>& operations,
                  uint32_t version) {
  if (version == 1) {
    return testing::Version1LogPayload(record.ts(), record.synced_through(), operations);
  }
  std::string out(LogRecordBytes(record.synced_through(), operations), '\0');
  StoreLogRecord(out.data(), record.ts(), record.synced_through(), operations);
  return out;
}

void CheckPayload(std::string_view bytes, uint32_t version) {
  const auto header =
      LogRecordView::ParseHeader(bytes.substr(0, kMaxLogRecordHeaderBytes), version);
  const auto record = LogRecordView::Parse(bytes, version);
  if (!record.ok()) {
    return;
  }
  std::vector<LogOperation> operations;
  LogOperation operation;
  for (auto cursor = record->operations(); cursor.Next(&operation);) {
    operations.push_back(operation);
  }
  VERALITH_CHECK(operations.size() == record->operation_count());
  VERALITH_CHECK(Store(*record, operations, version) == bytes);
  VERALITH_CHECK(LogRecordBytes(record->synced_through(), operations) <=
                 MaxLogRecordBytes(operations));
  VERALITH_CHECK(header.ok() && header->ts == record->ts() &&
                 header->synced_through == record->synced_through());
}

}  // namespace
}  // namespace veralith

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace veralith;  // NOLINT: a harness
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (uint32_t version = kOldestRecordFormatVersion; version <= kRecordFormatVersion; ++version) {
    CheckPayload(bytes, version);
  }
  return 0;
}
