// SPDX-License-Identifier: Apache-2.0

#include "core/compaction/picker_support.h"

#include <algorithm>

#include "core/format/entry.h"
#include "core/format/key_range.h"

namespace veralith {

bool IsBusy(const PickerState& state, uint64_t file_number) {
  return std::any_of(state.running.begin(), state.running.end(),
                     [&](const Pick* job) { return job->Has(file_number); });
}

bool AnyBusy(const PickerState& state, std::span<const FileRef> files) {
  return std::any_of(files.begin(), files.end(),
                     [&](const FileRef& file) { return IsBusy(state, file->number); });
}

uint64_t BytesOf(std::span<const FileRef> files) {
  uint64_t bytes = 0;
  for (const FileRef& file : files) {
    bytes += file->bytes;
  }
  return bytes;
}

// Goes through the jobs, which hold few files, and not through the level. A job that has just been
// installed may be running still: its inputs are no longer in the version.
uint64_t BusyBytes(const PickerState& state, int level) {
  uint64_t bytes = 0;
  for (const Pick* job : state.running) {
    for (const Pick::Input& input : job->inputs) {
      for (const FileRef& file : input.files) {
        const Version::Place* place = state.version->Find(file->number);
        bytes += place != nullptr && place->level == level ? file->bytes : 0;
      }
    }
  }
  return bytes;
}

// The files of a leveled level.
std::span<const FileRef> FilesOf(const Version& version, int level) {
  const std::vector<Run>& runs = version.runs(level);
  return runs.empty() ? std::span<const FileRef>() : std::span<const FileRef>(runs.front().files);
}

bool AnyOverlap(const Version& version, int level, const KeyRange& range) {
  const std::vector<Run>& runs = version.runs(level);
  return std::any_of(runs.begin(), runs.end(),
                     [&](const Run& run) { return !OverlappingFiles(run.files, range).empty(); });
}

bool AnythingBeneath(const Version& version, int level, const KeyRange& range) {
  for (int below = level + 1; below < kLevels; ++below) {
    if (AnyOverlap(version, below, range)) {
      return true;
    }
  }
  return false;
}

bool ConflictsWithRunning(const PickerState& state, const Pick& pick) {
  for (const Pick::Input& input : pick.inputs) {
    if (AnyBusy(state, input.files)) {
      return true;
    }
  }
  const KeyRange hull = pick.Hull();
  return std::any_of(state.running.begin(), state.running.end(), [&](const Pick* job) {
    return job->output_level == pick.output_level && Overlaps(job->Hull(), hull);
  });
}

bool HasGarbage(const FileMeta& file) {
  return file.superseded > 0 || file.tombstones > 0 || file.range_tombstones > 0;
}

// Whether rewriting the file as an output of `level` could make it smaller.
bool HasGarbageAt(const Version& version, const FileMeta& file, int level) {
  return file.superseded > 0 || ((file.tombstones > 0 || file.range_tombstones > 0) &&
                                 !AnythingBeneath(version, level, RangeOf(file)));
}

std::vector<FileRef> SortedFiles(const Pick& pick) {
  std::vector<FileRef> files;
  for (const Pick::Input& input : pick.inputs) {
    files.insert(files.end(), input.files.begin(), input.files.end());
  }
  std::sort(files.begin(), files.end(), [](const FileRef& a, const FileRef& b) {
    return CompareUserKeys(a->smallest_ns, a->smallest_key, b->smallest_ns, b->smallest_key) < 0;
  });
  return files;
}

bool AreDisjoint(std::span<const FileRef> sorted) {
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (IsWithin(sorted[i]->smallest_ns, sorted[i]->smallest_key, sorted[i - 1]->largest)) {
      return false;
    }
  }
  return true;
}

}  // namespace veralith
