// SPDX-License-Identifier: Apache-2.0

#include "core/log/log_writer.h"

#include "core/base/check.h"

namespace veralith {

LogWriter::LogWriter(std::unique_ptr<File> file, uint64_t log_number, uint64_t log_id,
                     uint32_t continues)
    : writer_(std::move(file), RecordFileId{RecordFileKind::kLog, log_number, log_id}, continues) {}

void LogWriter::Stage(Timestamp ts, LogPosition synced_through,
                      std::span<const LogOperation> operations) {
  const size_t bytes = LogRecordBytes(synced_through, operations);
  char* const payload = writer_.BeginStage(bytes);
  const char* const end = StoreLogRecord(payload, ts, synced_through, operations);
  VERALITH_CHECK(end == payload + bytes);
  writer_.SealStaged();
}

}  // namespace veralith
