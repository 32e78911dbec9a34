// SPDX-License-Identifier: Apache-2.0

// The writing half of repair.h: everything that was salvaged, merged into one new run.
//
// Sources are sound segments: those of the damaged directory that passed their check, and staging
// segments in the target, into which memtables and the readable rows of damaged segments go first.
//
// Invariants
//   1. The run holds every version of every source once, and every range tombstone.
//   2. Memory: one source segment open per run of sources that do not overlap, one writer, and all
//      range tombstones.
//   3. Discard removes every file written to the target.
//
// Thread rule: one thread.
#ifndef VERALITH_CORE_REPAIR_REPAIR_REWRITE_H_
#define VERALITH_CORE_REPAIR_REPAIR_REWRITE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/compaction/survivors.h"
#include "core/format/entry.h"
#include "core/format/version_edit.h"
#include "core/fs/file_table.h"
#include "core/iterator/version_stream.h"
#include "core/segment/segment_summary.h"
#include "core/segment/write/segment_writer.h"
#include "veralith/file_system.h"
#include "veralith/options.h"
#include "veralith/repair.h"

namespace veralith {

// A segment in the target that holds salvaged rows until they are merged. Made with the first
// entry.
class StagingSegment {
 public:
  StagingSegment(FileSystem& fs, std::string path, const SegmentOptions& options)
      : fs_(fs), path_(std::move(path)), options_(options) {}
  absl::Status Add(const EntryView& entry);
  // Nothing was added: no file, and false.
  absl::StatusOr<bool> Finish(SegmentSummary* summary);
  const std::string& path() const { return path_; }

 private:
  FileSystem& fs_;
  const std::string path_;
  const SegmentOptions options_;
  std::unique_ptr<SegmentWriter> writer_;
};

class RepairRewrite {
 public:
  // Files are numbered from `first_number` on.
  RepairRewrite(const Options& options, FileSystem& fs, std::string target, uint64_t first_number);

  // `path`: a segment that passed its check.
  void AddSource(std::string path, const SegmentSummary& summary);
  StagingSegment NewStaging();
  absl::Status FinishStaging(StagingSegment* staging);
  void AddRangeTombstone(const RangeTombstoneView& tombstone);
  bool empty() const { return sources_.empty() && range_tombstones_.empty(); }
  uint64_t source_bytes() const;

  // Writes the run and removes the staging segments; the files, durable, for the last level.
  // `progress`: bytes written since the last call; may be null.
  absl::StatusOr<std::vector<FileMeta>> Merge(const std::function<void(uint64_t bytes)>& progress,
                                              RepairReport* report);
  uint64_t NewNumber() { return next_number_++; }
  uint64_t next_number() const { return next_number_; }

 private:
  struct Source {
    std::string path;
    SegmentSummary summary;
  };
  std::vector<std::vector<Source>> Runs() const;
  std::unique_ptr<VersionStream> NewMergedStream() const;
  absl::Status RemoveStaging();

  const Options& options_;
  FileSystem& fs_;
  const std::shared_ptr<FileTable> files_;  // sources
  const std::string target_;
  uint64_t next_number_;
  std::vector<Source> sources_;
  std::vector<std::string> staging_;  // paths
  std::vector<OwnedRangeTombstone> range_tombstones_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_REPAIR_REPAIR_REWRITE_H_
