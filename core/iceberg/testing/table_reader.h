// SPDX-License-Identifier: Apache-2.0

// Reads a published table as an Iceberg reader does: from the version hint to metadata, manifest
// list, manifests, deletes and data files. Shares with core/iceberg no more than the names of the
// specification; rows of data files are read by the segment reader.
//
// It refuses what the specification forbids: a path outside the table, a delete for a data file
// that is not there or newer than it, two deletion vectors of one file, a wrong count, wrong
// bounds, a Puffin file whose footer says something else than the manifest.
#ifndef VERALITH_CORE_ICEBERG_TESTING_TABLE_READER_H_
#define VERALITH_CORE_ICEBERG_TESTING_TABLE_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "veralith/file_system.h"

namespace veralith::iceberg {

struct TableRow {
  uint64_t ns = 0;
  std::string key;
  uint64_t ts = 0;
  std::string value;
  friend auto operator<=>(const TableRow&, const TableRow&) = default;
};

struct TableContents {
  int64_t snapshot_id = 0;
  uint64_t at = 0;                    // the snapshot's commit timestamp
  std::vector<TableRow> rows;         // sorted
  std::vector<std::string> files;     // every file that the snapshot leads to, sorted
  std::vector<int64_t> snapshot_ids;  // that the table has, in its order
};

// `snapshot_id`: nothing for the current one. `hinted`: finds the newest version by the hint, as
// some readers do; otherwise by the names in the folder, as others do.
absl::StatusOr<TableContents> ReadTable(FileSystem& fs, const std::string& directory,
                                        std::optional<int64_t> snapshot_id = std::nullopt,
                                        bool hinted = true);

}  // namespace veralith::iceberg

#endif  // VERALITH_CORE_ICEBERG_TESTING_TABLE_READER_H_
