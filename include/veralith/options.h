// SPDX-License-Identifier: Apache-2.0

// Options of a database and of single calls. Sizes are bytes and durations nanoseconds, unless a
// name says otherwise. A value outside its limits makes Db::Open return InvalidArgument.
//
// With the defaults every acknowledged write survives a crash of the process. A power cut loses the
// newest ones, because sync_mode is kManual: see the table at SyncMode. No mode leaves the database
// damaged.
#ifndef VERALITH_OPTIONS_H_
#define VERALITH_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "veralith/bound.h"
#include "veralith/policy_kind.h"
#include "veralith/types.h"

namespace veralith {

class Cache;
class Clock;
class Executor;
class FileSystem;
class Listener;
class Snapshot;

// When a write is synced to disk: Options::sync_mode, or WriteOptions::sync for one write.
//
// What survives of the writes that returned OK:
//
//   mode of the writes   process crash or kill   power cut or kernel crash
//   kCommit              all                     all
//   kInterval            all                     all except those of about the last
//                                                Options::sync_interval_nanos
//   kManual (default)    all                     all up to the last Sync, Flush or Close; of later
//                                                ones perhaps none
//
// Every sync covers all writes before it, in any mode: after one kCommit write, everything before
// it survives, too. What survives is always a prefix of the commit order, never a write without
// those before it. A memtable that is flushed is durable, so under kManual a power cut loses at
// most what memtables hold (Statistics::memtable_bytes).
enum class SyncMode : uint8_t {
  kDefault,   // in WriteOptions only: the database's mode
  kCommit,    // before the write returns; writers that commit together share one sync
  kInterval,  // about Options::sync_interval_nanos after the write returns, at the latest
  kManual,    // at the next Sync, Flush or Close, or with a later synced write
};

// Compression of value pages.
enum class Codec : uint8_t { kNone, kLz4, kSnappy, kZstd };

struct Options {
  // --- Opening ---------------------------------------------------------------------------------
  // False: Db::Open is NotFound if there is no database.
  bool create_if_missing = true;
  // True: Db::Open is AlreadyExists if there is one.
  bool error_if_exists = false;
  // Writes nothing, anywhere. Refused while a writer has the database open, but keeps no writer
  // out: one may open it later. Reads then go on to see the state that was opened, from the files
  // that are open. A file that the writer removed before it was read is FailedPrecondition, never a
  // wrong answer. (RepairDatabase keeps writers out until it is done.)
  bool read_only = false;
  // False: damage in the synced part of a log makes opening fail with DataLoss. True: everything
  // before the damage is recovered and the rest dropped; Statistics::recovery_report names it.
  bool recover_up_to_damage = false;

  // --- Durability ------------------------------------------------------------------------------
  // Mode of writes that name none. kManual is fast and loses the newest writes at a power cut.
  SyncMode sync_mode = SyncMode::kManual;
  // Longest time between a kInterval write and its sync; more than 0. Default: 0.1 s.
  int64_t sync_interval_nanos = 100'000'000;
  // True: commits are copied into memory that is mapped from the log's file, instead of a system
  // call for each; what survives is the same. (Measured: docs/BENCHMARKS.md.) The log is up to
  // 1 MiB longer while it is open, and after a crash. The price: a disk that fails beneath the
  // mapping, or a process that cuts the file, ends this process (SIGBUS) where it would get an
  // error. Without effect where files cannot be mapped so (Options::file_system; not Linux).
  bool map_log = false;

  // A manifest is rewritten once it is longer than this and than ten times the state it records.
  // 0: at each change (for tests).
  size_t manifest_roll_bytes = size_t{4} << 20;

  // --- Memory ----------------------------------------------------------------------------------
  // A memtable of this size is frozen and flushed. At least 1024.
  size_t write_buffer_bytes = size_t{64} << 20;
  // Most memtables in memory, the active one included; at this many, writers wait for a flush. At
  // least 2.
  int max_write_buffers = 2;
  // Recovery flushes once it has replayed this much, or write_buffer_bytes if that is more. So logs
  // become few runs of level 0, even if an earlier opening wrote them with a larger write buffer.
  size_t recovery_buffer_bytes = size_t{64} << 20;
  // Most memory for decoded pages of segments; without effect if `cache` is set.
  size_t cache_bytes = size_t{32} << 20;
  // A cache that several databases share; null: one of its own, of cache_bytes. It can be a budget
  // for their memtables, too, which then freeze earlier (cache.h).
  std::shared_ptr<Cache> cache;

  // --- Files -----------------------------------------------------------------------------------
  // Most files open at once: segments, the lock, the manifest, logs, and outputs of flushes and
  // compactions. There may be any number of segments. Those unread for longest are closed, and
  // opened again to read a page that is not in the cache. (If all of them are being read, each
  // further reading thread opens one more.) Each segment's index and filter stay in memory: about
  // 1% of its bytes.
  //   0   half of what the process may have open (ulimit -n) when the database is opened
  //   -1  no limit
  //   otherwise 20 or more
  // If the process runs out of descriptors, unused segments of all its databases are closed first.
  // If that does not help, the call is ResourceExhausted.
  int max_open_files = 0;

  // --- Segments --------------------------------------------------------------------------------
  // Raw bytes per page of keys, before compression; 16 to 64 MiB. A read decodes whole pages.
  size_t key_page_bytes = 4096;
  // The same for pages of values.
  size_t value_page_bytes = 4096;
  // Filter bits per key, 0 to 100; 10 lets about 1% of absent keys through. 0: no filter.
  double filter_bits_per_key = 10;
  // Codec of value pages in levels 0 and 1. (Measured: kNone saves about 6% of write CPU and takes
  // 1.6 times the bytes. Reads gain nothing: copying an uncompressed page costs as much as copying
  // and unpacking an LZ4 one.)
  Codec upper_codec = Codec::kLz4;
  Codec middle_codec = Codec::kLz4;  // for the levels between
  Codec bottom_codec = Codec::kLz4;  // for the last level that holds data
  // True: segments also hold the sparse index as hex, under the footer key merutable.kv_index.v1.
  bool write_hex_index = false;

  // --- Compaction ------------------------------------------------------------------------------
  // Shape of the tree (policy_kind.h); may change from one opening to the next.
  CompactionPolicyKind compaction_policy = CompactionPolicyKind::kLeveled;
  // Size at which a segment ends, about. At least 1024. Small neighbours are merged: once no
  // background work is due there are at most 16 segments, plus one per run of the tree, plus two
  // per target_segment_bytes of data.
  size_t target_segment_bytes = size_t{32} << 20;
  // Compact level 0 at this many runs (kTiered: at this many runs in total). At least 1. More runs
  // cost lookups and save writes (docs/COMPACTION.md has both, by size).
  int level0_compaction_trigger = 8;
  // kHybrid: merge a tier (levels 0 to 2) into the next level at this many runs. Level 0 uses the
  // smaller of the two triggers. At least 2.
  int tier_compaction_trigger = 4;
  // kTiered: merge everything once the newer runs together have this percentage of the oldest run's
  // bytes. At least 1.
  int tier_max_space_percent = 200;
  // Slow writers down from this many runs in level 0: by 1 ms per commit, and 1 ms more per run.
  int level0_slowdown_trigger = 20;
  // Let writers wait at this many runs in level 0. compaction trigger <= slowdown <= stop.
  int level0_stop_trigger = 36;
  // Target size of level 1; at least 1024.
  size_t level_base_bytes = size_t{256} << 20;
  // Factor from each level to the next; at least 2.
  int level_multiplier = 10;
  // True: targets follow the last level, so that the levels above it hold about a ninth of its
  // bytes, whatever its size. False: targets are fixed, and space amplification is 1.1 to 2,
  // depending on how full the last level is.
  bool dynamic_level_targets = true;
  // Most pieces of a large compaction that run side by side, 0 to 64. 0: as many as the executor
  // runs at once (the default executor: one per core, up to 4). Each piece needs memory for an
  // output's row group, up to 8 MiB, and for the pages it reads. (Measured: two pieces raised the
  // peak of a load of 5,000,000 entries from 212 to 232 MiB, bench/memory.)
  int max_subcompactions = 1;
  // True: a compaction copies an input's value page as it is if all its rows survive. False: it
  // compresses all values again, with the same answers (for measuring).
  bool copy_value_pages = true;
  // kLeveled: each seek of an iterator counts this many bytes per run of level 0 after the first,
  // and a lookup that asks those runs a sixteenth (one key in sixteen counts whole). Once the sum
  // reaches what merging level 0 would read (at least 1 MiB), level 0 is merged, even with few
  // runs. So a database that is only read becomes as fast as a compacted one (docs/COMPACTION.md).
  // At most 2^32. 0: never.
  size_t seek_charge_bytes = 4096;
  // kLeveled: level 0 is merged, though it has few runs, once at least this share of the entries
  // that the merge reads are older versions, which it drops. So a byte that such merges drop costs
  // at most (100 - n) / n bytes written, 1.5 by default, and loads of distinct keys cost nothing.
  // How many keys level 0 repeats is estimated from filters; without filters, and below a sixteenth
  // of write_buffer_bytes, it counts as none. At most 100. 0: never.
  int level0_garbage_percent = 40;
  // kLeveled: once no write has come for idle_merge_delay_nanos and no other job is due, the runs
  // of level 0 are merged, however few they are, for the reads to come. Such merges write at most
  // idle_merge_percent of the bytes that were flushed since opening. They end early when a job is
  // due, at PauseBackgroundWork and at Close, and wait for room and rate like all jobs. They are
  // not due: Db::WaitForBackgroundWork waits for one that runs, and for no other. A database that
  // is loaded and then left quiet ends with level 0 empty or in one run. 0 percent: never.
  int64_t idle_merge_delay_nanos = 1'000'000'000;
  // Most bytes that such merges write, in percent of those that flushes wrote; 0: none.
  int idle_merge_percent = 100;
  // True: only Db::Compact compacts, and level 0 never slows or stops writers.
  bool disable_automatic_compaction = false;
  // Most bytes per second that flushes and compactions write, flushes first; 0: no limit.
  // (Compactions read in step with what they write.) Db::SetBackgroundRate changes it. Work that
  // somebody waits for is not held back: flushes for Flush and Close, flushes and compactions for a
  // waiting write.
  uint64_t background_bytes_per_second = 0;
  // A flush or compaction does not begin if its output would leave less than this free on the disk:
  // ResourceExhausted, tried again later. The reserve is for logs, because a failed log stops all
  // writes until the database is opened again.
  // A full disk can be cured by deleting. Deletions are still accepted, and these jobs may use half
  // of the reserve: those that write mostly deletions, drop half of what they read, or run only to
  // drop. So may jobs of a few bytes (at most a thousandth of the reserve and a quarter of a write
  // buffer). 0: free room is not looked at.
  uint64_t min_free_bytes = uint64_t{64} << 20;

  // Longest wait of a write for a flush or compaction, after which it is Unavailable. More than 0;
  // default: 10 minutes.
  int64_t stall_timeout_nanos = 600'000'000'000;

  // --- Watching --------------------------------------------------------------------------------
  // Listeners for flushes, compactions, stalls and background errors (listener.h). None may be
  // null.
  std::vector<std::shared_ptr<Listener>> listeners;

  // --- Time ------------------------------------------------------------------------------------
  // Furthest that AdvanceClock may go ahead of the physical clock; default: 60 s. Not negative.
  // (Timestamps follow the wall clock. A reading before 1970 or after 2262 is ignored: commits go
  // on from the newest one. A reading so near the end of time that a group of commits has no
  // timestamps left refuses the writes that meet it, with ResourceExhausted, and no later ones.)
  int64_t max_clock_skew_nanos = 60'000'000'000;

  // --- Doors (not owned; must outlive the database; null: the machine's own) --------------------
  // Tests put a simulated disk, clock and scheduler here.

  FileSystem* file_system = nullptr;  // the disk
  Clock* clock = nullptr;             // time
  Executor* executor = nullptr;       // threads for background work
  // Seed of log ids and other random names; unset: from the operating system. Simulations set it.
  std::optional<uint64_t> random_seed;
};

// How one read is made.
struct ReadOptions {
  // The moment to read, at most one of the two: a held snapshot of this database, or a timestamp
  // (OutOfRange outside the history that is kept). Neither: the newest committed state.
  const Snapshot* snapshot = nullptr;
  std::optional<Timestamp> timestamp;  // instead of a snapshot
  // False: pages read for this call do not displace others from the cache. For large scans.
  bool fill_cache = true;
};

// How one write is made.
struct WriteOptions {
  // When this write is synced; kDefault: Options::sync_mode. See SyncMode.
  SyncMode sync = SyncMode::kDefault;
};

// How Db::Compact works.
struct CompactOptions {
  // Request a stop from any thread to cancel: the call soon returns Aborted. The job under way
  // leaves nothing, finished jobs stay.
  std::stop_token cancel = {};
};

// What an iterator covers: the keys of one namespace between two bounds.
struct ScanOptions : ReadOptions {
  NamespaceId ns = kDefaultNamespace;  // the one namespace that it covers
  Bound lower;                         // where the keys begin
  Bound upper;                         // where they end
};

}  // namespace veralith

#endif  // VERALITH_OPTIONS_H_
