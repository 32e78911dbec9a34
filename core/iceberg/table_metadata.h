// SPDX-License-Identifier: Apache-2.0

// The metadata file of an Iceberg table (table specification v2 and v3): JSON, read and written.
//
// What is not known here stays as it was read, so that branches, tags, properties and snapshots of
// other engines survive a publication.
//
// Parse checks all that the other calls use: DataLoss for text that is no such file, Unimplemented
// for a format version that is not 2 or 3.
//
// Thread rule: one thread.
#ifndef VERALITH_CORE_ICEBERG_TABLE_METADATA_H_
#define VERALITH_CORE_ICEBERG_TABLE_METADATA_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace veralith::iceberg {

// Field ids of the segments' columns.
inline constexpr int kNsFieldId = 1;
inline constexpr int kKeyFieldId = 2;
inline constexpr int kTsFieldId = 3;
inline constexpr int kValueFieldId = 4;
inline constexpr int kSortOrderId = 1;  // ns, key, ts descending: the order of entries

// The schema as JSON, which manifests carry, too.
std::string TableSchema();

struct TableSnapshot {
  int64_t id = 0;
  std::optional<int64_t> parent_id;
  int64_t sequence_number = 0;
  int64_t timestamp_ms = 0;
  std::string manifest_list;  // URI
  bool is_ours = false;       // published, not made by another engine
};

struct NewSnapshot {
  int64_t id = 0;
  int64_t sequence_number = 0;
  int64_t timestamp_ms = 0;
  std::string manifest_list;
  std::string operation;  // "append", "overwrite"
  std::vector<std::pair<std::string, std::string>> summary;
  int64_t added_rows = 0;  // v3: that have been given row ids
};

class TableMetadata {
 public:
  // A table without snapshots. InvalidArgument: `location` is not UTF-8.
  static absl::StatusOr<TableMetadata> Create(int format_version, std::string_view uuid,
                                              const std::string& location,
                                              std::string_view database_id, int64_t now_ms);
  static absl::StatusOr<TableMetadata> Parse(std::string_view text);
  TableMetadata(TableMetadata&&) noexcept;
  TableMetadata& operator=(TableMetadata&&) noexcept;
  ~TableMetadata();

  std::string ToText() const;

  int format_version() const;
  const std::string& location() const { return location_; }
  // "" in a table that no publication made.
  const std::string& database_id() const { return database_id_; }
  int64_t last_sequence_number() const;
  int64_t last_updated_ms() const;
  int64_t next_row_id() const;
  // In the file's order.
  const std::vector<TableSnapshot>& snapshots() const { return snapshots_; }
  // Null if there is none.
  const TableSnapshot* current() const;
  // Whether a branch or tag other than main needs the snapshot.
  bool IsReferred(int64_t snapshot_id) const;

  // To version 3; does nothing to one of version 3.
  void Upgrade();
  // Makes it the current one.
  void AddSnapshot(const NewSnapshot& snapshot);
  // Drops snapshots for which `keep` is false; the current one is never asked for.
  template <typename Keep>
  uint64_t Expire(Keep keep) {
    std::vector<int64_t> dropped;
    for (const TableSnapshot& snapshot : snapshots_) {
      if (&snapshot != current() && !IsReferred(snapshot.id) && !keep(snapshot)) {
        dropped.push_back(snapshot.id);
      }
    }
    Drop(dropped);
    return dropped.size();
  }
  // Notes the metadata file that this one replaces; names at most `most` of them.
  void LogPrevious(const std::string& uri, int64_t timestamp_ms, size_t most);

 private:
  struct Json;

  TableMetadata();
  absl::Status Check();
  void Drop(const std::vector<int64_t>& ids);

  std::unique_ptr<Json> json_;
  std::string location_;
  std::string database_id_;
  std::vector<TableSnapshot> snapshots_;
};

}  // namespace veralith::iceberg

#endif  // VERALITH_CORE_ICEBERG_TABLE_METADATA_H_
