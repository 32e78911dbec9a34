// SPDX-License-Identifier: Apache-2.0

// Iceberg's manifests and manifest lists (table specification v2 and v3), in Avro.
//
// Reading takes only the schemas that are written here: a file with another one is Unimplemented,
// as one that another engine wrote may be. Whoever reads decides what that means. Damage is
// DataLoss.
//
// Thread rule: values.
#ifndef VERALITH_CORE_ICEBERG_MANIFEST_FILE_H_
#define VERALITH_CORE_ICEBERG_MANIFEST_FILE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace veralith::iceberg {

enum class FileContent : int64_t { kData = 0, kPositionDeletes = 1 };

struct ContentFile {
  using Counts = std::vector<std::pair<int64_t, int64_t>>;      // by field id
  using Bounds = std::vector<std::pair<int64_t, std::string>>;  // by field id

  FileContent content = FileContent::kData;
  std::string path;
  std::string format;  // "PARQUET", "PUFFIN"
  int64_t record_count = 0;
  int64_t file_bytes = 0;
  Counts column_bytes;
  Counts value_counts;
  Counts null_counts;
  Bounds lower_bounds;
  Bounds upper_bounds;
  std::vector<int64_t> split_offsets;
  std::optional<int64_t> sort_order_id;
  std::optional<int64_t> first_row_id;  // v3, data files
  // Deletes: the data file they belong to. A deletion vector's place in its Puffin file.
  std::optional<std::string> referenced_data_file;
  std::optional<int64_t> content_offset;
  std::optional<int64_t> content_bytes;

  friend bool operator==(const ContentFile&, const ContentFile&) = default;
};

enum class EntryStatus : int64_t { kExisting = 0, kAdded = 1, kDeleted = 2 };

struct ManifestEntry {
  EntryStatus status = EntryStatus::kAdded;
  std::optional<int64_t> snapshot_id;  // that added it, or that deleted it
  std::optional<int64_t> sequence_number;
  std::optional<int64_t> file_sequence_number;
  ContentFile file;

  friend bool operator==(const ManifestEntry&, const ManifestEntry&) = default;
};

// A line of a manifest list.
struct ManifestReference {
  std::string path;
  int64_t bytes = 0;
  int64_t partition_spec_id = 0;
  FileContent content = FileContent::kData;
  int64_t sequence_number = 0;
  int64_t min_sequence_number = 0;
  int64_t added_snapshot_id = 0;
  int64_t added_files = 0;
  int64_t existing_files = 0;
  int64_t deleted_files = 0;
  int64_t added_rows = 0;
  int64_t existing_rows = 0;
  int64_t deleted_rows = 0;
  std::optional<int64_t> first_row_id;  // v3, data manifests

  friend bool operator==(const ManifestReference&, const ManifestReference&) = default;
};

// `format_version`: 2 or 3. `table_schema`: JSON, for the file's metadata.
std::string EncodeManifest(int format_version, FileContent content, std::string_view table_schema,
                           const std::vector<ManifestEntry>& entries);
std::string EncodeManifestList(int format_version, int64_t snapshot_id,
                               std::optional<int64_t> parent_id, int64_t sequence_number,
                               const std::vector<ManifestReference>& manifests);

absl::StatusOr<std::vector<ManifestEntry>> DecodeManifest(std::string_view bytes);
absl::StatusOr<std::vector<ManifestReference>> DecodeManifestList(std::string_view bytes);

}  // namespace veralith::iceberg

#endif  // VERALITH_CORE_ICEBERG_MANIFEST_FILE_H_
