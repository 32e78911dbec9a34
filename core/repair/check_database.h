// Verifies a closed database, or one that another process has open for reading: every file that the
// manifest leads to, every checksum and structural rule in it. Reports all damage, not the first.
//
// Writes nothing, and keeps no writer out. One that opens the database meanwhile is no damage: a
// file that it replaced before it was checked ends the check, with FailedPrecondition. Cost: reads
// every byte once, and once more to see that newer runs hold newer versions. Memory: the segments'
// metadata, and pages of one segment per run.
#ifndef VERALITH_CORE_REPAIR_CHECK_DATABASE_H_
#define VERALITH_CORE_REPAIR_CHECK_DATABASE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/fs/file_system.h"

namespace veralith {

struct CheckReport {
  // Each names a file and, where it has one, the offset.
  std::vector<std::string> damage;
  // What is not damage but worth knowing: torn tails that recovery will cut, files of ours that
  // nothing refers to.
  std::vector<std::string> notes;
  uint64_t files = 0;        // manifest, segments and logs
  uint64_t bytes = 0;        // in them
  uint64_t entries = 0;      // in segments
  uint64_t log_records = 0;  // not in segments yet
};

// `progress` is told each file before it is read; may be null. The status is OK when the check
// could be made, whatever it found; NotFound when there is no database; FailedPrecondition when a
// writer has it open, or has opened it meanwhile and replaced what was still to be checked (the
// report then holds what was found until then); other errors are the disk's.
absl::Status CheckDatabase(FileSystem& fs, const std::string& directory,
                           const std::function<void(const std::string& file)>& progress,
                           CheckReport* report);

}  // namespace veralith

#endif  // VERALITH_CORE_REPAIR_CHECK_DATABASE_H_
