// SPDX-License-Identifier: Apache-2.0

// Verifies a closed database, or one that other processes have open for reading: every file that
// the manifest leads to, every checksum and structural rule in it. Reports all damage, not the
// first.
//
// Writes nothing, and keeps no writer out. If a writer opens the database meanwhile and replaces a
// file that is not checked yet, the check ends with FailedPrecondition: that is no damage.
//
// Cost: reads every byte once, and once more to see that newer runs hold newer versions. Memory:
// the segments' metadata, and pages of one segment per run. Thread rule: one thread.
#ifndef VERALITH_CHECK_DATABASE_H_
#define VERALITH_CHECK_DATABASE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "veralith/export.h"
#include "veralith/file_system.h"

namespace veralith {

// What a check found.
struct CheckReport {
  // Damage found; each line names a file and, if it has one, the offset.
  std::vector<std::string> damage;
  // Findings that are no damage: torn tails that recovery will cut, database files that nothing
  // refers to.
  std::vector<std::string> notes;
  uint64_t files = 0;        // checked: manifest, segments and logs
  uint64_t bytes = 0;        // in these files
  uint64_t entries = 0;      // in segments
  uint64_t log_records = 0;  // in logs, and in no segment yet
};

// Fills in `*report`. `progress` is called with each file before it is read; may be empty. OK: the
// check was made, whatever it found.
// Errors: NotFound (no database), FailedPrecondition (a writer has it open, or opened it meanwhile
// and replaced a file; the report holds what was found until then), or the disk's.
VERALITH_EXPORT absl::Status CheckDatabase(
    FileSystem& fs, const std::string& directory,
    const std::function<void(const std::string& file)>& progress, CheckReport* report);

}  // namespace veralith

#endif  // VERALITH_CHECK_DATABASE_H_
