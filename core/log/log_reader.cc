// SPDX-License-Identifier: Apache-2.0

#include "core/log/log_reader.h"

#include <algorithm>
#include <string_view>

#include "core/base/status.h"
#include "core/base/text.h"

namespace veralith {

static_assert(RecordReader::kScanPrefixBytes >= kMaxLogRecordHeaderBytes);

LogReader::LogReader(std::unique_ptr<RecordReader> reader, uint64_t log_number)
    : reader_(std::move(reader)), log_number_(log_number) {}

absl::StatusOr<std::unique_ptr<LogReader>> LogReader::Open(std::unique_ptr<File> file,
                                                           uint64_t log_number, uint64_t log_id) {
  VERALITH_ASSIGN_OR_RETURN(
      auto reader,
      RecordReader::Open(std::move(file), RecordFileId{RecordFileKind::kLog, log_number, log_id}));
  return std::unique_ptr<LogReader>(new LogReader(std::move(reader), log_number));
}

absl::Status LogReader::Locate(const absl::Status& status, uint64_t offset) const {
  return Annotate(status, StrCat(reader_->file().path(), ": record at offset ", offset));
}

absl::StatusOr<bool> LogReader::Next(LogRecordView* record) {
  VERALITH_RETURN_IF_ERROR(error_);
  std::string_view payload;
  VERALITH_ASSIGN_OR_RETURN(const bool found, reader_->Next(&payload));
  if (!found) {
    return false;
  }
  absl::StatusOr<LogRecordView> parsed = LogRecordView::Parse(payload, reader_->version());
  if (!parsed.ok()) {
    return error_ = Locate(parsed.status(), reader_->record_offset());
  }
  *record = *parsed;
  return true;
}

absl::StatusOr<std::optional<LogPosition>> LogReader::FurthestSyncedBehindDamage() {
  std::optional<LogPosition> furthest;
  absl::Status error;
  VERALITH_RETURN_IF_ERROR(
      reader_->ScanBehindEnd([&](uint64_t offset, std::string_view payload_prefix) {
        const auto header = LogRecordView::ParseHeader(payload_prefix, reader_->version());
        error = Locate(header.status(), offset);
        if (header.ok()) {
          const LogPosition synced = header->synced_through;
          furthest = std::max(furthest.value_or(synced), synced);
        }
        return error.ok();
      }));
  VERALITH_RETURN_IF_ERROR(error);
  return furthest;
}

}  // namespace veralith
