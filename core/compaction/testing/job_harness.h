// SPDX-License-Identifier: Apache-2.0

// A tree of real segments, driven job by job. The engine's own jobs flush memtables and compact
// picks; edits are applied to a Version, obsolete files are removed, and everything is read back by
// brute force. No database, no threads.
//
// A job that fails changes nothing here, as in a database. After every job the harness removes the
// files that the new version no longer names, so FilesOnDisk() shows exactly what jobs leave.
#ifndef VERALITH_CORE_COMPACTION_TESTING_JOB_HARNESS_H_
#define VERALITH_CORE_COMPACTION_TESTING_JOB_HARNESS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/sync.h"
#include "core/compaction/compaction_job.h"
#include "core/compaction/flush_job.h"
#include "core/compaction/job.h"
#include "core/compaction/options.h"
#include "core/compaction/picker.h"
#include "core/compaction/testing/version_history.h"
#include "core/manifest/version.h"
#include "core/segment/write/segment_writer.h"
#include "veralith/executor.h"
#include "veralith/file_system.h"

namespace veralith {

// Pages, row groups, files and levels so small that a few dozen entries make a tree.
CompactionOptions TinyCompactionOptions();
SegmentOptions TinySegmentOptions();

class JobHarness {
 public:
  JobHarness(FileSystem* fs, std::string directory, const CompactionOptions& options,
             CompactionPolicyKind kind = CompactionPolicyKind::kLeveled);
  // Applies from now on; no job may be running.
  void SetMaxSubcompactions(int most) { options_.max_subcompactions = most; }
  void SetCopyValuePages(bool copy) { options_.copy_value_pages = copy; }
  void SetSegmentOptions(const SegmentOptions& options) { segment_options_ = options; }
  void ChangePolicy(CompactionPolicyKind kind) { policy_ = NewCompactionPolicy(kind, options_); }

  // Flushes each history as one memtable, all in one job. Their timestamps rise.
  absl::Status Flush(const std::vector<History>& memtables, const std::vector<Timestamp>& points);
  absl::Status Run(const Pick& pick, const std::vector<Timestamp>& points);
  // Run in two halves: the job alone, then its edit and the removal of its inputs.
  absl::Status Prepare(const Pick& pick, const std::vector<Timestamp>& points);
  absl::Status InstallPrepared() { return Install(prepared_); }
  const JobResult& prepared() const { return prepared_; }
  // Runs the policy's next pick; returns false if there is none.
  absl::StatusOr<bool> CompactOnce(const std::vector<Timestamp>& points);
  absl::Status CompactRange(const KeyRange& range, const std::vector<Timestamp>& points);

  const std::shared_ptr<const Version>& version() const { return version_; }
  Timestamp history_floor() const { return history_floor_; }
  Timestamp last_timestamp() const { return last_timestamp_; }
  // Result of the last job that succeeded.
  const JobResult& last_result() const { return last_result_; }
  const CompactionPolicy& policy() const { return *policy_; }

  // Returns every version and range tombstone of every live file. DataLoss if a key's versions are
  // not newer the higher they lie, or if a file's bounds or counts are not what the version says.
  absl::StatusOr<History> ReadAll() const;
  // Returns what the outputs of a job hold, whether installed or not.
  absl::StatusOr<History> ReadOutputs(const JobResult& result) const;
  // Calls CheckSegment on each output.
  absl::Status CheckOutputs(const JobResult& result) const;
  // Names of segments, sorted; the names the version expects, sorted.
  std::vector<std::string> FilesOnDisk() const;
  std::vector<std::string> LiveFiles() const;

  // Handed to jobs.
  Atomic<bool> cancel{false};
  std::function<void(uint64_t)> progress;
  Executor* executor = nullptr;

 private:
  JobEnvironment Environment();
  absl::Status Install(const JobResult& result);
  absl::StatusOr<std::shared_ptr<SegmentReader>> OpenSegment(const FileMeta& file) const;
  absl::Status ReadFile(const FileMeta& file, History* history) const;

  FileSystem* const fs_;
  const std::string directory_;
  CompactionOptions options_;
  SegmentOptions segment_options_ = TinySegmentOptions();
  std::unique_ptr<CompactionPolicy> policy_;
  std::shared_ptr<const Version> version_ = std::make_shared<Version>();
  JobResult prepared_;
  JobResult last_result_;
  Timestamp history_floor_ = 0;
  Timestamp last_timestamp_ = 0;
  Atomic<uint64_t> next_number_{1};
  uint64_t next_run_ = 1;
  uint64_t next_job_ = 1;
};

}  // namespace veralith

#endif  // VERALITH_CORE_COMPACTION_TESTING_JOB_HARNESS_H_
