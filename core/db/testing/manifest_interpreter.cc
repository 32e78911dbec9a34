// SPDX-License-Identifier: Apache-2.0

#include "core/db/testing/manifest_interpreter.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "core/base/status.h"
#include "core/format/version_edit.h"
#include "core/manifest/file_names.h"
#include "core/manifest/manifest_log.h"

namespace veralith {
namespace {

std::string BaseName(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

// The path of `name` beside `path`.
std::string Sibling(const std::string& path, const std::string& name) {
  return path.substr(0, path.find_last_of('/') + 1) + name;
}

std::optional<FileName> Parse(const std::string& path) { return ParseFileName(BaseName(path)); }

// Bytes that somebody else owns, to be read as a file.
class BytesFile final : public File {
 public:
  BytesFile(std::string path, std::string_view bytes) : path_(std::move(path)), bytes_(bytes) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) const override {
    const std::string_view rest = bytes_.substr(std::min<uint64_t>(offset, bytes_.size()));
    return rest.copy(out.data(), out.size());
  }
  absl::StatusOr<uint64_t> Size() const override { return bytes_.size(); }
  absl::Status Close() override { return absl::OkStatus(); }
  const std::string& path() const override { return path_; }

  absl::Status Append(std::string_view) override { return ReadOnly(); }
  absl::Status WriteAt(uint64_t, std::string_view) override { return ReadOnly(); }
  absl::Status Preallocate(uint64_t) override { return ReadOnly(); }
  absl::Status Truncate(uint64_t) override { return ReadOnly(); }
  absl::Status Sync() override { return ReadOnly(); }

 private:
  absl::Status ReadOnly() const { return FailedPrecondition(path_ + ": bytes for reading only"); }

  const std::string path_;
  const std::string_view bytes_;
};

// The files that the edits add and do not remove again.
class NamedFiles {
 public:
  void Apply(const VersionEdit& edit) {
    for (const VersionEdit::RemovedFile& file : edit.removed_files) {
      needs_.erase(SegmentFileName(file.number));
    }
    for (const VersionEdit::AddedFile& added : edit.added_files) {
      needs_[SegmentFileName(added.file.number)] = NamedFile::Needs::kBytes;
    }
    for (const uint64_t log : edit.removed_logs) {
      needs_.erase(LogFileName(log));
    }
    for (const VersionEdit::AddedLog& log : edit.added_logs) {
      needs_[LogFileName(log.number)] = NamedFile::Needs::kName;
    }
  }
  std::vector<NamedFile> Beside(const std::string& manifest_path) const {
    std::vector<NamedFile> files;
    for (const auto& [name, needs] : needs_) {
      files.push_back({Sibling(manifest_path, name), needs});
    }
    return files;
  }

 private:
  std::map<std::string, NamedFile::Needs> needs_;
};

}  // namespace

bool DatabaseManifestInterpreter::IsManifest(const std::string& path) const {
  const std::optional<FileName> name = Parse(path);
  return name.has_value() && name->kind == FileKind::kManifest;
}

bool DatabaseManifestInterpreter::IsPointer(const std::string& path) const {
  const std::optional<FileName> name = Parse(path);
  return name.has_value() && name->kind == FileKind::kCurrent &&
         !path.ends_with(".tmp/" + std::string(kCurrentFileName));
}

std::vector<NamedFile> DatabaseManifestInterpreter::FilesNamedBy(const std::string& manifest_path,
                                                                 std::string_view bytes) const {
  NamedFiles named;
  const auto apply = [&named](uint64_t, const VersionEdit& edit) {
    named.Apply(edit);
    return absl::OkStatus();
  };
  // Whatever follows the last whole record does not count.
  ScanManifest(std::make_unique<BytesFile>(manifest_path, bytes), Parse(manifest_path)->number,
               apply)
      .status()
      .IgnoreError();
  return named.Beside(manifest_path);
}

std::optional<std::string> DatabaseManifestInterpreter::ManifestNamedBy(
    const std::string& pointer_path, std::string_view bytes) const {
  const absl::StatusOr<CurrentPointer> pointer = ParseCurrentText(bytes);
  if (!pointer.ok()) {
    return std::nullopt;
  }
  return Sibling(pointer_path, ManifestFileName(pointer->manifest_number));
}

}  // namespace veralith
