// SPDX-License-Identifier: Apache-2.0

#include "property_tests/exploration/believed_files.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "core/format/version_edit.h"
#include "core/fs/file_helpers.h"
#include "core/manifest/file_names.h"
#include "core/manifest/manifest_log.h"

namespace veralith::model {
namespace {

constexpr uint64_t kMaxCurrentBytes = 4096;

// Numbers of logs and segments, which are drawn from one sequence.
void Apply(const VersionEdit& edit, std::set<FileName>* files) {
  for (const VersionEdit::RemovedFile& file : edit.removed_files) {
    files->erase({FileKind::kSegment, file.number});
  }
  for (const uint64_t number : edit.removed_logs) {
    files->erase({FileKind::kLog, number});
  }
  for (const VersionEdit::AddedFile& file : edit.added_files) {
    files->insert({FileKind::kSegment, file.file.number});
  }
  for (const VersionEdit::AddedLog& log : edit.added_logs) {
    files->insert({FileKind::kLog, log.number});
  }
}

// Adds the files that one manifest names after all its records, or after all but the last, which a
// crash can lose.
void AddNamed(SimulatedFileSystem& disk, const std::string& path, uint64_t number,
              std::set<std::string>* names) {
  std::set<FileName> before;
  std::set<FileName> after;
  ScanManifest(&disk, path, number,
               [&](uint64_t, const VersionEdit& edit) {
                 before = after;
                 Apply(edit, &after);
                 return absl::OkStatus();
               })
      .status()
      .IgnoreError();
  before.merge(after);
  for (const FileName& file : before) {
    names->insert(ToString(file));
  }
}

bool IsLog(const std::string& name) {
  const std::optional<FileName> file = ParseFileName(name);
  return file.has_value() && file->kind == FileKind::kLog;
}

}  // namespace

bool IsBelievedWhenNamed(const std::string& name) {
  const std::optional<FileName> file = ParseFileName(name);
  return file.has_value() && file->kind != FileKind::kCurrent && file->kind != FileKind::kLock;
}

std::set<std::string> NamedByManifests(SimulatedFileSystem& disk, const std::string& directory) {
  std::set<std::string> names;
  const absl::StatusOr<std::vector<std::string>> listed = disk.List(directory);
  if (!listed.ok()) {
    return names;
  }
  for (const std::string& name : *listed) {
    const std::optional<FileName> file = ParseFileName(name);
    if (file.has_value() && file->kind == FileKind::kManifest) {
      AddNamed(disk, JoinPath(directory, name), file->number, &names);
    }
  }
  return names;
}

std::optional<std::set<std::string>> BelievedFiles(SimulatedFileSystem& disk,
                                                   const std::string& directory) {
  const absl::StatusOr<std::string> text =
      ReadWholeFile(disk, JoinPath(directory, kCurrentFileName), kMaxCurrentBytes);
  if (!text.ok()) {
    return std::nullopt;
  }
  const absl::StatusOr<CurrentPointer> current = ParseCurrentText(*text);
  if (!current.ok()) {
    return std::nullopt;
  }
  const std::string manifest = ManifestFileName(current->manifest_number);
  std::set<std::string> names = {manifest};
  AddNamed(disk, JoinPath(directory, manifest), current->manifest_number, &names);
  return names;
}

void CollapseUnbelieved(SimulatedFileSystem& disk, const std::string& directory) {
  const std::optional<std::set<std::string>> believed = BelievedFiles(disk, directory);
  if (!believed.has_value()) {
    return;
  }
  disk.Overwrite(
      directory, "nobody reads this", [&believed](const std::string& name, uint64_t size) {
        return IsBelievedWhenNamed(name) && !believed->contains(name) && (size > 0 || !IsLog(name));
      });
}

}  // namespace veralith::model
