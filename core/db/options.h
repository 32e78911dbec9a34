// Options of a database and of single calls. Sizes are bytes, durations nanoseconds, unless a name
// says otherwise. Every default is safe. Limits are in the table of options (option_table.cc).
#ifndef VERALITH_CORE_DB_OPTIONS_H_
#define VERALITH_CORE_DB_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bound.h"
#include "core/base/sync.h"
#include "core/base/types.h"
#include "core/format/policy_kind.h"

namespace veralith {

class Clock;
class Executor;
class FileSystem;
class Listener;
class Snapshot;

// When a write is acknowledged, relative to the moment its bytes are on disk for good.
enum class SyncMode : uint8_t {
  kDefault,   // of a write: the database's mode
  kCommit,    // before it returns (writers that commit together share one sync)
  kInterval,  // at most Options::sync_interval_nanos after it returned
  kManual,    // at the next Sync, Flush or Close
};

enum class Codec : uint8_t { kNone, kLz4, kSnappy, kZstd };

struct Options {
  // --- Opening ---------------------------------------------------------------------------------
  bool create_if_missing = true;
  bool error_if_exists = false;
  // Nothing is written, anywhere; refused while a writer has the database open. Keeps no writer
  // out: one may open the database meanwhile. Reads go on to see the state that was opened, from
  // the files that are open; what the writer has removed before it was read is FailedPrecondition,
  // which says so, and never a wrong answer. (RepairDatabase keeps writers out until it is done.)
  bool read_only = false;
  // Recovery stops at damage in the middle of a log with DataLoss. True: recover everything before
  // the damage instead, and drop what follows; recovery's report names what was dropped.
  bool recover_up_to_damage = false;

  // --- Durability ------------------------------------------------------------------------------
  SyncMode sync_mode = SyncMode::kManual;
  int64_t sync_interval_nanos = 100'000'000;

  // A manifest longer than this, and than ten times the state it records, is begun anew. 0: at each
  // change (for tests).
  size_t manifest_roll_bytes = size_t{4} << 20;

  // --- Memory ----------------------------------------------------------------------------------
  // A memtable this large is frozen and flushed.
  size_t write_buffer_bytes = size_t{64} << 20;
  // Memtables in memory, the active one included; writers wait at this many.
  int max_write_buffers = 2;
  // What an opening replays from logs is held in memory up to this, or write_buffer_bytes if that
  // is more, and then flushed: logs become few runs of level 0, also when they were written with a
  // larger write buffer than this opening's.
  size_t recovery_buffer_bytes = size_t{64} << 20;
  // Decoded pages of segments.
  size_t cache_bytes = size_t{32} << 20;

  // --- Files -----------------------------------------------------------------------------------
  // At most this many files are open at once: segments that are read, and beside them the lock, the
  // manifest, logs, and what flushes and compactions write. There may be any number of segments:
  // the ones longest unread are closed, and opened again when a page is read that is not in the
  // cache. (One more is open for each thread that reads while all of them are being read.) Where
  // each segment's pages are, and its filter, stays in memory: about 1% of its bytes.
  // 0: half of what the process may have open when the database is opened (ulimit -n); the other
  // half is the program's. -1: no limit. Otherwise 20 or more. In a process that has no descriptor
  // left, segments that nobody reads are closed first, of all its databases; when that does not
  // help, the call that needs one is ResourceExhausted.
  int max_open_files = 0;

  // --- Segments --------------------------------------------------------------------------------
  size_t key_page_bytes = 4096;  // raw bytes per page
  size_t value_page_bytes = 4096;
  double filter_bits_per_key = 10;
  // Codecs of value pages: levels 0-1, the levels between, and the last level that holds data.
  // (Measured: copying an uncompressed page from the page cache costs what copying and unpacking an
  // LZ4 one does, so no codec above buys about 6% of write CPU for 1.6 times the bytes.)
  Codec upper_codec = Codec::kLz4;
  Codec middle_codec = Codec::kLz4;
  Codec bottom_codec = Codec::kLz4;
  // Also writes the sparse index as hex under the footer key merutable.kv_index.v1.
  bool write_hex_index = false;

  // --- Compaction ------------------------------------------------------------------------------
  // The shape of the tree; may change from one opening to the next.
  CompactionPolicyKind compaction_policy = CompactionPolicyKind::kLeveled;
  // Segments end at about this size. Once no background work is due there are, however they came to
  // be, at most 16 of them, and one more for each run of the tree, and two for each
  // target_segment_bytes that they hold together: small neighbours are merged when there are more.
  size_t target_segment_bytes = size_t{32} << 20;
  // Runs in level 0; kTiered: runs at all. Each further run costs lookups and saves writes
  // (docs/COMPACTION.md has both, by size).
  int level0_compaction_trigger = 8;
  // Runs of levels 0 (unless the trigger above is less), 1 and 2 under kHybrid: at so many they are
  // merged into the next level.
  int tier_compaction_trigger = 4;
  // kTiered: everything is merged when the newer runs have this share of the oldest one's bytes.
  int tier_max_space_percent = 200;
  int level0_slowdown_trigger = 20;  // writers are slowed, more with every further run
  int level0_stop_trigger = 36;      // writers wait
  size_t level_base_bytes = size_t{256} << 20;
  int level_multiplier = 10;
  // True: targets follow what the last level holds, so that the levels above it hold about a ninth
  // of it, whatever its size; false: they are fixed, and space amplification is between 1.1 and 2
  // as the last level happens to be filled.
  bool dynamic_level_targets = true;
  // A large compaction is cut into at most so many pieces that run side by side; 0: as many as the
  // executor runs at once (the default one: as many as there are cores, up to 4). Each piece holds
  // memory of its own, an output's row group of up to 16 MiB and the pages that it reads: two
  // pieces took the peak of a load of 5,000,000 entries from 212 to 232 MiB (bench/memory).
  int max_subcompactions = 1;
  // Value pages of a compaction's inputs of which every row survives are written as they stand.
  // False: all values are compressed again, and answers are the same (for measuring).
  bool copy_value_pages = true;
  // kLeveled: a seek of an iterator counts so many bytes for each run of level 0 beyond the first;
  // once seeks have come to what merging level 0 reads (and to 1 MiB), it is merged, however few
  // runs it has. Reads of a database that is no longer written so become as fast as after a
  // compaction (docs/COMPACTION.md). 0: never.
  size_t seek_charge_bytes = 4096;
  bool disable_automatic_compaction = false;
  // Flushes and compactions write at most so many bytes a second, flushes first; 0: no limit. (What
  // compactions read keeps pace with what they write.) Db::SetBackgroundRate changes it. What
  // somebody waits for is not held back: flushes while Flush or Close waits, and flushes or
  // compactions while a write waits for them.
  uint64_t background_bytes_per_second = 0;
  // A flush or a compaction whose output would leave less room than this on the disk does not
  // begin: ResourceExhausted, tried again later. The rest is for logs, whose failure would stop all
  // writes until the database is opened again, and for what gives room back, so that a full disk is
  // cured by deleting: deletions are accepted still, and jobs that write mostly deletions, drop
  // half of what they read, or run only for what they drop, may use half of what is left. (So may
  // jobs of a few bytes, at most a thousandth of this and a quarter of a write buffer, as far as
  // half of this.) 0: room is not looked at.
  uint64_t min_free_bytes = uint64_t{64} << 20;

  // A write that waits longer than this for a flush or a compaction, without progress, is
  // Unavailable.
  int64_t stall_timeout_nanos = 600'000'000'000;

  // --- Watching --------------------------------------------------------------------------------
  // Told of flushes, compactions, stalls and background errors (listener.h).
  std::vector<std::shared_ptr<Listener>> listeners;

  // --- Time ------------------------------------------------------------------------------------
  // Commits follow the wall clock. A reading before 1970 or after 2262 is passed by: they go on
  // from the newest. One so near the end of time that a group of commits has no timestamps left
  // refuses the writes that meet it (ResourceExhausted), and no later ones.
  int64_t max_clock_skew_nanos = 60'000'000'000;  // of AdvanceClock

  // --- Doors (not owned; must outlive the database; null: the machine's own) --------------------
  FileSystem* file_system = nullptr;
  Clock* clock = nullptr;
  Executor* executor = nullptr;
  // Seeds log ids. Unset: from the operating system. Simulations set it.
  std::optional<uint64_t> random_seed;
};

struct ReadOptions {
  // At most one of the two: a held snapshot (InvalidArgument when it is another database's), or a
  // timestamp (OutOfRange outside the history that is kept). Neither: the newest committed state.
  const Snapshot* snapshot = nullptr;
  std::optional<Timestamp> timestamp;
  // False: pages read for this call do not displace others (large scans).
  bool fill_cache = true;
};

struct WriteOptions {
  SyncMode sync = SyncMode::kDefault;
};

struct CompactOptions {
  // Once true (set it from any thread) the call ends with Aborted, soon: the job under way leaves
  // nothing behind, jobs that were finished stay. Must stay until the call returns.
  const Atomic<bool>* cancel = nullptr;
};

struct ScanOptions : ReadOptions {
  NamespaceId ns = kDefaultNamespace;
  Bound lower;
  Bound upper;
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_OPTIONS_H_
