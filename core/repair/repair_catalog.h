// SPDX-License-Identifier: Apache-2.0

// Which files of a damaged directory count, as far as its manifests can tell: step 1 of repair.h.
//
// Reads manifests and CURRENT only, and never fails for what they hold. Facts are taken from every
// record that is sound in itself, even after damage and in manifests that CURRENT does not name. An
// edit that removed a file removed it for ever, since numbers are used once. But in one database:
// manifests of another are left out, and where nothing says which is the other, all of them are.
// Thread rule: a function.
#ifndef VERALITH_CORE_REPAIR_REPAIR_CATALOG_H_
#define VERALITH_CORE_REPAIR_REPAIR_CATALOG_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/format/log_record.h"
#include "core/format/version_edit.h"
#include "veralith/file_system.h"
#include "veralith/repair.h"
#include "veralith/types.h"

namespace veralith {

struct RepairCatalog {
  // A whole manifest says which files count. False: what is on the disk does.
  bool trusted = false;
  std::vector<uint64_t> segments;         // that are there, ascending
  std::map<uint64_t, FileMeta> recorded;  // what a readable edit says of them
  // Also those that are missing though a whole manifest names them. Nothing: the id is not known
  // but by the log's own header.
  std::map<uint64_t, std::optional<uint64_t>> logs;
  LogPosition logs_synced_through;
  uint64_t database_id = 0;       // 0: not known
  uint64_t next_file_number = 1;  // above everything seen that can be, names here included
  uint64_t next_run_id = 1;
  Timestamp timestamp_ceiling = 0;
  Timestamp history_floor = 0;
  Timestamp last_timestamp = 0;
};

// `names`: all names in `directory`. Adds to the report what is lost, left out and decided.
RepairCatalog BuildRepairCatalog(FileSystem& fs, const std::string& directory,
                                 const std::vector<std::string>& names, RepairReport* report);

}  // namespace veralith

#endif  // VERALITH_CORE_REPAIR_REPAIR_CATALOG_H_
