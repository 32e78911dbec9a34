// SPDX-License-Identifier: Apache-2.0

// Small segments that pile up: which neighbours of a run to merge into one, and when. Pure
// functions that the policies share.
//
// What is promised: once nothing is due, there are at most MostFiles of them. A merge takes
// neighbours of one run that fit into one file together, and leaves one file in their place, so
// each makes the tree smaller and they come to an end. While there are more than MostFiles, some
// two neighbours fit into one file. The group is taken whose bytes gain most: on average, by the
// logarithm of the group's size divided by the size of the file that holds them now. That is many
// neighbours of like size. So a byte is written a few times on its way from a small file to a full
// one, however small the flushes.
#ifndef VERALITH_CORE_COMPACTION_SMALL_FILES_H_
#define VERALITH_CORE_COMPACTION_SMALL_FILES_H_

#include <cstdint>
#include <optional>
#include <span>

#include "core/compaction/options.h"
#include "core/compaction/picker.h"
#include "core/format/key_range.h"
#include "core/manifest/version.h"

namespace veralith {

// Files that a version may have beyond one for each run and two for each target_file_bytes that it
// holds.
inline constexpr uint64_t kSpareFiles = 16;
uint64_t MostFiles(const CompactionOptions& options, const Version& version);

// The next merge when the version has more than MostFiles, and the same when it has `times` as
// many.
std::optional<Pick> PickSmallFiles(const CompactionOptions& options, const PickerState& state,
                                   uint64_t times = 1);

// The next merge among the run's files in `range`, however few the files are, and whatever runs.
std::optional<Pick> PickSmallFilesOf(const CompactionOptions& options, const PickerState& state,
                                     int level, const Run& run, const KeyRange& range);

// Whether the files, which a move would take along as they are, are better written as one: several,
// far below the target even together.
bool AreDust(const CompactionOptions& options, std::span<const FileRef> files);
// Whether a merge that saves such a move reads little, too.
bool IsCheap(const CompactionOptions& options, const Pick& merge);

}  // namespace veralith

#endif  // VERALITH_CORE_COMPACTION_SMALL_FILES_H_
