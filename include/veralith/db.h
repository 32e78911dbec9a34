// Veralith's public interface: an embedded, ordered key-value store with snapshots.
//
//   auto db = veralith::Db::Open("/tmp/example", {});
//   if (!db.ok()) { ... db.status() ... }
//   (*db)->Put({}, "apple", "red").IgnoreError();
//   veralith::PinnedValue value;
//   absl::StatusOr<bool> found = (*db)->Get({}, "apple", &value);
//
// What it promises, each line checked by a file in property_tests/ that quotes it: one order of
// keys, newest wins, batches are atomic, reads can be in the past, durability is a prefix of the
// commit order, damage is an error and never a wrong answer.
//
// Memory that cannot be had is ResourceExhausted("out of memory in ..."), and no exception crosses
// this interface: not from a call, an iterator or a batch, and none ends a thread of background
// work. The call has then done nothing and can be made again; a flush or a compaction is tried
// again by itself, and nothing is lost. Where a write lacks memory after its bytes are in the log,
// the database takes no more writes until it is opened again, as after a write that failed.
//
// Thread rule: every method from any thread, for as long as the thread runs: also in destructors of
// its thread_local objects, and of static objects that are destroyed before the Db.
//
// Processes: a child made by fork may use the library, but not the database that its parent has
// open: there every call is FailedPrecondition and does nothing, iterators are not Valid(), pinned
// values stay, and destroying the Db changes nothing on disk and frees nothing. To work on in a
// child, fork before opening, or open another database there. (An Options::executor of the
// program's own must start its threads in the child; those of core/base/executor.h do. A child by
// exec has nothing of this.)
//
// Ownership: the caller owns the Db; iterators and snapshots must be destroyed before it. Errors:
// core/base/status.h says which code means what.
// Not thread-safe by itself: WriteBatch, PinnedValue, DbIterator (one thread each).
#ifndef VERALITH_DB_H_
#define VERALITH_DB_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "veralith/db_iterator.h"
#include "veralith/listener.h"
#include "veralith/options.h"
#include "veralith/pinned_value.h"
#include "veralith/statistics.h"
#include "veralith/types.h"
#include "veralith/write_batch.h"

namespace veralith {

// The state of the database at one moment; reads that name it see that state for as long as it is
// held. Give it back with Db::ReleaseSnapshot, or let ScopedSnapshot do it.
class Snapshot {
 public:
  virtual Timestamp timestamp() const = 0;

 protected:
  virtual ~Snapshot() = default;
};

class Db {
 public:
  // Opens, creates or recovers the database in `directory`. All work is done in the directory that
  // the path names now, wherever it is moved, and whatever becomes of links and of the working
  // directory; once it is removed, or another process may own it, calls that would change it are
  // errors. Errors: DataLoss (damage, with file and offset; nothing was changed),
  // FailedPrecondition (locked by another process), NotFound (missing, with create_if_missing false
  // or read_only), AlreadyExists (present, with error_if_exists), InvalidArgument (options), or the
  // disk's error.
  static absl::StatusOr<std::unique_ptr<Db>> Open(const std::string& directory,
                                                  const Options& options);
  // Closes if Close was not called; an error is then lost, so call Close.
  virtual ~Db() = default;

  // --- Writing ---------------------------------------------------------------------------------
  // Each returns once the write is visible to every later read and as durable as its sync mode
  // says. The timestamp overloads of Write return the commit's timestamp.
  absl::Status Put(const WriteOptions& options, std::string_view key, std::string_view value) {
    return Put(options, kDefaultNamespace, key, value);
  }
  virtual absl::Status Put(const WriteOptions& options, NamespaceId ns, std::string_view key,
                           std::string_view value) = 0;
  absl::Status Delete(const WriteOptions& options, std::string_view key) {
    return Delete(options, kDefaultNamespace, key);
  }
  virtual absl::Status Delete(const WriteOptions& options, NamespaceId ns,
                              std::string_view key) = 0;
  // Deletes [begin, end), to the end of the namespace without `end`, in one atomic commit whose
  // cost does not depend on how many keys it covers. n range deletes take memory and time of order
  // n log n, however they lie inside or over each other, and the memory counts towards
  // Options::write_buffer_bytes.
  virtual absl::Status DeleteRange(const WriteOptions& options, NamespaceId ns,
                                   std::string_view begin, std::optional<std::string_view> end) = 0;
  // Commits the batch; the commit's timestamp. An empty batch commits nothing and returns the
  // timestamp of the newest commit.
  virtual absl::StatusOr<Timestamp> Write(const WriteOptions& options, const WriteBatch& batch) = 0;
  // Makes every write acknowledged so far durable.
  virtual absl::Status Sync() = 0;

  // --- Reading ---------------------------------------------------------------------------------
  // True and the value, or false when the key is absent. `value` pins the engine's own bytes,
  // without a copy but of small ones; it stays valid, also after Close, until reset or destroyed.
  // `entry_timestamp`, when given, receives the timestamp of the commit that wrote the value.
  absl::StatusOr<bool> Get(const ReadOptions& options, std::string_view key, PinnedValue* value) {
    return Get(options, kDefaultNamespace, key, value);
  }
  virtual absl::StatusOr<bool> Get(const ReadOptions& options, NamespaceId ns, std::string_view key,
                                   PinnedValue* value, Timestamp* entry_timestamp = nullptr) = 0;
  // All keys at one moment: results[i] belongs to keys[i]; nullopt when absent.
  virtual absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(
      const ReadOptions& options, NamespaceId ns, std::span<const std::string_view> keys) = 0;
  // An iterator over the bounds of `options`, positioned nowhere: Seek first. Never null: an error
  // in making it is its status(). A stretch of deleted keys is passed key by key only by the first
  // that comes over it: later ones step over what the database has learned, so that a queue (take
  // the first key, delete it, append one) does not slow down with what was deleted, whatever
  // snapshots are held. (The latest stretches are kept, in memory, for reads no older than the scan
  // that found them.)
  virtual std::unique_ptr<DbIterator> NewIterator(const ScanOptions& options) = 0;

  // Holds the newest committed state. Never null; without memory a snapshot at which every read is
  // ResourceExhausted.
  virtual const Snapshot* GetSnapshot() = 0;
  // The state as of a past timestamp (any, not only that of a commit). OutOfRange after the newest
  // commit, and before Statistics::history_floor: then history is gone, except where a held
  // snapshot has that very timestamp. While a flush or a compaction runs, the newest commit at its
  // start counts as the floor, because the job may be dropping what is older: to keep a moment,
  // hold a snapshot of it from the start. FailedPrecondition after Close. Never null.
  virtual absl::StatusOr<const Snapshot*> GetSnapshotAt(Timestamp timestamp) = 0;
  // Of this database, and once; afterwards it must not be used. Null: does nothing. Takes time
  // logarithmic in the snapshots that are held.
  virtual void ReleaseSnapshot(const Snapshot* snapshot) = 0;

  // --- Maintenance -----------------------------------------------------------------------------
  // Returns when everything written before the call is in segments. No rate limit holds it back.
  virtual absl::Status Flush() = 0;
  // Returns when every key in [lower, upper] of `ns` (nullopt: of all namespaces) has been moved
  // to the last level that holds data, whatever the triggers, and lies there in segments of which
  // no two neighbours would fit into one of Options::target_segment_bytes.
  absl::Status Compact(std::optional<NamespaceId> ns, const Bound& lower, const Bound& upper) {
    return Compact(CompactOptions(), ns, lower, upper);
  }
  virtual absl::Status Compact(const CompactOptions& options, std::optional<NamespaceId> ns,
                               const Bound& lower, const Bound& upper) = 0;
  absl::Status CompactAll() { return Compact(std::nullopt, Bound::Open(), Bound::Open()); }
  // Waits until no background work is due. Then the directory holds the live files, and beside them
  // only those that iterators and running calls still read; what they release later goes by itself.
  virtual absl::Status WaitForBackgroundWork() = 0;
  // After background work failed (disk full, say) and the cause is cured: tries again.
  virtual absl::Status Resume() = 0;
  // Options::background_bytes_per_second from now on; for jobs that run, too.
  virtual void SetBackgroundRate(uint64_t bytes_per_second) = 0;
  // Waits for running flushes and compactions to end and starts no others, until as many calls of
  // ContinueBackgroundWork have been made, or Close ends the pause. Meanwhile Flush and Compact
  // wait, and so do writes that find no room in memory (as ever, for Options::stall_timeout_nanos).
  virtual absl::Status PauseBackgroundWork() = 0;
  virtual absl::Status ContinueBackgroundWork() = 0;
  // A consistent copy that opens as a database of its own: whole and durable once this is OK.
  // Segments are linked where the file system can. AlreadyExists when `directory` exists, also when
  // another call was faster: of two that run at once, one is OK. It is built beside its place, in a
  // locked directory ".veralith-checkpoint-*.tmp" that is nobody else's; what a crash leaves of
  // that, the next checkpoint there removes. Nothing else is removed or replaced.
  virtual absl::Status Checkpoint(const std::string& directory) = 0;
  // Verifies every checksum and structural rule of the live files; the first damage found is the
  // DataLoss returned.
  virtual absl::Status Check() = 0;

  // --- Time ------------------------------------------------------------------------------------
  // The newest commit's timestamp; 0 when there is none.
  virtual Timestamp LastTimestamp() const = 0;
  // Moves the clock past a timestamp received from elsewhere. InvalidArgument when it is none (0,
  // or above kMaxTimestamp), or further ahead of the physical clock than
  // Options::max_clock_skew_nanos. Unavailable while the physical clock reads a time before 1970 or
  // after 2262.
  virtual absl::Status AdvanceClock(Timestamp remote) = 0;

  // Without memory: zeros, and Statistics::background_error says so.
  virtual Statistics GetStatistics() = 0;

  // Makes every acknowledged write durable and stops. No rate limit holds it back; compactions that
  // run are cancelled. Only live files are left, also while iterators are open. A few writes (of
  // 256 KiB of memory, and a quarter of Options::write_buffer_bytes) stay in the log and are
  // replayed by the next opening: call Flush before, if all must be in segments. Waits for running
  // jobs and for listeners, which have been told everything when it returns. Afterwards calls are
  // FailedPrecondition; pinned values stay valid. Another call waits for the first one's end, and
  // returns what that returned.
  virtual absl::Status Close() = 0;
};

// Holds a snapshot for a scope.
class ScopedSnapshot {
 public:
  explicit ScopedSnapshot(Db& db) : db_(db), snapshot_(db.GetSnapshot()) {}
  ~ScopedSnapshot() { db_.ReleaseSnapshot(snapshot_); }
  ScopedSnapshot(const ScopedSnapshot&) = delete;
  ScopedSnapshot& operator=(const ScopedSnapshot&) = delete;
  const Snapshot* get() const { return snapshot_; }

 private:
  Db& db_;
  const Snapshot* snapshot_;
};

}  // namespace veralith

#endif  // VERALITH_DB_H_
