// SPDX-License-Identifier: Apache-2.0

// Writes one segment: an ordinary Parquet file of sorted entries with the segment block
// (core/format/FORMAT.md describes every byte).
//
// Invariants
//   1. Same entries and options, same bytes: nothing of the machine, time or memory enters.
//   2. Memory is one encoded row group (8 MiB raw, or one entry if that is larger) plus the block
//      (some 30 bytes per page, one first key per key page, filter bits per key). Adding an entry
//      allocates nothing once the buffers have grown.
//   3. All versions of one user key lie in one key page unless they exceed 1 MiB raw; then the
//      block says so and readers look at both pages.
//   4. After an error the writer is useless: every later call returns the first error. The caller
//      removes the file. Destroying a writer without Finish closes the file and leaves it.
//
// Thread rule: one thread at a time. Owns its file.
// Does not: sync the directory, choose names, decide what survives (core/compaction/survivors.h).
#ifndef VERALITH_CORE_SEGMENT_WRITE_SEGMENT_WRITER_H_
#define VERALITH_CORE_SEGMENT_WRITE_SEGMENT_WRITER_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/format/entry.h"
#include "core/segment/segment_options.h"
#include "core/segment/segment_summary.h"
#include "veralith/file_system.h"

namespace veralith {

struct StoredValuePage;

class SegmentWriter {
 public:
  // `file` is new and empty. InvalidArgument for options out of range (a page or row group of 0
  // bytes or rows, bits per key outside 0..100).
  static absl::StatusOr<std::unique_ptr<SegmentWriter>> Create(std::unique_ptr<File> file,
                                                               const SegmentOptions& options);
  virtual ~SegmentWriter() = default;

  // InvalidArgument unless strictly after the last entry in the order of core/format/entry.h, with
  // namespace, timestamp, key and value within the limits of veralith/types.h. Copies what it
  // keeps. A tombstone's value must be empty. `stored_page`: a page of another segment whose first
  // row the entry is, or null. It may be copied if all its rows come now, each with its value in
  // the place where the page holds it.
  virtual absl::Status Add(const EntryView& entry, StoredValuePage* stored_page) = 0;
  absl::Status Add(const EntryView& entry) { return Add(entry, nullptr); }

  // At any time before Finish, in any order; the block holds them sorted by (ns, begin, ts
  // descending). InvalidArgument for an empty or backward range.
  virtual absl::Status AddRangeTombstone(const RangeTombstoneView& tombstone) = 0;

  // Bytes of the file if it were finished now, within some percent: O(1).
  virtual uint64_t EstimatedBytes() const = 0;
  virtual uint64_t entries() const = 0;
  virtual CopiedPages copied_value_pages() const = 0;

  // Writes what is left, block and footer, then File::Sync and Close. Legal without any entry.
  virtual absl::StatusOr<SegmentSummary> Finish() = 0;

 protected:
  SegmentWriter() = default;
};

}  // namespace veralith

#endif  // VERALITH_CORE_SEGMENT_WRITE_SEGMENT_WRITER_H_
