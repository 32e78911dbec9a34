// SPDX-License-Identifier: Apache-2.0

// What the policies and CheckPick share: small questions about versions and picks. Pure functions.
#ifndef VERALITH_CORE_COMPACTION_PICKER_SUPPORT_H_
#define VERALITH_CORE_COMPACTION_PICKER_SUPPORT_H_

#include <cstdint>
#include <span>
#include <vector>

#include "core/compaction/picker.h"
#include "core/format/key_range.h"
#include "core/manifest/version.h"

namespace veralith {

// Whether a running job holds the file, or any of the files.
bool IsBusy(const PickerState& state, uint64_t file_number);
bool AnyBusy(const PickerState& state, std::span<const FileRef> files);

uint64_t BytesOf(std::span<const FileRef> files);
// Returns the bytes of the level's files that running jobs hold.
uint64_t BusyBytes(const PickerState& state, int level);
// The files of a leveled level.
std::span<const FileRef> FilesOf(const Version& version, int level);

bool AnyOverlap(const Version& version, int level, const KeyRange& range);
// Whether a level below `level` overlaps `range`.
bool AnythingBeneath(const Version& version, int level, const KeyRange& range);

// Rule 3 of picks: it shares a file with a running job, or writes where one is writing.
bool ConflictsWithRunning(const PickerState& state, const Pick& pick);

// Whether the file holds anything that some rewrite may drop.
bool HasGarbage(const FileMeta& file);
// Whether rewriting the file, with nothing older than it outside the levels below `level`, could
// make it smaller.
bool HasGarbageAt(const Version& version, const FileMeta& file, int level);

// All files of the inputs, by their smallest keys; whether no two of them share a user key.
std::vector<FileRef> SortedFiles(const Pick& pick);
bool AreDisjoint(std::span<const FileRef> sorted);

}  // namespace veralith

#endif  // VERALITH_CORE_COMPACTION_PICKER_SUPPORT_H_
