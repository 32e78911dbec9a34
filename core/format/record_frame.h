// SPDX-License-Identifier: Apache-2.0

// The frame of a record file (logs and manifests): a file header that says whose records follow,
// and records of opaque bytes chained by checksums. Bytes only; core/log does the I/O. FORMAT.md,
// "Record file", has the layout and its reasons.
//
// Invariants
//   1. A record's checksum covers the file's id, its offset, the previous record's checksum, its
//      length, payload and padding. So bytes of another file, another place or another time do not
//      pass (chance 2^-64, including the header check).
//   2. The header check covers the header alone (and id and offset). So a scan over arbitrary bytes
//      tells in nanoseconds that no record begins here, and a length that passed it was written by
//      us.
//   3. Zeros are never a record.
//   4. A record of one version is no record in another: the header check covers the version too. So
//      a file whose header is lost still shows in which version it was written.
#ifndef VERALITH_CORE_FORMAT_RECORD_FRAME_H_
#define VERALITH_CORE_FORMAT_RECORD_FRAME_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "veralith/types.h"

namespace veralith {

// What a record file holds. Written to files: never renumber.
enum class RecordFileKind : uint32_t { kLog = 1, kManifest = 2 };

// Identifies a file. The manifest states it for a log; CURRENT and the file itself state it for a
// manifest.
struct RecordFileId {
  RecordFileKind kind = RecordFileKind::kLog;
  uint64_t number = 0;
  uint64_t id = 0;  // drawn at random for each file, so that stale bytes never pass

  friend bool operator==(const RecordFileId&, const RecordFileId&) = default;
};

inline constexpr size_t kRecordFileHeaderBytes = 40;
inline constexpr size_t kRecordHeaderBytes = 16;
inline constexpr uint32_t kMaxRecordPayloadBytes = kMaxBatchBytes + (1u << 20);

// A file has one version, which its header states. Writers write the newest; readers read all.
inline constexpr uint32_t kOldestRecordFormatVersion = 1;
inline constexpr uint32_t kRecordFormatVersion = 2;

// Records lie at multiples of this.
constexpr uint64_t RecordAlignment(uint32_t version) { return version == 1 ? 8 : 4; }
inline constexpr uint64_t kRecordAlignment = RecordAlignment(kRecordFormatVersion);

// Size of the whole record: header, payload, padding.
constexpr uint64_t RecordBytes(uint64_t payload_bytes, uint32_t version = kRecordFormatVersion) {
  const uint64_t alignment = RecordAlignment(version);
  return (kRecordHeaderBytes + payload_bytes + alignment - 1) & ~(alignment - 1);
}

// The beginning of a record file.
struct RecordFileHeader {
  RecordFileId file;
  // The checksum of the last record of the file that this one continues; 0: it continues none. So
  // if a log lost its tail at a record's boundary, that is noticed when the next log is read.
  uint32_t continues = 0;
  uint32_t version = kRecordFormatVersion;

  friend bool operator==(const RecordFileHeader&, const RecordFileHeader&) = default;
};

// Writes kRecordFileHeaderBytes.
void StoreRecordFileHeader(char* out, const RecordFileHeader& header);
// DataLoss if these are not the 40 bytes of a header; Unimplemented for a later version.
absl::StatusOr<RecordFileHeader> ParseRecordFileHeader(std::string_view bytes);
// The checksum that the first record holds as the previous one.
uint32_t RecordFileHeaderChecksum(const RecordFileHeader& header);

struct RecordHeader {
  uint32_t checksum = 0;
  uint32_t previous = 0;  // the checksum of the record before this one
  uint32_t length = 0;    // of the payload: 1 to kMaxRecordPayloadBytes
};

// Seals a record in place: `record` points to RecordBytes(length) bytes with the payload at
// kRecordHeaderBytes; header and padding are filled in. Returns the checksum. (Only tests seal
// records of an older version.)
uint32_t SealRecord(char* record, uint64_t file_id, uint64_t offset, uint32_t previous,
                    uint32_t length, uint32_t version = kRecordFormatVersion);

// Reads the header at `bytes` (kRecordHeaderBytes of them); returns false unless its own check
// holds.
bool ParseRecordHeader(const char* bytes, uint64_t file_id, uint64_t offset, uint32_t version,
                       RecordHeader* header);

// The checksum of a record in pieces: start, then everything from byte 4 of the record to its end.
uint32_t RecordChecksumSeed(uint64_t file_id, uint64_t offset);

}  // namespace veralith

#endif  // VERALITH_CORE_FORMAT_RECORD_FRAME_H_
