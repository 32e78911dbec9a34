// SPDX-License-Identifier: Apache-2.0

#include "core/log/record_reader.h"

#include <algorithm>
#include <optional>
#include <span>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/checksum.h"
#include "core/fs/file_helpers.h"

namespace veralith {
namespace {

constexpr size_t kWindowBytes = size_t{64} << 10;
// How many times the bytes scanned may be checksummed (ScanBehindEnd).
constexpr uint64_t kScanChecksumFactor = 4;

absl::Status ReadExactly(const File& file, uint64_t offset, std::span<char> out) {
  VERALITH_ASSIGN_OR_RETURN(const size_t got, file.ReadAt(offset, out));
  if (got != out.size()) {
    return DataLoss(StrCat(file.path(), ": offset ", offset, ": expected ", out.size(),
                           " bytes, read ", got, ": the file shrank"));
  }
  return absl::OkStatus();
}

}  // namespace

RecordReader::RecordReader(std::unique_ptr<File> file, const RecordFileId& id, uint64_t file_bytes)
    : file_(std::move(file)), id_(id), file_bytes_(file_bytes) {}

absl::StatusOr<std::unique_ptr<RecordReader>> RecordReader::Open(std::unique_ptr<File> file,
                                                                 const RecordFileId& id) {
  VERALITH_ASSIGN_OR_RETURN(const uint64_t file_bytes, file->Size());
  std::unique_ptr<RecordReader> reader(new RecordReader(std::move(file), id, file_bytes));
  VERALITH_RETURN_IF_ERROR(reader->CheckFileHeader());
  return reader;
}

absl::StatusOr<RecordFileId> RecordReader::ReadId(const File& file) {
  char bytes[kRecordFileHeaderBytes];
  VERALITH_ASSIGN_OR_RETURN(const size_t got, file.ReadAt(0, bytes));
  const absl::StatusOr<RecordFileHeader> header =
      ParseRecordFileHeader(std::string_view(bytes, got));
  if (!header.ok()) {
    return Annotate(header.status(), file.path());
  }
  return header->file;
}

absl::Status RecordReader::CheckFileHeader() {
  if (file_bytes_ == 0) {
    End(EndReason::kEndOfFile, "the file is empty");
    return absl::OkStatus();
  }
  const size_t header_bytes = std::min<uint64_t>(file_bytes_, kRecordFileHeaderBytes);
  const char* bytes = nullptr;
  VERALITH_RETURN_IF_ERROR(Load(0, header_bytes, &bytes));
  const auto stated = ParseRecordFileHeader(std::string_view(bytes, header_bytes));
  if (absl::IsUnimplemented(stated.status())) {
    return Annotate(stated.status(), file_->path());
  }
  if (!stated.ok()) {
    const std::string detail(Message(stated.status()));
    VERALITH_RETURN_IF_ERROR(EndBadly(detail).status());
  } else if (stated->file != id_) {
    End(EndReason::kBadRecord,
        StrCat("offset 12: the header belongs to file ", stated->file.number, " with id ",
               stated->file.id, ", expected ", id_.number, " with id ", id_.id));
  } else {
    header_is_good_ = true;
    version_ = stated->version;
    offset_ = kRecordFileHeaderBytes;
    previous_checksum_ = RecordFileHeaderChecksum(*stated);
    continues_ = stated->continues;
  }
  return absl::OkStatus();
}

void RecordReader::ExpectContinues(uint32_t checksum) {
  if (header_is_good_ && continues_ != checksum) {
    End(EndReason::kBrokenChain, "offset 32: the file before this one has lost records at its end");
  }
}

bool RecordReader::End(EndReason reason, std::string detail) {
  ended_ = true;
  end_reason_ = reason;
  end_detail_ = std::move(detail);
  return false;
}

absl::StatusOr<bool> RecordReader::EndBadly(std::string_view detail) {
  VERALITH_ASSIGN_OR_RETURN(const bool zeros, OnlyZerosFollow(*file_, offset_));
  return zeros ? End(EndReason::kZeros, StrCat("offset ", offset_, ": only zeros follow"))
               : End(EndReason::kBadRecord, std::string(detail));
}

absl::Status RecordReader::Load(uint64_t offset, size_t n, const char** bytes) {
  VERALITH_DCHECK(offset <= file_bytes_ && n <= file_bytes_ - offset);
  const bool is_loaded = offset >= buffer_offset_ && offset - buffer_offset_ <= buffer_bytes_ &&
                         buffer_bytes_ - (offset - buffer_offset_) >= n;
  if (!is_loaded) {
    if (buffer_capacity_ < std::max(n, size_t{1})) {
      buffer_bytes_ = 0;
      buffer_.reset();  // before the new one is made: never two large buffers at a time
      buffer_capacity_ = std::max<size_t>(n, std::min<uint64_t>(kWindowBytes, file_bytes_));
      buffer_ = std::make_unique_for_overwrite<char[]>(buffer_capacity_);
    }
    buffer_bytes_ = 0;
    const size_t wanted = std::min<uint64_t>(buffer_capacity_, file_bytes_ - offset);
    VERALITH_RETURN_IF_ERROR(ReadExactly(*file_, offset, std::span(buffer_.get(), wanted)));
    buffer_offset_ = offset;
    buffer_bytes_ = wanted;
  }
  *bytes = buffer_.get() + (offset - buffer_offset_);
  return absl::OkStatus();
}

absl::StatusOr<bool> RecordReader::Next(std::string_view* payload) {
  if (ended_) {
    return false;
  }
  const uint64_t remaining = file_bytes_ - offset_;
  if (remaining == 0) {
    return End(EndReason::kEndOfFile, "the file ends with a good record");
  }
  const auto bad = [this](std::string_view what) {
    return EndBadly(StrCat("offset ", offset_, ": ", what));
  };
  if (remaining < kRecordHeaderBytes) {
    return bad(StrCat(remaining, " bytes are too few for a record"));
  }
  const char* record = nullptr;
  VERALITH_RETURN_IF_ERROR(Load(offset_, kRecordHeaderBytes, &record));
  RecordHeader header;
  if (!ParseRecordHeader(record, id_.id, offset_, version_, &header)) {
    return bad("no record header");
  }
  if (header.previous != previous_checksum_) {
    return bad("the record does not follow the one before it");
  }
  const uint64_t total = RecordBytes(header.length, version_);
  if (total > remaining) {
    return bad(StrCat("a record of ", total, " bytes, ", remaining, " remain"));
  }
  VERALITH_RETURN_IF_ERROR(Load(offset_, total, &record));
  if (Crc32c(RecordChecksumSeed(id_.id, offset_), std::string_view(record + 4, total - 4)) !=
      header.checksum) {
    return bad("the record's checksum does not match");
  }
  const std::string_view padding(record + kRecordHeaderBytes + header.length,
                                 total - kRecordHeaderBytes - header.length);
  if (padding.find_first_not_of('\0') != std::string_view::npos) {
    return bad("the record's padding is not 0");
  }
  *payload = std::string_view(record + kRecordHeaderBytes, header.length);
  record_offset_ = offset_;
  offset_ += total;
  previous_checksum_ = header.checksum;
  return true;
}

std::optional<uint32_t> RecordReader::ParseHeaderAt(uint64_t offset, const char* bytes,
                                                    RecordHeader* header) const {
  for (uint32_t version = kRecordFormatVersion; version >= kOldestRecordFormatVersion; --version) {
    if ((version_ == 0 || version_ == version) && offset % RecordAlignment(version) == 0 &&
        ParseRecordHeader(bytes, id_.id, offset, version, header)) {
      return version;
    }
  }
  return std::nullopt;
}

absl::StatusOr<bool> RecordReader::IsSound(uint64_t offset, const RecordHeader& header,
                                           uint64_t total) {
  const uint64_t end = offset + total;
  uint32_t checksum = RecordChecksumSeed(id_.id, offset);
  // The window holds what the scan reads next; a record beyond it goes through a buffer of its own.
  if (end <= buffer_offset_ + buffer_bytes_) {
    const char* bytes = buffer_.get() + (offset - buffer_offset_);
    return Crc32c(checksum, std::string_view(bytes + 4, end - offset - 4)) == header.checksum;
  }
  const auto chunk = std::make_unique_for_overwrite<char[]>(kWindowBytes);
  for (uint64_t at = offset + 4; at < end;) {
    const size_t n = std::min<uint64_t>(kWindowBytes, end - at);
    VERALITH_RETURN_IF_ERROR(ReadExactly(*file_, at, std::span(chunk.get(), n)));
    checksum = Crc32c(checksum, std::string_view(chunk.get(), n));
    at += n;
  }
  return checksum == header.checksum;
}

absl::StatusOr<bool> RecordReader::GoOnBehindEnd() {
  std::optional<uint64_t> found;
  VERALITH_RETURN_IF_ERROR(ScanBehindEnd([&](uint64_t offset, std::string_view) {
    if (offset > went_on_at_) {
      found = offset;
    }
    return !found.has_value();
  }));
  if (!found.has_value()) {
    return false;
  }
  const char* record = nullptr;
  RecordHeader header;
  VERALITH_RETURN_IF_ERROR(Load(*found, kRecordHeaderBytes, &record));
  if (!ParseRecordHeader(record, id_.id, *found, version_, &header)) {
    return DataLoss(file_->path() + ": the file changes while it is read");
  }
  offset_ = went_on_at_ = *found;
  previous_checksum_ = header.previous;
  ended_ = false;
  return true;
}

absl::Status RecordReader::ScanBehindEnd(
    const std::function<bool(uint64_t offset, std::string_view payload_prefix)>& visit) {
  uint64_t offset = std::max<uint64_t>(offset_, kRecordFileHeaderBytes);
  if (offset >= file_bytes_) {
    return absl::OkStatus();
  }
  uint64_t checksum_bytes_left = kScanChecksumFactor * (file_bytes_ - offset);
  while (file_bytes_ - offset >= RecordBytes(1)) {
    const char* record = nullptr;
    VERALITH_RETURN_IF_ERROR(Load(offset, kRecordHeaderBytes, &record));
    RecordHeader header;
    const std::optional<uint32_t> version = ParseHeaderAt(offset, record, &header);
    const uint64_t total = version.has_value() ? RecordBytes(header.length, *version) : 0;
    if (!version.has_value() || total > file_bytes_ - offset) {
      offset += kRecordAlignment;
      continue;
    }
    if (total > checksum_bytes_left) {
      return DataLoss(StrCat(file_->path(), ": offset ", offset,
                             ": more record headers than a writer can have left there"));
    }
    checksum_bytes_left -= total;
    VERALITH_ASSIGN_OR_RETURN(const bool is_sound, IsSound(offset, header, total));
    if (!is_sound) {
      offset += kRecordAlignment;
      continue;
    }
    version_ = *version;
    const size_t prefix_bytes = std::min<size_t>(header.length, kScanPrefixBytes);
    VERALITH_RETURN_IF_ERROR(Load(offset, kRecordHeaderBytes + prefix_bytes, &record));
    if (!visit(offset, std::string_view(record + kRecordHeaderBytes, prefix_bytes))) {
      break;
    }
    offset += total;
  }
  return absl::OkStatus();
}

}  // namespace veralith
