// SPDX-License-Identifier: Apache-2.0

// Lists the namespaces of a database. Iterators read one namespace each. So the files say which
// namespaces there may be, and an iterator over each tells whether it holds a key.
#include <set>

#include "core/base/status.h"
#include "core/fs/file_helpers.h"
#include "core/log/log_reader.h"
#include "core/manifest/file_names.h"
#include "core/segment/read/segment_file.h"
#include "tools/veralith/database.h"
#include "veralith/posix_file_system.h"

namespace veralith::tools {
namespace {

constexpr uint64_t kMemoryLimit = uint64_t{4} << 30;

absl::Status AddOfSegment(const std::string& directory, const FileMeta& meta,
                          std::set<NamespaceId>* found) {
  if (meta.smallest_ns == meta.largest.ns) {
    found->insert(meta.smallest_ns);
    return absl::OkStatus();
  }
  VERALITH_ASSIGN_OR_RETURN(
      std::unique_ptr<File> file,
      PosixFileSystem()->Open(JoinPath(directory, SegmentFileName(meta.number)), OpenMode::kRead));
  VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<SegmentFile> segment,
                            OpenSegmentFile(std::move(file), kMemoryLimit, meta.bytes));
  for (size_t i = 0; i < segment->block.namespace_count(); ++i) {
    found->insert(segment->block.Namespace(i).ns);
  }
  return absl::OkStatus();
}

absl::Status AddOfLog(const std::string& directory, uint64_t number, uint64_t id,
                      std::set<NamespaceId>* found) {
  const std::string path = JoinPath(directory, LogFileName(number));
  VERALITH_ASSIGN_OR_RETURN(const bool exists, PosixFileSystem()->Exists(path));
  if (!exists) {
    return absl::OkStatus();  // opening has judged that already
  }
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> file,
                            PosixFileSystem()->Open(path, OpenMode::kRead));
  VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<LogReader> log,
                            LogReader::Open(std::move(file), number, id));
  LogRecordView record;
  while (true) {
    VERALITH_ASSIGN_OR_RETURN(const bool more, log->Next(&record));
    if (!more) {
      return absl::OkStatus();
    }
    LogOperation operation;
    for (auto cursor = record.operations(); cursor.Next(&operation);) {
      if (operation.kind == LogOperation::Kind::kPut) {
        found->insert(operation.ns);
      }
    }
  }
}

}  // namespace

absl::StatusOr<std::vector<NamespaceId>> ListNamespaces(Db& db, const std::string& directory,
                                                        const ReadOptions& options) {
  VERALITH_ASSIGN_OR_RETURN(const ManifestState manifest, ReadManifest(directory));
  std::set<NamespaceId> candidates;
  for (int level = 0; level < kLevels; ++level) {
    for (const Run& run : manifest.version->runs(level)) {
      for (const FileRef& file : run.files) {
        VERALITH_RETURN_IF_ERROR(AddOfSegment(directory, *file, &candidates));
      }
    }
  }
  for (const auto& [number, id] : manifest.logs) {
    VERALITH_RETURN_IF_ERROR(AddOfLog(directory, number, id, &candidates));
  }
  std::vector<NamespaceId> namespaces;
  for (const NamespaceId ns : candidates) {
    ScanOptions scan;
    static_cast<ReadOptions&>(scan) = options;
    scan.ns = ns;
    const std::unique_ptr<DbIterator> rows = db.NewIterator(scan);
    rows->SeekToFirst();
    VERALITH_RETURN_IF_ERROR(rows->status());
    if (rows->Valid()) {
      namespaces.push_back(ns);
    }
  }
  return namespaces;
}

}  // namespace veralith::tools
