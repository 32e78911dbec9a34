// SPDX-License-Identifier: Apache-2.0

// Veralith's public interface: an embedded, ordered key-value store with snapshots.
//
//   absl::StatusOr<std::unique_ptr<veralith::Db>> db = veralith::Db::Open("/tmp/example", {});
//   if (!db.ok()) return db.status();
//   if (absl::Status s = (*db)->Put({}, "apple", "red"); !s.ok()) return s;
//   veralith::PinnedValue value;
//   absl::StatusOr<bool> found = (*db)->Get({}, "apple", &value);  // *found: value.view() == "red"
//
// Promises. Keys have one order: namespace, then bytes. The newest write wins. A batch is atomic.
// Reads can be in the past. After a crash the database is a prefix of the commit order; options.h
// has the table of what survives. Damage is an error, never a wrong answer. docs/DESIGN.md has all
// twelve promises; a file in property_tests/ quotes and checks each of them.
//
// Arguments. Keys, values and bounds are any bytes; they are copied where they are kept. Limits: a
// key of 32,000 bytes, a value of 256 MiB, a batch of 1 GiB, namespaces up to 2^63-1. Timestamps
// are nanoseconds since the Unix epoch.
//
// Errors. No exception leaves this interface. What any call can return, unless its comment says
// less:
//   FailedPrecondition  The database is closed, or this process was forked from its owner.
//                       Writes: open for reading only, an earlier write or sync of a log or the
//                       manifest failed, or the directory has a new owner. Reads of a read-only
//                       database: a writer removed a file that was needed.
//   InvalidArgument     An argument is outside its limits; nothing was done.
//   DataLoss            Bytes on disk are not what was written; names file and offset.
//   Unavailable         The disk reported an error; names call and file.
//   ResourceExhausted   Memory, disk room or file descriptors ran out.
//
// Memory that cannot be had: the call did nothing and can be made again. Failed flushes and
// compactions are tried again by themselves. One exception: if memory runs out after a write is in
// the log, no more writes are taken until the database is opened again.
//
// Threads. Any thread may call any method of Db at any time, even in destructors of thread_local
// objects and of static objects that die before the Db. No other call may run while the Db is
// destroyed. WriteBatch, PinnedValue and DbIterator: one thread at a time each.
//
// Processes. One process writes. A child made by fork must not use its parent's database: each call
// is FailedPrecondition and does nothing. Iterators are not Valid() there, pinned values stay, and
// destroying the Db changes nothing on disk and frees nothing. Fork before opening, or open another
// database in the child. (An Options::executor of your own must start its threads in the child;
// those of veralith/executor.h do. After exec nothing of this remains.)
//
// Ownership. The caller owns the Db. Destroy iterators and release snapshots before it.
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
#include "veralith/export.h"
#include "veralith/iceberg.h"
#include "veralith/listener.h"
#include "veralith/options.h"
#include "veralith/pinned_value.h"
#include "veralith/statistics.h"
#include "veralith/types.h"
#include "veralith/write_batch.h"

namespace veralith {

// The state of the database at one moment. Reads with ReadOptions::snapshot see that state until
// the snapshot is released. Give it back with Db::ReleaseSnapshot, or let ScopedSnapshot do so.
//
// Cost: a held snapshot keeps the versions that it sees on disk; compaction cannot drop them.
// Thread rule: any number of threads may read at it.
class VERALITH_EXPORT Snapshot {
 public:
  // It sees exactly the commits up to this one.
  virtual Timestamp timestamp() const = 0;

 protected:
  virtual ~Snapshot() = default;
};

class VERALITH_EXPORT Db {
 public:
  // Opens, creates or recovers the database in `directory`, whose parent must exist. Replays its
  // logs first: time and I/O in proportion to their bytes.
  //
  // Work goes on in the directory that the path names now, even if it is moved, a link changes or
  // the process changes its working directory. Once it is removed, or another process may own it,
  // calls that would change it are errors.
  //
  // Errors:
  //   DataLoss            Damage, with file and offset. Nothing was changed.
  //   FailedPrecondition  Another process has it open.
  //   NotFound            No database, and create_if_missing is false or read_only is true.
  //   AlreadyExists       A database, and error_if_exists is true.
  //   InvalidArgument     An option is outside its limits.
  //   Unimplemented       A newer version wrote something that this one cannot read.
  static absl::StatusOr<std::unique_ptr<Db>> Open(const std::string& directory,
                                                  const Options& options);
  // Calls Close if you did not. Its error is then lost, so call Close yourself.
  virtual ~Db() = default;

  // --- Writing ---------------------------------------------------------------------------------
  // Each call is one commit. It returns once every later read sees it and it is as durable as its
  // sync mode says (options.h). An error leaves it open whether the write survives a crash, except
  // for InvalidArgument and FailedPrecondition: nothing was written.
  //
  // A write waits while level 0 has too many runs or all write buffers are full. Further errors:
  // Unavailable after Options::stall_timeout_nanos of waiting, or the error of the flush or
  // compaction that it waited for. FailedPrecondition inside a listener (listener.h).
  //
  // Cost: one copy to the log, one to the memtable. Writers that meet share one log write and one
  // sync.

  // Sets `key` to `value`. Without `ns`: in namespace 0.
  absl::Status Put(const WriteOptions& options, std::string_view key, std::string_view value) {
    return Put(options, kDefaultNamespace, key, value);
  }
  virtual absl::Status Put(const WriteOptions& options, NamespaceId ns, std::string_view key,
                           std::string_view value) = 0;
  // Deletes `key`. Not an error if it is absent.
  absl::Status Delete(const WriteOptions& options, std::string_view key) {
    return Delete(options, kDefaultNamespace, key);
  }
  virtual absl::Status Delete(const WriteOptions& options, NamespaceId ns,
                              std::string_view key) = 0;
  // Deletes every key in [begin, end) of `ns`; without `end`, to the end of the namespace. One
  // atomic commit, whose cost does not depend on how many keys it covers. An empty range deletes
  // nothing. n range deletes take time and memory of order n log n, even nested or overlapping; the
  // memory counts towards Options::write_buffer_bytes.
  virtual absl::Status DeleteRange(const WriteOptions& options, NamespaceId ns,
                                   std::string_view begin, std::optional<std::string_view> end) = 0;
  // Commits the batch as one atomic commit and returns its timestamp. An empty batch commits
  // nothing and returns the newest commit's timestamp.
  virtual absl::StatusOr<Timestamp> Write(const WriteOptions& options, const WriteBatch& batch) = 0;
  // Makes every write acknowledged so far durable. After an error of the disk, writes since the
  // last successful sync may be lost, and no more are possible until the database is opened again.
  virtual absl::Status Sync() = 0;

  // --- Reading ---------------------------------------------------------------------------------
  // Each call reads one moment: the newest commit, ReadOptions::snapshot or ReadOptions::timestamp.
  // No read waits for a write, a flush or a compaction. Further errors: InvalidArgument (snapshot
  // of another database, or both snapshot and timestamp), OutOfRange (history of that timestamp is
  // gone, or not there yet).

  // Returns true and sets `*value`, or returns false and resets it: the key is absent. `value` pins
  // the engine's bytes; values up to 256 bytes may be copied instead. It stays valid until it is
  // reset or destroyed, even after Close. `entry_timestamp` (may be null) receives the timestamp of
  // the commit that wrote the value; it is unchanged when the key is absent.
  // Cost: memory for memtables and filters; then usually one key page and one value page, from the
  // cache or the disk.
  absl::StatusOr<bool> Get(const ReadOptions& options, std::string_view key, PinnedValue* value) {
    return Get(options, kDefaultNamespace, key, value);
  }
  virtual absl::StatusOr<bool> Get(const ReadOptions& options, NamespaceId ns, std::string_view key,
                                   PinnedValue* value, Timestamp* entry_timestamp = nullptr) = 0;
  // Reads all `keys`, in any order, at one moment. result[i] belongs to keys[i]: a copy of the
  // value, or nullopt if absent. Costs one Get per key.
  virtual absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(
      const ReadOptions& options, NamespaceId ns, std::span<const std::string_view> keys) = 0;
  // Returns an iterator over the keys within the bounds of `options`. It is not positioned: seek
  // first. Never null; an error in making it is its status(). It must be destroyed before the Db.
  //
  // Passing many deleted keys is slow once. The database remembers the latest such stretches in
  // memory, and later iterators step over them at once. So a queue (take the first key, delete it,
  // append one) does not slow down, whatever snapshots are held.
  virtual std::unique_ptr<DbIterator> NewIterator(const ScanOptions& options) = 0;
  // Returns the namespaces that hold a key, ascending. (One whose keys are all deleted holds none.)
  // Costs a seek for each namespace that has a row or a deletion somewhere, however many keys it
  // has.
  virtual absl::StatusOr<std::vector<NamespaceId>> ListNamespaces(const ReadOptions& options) = 0;

  // Holds the newest committed state. Never null. Without memory it returns a snapshot at which
  // every read is ResourceExhausted. Time: logarithmic in the number of held snapshots.
  virtual const Snapshot* GetSnapshot() = 0;
  // Holds the state as of `timestamp`, which need not be that of a commit. Never null.
  // OutOfRange: after the newest commit, or before Statistics::history_floor unless a held snapshot
  // has exactly this timestamp. A running flush or compaction may be dropping history, so until it
  // ends the newest commit at its start counts as the floor. To keep a moment for certain, hold a
  // snapshot of it from the start.
  virtual absl::StatusOr<const Snapshot*> GetSnapshotAt(Timestamp timestamp) = 0;
  // Releases `snapshot`, which must come from this database and be released once; it must not be
  // used afterwards. Null is ignored. Time: logarithmic in the number of held snapshots.
  virtual void ReleaseSnapshot(const Snapshot* snapshot) = 0;

  // --- Maintenance -----------------------------------------------------------------------------
  // None of these may be called inside a listener, except Resume, SetBackgroundRate,
  // ContinueBackgroundWork and Check. A read-only database refuses all of them except
  // SetBackgroundRate and Check.

  // Writes everything committed before the call to segments, durably, and waits for it. No rate
  // limit holds it back. Returns the error of a flush that fails.
  virtual absl::Status Flush() = 0;
  // Flushes, then moves every key between the bounds of `ns` (nullopt: every key of all namespaces;
  // the bounds are ignored) to the last level that holds data, whatever the triggers. Waits for it.
  // Afterwards no two neighbouring segments there would fit into one of target_segment_bytes.
  // Aborted: cancelled through CompactOptions. Cost: reads and writes all data in the range.
  absl::Status Compact(std::optional<NamespaceId> ns, const Bound& lower, const Bound& upper) {
    return Compact(CompactOptions(), ns, lower, upper);
  }
  virtual absl::Status Compact(const CompactOptions& options, std::optional<NamespaceId> ns,
                               const Bound& lower, const Bound& upper) = 0;
  // Compacts every key of all namespaces.
  absl::Status CompactAll() { return Compact(std::nullopt, Bound::Open(), Bound::Open()); }
  // Waits until no background work runs or is due, or returns the error of work that failed. Merges
  // in idle time (Options::idle_merge_percent) that have not begun are not due. Then the directory
  // holds the live files and those that iterators and running calls still read; the latter are
  // removed once released.
  virtual absl::Status WaitForBackgroundWork() = 0;
  // Tries failed background work again at once; call it when the cause is cured (disk full, say).
  // Does not wait for the result.
  virtual absl::Status Resume() = 0;
  // Sets Options::background_bytes_per_second from now on, for running jobs too; 0: no limit.
  virtual void SetBackgroundRate(uint64_t bytes_per_second) = 0;
  // Waits for running flushes and compactions to end and starts no others. The pause ends after as
  // many calls of ContinueBackgroundWork, or with Close. Meanwhile Flush and Compact wait, and so
  // do writes that find no room in memory (up to Options::stall_timeout_nanos).
  virtual absl::Status PauseBackgroundWork() = 0;
  // Takes back one PauseBackgroundWork. FailedPrecondition: background work is not paused.
  virtual absl::Status ContinueBackgroundWork() = 0;
  // Makes a consistent copy in `directory` that opens as a database of its own. OK: it is whole and
  // durable. Flushes first; segments are linked where the file system can, and copied elsewhere.
  //
  // AlreadyExists: `directory` exists. If two calls run at once, one is OK and the other gets this
  // error. The copy is built beside its place, in a locked directory ".veralith-checkpoint-*.tmp",
  // which belongs to this call alone. The next checkpoint there removes what a crash left of it;
  // nothing else is ever removed or replaced.
  virtual absl::Status Checkpoint(const std::string& directory) = 0;
  // Publishes the database, as it is at one moment, as a snapshot of the Apache Iceberg table in
  // the folder `table` (iceberg.h), whose parent exists; makes the table if it holds none. OK:
  // the snapshot is durable, and readers of the table see exactly what a scan at that moment sees.
  // Snapshots before it stay readable until they expire.
  //
  // Flushes first. Segments are linked where the file system can, and copied elsewhere; the links
  // are the table's own, and the database never removes them. They keep disk space until their
  // snapshots expire. A crash leaves the table as it was; the next call removes what it left.
  //
  // OutOfRange: the history of PublishOptions::at is gone, or not there yet. FailedPrecondition:
  // another call publishes there, another engine committed meanwhile, or the folder's table is not
  // this database's. InvalidArgument: a wrong option, or one that the table contradicts.
  // Cost: reads all keys and timestamps, and the values of segments with tombstones; no memory in
  // proportion to the data, except up to two bytes for a hidden row.
  virtual absl::StatusOr<PublishReport> PublishIceberg(const std::string& table,
                                                       const PublishOptions& options) = 0;
  // Verifies every checksum and structural rule of the live segments. Returns the first damage as
  // DataLoss. Reads every byte. CheckDatabase also checks manifest and logs, of a closed database.
  virtual absl::Status Check() = 0;

  // --- Time ------------------------------------------------------------------------------------
  // Returns the newest commit's timestamp; 0: there is none. Never an error.
  virtual Timestamp LastTimestamp() const = 0;
  // Moves the clock past a timestamp received from elsewhere: later commits are newer than it.
  // InvalidArgument: it is 0, above kMaxTimestamp, or more than Options::max_clock_skew_nanos ahead
  // of the physical clock. Unavailable: the physical clock reads a time before 1970 or after 2262.
  virtual absl::Status AdvanceClock(Timestamp remote) = 0;

  // Returns counters and the shape of the tree. Writers wait meanwhile: time in proportion to the
  // number of segments. Without memory: zeros, and Statistics::background_error says so.
  virtual Statistics GetStatistics() = 0;

  // Makes every acknowledged write durable and stops. OK: it is durable. Running compactions are
  // cancelled, no rate limit holds the rest back. Waits for running jobs and for listeners, which
  // have been told everything when it returns. A second call waits for the first and returns the
  // same status.
  //
  // Afterwards only live files are left, even while iterators are open. Calls and iterators are
  // FailedPrecondition; pinned values stay valid. The newest writes (at most 256 KiB of memory, or
  // a quarter of Options::write_buffer_bytes if that is less) stay in the log for the next opening
  // to replay. Call Flush first if all of them must be in segments.
  virtual absl::Status Close() = 0;
};

// Holds a snapshot of the newest state for a scope. `db` must outlive it.
class VERALITH_EXPORT ScopedSnapshot {
 public:
  // Holds the newest committed state.
  explicit ScopedSnapshot(Db& db) : db_(db), snapshot_(db.GetSnapshot()) {}
  ~ScopedSnapshot() { db_.ReleaseSnapshot(snapshot_); }
  ScopedSnapshot(const ScopedSnapshot&) = delete;
  ScopedSnapshot& operator=(const ScopedSnapshot&) = delete;
  // Returns the snapshot, for ReadOptions::snapshot.
  const Snapshot* get() const { return snapshot_; }

 private:
  Db& db_;
  const Snapshot* snapshot_;
};

}  // namespace veralith

#endif  // VERALITH_DB_H_
