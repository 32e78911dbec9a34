// SPDX-License-Identifier: Apache-2.0

#include "core/log/record_writer.h"

#include <algorithm>
#include <cstring>

#include "core/base/check.h"
#include "core/base/no_memory.h"
#include "core/base/status.h"

namespace veralith {
namespace {

constexpr size_t kInitialBufferBytes = size_t{64} << 10;
// A larger buffer, left by a large batch, is given back after the commit.
constexpr size_t kKeptBufferBytes = size_t{16} << 20;

}  // namespace

RecordWriter::RecordWriter(std::unique_ptr<File> file, const RecordFileId& id, uint32_t continues)
    : file_(std::move(file)),
      id_(id),
      previous_checksum_(RecordFileHeaderChecksum({id, continues})) {
  committed_checksum_ = previous_checksum_;
  Reserve(kRecordFileHeaderBytes);
  StoreRecordFileHeader(buffer_.get(), {id_, continues});
  staged_bytes_ = kRecordFileHeaderBytes;
}

RecordWriter::RecordWriter(std::unique_ptr<File> file, const RecordFileId& id,
                           const RecordResumePoint& resume)
    : file_(std::move(file)),
      id_(id),
      committed_offset_(resume.offset),
      synced_offset_(resume.offset),
      previous_checksum_(resume.previous_checksum),
      committed_checksum_(resume.previous_checksum) {
  VERALITH_CHECK(resume.version == kRecordFormatVersion &&
                 resume.offset >= kRecordFileHeaderBytes && resume.offset % kRecordAlignment == 0);
}

void RecordWriter::Reserve(size_t more) {
  if (buffer_bytes_ - staged_bytes_ >= more) [[likely]] {
    return;
  }
  const size_t wanted = std::max({kInitialBufferBytes, 2 * buffer_bytes_, staged_bytes_ + more});
  auto larger = std::make_unique_for_overwrite<char[]>(wanted);
  if (staged_bytes_ > 0) {
    std::memcpy(larger.get(), buffer_.get(), staged_bytes_);
  }
  buffer_ = std::move(larger);
  buffer_bytes_ = wanted;
}

char* RecordWriter::BeginStage(size_t bytes) {
  VERALITH_CHECK(open_payload_bytes_ == 0 && bytes >= 1 && bytes <= kMaxRecordPayloadBytes);
  Reserve(RecordBytes(bytes));
  open_payload_bytes_ = static_cast<uint32_t>(bytes);
  return buffer_.get() + staged_bytes_ + kRecordHeaderBytes;
}

void RecordWriter::SealStaged() {
  VERALITH_CHECK(open_payload_bytes_ != 0);
  previous_checksum_ = SealRecord(buffer_.get() + staged_bytes_, id_.id, staged_offset(),
                                  previous_checksum_, open_payload_bytes_);
  staged_bytes_ += RecordBytes(open_payload_bytes_);
  open_payload_bytes_ = 0;
}

void RecordWriter::Stage(std::string_view payload) {
  std::memcpy(BeginStage(payload.size()), payload.data(), payload.size());
  SealStaged();
}

void RecordWriter::DropStaged() {
  staged_bytes_ = committed_offset_ == 0 ? kRecordFileHeaderBytes : 0;
  previous_checksum_ = committed_checksum_;
  open_payload_bytes_ = 0;
}

// The error may lack memory for its words, and must still be an error then.
absl::Status RecordWriter::Commit() {
  VERALITH_CHECK(open_payload_bytes_ == 0);
  const size_t bytes = staged_bytes_;
  if (status_.ok() && bytes > 0) {
    status_ = CatchNoMemory("a write",
                            [&] { return file_->Append(std::string_view(buffer_.get(), bytes)); });
    if (status_.ok()) {
      committed_offset_ += bytes;
      committed_checksum_ = previous_checksum_;
    }
  }
  staged_bytes_ = 0;
  if (buffer_bytes_ > kKeptBufferBytes) {
    buffer_.reset();
    buffer_bytes_ = 0;
  }
  return status_;
}

absl::Status RecordWriter::Sync() {
  if (status_.ok() && synced_offset_ != committed_offset_) {
    status_ = CatchNoMemory("a sync", [&] { return file_->Sync(); });
    if (status_.ok()) {
      synced_offset_ = committed_offset_;
    }
  }
  return status_;
}

absl::Status RecordWriter::Close() {
  const absl::Status closed = file_->Close();
  if (status_.ok()) {
    status_ = closed.ok() ? FailedPrecondition(file_->path() + ": closed") : closed;
  }
  return closed;
}

}  // namespace veralith
