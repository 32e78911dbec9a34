// SPDX-License-Identifier: Apache-2.0

#include "core/manifest/manifest_log.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <string_view>
#include <utility>

#include "core/base/check.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "core/format/checksum.h"
#include "core/format/coding.h"
#include "core/format/record_frame.h"
#include "core/fs/file_helpers.h"
#include "core/log/record_reader.h"
#include "core/log/record_writer.h"

namespace veralith {
namespace {

// A record's payload: the position up to which the file was synced when the record was written (8
// bytes), then the edit. A closing record has no edit.
constexpr size_t kSyncedThroughBytes = 8;
constexpr uint64_t kMaxCurrentBytes = 4096;

std::string Payload(uint64_t synced_through, const VersionEdit* edit) {
  std::string payload;
  AppendFixed64(&payload, synced_through);
  if (edit != nullptr) {
    EncodeVersionEdit(*edit, &payload);
  }
  return payload;
}

std::string At(const std::string& path, uint64_t offset) {
  return path + " at offset " + std::to_string(offset);
}

}  // namespace

RecordFileId ManifestFileId(const CurrentPointer& pointer) {
  const uint64_t number = pointer.manifest_number;
  const uint64_t id = Random(pointer.database_id ^ Random(number).Next()).Next();
  return {RecordFileKind::kManifest, number, id};
}

// --- CURRENT -------------------------------------------------------------------------------------

namespace {

std::string CurrentLines(const CurrentPointer& pointer) {
  char line[40];
  std::snprintf(line, sizeof line, "database %016" PRIx64 "\n", pointer.database_id);
  return ManifestFileName(pointer.manifest_number) + "\n" + line;
}

// Parses 16 lower-case hex digits; returns nothing for any other text.
std::optional<uint64_t> ParseHex16(std::string_view text) {
  if (text.size() != 16) {
    return std::nullopt;
  }
  uint64_t value = 0;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && !(c >= 'a' && c <= 'f')) {
      return std::nullopt;
    }
    value = value << 4 | static_cast<uint64_t>(digit ? c - '0' : c - 'a' + 10);
  }
  return value;
}

}  // namespace

std::string CurrentText(const CurrentPointer& pointer) {
  std::string text = CurrentLines(pointer);
  char line[40];
  std::snprintf(line, sizeof line, "checksum %08" PRIx32 "\n", Crc32c(text));
  return text + line;
}

absl::StatusOr<CurrentPointer> ParseCurrentText(std::string_view text) {
  constexpr std::string_view kDatabase = "database ";
  const size_t end = std::min(text.find('\n'), text.size());
  const std::optional<FileName> name = ParseFileName(text.substr(0, end));
  if (!name.has_value() || name->kind != FileKind::kManifest || end == text.size()) {
    return DataLoss("at offset 0: does not begin with the name of a manifest");
  }
  const std::string_view second = text.substr(end + 1);
  const std::optional<uint64_t> id = second.starts_with(kDatabase)
                                         ? ParseHex16(second.substr(kDatabase.size(), 16))
                                         : std::nullopt;
  if (!id.has_value()) {
    return DataLoss("at offset " + std::to_string(end + 1) + ": no database id");
  }
  const CurrentPointer pointer{name->number, *id};
  if (CurrentText(pointer) != text) {
    return DataLoss("at offset " + std::to_string(CurrentLines(pointer).size()) +
                    ": checksum does not match");
  }
  return pointer;
}

// --- Writing -------------------------------------------------------------------------------------

namespace {

absl::StatusOr<std::unique_ptr<File>> CreateAnew(FileSystem* fs, const std::string& path) {
  VERALITH_ASSIGN_OR_RETURN(const bool exists, fs->Exists(path));
  if (exists) {
    VERALITH_RETURN_IF_ERROR(fs->Remove(path));
  }
  return fs->Open(path, OpenMode::kCreate);
}

absl::Status WriteCurrent(FileSystem* fs, const std::string& directory,
                          const CurrentPointer& pointer) {
  const std::string temporary = JoinPath(directory, kCurrentTemporaryFileName);
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> file, CreateAnew(fs, temporary));
  VERALITH_RETURN_IF_ERROR(file->Append(CurrentText(pointer)));
  VERALITH_RETURN_IF_ERROR(file->Sync());
  VERALITH_RETURN_IF_ERROR(file->Close());
  VERALITH_RETURN_IF_ERROR(fs->Rename(temporary, JoinPath(directory, kCurrentFileName)));
  return fs->SyncDirectory(directory);
}

}  // namespace

class ManifestLog::Impl {
 public:
  Impl(std::unique_ptr<File> file, const RecordFileId& id, ManifestLimits limits)
      : writer_(std::move(file), id), limits_(limits) {}

  absl::Status AppendFirst(const VersionEdit& snapshot) {
    VERALITH_RETURN_IF_ERROR(Append(snapshot));
    snapshot_bytes_ = writer_.committed_offset();
    return absl::OkStatus();
  }

  absl::Status Append(const VersionEdit& edit) {
    if (!first_error_.ok()) {
      return FailedPrecondition("the manifest failed earlier; open the database again: " +
                                veralith::ToString(first_error_));
    }
    const std::string payload = Payload(writer_.synced_offset(), &edit);
    if (payload.size() > kMaxRecordPayloadBytes) {
      return ResourceExhausted("an edit of " + std::to_string(payload.size()) +
                               " bytes is too large for a manifest record");
    }
    writer_.Stage(payload);
    first_error_ = CommitAndSync();
    return first_error_;
  }

  absl::Status Close() {
    if (!first_error_.ok()) {
      return absl::OkStatus();  // the caller has the error already, and nothing is left to do
    }
    writer_.Stage(Payload(writer_.synced_offset(), nullptr));
    first_error_ = FailedPrecondition("closed");
    VERALITH_RETURN_IF_ERROR(writer_.Commit());
    return writer_.Close();
  }

  uint64_t bytes() const { return writer_.committed_offset(); }
  bool ShouldRoll() const {
    return bytes() > std::max(limits_.roll_bytes, limits_.roll_snapshots * snapshot_bytes_);
  }

 private:
  absl::Status CommitAndSync() {
    VERALITH_RETURN_IF_ERROR(writer_.Commit());
    return writer_.Sync();
  }

  RecordWriter writer_;
  const ManifestLimits limits_;
  uint64_t snapshot_bytes_ = 0;
  absl::Status first_error_;
};

ManifestLog::ManifestLog(uint64_t number, std::unique_ptr<Impl> impl)
    : number_(number), impl_(std::move(impl)) {}
ManifestLog::~ManifestLog() = default;

absl::StatusOr<std::unique_ptr<ManifestLog>> ManifestLog::Create(FileSystem* fs,
                                                                 const std::string& directory,
                                                                 uint64_t number,
                                                                 const ManifestState& state,
                                                                 ManifestLimits limits) {
  VERALITH_CHECK(state.database_id != 0 && state.next_file_number > number);
  const CurrentPointer pointer{number, state.database_id};
  const std::string path = JoinPath(directory, ManifestFileName(number));
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> file, fs->Open(path, OpenMode::kCreate));
  auto impl = std::make_unique<Impl>(std::move(file), ManifestFileId(pointer), limits);
  VERALITH_RETURN_IF_ERROR(impl->AppendFirst(state.Snapshot()));
  VERALITH_RETURN_IF_ERROR(fs->SyncDirectory(directory));
  VERALITH_RETURN_IF_ERROR(WriteCurrent(fs, directory, pointer));
  return std::unique_ptr<ManifestLog>(new ManifestLog(number, std::move(impl)));
}

absl::Status ManifestLog::Append(const VersionEdit& edit) { return impl_->Append(edit); }
absl::Status ManifestLog::Close() { return impl_->Close(); }
bool ManifestLog::ShouldRoll() const { return impl_->ShouldRoll(); }
uint64_t ManifestLog::bytes() const { return impl_->bytes(); }

// --- Reading -------------------------------------------------------------------------------------

namespace {

using VisitEdit = std::function<absl::Status(uint64_t offset, const VersionEdit& edit)>;

absl::Status VisitRecord(std::string_view payload, uint64_t offset, const VisitEdit& visit,
                         ManifestScan& scan) {
  if (payload.size() < kSyncedThroughBytes || scan.closed || LoadLe64(payload.data()) > offset) {
    return DataLoss("not a manifest record");
  }
  ++scan.records;
  if (payload.size() == kSyncedThroughBytes) {
    scan.closed = true;
    return absl::OkStatus();
  }
  VERALITH_ASSIGN_OR_RETURN(const VersionEdit edit,
                            DecodeVersionEdit(payload.substr(kSyncedThroughBytes)));
  return visit(offset, edit);
}

// A bad place is damage if a later sound record says that it was synced.
absl::Status CheckTailIsTorn(RecordReader& reader, const std::string& path) {
  const uint64_t bad = reader.end_offset();
  absl::Status verdict;
  const auto judge = [&](uint64_t offset, std::string_view payload) {
    if (payload.size() < kSyncedThroughBytes || LoadLe64(payload.data()) <= bad) {
      return true;
    }
    verdict =
        DataLoss(At(path, bad) + ": damaged (" + reader.end_detail() + "); the record at offset " +
                 std::to_string(offset) + " shows that this place was synced");
    return false;
  };
  VERALITH_RETURN_IF_ERROR(reader.ScanBehindEnd(judge));
  return verdict;
}

absl::StatusOr<ManifestScan> Scan(std::unique_ptr<File> file, const RecordFileId& id,
                                  const VisitEdit& visit) {
  const std::string path = file->path();
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<RecordReader> reader,
                            RecordReader::Open(std::move(file), id));
  ManifestScan scan;
  while (true) {
    std::string_view payload;
    VERALITH_ASSIGN_OR_RETURN(const bool more, reader->Next(&payload));
    if (!more) {
      break;
    }
    const uint64_t offset = reader->record_offset();
    VERALITH_RETURN_IF_ERROR(Annotate(VisitRecord(payload, offset, visit, scan), At(path, offset)));
  }
  scan.bytes = reader->file_bytes();
  scan.discarded_bytes = scan.bytes - std::min(scan.bytes, reader->end_offset());
  scan.end_detail = reader->end_detail();
  if (reader->end_reason() == RecordReader::EndReason::kBadRecord ||
      reader->end_reason() == RecordReader::EndReason::kZeros) {
    VERALITH_RETURN_IF_ERROR(CheckTailIsTorn(*reader, path));
  }
  return scan;
}

}  // namespace

absl::StatusOr<ManifestScan> ScanManifest(FileSystem* fs, const std::string& path, uint64_t number,
                                          const VisitEdit& visit) {
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> file, fs->Open(path, OpenMode::kRead));
  return ScanManifest(std::move(file), number, visit);
}

absl::StatusOr<ManifestScan> ScanManifest(std::unique_ptr<File> file, uint64_t number,
                                          const VisitEdit& visit) {
  const std::string path = file->path();
  VERALITH_ASSIGN_OR_RETURN(const RecordFileId id, RecordReader::ReadId(*file));
  if (id.kind != RecordFileKind::kManifest || id.number != number) {
    return DataLoss(At(path, 0) + ": the header is not that of this manifest");
  }
  return Scan(std::move(file), id, visit);
}

// --- Recovery ------------------------------------------------------------------------------------

namespace {

constexpr std::string_view kWhatToDo = "; restore the directory from a backup";

// Without CURRENT: whether this manifest stems from a creation that a crash interrupted before
// anything depended on it. Such a manifest holds at most the snapshot of an empty database.
absl::StatusOr<bool> IsUnfinishedCreation(FileSystem* fs, const std::string& directory,
                                          uint64_t number) {
  const std::string path = JoinPath(directory, ManifestFileName(number));
  bool records_data = false;
  const auto visit = [&](uint64_t, const VersionEdit& edit) {
    records_data |= !edit.added_files.empty() || !edit.added_logs.empty();
    return absl::OkStatus();
  };
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> file, fs->Open(path, OpenMode::kRead));
  const absl::StatusOr<RecordFileId> id = RecordReader::ReadId(*file);
  if (id.status().code() == absl::StatusCode::kDataLoss) {
    return true;  // not even its header was written
  }
  VERALITH_RETURN_IF_ERROR(id.status());
  const absl::StatusOr<ManifestScan> scan = Scan(std::move(file), *id, visit);
  if (scan.status().code() == absl::StatusCode::kDataLoss) {
    return false;
  }
  VERALITH_RETURN_IF_ERROR(scan.status());
  return !records_data && scan->records <= 1;
}

absl::Status CheckNoDataWithoutCurrent(FileSystem* fs, const std::string& directory,
                                       const std::vector<FileName>& files) {
  const std::string missing = JoinPath(directory, kCurrentFileName) + " is missing, but ";
  for (const FileName& file : files) {
    bool is_data = file.kind == FileKind::kLog || file.kind == FileKind::kSegment;
    if (file.kind == FileKind::kManifest) {
      VERALITH_ASSIGN_OR_RETURN(const bool unfinished,
                                IsUnfinishedCreation(fs, directory, file.number));
      is_data = !unfinished;
    }
    if (is_data) {
      return DataLoss(missing + ToString(file) +
                      " exists: this is a database, and is not taken for an empty one" +
                      std::string(kWhatToDo));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<CurrentPointer> ReadCurrent(FileSystem* fs, const std::string& path) {
  const absl::StatusOr<std::string> text = ReadWholeFile(*fs, path, kMaxCurrentBytes);
  if (text.status().code() == absl::StatusCode::kResourceExhausted) {
    return DataLoss(At(path, 0) + ": too long to be ours" + std::string(kWhatToDo));
  }
  VERALITH_RETURN_IF_ERROR(text.status());
  absl::StatusOr<CurrentPointer> pointer = ParseCurrentText(*text);
  if (!pointer.ok()) {
    return DataLoss(path + " " + std::string(Message(pointer.status())) + std::string(kWhatToDo));
  }
  return pointer;
}

}  // namespace

absl::StatusOr<RecoveredManifest> RecoverManifestFile(FileSystem* fs, const std::string& directory,
                                                      const CurrentPointer& pointer) {
  const std::string path = JoinPath(directory, ManifestFileName(pointer.manifest_number));
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> file, fs->Open(path, OpenMode::kRead));
  ManifestStateBuilder builder;
  const auto apply = [&](uint64_t, const VersionEdit& edit) { return builder.Apply(edit); };
  VERALITH_ASSIGN_OR_RETURN(const ManifestScan scan,
                            Scan(std::move(file), ManifestFileId(pointer), apply));
  if (scan.records == 0) {
    return DataLoss(At(path, 0) + ": no snapshot (" + scan.end_detail +
                    "), although CURRENT names this manifest" + std::string(kWhatToDo));
  }
  RecoveredManifest recovered;
  recovered.state = std::move(builder).Build();
  if (recovered.state.database_id != pointer.database_id) {
    return DataLoss(path + " belongs to another database than CURRENT" + std::string(kWhatToDo));
  }
  recovered.manifest_number = pointer.manifest_number;
  recovered.records = scan.records;
  recovered.manifest_bytes = scan.bytes;
  recovered.discarded_bytes = scan.discarded_bytes;
  recovered.end_detail = scan.end_detail;
  return recovered;
}

absl::StatusOr<std::optional<RecoveredManifest>> RecoverManifest(
    FileSystem* fs, const std::string& directory, const std::vector<std::string>& names) {
  std::vector<FileName> files;
  for (const std::string& name : names) {
    if (const std::optional<FileName> file = ParseFileName(name); file.has_value()) {
      files.push_back(*file);
    }
  }
  const auto has = [&](const FileName& file) {
    return std::find(files.begin(), files.end(), file) != files.end();
  };
  if (!has({FileKind::kCurrent, 0})) {
    VERALITH_RETURN_IF_ERROR(CheckNoDataWithoutCurrent(fs, directory, files));
    return std::nullopt;
  }
  const std::string current = JoinPath(directory, kCurrentFileName);
  VERALITH_ASSIGN_OR_RETURN(const CurrentPointer pointer, ReadCurrent(fs, current));
  if (!has({FileKind::kManifest, pointer.manifest_number})) {
    return DataLoss(current + " names " + ManifestFileName(pointer.manifest_number) +
                    ", which is missing" + std::string(kWhatToDo));
  }
  VERALITH_ASSIGN_OR_RETURN(RecoveredManifest recovered,
                            RecoverManifestFile(fs, directory, pointer));
  return std::optional<RecoveredManifest>(std::move(recovered));
}

}  // namespace veralith
