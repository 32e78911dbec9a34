// SPDX-License-Identifier: Apache-2.0

#include "core/format/record_frame.h"

#include <cstring>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/format/checksum.h"
#include "core/format/coding.h"

namespace veralith {
namespace {

constexpr std::string_view kMagic = "VERALREC";
constexpr size_t kHeaderCheckedBytes = 36;

// SplitMix64's finalizer: every input bit changes every output bit with chance 1/2.
uint64_t Mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

uint32_t HeaderCheck(uint64_t file_id, uint64_t offset, uint32_t version, uint32_t previous,
                     uint32_t length) {
  const uint64_t place = Mix(file_id + offset * 0x9e3779b97f4a7c15u + (version - 1));
  return static_cast<uint32_t>(Mix(place ^ (uint64_t{previous} << 32 | length)));
}

}  // namespace

void StoreRecordFileHeader(char* out, const RecordFileHeader& header) {
  const RecordFileId& file = header.file;
  std::memcpy(out, kMagic.data(), kMagic.size());
  StoreLe32(out + 8, header.version);
  StoreLe32(out + 12, static_cast<uint32_t>(file.kind));
  StoreLe64(out + 16, file.number);
  StoreLe64(out + 24, file.id);
  StoreLe32(out + 32, header.continues);
  StoreLe32(out + kHeaderCheckedBytes, Crc32c(std::string_view(out, kHeaderCheckedBytes)));
}

absl::StatusOr<RecordFileHeader> ParseRecordFileHeader(std::string_view bytes) {
  if (bytes.size() < kRecordFileHeaderBytes) {
    return DataLoss(StrCat("offset 0: expected a file header of ", kRecordFileHeaderBytes,
                           " bytes, found ", bytes.size()));
  }
  const char* const at = bytes.data();
  if (bytes.substr(0, kMagic.size()) != kMagic) {
    return DataLoss("offset 0: expected the magic VERALREC");
  }
  if (LoadLe32(at + kHeaderCheckedBytes) != Crc32c(bytes.substr(0, kHeaderCheckedBytes))) {
    return DataLoss("offset 36: the file header's checksum does not match");
  }
  const uint32_t version = LoadLe32(at + 8);
  const uint32_t kind = LoadLe32(at + 12);
  if (version < kOldestRecordFormatVersion || version > kRecordFormatVersion ||
      kind < static_cast<uint32_t>(RecordFileKind::kLog) ||
      kind > static_cast<uint32_t>(RecordFileKind::kManifest)) {
    return Unimplemented(StrCat("offset 8: record file version ", version, " of kind ", kind));
  }
  return RecordFileHeader{.file = {RecordFileKind{kind}, LoadLe64(at + 16), LoadLe64(at + 24)},
                          .continues = LoadLe32(at + 32),
                          .version = version};
}

uint32_t RecordFileHeaderChecksum(const RecordFileHeader& header) {
  char bytes[kRecordFileHeaderBytes];
  StoreRecordFileHeader(bytes, header);
  return LoadLe32(bytes + kHeaderCheckedBytes);
}

uint32_t RecordChecksumSeed(uint64_t file_id, uint64_t offset) {
  char bytes[16];
  StoreLe64(bytes, file_id);
  StoreLe64(bytes + 8, offset);
  return Crc32c(std::string_view(bytes, sizeof(bytes)));
}

uint32_t SealRecord(char* record, uint64_t file_id, uint64_t offset, uint32_t previous,
                    uint32_t length, uint32_t version) {
  VERALITH_CHECK(length >= 1 && length <= kMaxRecordPayloadBytes);
  const uint64_t total = RecordBytes(length, version);
  std::memset(record + kRecordHeaderBytes + length, 0, total - kRecordHeaderBytes - length);
  StoreLe32(record + 4, previous);
  StoreLe32(record + 8, length);
  StoreLe32(record + 12, HeaderCheck(file_id, offset, version, previous, length));
  const uint32_t checksum =
      Crc32c(RecordChecksumSeed(file_id, offset), std::string_view(record + 4, total - 4));
  StoreLe32(record, checksum);
  return checksum;
}

bool ParseRecordHeader(const char* bytes, uint64_t file_id, uint64_t offset, uint32_t version,
                       RecordHeader* header) {
  header->length = LoadLe32(bytes + 8);
  if (header->length == 0 || header->length > kMaxRecordPayloadBytes) {
    return false;
  }
  header->checksum = LoadLe32(bytes);
  header->previous = LoadLe32(bytes + 4);
  return LoadLe32(bytes + 12) ==
         HeaderCheck(file_id, offset, version, header->previous, header->length);
}

}  // namespace veralith
