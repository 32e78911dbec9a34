// SPDX-License-Identifier: Apache-2.0

// Tells a program what its database does in the background: flushes, compactions, writers held
// back, errors and recoveries. Derive from Listener, override what you need, add it to
// Options::listeners.
//
// Invariants
//   1. Events come one at a time, in the order in which they happened. A listener of one database
//      needs no lock against itself; one that several databases share does.
//   2. Each begin has exactly one end, of the same job or stall, before Close returns. No event
//      comes after that. So Close waits for listeners: one that does not return keeps Close from
//      returning.
//   3. No lock of the database is held while a listener runs. An event is told shortly after it
//      happened; only the thread that tells it waits.
//
// Thread rule: called on a thread of the executor, or on one that is inside a call of the database.
// A slow listener delays that thread and all later events.
//
// May call: reads (Get, MultiGet, iterators, snapshots, LastTimestamp, GetStatistics, Check) and
// Resume. Calls that write or wait are FailedPrecondition in a listener of the same database: they
// could wait for the very thread they run on. Hand them to a thread of your own.
// Must not: destroy the database, throw, or return in a child that it forked.
//
// An event for which there is no memory is not told.
// Ownership: shared with the database until that is destroyed.
#ifndef VERALITH_LISTENER_H_
#define VERALITH_LISTENER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "veralith/export.h"

namespace veralith {

// A flush: memtables become one run of level 0.
struct FlushEvent {
  uint64_t job_id = 0;     // the same at begin and end; no other job of this opening has it
  uint64_t memtables = 0;  // number of them
  uint64_t entries = 0;    // in all of them
  // Set in OnFlushEnd only. An error: nothing has changed, OnBackgroundError follows, and the flush
  // is tried again.
  absl::Status status;
  uint64_t bytes_written = 0;  // to segments
};

// A compaction: segments of one or more levels are merged, or moved.
struct CompactionEvent {
  uint64_t job_id = 0;       // as in FlushEvent
  std::string reason;        // for people to read
  int input_level = 0;       // the upper one
  int output_level = 0;      // where the result goes
  uint64_t input_files = 0;  // segments, of all levels
  uint64_t input_bytes = 0;  // in them
  // Set in OnCompactionEnd only.
  absl::Status status;
  uint64_t bytes_written = 0;  // to segments
  uint64_t bytes_copied = 0;   // part of bytes_written: value pages copied unchanged
};

// Writers are held back, from OnStallBegin to the OnStallEnd with the same kind.
struct StallEvent {
  // How much they are held back.
  enum class Kind : uint8_t {
    kSlowdown,  // each commit waits some milliseconds, more as the cause grows
    // A commit waits until there is room, an error, Close or Options::stall_timeout_nanos.
    kStop,
  };
  Kind kind = Kind::kSlowdown;  // how writers are held back
  std::string reason;           // the same as GetStatistics().stall_reason meanwhile
};

// A failure of background work, or one that stops all writes.
struct BackgroundErrorEvent {
  absl::Status status;  // begins with what failed: "flush: ..."
  // True: a write or sync of a log or the manifest failed, and no write is possible until the
  // database is opened again. False: the job is tried again after retry_nanos, or at once by
  // Resume.
  bool fatal = false;
  int64_t retry_nanos = 0;  // from now; 0 if fatal
};

// Every method does nothing unless overridden.
class VERALITH_EXPORT Listener {
 public:
  virtual ~Listener() = default;

  // A flush begins.
  virtual void OnFlushBegin(const FlushEvent&) {}
  // It has ended, well or not.
  virtual void OnFlushEnd(const FlushEvent&) {}
  // A compaction begins.
  virtual void OnCompactionBegin(const CompactionEvent&) {}
  // It has ended, well or not.
  virtual void OnCompactionEnd(const CompactionEvent&) {}
  // From now on writers are held back.
  virtual void OnStallBegin(const StallEvent&) {}
  // They no longer are.
  virtual void OnStallEnd(const StallEvent&) {}
  // Background work failed, or writes stopped.
  virtual void OnBackgroundError(const BackgroundErrorEvent&) {}
  // Called when a job succeeded whose kind had failed. `what` is "flush" or "compaction".
  virtual void OnBackgroundErrorCleared(const std::string& /*what*/) {}
};

}  // namespace veralith

#endif  // VERALITH_LISTENER_H_
