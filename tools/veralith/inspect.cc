// SPDX-License-Identifier: Apache-2.0

// veralith inspect: describes one file. It reads through the same checks as always: a damaged file
// gives the error that reading it gives.
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/db/option_mapping.h"
#include "core/format/compression.h"
#include "core/format/log_record.h"
#include "core/format/parquet_metadata.h"
#include "core/format/segment_block.h"
#include "core/format/version_edit.h"
#include "core/fs/file_helpers.h"
#include "core/log/log_reader.h"
#include "core/manifest/file_names.h"
#include "core/manifest/manifest_log.h"
#include "core/segment/read/segment_file.h"
#include "tools/progress.h"
#include "tools/veralith/database.h"
#include "veralith/posix_file_system.h"

namespace veralith::tools {
namespace {

constexpr uint64_t kMemoryLimit = uint64_t{4} << 30;

struct Limits {
  uint64_t rows;
};

void Print(const std::string& line) { std::printf("%s\n", line.c_str()); }

// --- Segments ------------------------------------------------------------------------------------

void PrintSummary(const SegmentFile& segment) {
  const SegmentCounts& counts = segment.block.counts();
  Print(StrCat("segment ", segment.path(), ": ", HumanBytes(segment.file_bytes)));
  Print(StrCat("  rows ", counts.rows, " (tombstones ", counts.tombstones, "), range tombstones ",
               counts.range_tombstones, ", one version per key: ", counts.single_version));
  Print(StrCat("  raw bytes: keys ", counts.raw_key_bytes, ", values ", counts.raw_value_bytes));
  Print(StrCat("  timestamps ", counts.min_ts, " to ", counts.max_ts, " ns"));
  if (counts.rows > 0) {
    Print(StrCat("  keys ", segment.block.first_ns(), ":", QuoteKey(segment.block.first_key()),
                 " to ", segment.block.last_ns(), ":", QuoteKey(segment.block.last_key())));
  }
  Print(StrCat("  segment block at ", segment.block_at, ", ", segment.block_size,
               " bytes: sparse index ", segment.block.sparse_index().size(), ", filter ",
               segment.block.filter().size(), ", range tombstones ",
               segment.block.range_tombstones().size()));
}

void PrintSchema(const SegmentFooter& footer) {
  Print(StrCat("footer at ", footer.offset, ", written by ",
               footer.metadata.created_by.value_or("(unknown)")));
  for (const parquet::SchemaElement& column : footer.metadata.schema) {
    if (column.type.has_value()) {
      Print(StrCat("  column ", column.name, " ", parquet::Name(*column.type),
                   column.repetition == parquet::Repetition::kOptional ? " optional" : " required",
                   ", field id ", column.field_id.value_or(0)));
    }
  }
  for (const parquet::KeyValue& property : footer.metadata.key_value_metadata) {
    const std::string value = property.value.value_or("");
    Print(StrCat("  property ", property.key, " = ",
                 value.size() > 80 ? value.substr(0, 77) + "..." : value));
  }
  for (size_t i = 0; i < footer.metadata.row_groups.size(); ++i) {
    const parquet::RowGroup& group = footer.metadata.row_groups[i];
    Print(StrCat("row group ", i, ": ", group.num_rows, " rows"));
    for (const parquet::ColumnChunk& chunk : group.columns) {
      const parquet::ColumnMetaData& column = chunk.meta_data;
      const auto codec = parquet::CodecFromParquetId(column.codec);
      Print(StrCat("  ", column.path_in_schema.empty() ? "?" : column.path_in_schema[0], ": ",
                   column.total_compressed_size, " bytes (", column.total_uncompressed_size,
                   " uncompressed), codec ",
                   codec.ok() ? std::string(parquet::CodecName(*codec)) : "unknown"));
    }
  }
}

void PrintPages(const SegmentFile& segment, const Limits& limits) {
  constexpr std::pair<SegmentColumn, const char*> kColumns[] = {{SegmentColumn::kNamespace, "ns"},
                                                                {SegmentColumn::kKey, "key"},
                                                                {SegmentColumn::kTimestamp, "ts"},
                                                                {SegmentColumn::kValue, "value"}};
  for (const auto& [column, name] : kColumns) {
    const size_t count = segment.block.page_count(column);
    Print(StrCat("pages of ", name, ": ", count));
    for (size_t i = 0; i < count && i < limits.rows; ++i) {
      const SegmentPage page = segment.block.Page(column, i);
      Print(StrCat("  offset ", page.offset, ", ", page.bytes, " bytes, rows ", page.first_row,
                   " to ", page.first_row + page.rows - 1));
    }
    if (count > limits.rows) {
      Print(StrCat("  ... ", count - limits.rows, " more (--limit N shows more)"));
    }
  }
}

std::string RangeText(const RangeTombstoneView& range) {
  return StrCat("delete range ", range.ns, ":[", QuoteKey(range.begin), ", ",
                range.open_end ? std::string("end of namespace") : QuoteKey(range.end), ") at ",
                range.ts);
}

absl::Status InspectSegment(std::unique_ptr<File> file, const Limits& limits) {
  VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<SegmentFile> segment,
                            OpenSegmentFile(std::move(file), kMemoryLimit, std::nullopt));
  PrintSummary(*segment);
  VERALITH_ASSIGN_OR_RETURN(
      const SegmentFooter footer,
      ReadSegmentFooter(*segment->file, segment->file_bytes, kMemoryLimit, /*known=*/false));
  PrintSchema(footer);
  PrintPages(*segment, limits);
  for (size_t i = 0; i < segment->range_tombstones.size() && i < limits.rows; ++i) {
    Print("  " + RangeText(segment->range_tombstones[i]));
  }
  return absl::OkStatus();
}

// --- Logs and manifests --------------------------------------------------------------------------

std::string OperationText(const LogOperation& operation) {
  switch (operation.kind) {
    case LogOperation::Kind::kPut:
      return StrCat("put ", operation.ns, ":", QuoteKey(operation.key), ", value of ",
                    operation.value.size(), " bytes");
    case LogOperation::Kind::kDelete:
      return StrCat("delete ", operation.ns, ":", QuoteKey(operation.key));
    case LogOperation::Kind::kDeleteRange:
      break;
  }
  return RangeText({operation.ns, operation.key, operation.value, operation.open_end, 0});
}

absl::Status InspectLog(FileSystem& fs, const std::string& path, uint64_t number,
                        const Limits& limits) {
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> probe, fs.Open(path, OpenMode::kRead));
  VERALITH_ASSIGN_OR_RETURN(const bool blank, OnlyZerosFollow(*probe, 0));
  if (blank) {
    Print(StrCat("log ", path, ": empty, no commit has been written to it"));
    return absl::OkStatus();
  }
  VERALITH_ASSIGN_OR_RETURN(const RecordFileId id, RecordReader::ReadId(*probe));
  VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<LogReader> log,
                            LogReader::Open(std::move(probe), number, id.id));
  Print(StrCat("log ", path, ": number ", id.number, ", id ", id.id));
  LogRecordView record;
  uint64_t records = 0;
  while (true) {
    VERALITH_ASSIGN_OR_RETURN(const bool more, log->Next(&record));
    if (!more) {
      break;
    }
    if (records++ >= limits.rows) {
      continue;
    }
    Print(StrCat("offset ", log->record_position().offset, ": commit at ", record.ts(), ", ",
                 record.operation_count(), " operations, synced through log ",
                 record.synced_through().log_number, " offset ", record.synced_through().offset));
    LogOperation operation;
    uint64_t shown = 0;
    for (auto cursor = record.operations(); shown < limits.rows && cursor.Next(&operation);
         ++shown) {
      Print("  " + OperationText(operation));
    }
  }
  Print(
      StrCat(records, " records; it ends at offset ", log->end().offset, ": ", log->end_detail()));
  return absl::OkStatus();
}

std::string Text(const VersionEdit::RemovedFile& file) {
  return StrCat("- level ", file.level, " ", SegmentFileName(file.number));
}
std::string Text(const VersionEdit::AddedFile& added) {
  return StrCat("+ level ", added.level, " run ", added.run_id, " ", DebugString(added.file));
}
std::string Text(uint64_t removed_log) { return "- " + LogFileName(removed_log); }
std::string Text(const VersionEdit::AddedLog& log) {
  return StrCat("+ ", LogFileName(log.number), " id ", log.id);
}
std::string Text(const VersionEdit::Cursor& cursor) {
  return StrCat("next compaction of level ", cursor.level, " from ", cursor.ns, ":",
                QuoteKey(cursor.key));
}

void PrintEdit(uint64_t offset, const VersionEdit& edit, const Limits& limits) {
  Print(StrCat("offset ", offset, ":"));
  uint64_t shown = 0;
  ForEachEditField([&]<typename Member>(const EditField<Member>& field) {
    field.ForEachValue(edit, [&](const auto& value) {
      if constexpr (EditField<Member>::kRepeats) {
        if (shown++ < limits.rows) {
          Print("  " + Text(value));
        }
      } else {
        Print(StrCat("  ", field.name, " ", ValueText(value)));
      }
    });
  });
  if (shown > limits.rows) {
    Print(StrCat("  ... ", shown - limits.rows, " more (--limit N shows more)"));
  }
}

absl::Status InspectManifest(FileSystem& fs, const std::string& path, uint64_t number,
                             const Limits& limits) {
  Print("manifest " + path);
  VERALITH_ASSIGN_OR_RETURN(
      const ManifestScan scan,
      ScanManifest(&fs, path, number, [&](uint64_t offset, const VersionEdit& edit) {
        PrintEdit(offset, edit, limits);
        return absl::OkStatus();
      }));
  Print(StrCat(scan.records, " edits in ", scan.bytes, " bytes, torn tail of ",
               scan.discarded_bytes, " bytes"));
  return absl::OkStatus();
}

absl::Status InspectCurrent(FileSystem& fs, const std::string& path) {
  VERALITH_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(fs, path, 4096));
  const absl::StatusOr<CurrentPointer> pointer = ParseCurrentText(text);
  if (!pointer.ok()) {
    return Annotate(pointer.status(), path);
  }
  Print(StrCat("CURRENT: the live manifest is ", ManifestFileName(pointer->manifest_number),
               " of database ", pointer->database_id));
  return absl::OkStatus();
}

absl::Status Inspect(const std::string& path, const Limits& limits) {
  FileSystem& fs = *PosixFileSystem();
  const auto name = ParseFileName(std::filesystem::path(path).filename().string());
  if (name.has_value() && name->kind == FileKind::kManifest) {
    return InspectManifest(fs, path, name->number, limits);
  }
  if (name.has_value() && name->kind == FileKind::kLog) {
    return InspectLog(fs, path, name->number, limits);
  }
  if (name.has_value() && name->kind == FileKind::kCurrent) {
    return InspectCurrent(fs, path);
  }
  if (name.has_value() && name->kind == FileKind::kLock) {
    Print("LOCK: whoever has the database open holds a lock on this file; it has no content");
    return absl::OkStatus();
  }
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> file, fs.Open(path, OpenMode::kRead));
  return InspectSegment(std::move(file), limits);
}

// A directory is no file: the error names the files in it.
absl::Status RefuseDirectory(const std::string& path) {
  std::string files;
  const absl::StatusOr<std::vector<std::string>> names = PosixFileSystem()->List(path);
  constexpr size_t kShown = 8;
  size_t known = 0;
  for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
    if (ParseFileName(name).has_value() && known++ < kShown) {
      StrAppend(&files, files.empty() ? "" : ", ", name);
    }
  }
  return InvalidArgument(StrCat(path, " is a directory; inspect takes one file of a database",
                                files.empty() ? "" : ": ", files, known > kShown ? "..." : ""));
}

absl::Status CheckRegular(const std::string& path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (std::filesystem::is_directory(status)) {
    return RefuseDirectory(path);
  }
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return FailedPrecondition(
        StrCat(path, ": it is not a regular file but a pipe, a socket or a device"));
  }
  return absl::OkStatus();  // reading it tells what else may be wrong
}

int Run(const Arguments& arguments) {
  const std::string& path = arguments.positional()[0];
  absl::Status status = CheckRegular(path);
  if (status.ok()) {
    status = Inspect(path, {arguments.Number("limit", 20)});
  }
  return status.ok() ? kExitOk : Fail(status);
}

}  // namespace

Command InspectCommand() {
  return {.name = "inspect",
          .parameters = {{"FILE", Parameter::Kind::kPath}},
          .summary = "Describes one file: a segment, a log, a manifest, or CURRENT",
          .flags = {{.name = "limit",
                     .letter = 'l',
                     .value = "N",
                     .type = Flag::Type::kNumber,
                     .help = "at most N pages, operations or files of each kind, 20 by default"}},
          .examples = {"veralith inspect /tmp/fruit/000004.parquet"},
          .hint = "it takes one file",
          .also = {"show", "describe"},
          .run = Run};
}

}  // namespace veralith::tools
