// Tells a program what its database does by itself: flushes, compactions, writers held back,
// background work that fails and recovers. Options::listeners takes any number of them.
//
// Invariants
//   1. Events come one at a time and in the order in which they happened: a listener of one
//      database needs no lock against itself. (One that several databases share does.)
//   2. Every begin is followed by exactly one end of the same job or stall, before Close returns;
//      no event comes after Close has returned. So Close waits for listeners: one that does not
//      return keeps it from returning.
//   3. No lock of the database is held, and no work waits for a listener but what shares its
//      thread: an event is told shortly after it happened, not while the database stands still for
//      it.
//
// Thread rule: on whichever thread was at hand, a thread of the executor or one in a call of the
// database. A slow listener delays that thread and the events behind it.
//
// What a listener may call: every read (Get, MultiGet, iterators, snapshots, LastTimestamp,
// GetStatistics, Check) and Resume. Calls that write or wait (Put, Write, Sync, Flush, Compact,
// WaitForBackgroundWork, PauseBackgroundWork, Checkpoint, Close...) are FailedPrecondition inside a
// listener of the same database, since they could wait for the very thread they are made on: hand
// them to a thread of your own. The database must not be destroyed inside a listener. Nothing may
// be thrown. An event for which there is no memory is not told. A listener that forks must not
// return in the child.
//
// Ownership: shared with the database until that is destroyed.
#ifndef VERALITH_LISTENER_H_
#define VERALITH_LISTENER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace veralith {

struct FlushEvent {
  uint64_t job_id = 0;     // the same at begin and end; no other job of this opening has it
  uint64_t memtables = 0;  // that become one run of level 0
  uint64_t entries = 0;    // in them
  // At the end only.
  absl::Status status;  // not OK: nothing has changed, OnBackgroundError follows, it is tried again
  uint64_t bytes_written = 0;
};

struct CompactionEvent {
  uint64_t job_id = 0;
  std::string reason;  // in words
  int input_level = 0;
  int output_level = 0;
  uint64_t input_files = 0;
  uint64_t input_bytes = 0;
  // At the end only.
  absl::Status status;
  uint64_t bytes_written = 0;
  uint64_t bytes_copied = 0;  // of these: value pages of the inputs, as they stood there
};

// Writers are held back, until the end of the same kind is told.
struct StallEvent {
  enum class Kind : uint8_t {
    kSlowdown,  // each commit waits some milliseconds, more as the cause grows
    // A commit waits until there is room, an error, Close or Options::stall_timeout_nanos.
    kStop,
  };
  Kind kind = Kind::kSlowdown;
  std::string reason;  // what GetStatistics().stall_reason says meanwhile
};

struct BackgroundErrorEvent {
  absl::Status status;  // begins with what failed: "flush: ..."
  // True: a write or sync of log or manifest failed; no write is possible until the database is
  // opened again. False: the job is tried again after retry_nanos, or at once by Resume.
  bool fatal = false;
  int64_t retry_nanos = 0;
};

class Listener {
 public:
  virtual ~Listener() = default;

  virtual void OnFlushBegin(const FlushEvent&) {}
  virtual void OnFlushEnd(const FlushEvent&) {}
  virtual void OnCompactionBegin(const CompactionEvent&) {}
  virtual void OnCompactionEnd(const CompactionEvent&) {}
  virtual void OnStallBegin(const StallEvent&) {}
  virtual void OnStallEnd(const StallEvent&) {}
  virtual void OnBackgroundError(const BackgroundErrorEvent&) {}
  // A job of the kind that failed has succeeded; `what` is "flush" or "compaction".
  virtual void OnBackgroundErrorCleared(const std::string& /*what*/) {}
};

}  // namespace veralith

#endif  // VERALITH_LISTENER_H_
