// SPDX-License-Identifier: Apache-2.0

// A database's counters and shape at one moment. Counters start at 0 when the database is opened; a
// field with "now" in its comment is a state instead. Sizes are bytes. Plain data, no thread rule.
#ifndef VERALITH_STATISTICS_H_
#define VERALITH_STATISTICS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "veralith/types.h"

namespace veralith {

// One level of the tree, now.
struct LevelStatistics {
  int level = 0;                  // its number
  int runs = 0;                   // sorted runs in it
  uint64_t files = 0;             // segments
  uint64_t bytes = 0;             // of their files
  uint64_t entries = 0;           // versions of keys, deletions included
  uint64_t tombstones = 0;        // deletions among them
  uint64_t superseded = 0;        // entries with a newer version of their key in the same segment
  uint64_t range_tombstones = 0;  // range deletes
  double score = 0;  // fullness by the compaction policy; at 1 and above a compaction is due
};

// Bytes written over the life of the database, as its manifest keeps them. After a crash or kill,
// bytes written since the last change of the tree are missing. The counters never go back.
struct LifetimeBytes {
  uint64_t user = 0;         // keys and values accepted
  uint64_t logs = 0;         // to the write-ahead log
  uint64_t flushes = 0;      // by flushes, to segments
  uint64_t compactions = 0;  // by compactions, to segments
};

// What Db::GetStatistics returns.
struct Statistics {
  std::vector<LevelStatistics> levels;    // by number
  LifetimeBytes lifetime;                 // this opening included
  uint64_t user_bytes_written = 0;        // keys and values accepted
  uint64_t log_bytes_written = 0;         // to the write-ahead log
  uint64_t flush_bytes_written = 0;       // by flushes, to segments
  uint64_t compaction_bytes_read = 0;     // from segments
  uint64_t compaction_bytes_written = 0;  // to segments
  // Part of compaction_bytes_written: value pages copied from the inputs unchanged.
  uint64_t compaction_bytes_copied = 0;
  // Part of compaction_bytes_written: merges in idle time (Options::idle_merge_percent).
  uint64_t idle_merge_bytes_written = 0;
  uint64_t flushes = 0;                // number of them
  uint64_t compactions = 0;            // number of them
  uint64_t subcompactions = 0;         // pieces of compactions; a compaction in one piece: 1
  uint64_t background_wait_nanos = 0;  // time that the rate limit held jobs back
  uint64_t log_syncs = 0;              // of the write-ahead log
  uint64_t commits = 0;                // number of them; each batch is one
  uint64_t memtable_bytes = 0;         // now, all memtables
  // Now: what its memtables have of a budget (MakeCache), those included that readers still hold.
  uint64_t memtable_charged_bytes = 0;
  uint64_t cache_bytes = 0;      // now: its pages in the cache (Cache::charged_bytes: all)
  uint64_t cache_misses = 0;     // pages read from its files
  uint64_t open_segments = 0;    // now: segments whose file is open (Options::max_open_files)
  uint64_t segments_opened = 0;  // times that a segment's file was opened
  // Deleted keys that iterators passed one by one; counted when an iterator is destroyed.
  uint64_t hidden_keys = 0;
  uint64_t live_snapshots = 0;     // now
  Timestamp last_timestamp = 0;    // now: the newest commit; 0: none
  Timestamp history_floor = 0;     // now: before it, only held snapshots can be read
  uint64_t oldest_run_bytes = 0;   // now: size of the oldest run, that of the last level
  std::string pending_compaction;  // now: the most urgent compaction; empty: none is due
  std::string recovery_report;     // what opening dropped, and why; empty: nothing
  std::string background_error;    // now: the last error of a flush or compaction; empty: none
  std::string stall_reason;        // now: why writers are held back; empty: they are not
};

// Returns the bytes written to logs and segments per byte of keys and values accepted, since
// opening. 0: nothing was written.
inline double WriteAmplification(const Statistics& statistics) {
  const double written =
      static_cast<double>(statistics.log_bytes_written + statistics.flush_bytes_written +
                          statistics.compaction_bytes_written);
  return statistics.user_bytes_written == 0
             ? 0
             : written / static_cast<double>(statistics.user_bytes_written);
}

// Returns the same over the life of the database.
inline double WriteAmplification(const LifetimeBytes& bytes) {
  const double written = static_cast<double>(bytes.logs + bytes.flushes + bytes.compactions);
  return bytes.user == 0 ? 0 : written / static_cast<double>(bytes.user);
}

// Returns the bytes of all segments divided by those of the oldest run. Space amplification is that
// if everything newer overwrites something, and less if new keys came in. 0: there is no segment.
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
