// SPDX-License-Identifier: Apache-2.0

#include "core/iceberg/table_files.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/base/status.h"
#include "core/fs/file_helpers.h"

namespace veralith::iceberg {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 30;  // of a metadata file or manifest
// Versions of the table that stay, so that a reader that has just found one can open it.
constexpr uint64_t kMetadataFilesKept = 20;
constexpr std::string_view kMetadataEnd = ".metadata.json";

bool TakeDigits(std::string_view* text, size_t least, uint64_t* number) {
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), *number);
  const auto digits = static_cast<size_t>(end - text->data());
  if (error != std::errc() || digits < least) {
    return false;
  }
  text->remove_prefix(digits);
  return true;
}

// N of "vN.metadata.json"; 0 for another name.
uint64_t VersionOfName(std::string_view name) {
  uint64_t version = 0;
  if (!name.starts_with("v")) {
    return 0;
  }
  name.remove_prefix(1);
  return TakeDigits(&name, 1, &version) && name == kMetadataEnd ? version : 0;
}

bool TakeSegmentStem(std::string_view* name) {
  uint64_t number = 0;
  if (!TakeDigits(name, 6, &number) || !name->starts_with("-") || name->size() < 17) {
    return false;
  }
  const std::string_view digits = name->substr(1, 16);
  name->remove_prefix(17);
  return digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Whether a publication makes such names in the folder "data".
bool IsOurData(std::string_view name) {
  std::string_view segment = name;
  if (TakeSegmentStem(&segment) && segment == ".parquet") {
    return true;
  }
  uint64_t snapshot = 0;
  if (!TakeDigits(&name, 1, &snapshot)) {
    return false;
  }
  if (name == "-deletes.puffin") {
    return true;
  }
  if (!name.starts_with("-")) {
    return false;
  }
  name.remove_prefix(1);
  return TakeSegmentStem(&name) && name == "-deletes.parquet";
}

// Metadata files apart.
bool IsOurMetadata(std::string_view name) {
  uint64_t snapshot = 0;
  return TakeDigits(&name, 1, &snapshot) &&
         (name == "-data.avro" || name == "-deletes.avro" || name == "-snapshot.avro");
}

std::string InFolder(std::string_view folder, std::string_view name) {
  return JoinPath(folder, name);
}

}  // namespace

std::string MetadataName(uint64_t version) {
  return InFolder(kMetadataFolder, "v" + std::to_string(version) + std::string(kMetadataEnd));
}

std::optional<std::string> NameOf(const TableMetadata& metadata, std::string_view uri) {
  const std::string begin = metadata.location() + "/";
  if (!uri.starts_with(begin)) {
    return std::nullopt;
  }
  return std::string(uri.substr(begin.size()));
}

std::string UriOf(const TableMetadata& metadata, std::string_view name) {
  return metadata.location() + "/" + std::string(name);
}

std::string TableFiles::PathOf(std::string_view name) const { return JoinPath(directory_, name); }

absl::StatusOr<uint64_t> TableFiles::NewestVersion() const {
  VERALITH_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                            fs_.List(PathOf(kMetadataFolder)));
  uint64_t newest = 0;
  bool others = false;
  for (const std::string& name : names) {
    newest = std::max(newest, VersionOfName(name));
    others = others || (name.ends_with(kMetadataEnd) && VersionOfName(name) == 0);
  }
  if (others) {
    return FailedPrecondition(directory_ + ": a catalog keeps this table, not its own folder");
  }
  return newest;
}

absl::StatusOr<TableMetadata> TableFiles::ReadMetadata(uint64_t version) const {
  const std::string path = PathOf(MetadataName(version));
  VERALITH_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(fs_, path, kMostBytes));
  absl::StatusOr<TableMetadata> metadata = TableMetadata::Parse(text);
  if (!metadata.ok()) {
    return Annotate(metadata.status(), path);
  }
  return metadata;
}

absl::StatusOr<TableFiles::SnapshotFiles> TableFiles::ReadSnapshot(
    const TableMetadata& metadata, const TableSnapshot& snapshot) const {
  const auto read = [&](const std::string& uri) -> absl::StatusOr<std::string> {
    const std::optional<std::string> name = NameOf(metadata, uri);
    if (!name.has_value()) {
      return Unimplemented(uri + ": not in the table's folder");
    }
    return ReadWholeFile(fs_, PathOf(*name), kMostBytes);
  };
  SnapshotFiles files;
  VERALITH_ASSIGN_OR_RETURN(const std::string list, read(snapshot.manifest_list));
  VERALITH_ASSIGN_OR_RETURN(files.manifests, DecodeManifestList(list));
  for (const ManifestReference& manifest : files.manifests) {
    VERALITH_ASSIGN_OR_RETURN(const std::string bytes, read(manifest.path));
    VERALITH_ASSIGN_OR_RETURN(std::vector<ManifestEntry> entries, DecodeManifest(bytes));
    for (ManifestEntry& entry : entries) {
      if (entry.status != EntryStatus::kDeleted) {
        (entry.file.content == FileContent::kData ? files.data : files.deletes)
            .push_back(std::move(entry));
      }
    }
  }
  return files;
}

absl::StatusOr<std::set<std::string>> TableFiles::NamesInUse(const TableMetadata& metadata) const {
  std::set<std::string> names;
  const auto use = [&](const std::string& uri) {
    if (std::optional<std::string> name = NameOf(metadata, uri); name.has_value()) {
      names.insert(*std::move(name));
    }
  };
  for (const TableSnapshot& snapshot : metadata.snapshots()) {
    VERALITH_ASSIGN_OR_RETURN(const SnapshotFiles files, ReadSnapshot(metadata, snapshot));
    use(snapshot.manifest_list);
    for (const ManifestReference& manifest : files.manifests) {
      use(manifest.path);
    }
    for (const auto* entries : {&files.data, &files.deletes}) {
      for (const ManifestEntry& entry : *entries) {
        use(entry.file.path);
      }
    }
  }
  return names;
}

uint64_t TableFiles::Collect(const TableMetadata& metadata, uint64_t version) const {
  std::vector<std::string> ours;
  uint64_t removed = 0;
  const auto remove = [&](const std::string& name) {
    removed += fs_.Remove(PathOf(name)).ok() ? 1 : 0;
  };
  for (const std::string_view folder : {kDataFolder, kMetadataFolder}) {
    const absl::StatusOr<std::vector<std::string>> names = fs_.List(PathOf(folder));
    if (!names.ok()) {
      return removed;
    }
    for (const std::string& name : *names) {
      const uint64_t its_version = folder == kMetadataFolder ? VersionOfName(name) : 0;
      if (name.ends_with(kTemporaryEnd) ||
          (its_version != 0 && its_version + kMetadataFilesKept <= version)) {
        remove(InFolder(folder, name));
      } else if (folder == kDataFolder ? IsOurData(name) : IsOurMetadata(name)) {
        ours.push_back(InFolder(folder, name));
      }
    }
  }
  const absl::StatusOr<std::set<std::string>> in_use = NamesInUse(metadata);
  if (!in_use.ok()) {
    return removed;
  }
  for (const std::string& name : ours) {
    if (!in_use->contains(name)) {
      remove(name);
    }
  }
  return removed;
}

}  // namespace veralith::iceberg
