// SPDX-License-Identifier: Apache-2.0

// Reads a record file (core/format/record_frame.h) from its beginning to the first place that is
// not the next record of the chain. It can also search the bytes after that place for records that
// are sound in themselves.
//
// Invariants
//   1. Next yields exactly the records written, in order, and then stops for good: nothing after
//      the first bad place is ever yielded as a record of the chain.
//   2. A missing, torn, stale or foreign file header is a bad place at offset 0, not an error: a
//      crash can leave any of these in a file whose name is durable.
//   3. An I/O error is returned as such, never taken for the end.
//   4. A file has one version, stated in its header. If the header is lost, the first sound record
//      found after it tells the version (a record of one version is no record in another).
//   5. Memory: one record of the file at a time, never more than the file's size plus 64 KiB; the
//      scan after damage needs 128 KiB, and so does telling zeros. The scan's time is linear in the
//      file (see ScanBehindEnd).
//
// Owns the file. Thread rule: one thread at a time.
#ifndef VERALITH_CORE_LOG_RECORD_READER_H_
#define VERALITH_CORE_LOG_RECORD_READER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/format/record_frame.h"
#include "core/log/record_writer.h"
#include "veralith/file_system.h"

namespace veralith {

class RecordReader {
 public:
  enum class EndReason {
    kEndOfFile,  // the file ends with a good record, or is empty
    kZeros,      // only zeros follow: room that File::MapAppends made ahead, or an unwritten tail
    kBadRecord,  // bytes follow that are not the next record: torn, damaged, or stale
    // The file is sound where it begins, but continues another checksum than expected.
    kBrokenChain,
  };

  // How much of a payload ScanBehindEnd shows.
  static constexpr size_t kScanPrefixBytes = 64;

  // Fails on I/O errors, and with Unimplemented on a sound header of a later format version.
  static absl::StatusOr<std::unique_ptr<RecordReader>> Open(std::unique_ptr<File> file,
                                                            const RecordFileId& id);
  // The id that a file's own header states, for readers that have no other source (manifest,
  // tools). DataLoss when the file has no sound header.
  static absl::StatusOr<RecordFileId> ReadId(const File& file);

  // Call it before the first Next: the file must continue `checksum`, the checksum() of the file
  // before it. A file without a sound header ends as it would otherwise. One that continues another
  // checksum yields nothing and ends with kBrokenChain.
  void ExpectContinues(uint32_t checksum);
  // Checksum of the last record of the chain yielded so far, or of the file header if that is good.
  uint32_t checksum() const { return previous_checksum_; }

  // Returns true and sets *payload to the next record's, valid until the next call. False: the end;
  // see end_reason().
  absl::StatusOr<bool> Next(std::string_view* payload);

  // Offset of the record last returned by Next.
  uint64_t record_offset() const { return record_offset_; }

  // Valid after Next returned false.
  EndReason end_reason() const { return end_reason_; }
  // Offset of the end of the last good record: where the bad place begins.
  uint64_t end_offset() const { return offset_; }
  // For people: why the chain ends there.
  const std::string& end_detail() const { return end_detail_; }
  // Where a RecordWriter can go on. Valid after Next returned false, if at least the file header
  // was good. Everything from .offset on must be cut first.
  RecordResumePoint resume_point() const { return {offset_, previous_checksum_, version_}; }
  bool header_is_good() const { return header_is_good_; }
  // Version of the payloads that Next yields and ScanBehindEnd shows; 0: neither header nor record
  // told.
  uint32_t version() const { return version_; }

  // Finds records that are sound in themselves (id, offset, header check and checksum; what lies
  // before may be missing) at or after the place that Next has reached. Calls `visit` with the
  // offset of each and the first kScanPrefixBytes of its payload, until `visit` returns false.
  //
  // Cost: one header check (some ns) per 4 bytes (version 1: per 8 bytes), or two if the header is
  // lost. Checksums are computed only if that check passes. Only a writer that knows the file's
  // random id makes headers that pass, and its records do not overlap: so all checksums together
  // cover each byte about once. More than four times the bytes scanned is DataLoss: such a file was
  // made to be slow.
  absl::Status ScanBehindEnd(
      const std::function<bool(uint64_t offset, std::string_view payload_prefix)>& visit);

  // For salvage, after Next returned false: goes on after the end, at the next record that is sound
  // in itself, as if the chain began there. Returns false if there is none. What lies between is
  // lost, and a record found this way may never have been acknowledged.
  absl::StatusOr<bool> GoOnBehindEnd();

  uint64_t file_bytes() const { return file_bytes_; }
  const File& file() const { return *file_; }

 private:
  RecordReader(std::unique_ptr<File> file, const RecordFileId& id, uint64_t file_bytes);

  absl::Status CheckFileHeader();
  // Ends with kZeros if nothing else follows, and otherwise with kBadRecord.
  absl::StatusOr<bool> EndBadly(std::string_view detail);
  bool End(EndReason reason, std::string detail);
  // Makes bytes [offset, offset + n) of the file available at *bytes; they are inside the file.
  absl::Status Load(uint64_t offset, size_t n, const char** bytes);
  // Returns the version in which these bytes are a record's header; none if there is no such
  // version.
  std::optional<uint32_t> ParseHeaderAt(uint64_t offset, const char* bytes,
                                        RecordHeader* header) const;
  absl::StatusOr<bool> IsSound(uint64_t offset, const RecordHeader& header, uint64_t total);

  const std::unique_ptr<File> file_;
  const RecordFileId id_;
  const uint64_t file_bytes_;

  bool header_is_good_ = false;
  bool ended_ = false;
  EndReason end_reason_ = EndReason::kEndOfFile;
  std::string end_detail_;
  uint32_t version_ = 0;  // 0: not known
  uint64_t offset_ = 0;   // start of the next record
  uint64_t record_offset_ = 0;
  uint64_t went_on_at_ = 0;  // where GoOnBehindEnd last went on
  uint32_t previous_checksum_ = 0;
  uint32_t continues_ = 0;  // as the header says

  // A window of the file.
  std::unique_ptr<char[]> buffer_;
  size_t buffer_capacity_ = 0;
  uint64_t buffer_offset_ = 0;
  size_t buffer_bytes_ = 0;
};

}  // namespace veralith

#endif  // VERALITH_CORE_LOG_RECORD_READER_H_
