// A database's counters and shape at one moment. Bytes and counts since opening unless said.
#ifndef VERALITH_CORE_DB_STATISTICS_H_
#define VERALITH_CORE_DB_STATISTICS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/types.h"

namespace veralith {

struct LevelStatistics {
  int level = 0;
  int runs = 0;
  uint64_t files = 0;
  uint64_t bytes = 0;
  uint64_t entries = 0;
  uint64_t tombstones = 0;
  double score = 0;  // 1 and above: a compaction is due
};

struct Statistics {
  std::vector<LevelStatistics> levels;
  uint64_t user_bytes_written = 0;        // keys and values accepted
  uint64_t log_bytes_written = 0;
  uint64_t flush_bytes_written = 0;
  uint64_t compaction_bytes_read = 0;
  uint64_t compaction_bytes_written = 0;
  uint64_t flushes = 0;
  uint64_t compactions = 0;
  uint64_t subcompactions = 0;            // pieces of compactions; a compaction in one piece: 1
  uint64_t background_wait_nanos = 0;     // that jobs were held back for by the rate limit
  uint64_t log_syncs = 0;
  uint64_t commits = 0;
  uint64_t memtable_bytes = 0;            // now, all memtables
  uint64_t cache_bytes = 0;               // now
  uint64_t cache_misses = 0;              // pages read from files
  uint64_t live_snapshots = 0;            // now
  Timestamp last_timestamp = 0;
  Timestamp history_floor = 0;
  std::string recovery_report;            // what opening dropped, and why; empty: nothing
  std::string background_error;           // empty: none
  std::string stall_reason;               // empty: writers are not held back now
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_STATISTICS_H_
