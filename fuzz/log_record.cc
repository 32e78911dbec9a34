// Bytes as the payload of a log record: what parses is exactly the encoding of its operations.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/format/log_record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace veralith;  // NOLINT: a harness
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto synced = LogRecordView::ParseSyncedThrough(bytes);
  const auto record = LogRecordView::Parse(bytes);
  if (!record.ok()) {
    return 0;
  }
  std::vector<LogOperation> operations;
  LogOperation operation;
  for (auto cursor = record->operations(); cursor.Next(&operation);) {
    operations.push_back(operation);
  }
  VERALITH_CHECK(operations.size() == record->operation_count());
  VERALITH_CHECK(LogRecordBytes(operations) == bytes.size());
  std::string again(bytes.size(), '\0');
  StoreLogRecord(again.data(), record->ts(), record->synced_through(), operations);
  VERALITH_CHECK(again == bytes);
  VERALITH_CHECK(synced.ok() && *synced == record->synced_through());
  return 0;
}
