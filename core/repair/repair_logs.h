// SPDX-License-Identifier: Apache-2.0

// Salvages the logs of a damaged directory into memtables, oldest first: step 3 of repair.h.
//
// Invariants
//   1. A record counts only where its frame and its payload are sound, it follows the record before
//      it (except the first one after damage), and its timestamp is above that one's.
//   2. Without behind_damage nothing after the first bad place is taken, in that log or a later
//      one of the same chain. A log that continues none begins a new life of the database: recovery
//      had dealt with the ones before it.
//   3. A memtable never sees a timestamp twice or falling.
//   4. A loss is named by the log that lost it. A log that has lost its end is known by the next
//      one, which does not continue it. It is also known by a record that says how far it had been
//      synced.
//
// Memory: one memtable and one record. Time: each log is read a few times, however many places in
// it are damaged. Reads only. Thread rule: one thread.
#ifndef VERALITH_CORE_REPAIR_REPAIR_LOGS_H_
#define VERALITH_CORE_REPAIR_REPAIR_LOGS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "core/format/log_record.h"
#include "core/memtable/memtable.h"
#include "veralith/file_system.h"
#include "veralith/repair.h"
#include "veralith/types.h"

namespace veralith {

struct LogSalvage {
  FileSystem* fs = nullptr;
  std::string directory;
  std::map<uint64_t, std::optional<uint64_t>> logs;  // number -> id, where it is known
  LogPosition synced_through;                        // as the manifest says
  bool behind_damage = false;
  size_t memtable_bytes = 0;
  // Takes each memtable that is full or the last; its errors end the salvage.
  std::function<absl::Status(MemtableRef full)> flush;
  std::function<void(uint64_t log_number)> done;  // may be null
};

// Adds what was kept and lost to the report. `newest` is raised to the largest timestamp of any
// sound record, also of those that were not taken; `newest_taken` to that of those taken.
absl::Status SalvageLogs(const LogSalvage& request, RepairReport* report, Timestamp* newest,
                         Timestamp* newest_taken);

}  // namespace veralith

#endif  // VERALITH_CORE_REPAIR_REPAIR_LOGS_H_
