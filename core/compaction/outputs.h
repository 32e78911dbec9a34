// SPDX-License-Identifier: Apache-2.0

// The files a job writes: takes surviving entries in order, splits them into segments, and adds the
// range tombstones that belong to each.
//
// Invariants
//   1. A new file starts once the open file has its target size, or overlaps enough of the level
//      below the output level. It starts only at the first entry of a user key (hazard C3's
//      sibling: no key's versions are split).
//   2. Files are disjoint and ascending, range tombstones included: these are clipped at each cut.
//   3. A file is begun only when it has something to hold (hazard C6: no empty outputs).
//   4. After Finish returned OK every file and its directory entry are durable. On any error, and
//      when destroyed unfinished, all files written so far are removed; what cannot be removed is
//      garbage that no version names, for the caller's collection of pending numbers to find.
//
// Memory: one open segment writer, and the job's range tombstones. Thread rule: one thread.
// Borrows everything given to it.
#ifndef VERALITH_CORE_COMPACTION_OUTPUTS_H_
#define VERALITH_CORE_COMPACTION_OUTPUTS_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/compaction/job.h"
#include "core/compaction/survivors.h"
#include "core/format/entry.h"
#include "core/format/version_edit.h"
#include "core/segment/page/stored_value_page.h"
#include "core/segment/write/segment_writer.h"

namespace veralith {

struct OutputPlan {
  int level = 0;
  bool bottommost = false;
  uint64_t target_file_bytes = 0;
  // Files of the level below `level`, sorted; an output that overlaps more than this many of their
  // bytes is closed. Empty: no limit. Borrowed.
  std::span<const std::shared_ptr<const FileMeta>> grandparents;
  uint64_t max_grandparent_overlap_bytes = 0;
};

class Outputs {
 public:
  // `offers`: the value pages at which the job's inputs stand; may be null.
  Outputs(const JobEnvironment& environment, const OutputPlan& plan,
          RangeTombstoneSurvivors* tombstones, ValuePageOffers* offers);
  ~Outputs();
  Outputs(const Outputs&) = delete;
  Outputs& operator=(const Outputs&) = delete;

  // Entries in ascending order; `first_of_key`: no earlier entry has this user key.
  absl::Status Add(const EntryView& entry, bool first_of_key);
  // Writes what is left, syncs the directory, and hands over the files' metas.
  absl::StatusOr<std::vector<FileMeta>> Finish();
  uint64_t bytes_written() const { return bytes_written_; }
  const CopiedPages& copied_value_pages() const { return copied_; }

 private:
  bool CutIsDue(const EntryView& next);
  void PassGrandparents(const EntryView& next);
  absl::Status Begin();
  absl::Status Close(const std::vector<OwnedRangeTombstone>& tombstones);
  FileMeta MetaOf(const SegmentSummary& summary) const;
  void ReportProgress(uint64_t bytes_of_open_file);
  void RemoveAll();

  const JobEnvironment& environment_;
  const OutputPlan plan_;
  RangeTombstoneSurvivors* const tombstones_;
  ValuePageOffers* const offers_;

  // The open file.
  std::unique_ptr<SegmentWriter> writer_;
  uint64_t number_ = 0;
  uint64_t superseded_ = 0;
  uint64_t estimated_bytes_ = 0;    // as its writer said after the last entry
  uint64_t reported_bytes_ = 0;     // told to the progress callback
  uint64_t grandparent_bytes_ = 0;  // grandparents passed since it began

  size_t grandparent_ = 0;         // the first that does not end before the next entry
  std::vector<uint64_t> created_;  // every file begun
  std::vector<FileMeta> files_;    // every file closed
  uint64_t bytes_written_ = 0;
  CopiedPages copied_;
  bool finished_ = false;
};

}  // namespace veralith

#endif  // VERALITH_CORE_COMPACTION_OUTPUTS_H_
