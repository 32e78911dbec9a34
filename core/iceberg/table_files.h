// SPDX-License-Identifier: Apache-2.0

// The folder of a published table: names of files, where they are, what a snapshot leads to.
//
//   data/NNNNNN-HHHHHHHHHHHHHHHH.parquet    a segment (a link); H tells segments of one number
//                                           apart that copies of a database made
//   data/S-NNNNNN-...-deletes.parquet       position deletes of snapshot S, for one data file
//   data/S-deletes.puffin                   deletion vectors of snapshot S
//   metadata/S-data.avro, S-deletes.avro    manifests
//   metadata/S-snapshot.avro                the manifest list
//   metadata/vN.metadata.json               a version of the table
//   metadata/version-hint.text              the number of the newest version
//
// Other names are of other engines, and are never touched.
// Thread rule: one thread.
#ifndef VERALITH_CORE_ICEBERG_TABLE_FILES_H_
#define VERALITH_CORE_ICEBERG_TABLE_FILES_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/iceberg/manifest_file.h"
#include "core/iceberg/table_metadata.h"
#include "veralith/file_system.h"

namespace veralith::iceberg {

inline constexpr std::string_view kDataFolder = "data";
inline constexpr std::string_view kMetadataFolder = "metadata";
inline constexpr std::string_view kVersionHint = "metadata/version-hint.text";
inline constexpr std::string_view kTemporaryEnd = ".veralith-tmp";

std::string MetadataName(uint64_t version);  // "metadata/vN.metadata.json"

class TableFiles {
 public:
  TableFiles(FileSystem* fs, std::string directory) : fs_(*fs), directory_(std::move(directory)) {}

  // Names are relative to the table's directory.
  std::string PathOf(std::string_view name) const;

  // The newest version's number; 0: there is none.
  absl::StatusOr<uint64_t> NewestVersion() const;
  absl::StatusOr<TableMetadata> ReadMetadata(uint64_t version) const;
  // What a manifest list says, and the entries of its manifests; without deleted ones.
  struct SnapshotFiles {
    std::vector<ManifestReference> manifests;
    std::vector<ManifestEntry> data;
    std::vector<ManifestEntry> deletes;
  };
  absl::StatusOr<SnapshotFiles> ReadSnapshot(const TableMetadata& metadata,
                                             const TableSnapshot& snapshot) const;

  // Removes what publications have made and no snapshot of `metadata`, whose number is `version`,
  // leads to; returns how many files. A snapshot that cannot be read, as one of another engine may
  // be, keeps everything. A file that cannot be removed is left for the next call.
  uint64_t Collect(const TableMetadata& metadata, uint64_t version) const;

 private:
  absl::StatusOr<std::set<std::string>> NamesInUse(const TableMetadata& metadata) const;

  FileSystem& fs_;
  const std::string directory_;
};

// The name below the location that a URI means; nothing if it is elsewhere.
std::optional<std::string> NameOf(const TableMetadata& metadata, std::string_view uri);
std::string UriOf(const TableMetadata& metadata, std::string_view name);

}  // namespace veralith::iceberg

#endif  // VERALITH_CORE_ICEBERG_TABLE_FILES_H_
