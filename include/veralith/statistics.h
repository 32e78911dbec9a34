// A database's counters and shape at one moment. Bytes and counts since opening unless said.
#ifndef VERALITH_STATISTICS_H_
#define VERALITH_STATISTICS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "veralith/types.h"

namespace veralith {

struct LevelStatistics {
  int level = 0;
  int runs = 0;
  uint64_t files = 0;
  uint64_t bytes = 0;
  uint64_t entries = 0;
  uint64_t tombstones = 0;
  uint64_t superseded = 0;  // entries with a newer version of their key in the same segment
  uint64_t range_tombstones = 0;
  double score = 0;  // 1 and above: a compaction is due
};

// Bytes written over the life of the database, as its manifest keeps them. What a crash or a kill
// cut off since the last change of the tree is missing: they lag behind, and never go back.
struct LifetimeBytes {
  uint64_t user = 0;  // keys and values accepted
  uint64_t logs = 0;
  uint64_t flushes = 0;
  uint64_t compactions = 0;
};

struct Statistics {
  std::vector<LevelStatistics> levels;
  LifetimeBytes lifetime;           // this opening included
  uint64_t user_bytes_written = 0;  // keys and values accepted
  uint64_t log_bytes_written = 0;
  uint64_t flush_bytes_written = 0;
  uint64_t compaction_bytes_read = 0;
  uint64_t compaction_bytes_written = 0;
  // Of these: value pages of the inputs, as they stood there.
  uint64_t compaction_bytes_copied = 0;
  uint64_t flushes = 0;
  uint64_t compactions = 0;
  uint64_t subcompactions = 0;         // pieces of compactions; a compaction in one piece: 1
  uint64_t background_wait_nanos = 0;  // that jobs were held back for by the rate limit
  uint64_t log_syncs = 0;
  uint64_t commits = 0;
  uint64_t memtable_bytes = 0;  // now, all memtables
  uint64_t cache_bytes = 0;     // now
  uint64_t cache_misses = 0;    // pages read from files
  // Now: segments whose file is open (Options::max_open_files).
  uint64_t open_segments = 0;
  uint64_t segments_opened = 0;  // files of segments, each time that one is opened
  uint64_t hidden_keys = 0;      // deleted keys passed one by one by iterators that ended
  uint64_t live_snapshots = 0;   // now
  Timestamp last_timestamp = 0;
  Timestamp history_floor = 0;
  uint64_t oldest_run_bytes = 0;   // now: of the run that everything else is newer than
  std::string pending_compaction;  // now: the most urgent one; empty: none is due
  std::string recovery_report;     // what opening dropped, and why; empty: nothing
  std::string background_error;    // empty: none
  std::string stall_reason;        // empty: writers are not held back now
};

// Bytes written to logs and segments per byte of keys and values accepted, since opening. 0 when
// nothing was written.
inline double WriteAmplification(const Statistics& statistics) {
  const double written =
      static_cast<double>(statistics.log_bytes_written + statistics.flush_bytes_written +
                          statistics.compaction_bytes_written);
  return statistics.user_bytes_written == 0
             ? 0
             : written / static_cast<double>(statistics.user_bytes_written);
}

// The same over the life of the database.
inline double WriteAmplification(const LifetimeBytes& bytes) {
  const double written = static_cast<double>(bytes.logs + bytes.flushes + bytes.compactions);
  return bytes.user == 0 ? 0 : written / static_cast<double>(bytes.user);
}

// Bytes of all segments by those of the oldest run: what space amplification is when all that is
// newer overwrites something, and more than it where new keys came in. 0 when there is no segment.
inline double SpaceAmplificationAtMost(const Statistics& statistics) {
  double bytes = 0;
  for (const LevelStatistics& level : statistics.levels) {
    bytes += static_cast<double>(level.bytes);
  }
  return statistics.oldest_run_bytes == 0
             ? 0
             : bytes / static_cast<double>(statistics.oldest_run_bytes);
}

}  // namespace veralith

#endif  // VERALITH_STATISTICS_H_
