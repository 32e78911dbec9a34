// SPDX-License-Identifier: Apache-2.0

// What writers of record file version 1 wrote (FORMAT.md, "Record file"), for tests of its readers.
#ifndef VERALITH_CORE_FORMAT_TESTING_VERSION_1_H_
#define VERALITH_CORE_FORMAT_TESTING_VERSION_1_H_

#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "core/format/coding.h"
#include "core/format/log_record.h"
#include "core/format/record_frame.h"
#include "veralith/types.h"

namespace veralith::testing {

inline std::string Version1LogPayload(Timestamp ts, LogPosition synced_through,
                                      std::span<const LogOperation> operations) {
  std::string out;
  AppendFixed64(&out, ts);
  AppendFixed64(&out, synced_through.log_number);
  AppendFixed64(&out, synced_through.offset);
  AppendFixed32(&out, static_cast<uint32_t>(operations.size()));
  for (const LogOperation& op : operations) {
    out.push_back(static_cast<char>(op.open_end ? 4 : static_cast<int>(op.kind)));
    AppendVarint64(&out, op.ns);
    AppendVarint64(&out, op.key.size());
    if (op.kind != LogOperation::Kind::kDelete && !op.open_end) {
      AppendVarint64(&out, op.value.size());
    }
    out.append(op.key).append(op.value);
  }
  return out;
}

// A record file in memory, in any version.
class RecordFileImage {
 public:
  explicit RecordFileImage(const RecordFileHeader& header)
      : header_(header), checksum_(RecordFileHeaderChecksum(header)) {
    bytes_.resize(kRecordFileHeaderBytes);
    StoreRecordFileHeader(bytes_.data(), header);
  }

  void Add(std::string_view payload) {
    const size_t offset = bytes_.size();
    bytes_.resize(offset + RecordBytes(payload.size(), header_.version));
    char* const record = bytes_.data() + offset;
    std::memcpy(record + kRecordHeaderBytes, payload.data(), payload.size());
    checksum_ = SealRecord(record, header_.file.id, offset, checksum_,
                           static_cast<uint32_t>(payload.size()), header_.version);
  }

  const std::string& bytes() const { return bytes_; }
  uint32_t checksum() const { return checksum_; }  // of the last record, or of the header

 private:
  const RecordFileHeader header_;
  std::string bytes_;
  uint32_t checksum_;
};

}  // namespace veralith::testing

#endif  // VERALITH_CORE_FORMAT_TESTING_VERSION_1_H_
