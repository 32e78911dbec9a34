// SPDX-License-Identifier: Apache-2.0

// What Db::PublishIceberg takes and returns: a live database as an Apache Iceberg table.
//
// The table's data files are the database's segments, linked into the table's folder. Rows that are
// not true at the moment of publication (superseded versions, tombstones, what range deletes cover)
// are hidden by position deletes (format 2) or deletion vectors (format 3). So every Iceberg reader
// sees what a scan at that moment sees: ns, key, ts and value of each key, once.
//
// Columns: `ns` long, `key` binary, `ts` long (nanoseconds since the Unix epoch), `value` binary.
#ifndef VERALITH_ICEBERG_H_
#define VERALITH_ICEBERG_H_

#include <cstdint>
#include <optional>
#include <string>

#include "veralith/types.h"

namespace veralith {

// What Db::PublishIceberg shows, and which snapshots stay.
struct PublishOptions {
  // The moment to publish; nothing: now. History of it must be there (Db::GetSnapshotAt).
  std::optional<Timestamp> at;
  // The only namespace whose rows are shown; nothing: all.
  std::optional<NamespaceId> ns;
  // 2: position deletes, which every reader takes. 3: deletion vectors, which are smaller; some
  // readers refuse them. 0: the table's own; 2 for a new table. A table never goes back to 2.
  int format_version = 0;
  // The newest snapshots that stay; 0: no such rule. With neither rule, all stay. The newest one
  // always does.
  uint64_t keep = 0;
  // Snapshots younger than so many nanoseconds stay, too; 0: no such rule.
  uint64_t keep_nanos = 0;
  // Where readers find the table, as a URI without a slash at its end, if that is not where it is
  // written; for a new table only. Empty: "file://" and the absolute path.
  std::string location;
};

// What Db::PublishIceberg has done.
struct PublishReport {
  int64_t snapshot_id = 0;         // the table's newest snapshot
  bool is_new = false;             // false: the snapshot before shows the same, and stands
  Timestamp at = 0;                // the moment that was published
  int format_version = 0;          // the table's
  std::string metadata_file;       // path of the newest metadata file
  uint64_t rows = 0;               // that readers see
  uint64_t hidden_rows = 0;        // in data files, and not seen
  uint64_t data_files = 0;         // of the snapshot
  uint64_t linked_files = 0;       // added by this call, without a copy
  uint64_t copied_files = 0;       // added by this call, where the file system could not link
  uint64_t delete_bytes = 0;       // of deletes that this call wrote
  uint64_t expired_snapshots = 0;  // that this call let go
  uint64_t removed_files = 0;      // that no snapshot needs, what crashes left included
};

}  // namespace veralith

#endif  // VERALITH_ICEBERG_H_
