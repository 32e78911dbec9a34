// SPDX-License-Identifier: Apache-2.0

// Replays the logs that a manifest names, oldest first, into memtables, and finds where history
// ends.
//
// Invariants
//   1. What is replayed is a prefix of the commit order. It stops at the first place that is not a
//      sound continuation: a bad record, or a log that lost its tail although a later log has
//      records. No data is read after that place (hazards R2, R6).
//   2. That place is damage if a later sound record says that it had been synced, or if the
//      manifest does (synced_through), even if the log merely ends before it. Damage is DataLoss
//      naming file and offset, or, with recover_up_to_damage, a line in report.
//   3. Timestamps strictly rise from record to record; anything else is DataLoss.
//
// Reads only. Memory: the memtables (a flush callback can empty them), one record, and the records
// that it is asked to keep.
// Thread rule: one thread.
#ifndef VERALITH_CORE_DB_LOG_RECOVERY_H_
#define VERALITH_CORE_DB_LOG_RECOVERY_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/base/memory_budget.h"
#include "core/format/log_record.h"
#include "core/log/log_reader.h"
#include "core/memtable/memtable.h"
#include "veralith/file_system.h"
#include "veralith/types.h"

namespace veralith {

// A copy of a replayed record. Its operations point into its bytes: it does not move.
struct ReplayedRecord {
  Timestamp ts = 0;
  std::vector<LogOperation> operations;
  std::string bytes;
};

class LogRecovery {
 public:
  struct Options {
    FileSystem* fs = nullptr;
    std::string directory;
    std::map<uint64_t, uint64_t> logs;  // number -> id, as the manifest names them
    Timestamp after = 0;                // newest entry in segments; logs hold newer ones
    LogPosition synced_through;         // as the manifest says: known durable, with all before it
    bool recover_up_to_damage = false;
    size_t memtable_bytes = 0;  // beyond it `flush` is called
    // Takes the full memtable; null: it grows (read-only opening).
    std::function<absl::Status(MemtableRef full)> flush;
    // The records are kept while the memtable is no larger than this.
    size_t kept_memtable_bytes = 0;
    std::shared_ptr<MemoryAccount> memory = nullptr;  // to which memtables are charged; null: none
    bool judge_only = false;  // the logs are read and checked, and the memtable stays empty
  };

  explicit LogRecovery(Options options) : options_(std::move(options)) {}

  absl::Status Run();

  // Results of Run.
  const MemtableRef& memtable() const { return memtable_; }  // what no flush took; never null
  // All that was replayed, in order; nothing when it outgrew kept_memtable_bytes.
  const std::deque<ReplayedRecord>& kept_records() const { return kept_; }
  Timestamp last_timestamp() const { return last_timestamp_; }  // `after`: nothing replayed
  uint64_t records() const { return records_; }
  // Returns what was dropped and where: a torn end, or what follows damage. Empty: nothing.
  const std::string& report() const { return report_; }
  // Returns the place where replay ended; empty: the logs are whole.
  const std::string& discarded() const { return discarded_; }

 private:
  absl::StatusOr<bool> ReplayLog(uint64_t number, uint64_t id);
  absl::Status Replay(const LogRecordView& record, LogPosition position);
  void Keep(const LogRecordView& record);
  // A log that is sound as far as it goes ends before what is known to have been durable.
  bool EndsTooEarly() const;
  absl::Status JudgeEnd(std::map<uint64_t, uint64_t>::const_iterator log);
  absl::StatusOr<std::optional<LogPosition>> FurthestSyncedFrom(
      std::map<uint64_t, uint64_t>::const_iterator log);
  absl::StatusOr<std::unique_ptr<LogReader>> OpenLog(uint64_t number, uint64_t id) const;

  const Options options_;
  MemtableRef memtable_ = MemtableRef::Make(0, options_.memory);
  Timestamp last_timestamp_ = 0;
  uint64_t records_ = 0;
  std::deque<ReplayedRecord> kept_;
  bool keeps_ = true;
  std::string report_;
  std::string discarded_;
  std::optional<uint32_t> checksum_;  // what the next log continues; none before the first
  LogPosition end_;                   // where the log read last ends, or history
  LogPosition previous_end_;          // where the log before it ends
  std::string end_detail_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_DB_LOG_RECOVERY_H_
