// SPDX-License-Identifier: Apache-2.0

// The logs that hold writes no segment holds yet: the active one, and older ones whose memtables
// wait for their flush. Keeps the durability order: an older log is synced before a newer one, and
// records say how far everything before them was durable (DESIGN 4, "Log").
//
// Invariants
//   1. Only the active log is appended to.
//   2. SyncedThrough never runs ahead of what Sync returned OK for.
//   3. After any error of a log nothing succeeds any more: the first error is returned for ever.
//
// Thread rule: Stage, Commit, Sync, Rotate by the leader of the write queue only (one at a time);
// DropBefore under the database's mutex while no leader runs, or by the leader. Owns its writers.
// CreateLog: any thread, no lock held.
#ifndef VERALITH_CORE_DB_LOG_SET_H_
#define VERALITH_CORE_DB_LOG_SET_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/format/log_record.h"
#include "core/log/log_writer.h"
#include "veralith/file_system.h"
#include "veralith/types.h"

namespace veralith {

struct NewLog {
  uint64_t number = 0;
  uint64_t id = 0;
  uint32_t continues = 0;  // of the log before it: LogWriter
  bool mapped = false;     // Options::map_log
};

// Makes a log's file, durably in its directory.
absl::StatusOr<std::unique_ptr<LogWriter>> CreateLog(FileSystem& fs, const std::string& directory,
                                                     const NewLog& log);

class LogSet {
 public:
  explicit LogSet(std::unique_ptr<LogWriter> active) { logs_.push_back(std::move(active)); }

  // Encodes one commit into the active log's buffer. Throws std::bad_alloc: then DropStaged is
  // next.
  void Stage(Timestamp timestamp, std::span<const LogOperation> operations);
  // Forgets what is staged: nothing of it will be written.
  void DropStaged() { logs_.back()->DropStaged(); }
  // Writes what is staged with one write call.
  absl::Status Commit();
  // Makes everything committed durable, oldest log first.
  absl::Status Sync();
  // The end of what is durable: in the log that holds its last byte, also where later logs are
  // empty (so that this one's end is told). {0, 0} when nothing is.
  LogPosition DurableEnd() const;

  // Takes memory ahead, so that the next Rotate needs none.
  void PrepareToRotate() { logs_.reserve(logs_.size() + 1); }
  // `fresh` becomes the active log.
  void Rotate(std::unique_ptr<LogWriter> fresh);
  // Forgets logs below `number`: segments hold what they held.
  void DropBefore(uint64_t number);

  uint64_t active_number() const { return logs_.back()->number(); }
  // What the next log continues.
  uint32_t checksum() const { return logs_.back()->checksum(); }
  uint64_t active_bytes() const { return logs_.back()->end().offset; }

 private:
  LogPosition SyncedThrough() const;

  std::vector<std::unique_ptr<LogWriter>> logs_;  // oldest first, never empty
  absl::Status failed_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_LOG_SET_H_
