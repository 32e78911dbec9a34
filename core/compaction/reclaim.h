// SPDX-License-Identifier: Apache-2.0

// Giving room back without being asked: which files are worth rewriting for what they would lose,
// and which can go without being read. Pure functions that the policies share.
#ifndef VERALITH_CORE_COMPACTION_RECLAIM_H_
#define VERALITH_CORE_COMPACTION_RECLAIM_H_

#include <optional>
#include <span>

#include "core/compaction/options.h"
#include "core/compaction/picker.h"
#include "core/iterator/range_tombstones.h"
#include "core/manifest/version.h"
#include "veralith/types.h"

namespace veralith {

// Whether at least `reclaim_percent` of what the file holds are tombstones and superseded entries.
bool IsHeavy(const CompactionOptions& options, const FileMeta& file);

// Whether every point sees the same of the file: its newest versions, or nothing. Then a rewrite
// leaves no superseded entry, and no tombstone with nothing beneath: it is never in vain, so that
// rewriting in place comes to an end.
bool ShrinksForSure(std::span<const Timestamp> points, const FileMeta& file);

// Whether merging a file with the older data beneath it gives room back: it is heavy, and no
// snapshot is older than what it holds, for which the merge would keep everything.
bool IsWorthMerging(const CompactionOptions& options, std::span<const Timestamp> points,
                    const FileMeta& file);
bool AnyWorthMerging(const CompactionOptions& options, std::span<const Timestamp> points,
                     const Run& run);
// Whether rewriting a file with nothing beneath it does: it is heavy, or it still holds range
// deletes (a snapshot was in the way when it was written), and it shrinks for sure.
bool IsWorthRewriting(const CompactionOptions& options, std::span<const Timestamp> points,
                      const FileMeta& file);

// Whether range deletes hide everything in the file from every point: each of its keys lies in one
// that is newer than all of the file, and no point sees the file without it. What the file's own
// tombstones hide is hidden by the same range deletes. Looks along the file's keys as far as they
// are covered: O(log n) for each stretch of them.
bool IsCovered(const RangeTombstoneLists& range_deletes, std::span<const Timestamp> points,
               const FileMeta& file);

// All covered files that no job holds, to be dropped by an edit alone.
std::optional<Pick> PickCovered(const PickerState& state);

}  // namespace veralith

#endif  // VERALITH_CORE_COMPACTION_RECLAIM_H_
