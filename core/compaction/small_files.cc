// SPDX-License-Identifier: Apache-2.0

#include "core/compaction/small_files.h"

#include <algorithm>
#include <cmath>

#include "core/compaction/picker_support.h"

namespace veralith {
namespace {

// The most files of one merge: no job opens thousands of files, and no search tries groups of
// thousands.
constexpr size_t kMostAtOnce = 64;

// A little more than the target. If no two neighbours fit into one file, there are then fewer than
// two files for each target, by a margin. The margin pays for neighbours that MayMerge keeps apart.
uint64_t MostBytes(const CompactionOptions& options) {
  return options.target_file_bytes + options.target_file_bytes / 4;
}

// Neighbouring files of a run.
struct Group {
  std::span<const FileRef> files;
  uint64_t bytes = 0;

  double growth = 0;          // small_files.h
  double sum_of_x_log_x = 0;  // over the files' sizes

  bool empty() const { return files.empty(); }
};

// Returns the files of `group` and the one after them.
Group With(const Group& group, const FileRef* next) {
  Group more{{group.files.empty() ? next : group.files.data(), group.files.size() + 1},
             group.bytes + (*next)->bytes};
  const auto size = static_cast<double>(std::max<uint64_t>(1, (*next)->bytes));
  const auto all = static_cast<double>(std::max<uint64_t>(1, more.bytes));
  more.sum_of_x_log_x = group.sum_of_x_log_x + size * std::log(size);
  more.growth = std::log(all) - more.sum_of_x_log_x / all;
  return more;
}

Pick PickOf(int level, const Run& run, const Group& group) {
  Pick pick;
  pick.reason = Pick::Reason::kSmallFiles;
  pick.inputs.push_back({level, run.id, {group.files.begin(), group.files.end()}});
  pick.output_level = level;
  pick.output_run_id = run.id;
  pick.into_one_file = true;
  return pick;
}

// A file of a leveled level that overlaps much of the level below is expensive to compact later
// (CompactionOptions::max_grandparent_overlap_bytes). Running jobs keep others out.
bool MayMerge(const CompactionOptions& options, const PickerState& state, int level, const Run& run,
              const Group& group) {
  if (run.id == kLeveledRunId && level + 1 < kLevels) {
    const KeyRange range{group.files.front()->smallest_ns, group.files.front()->smallest_key,
                         group.files.back()->largest};
    if (BytesOf(OverlappingFiles(FilesOf(*state.version, level + 1), range)) >
        options.max_grandparent_overlap_bytes) {
      return false;
    }
  }
  return !ConflictsWithRunning(state, PickOf(level, run, group));
}

// Returns the best group among `files`, if it is better than `best`. O(files * kMostAtOnce).
Group Better(const CompactionOptions& options, const PickerState& state, int level, const Run& run,
             std::span<const FileRef> files, Group best) {
  for (size_t begin = 0; begin < files.size(); ++begin) {
    Group group = With(Group(), &files[begin]);
    for (size_t next = begin + 1; next < files.size() && group.files.size() < kMostAtOnce &&
                                  group.bytes + files[next]->bytes <= MostBytes(options);
         ++next) {
      group = With(group, &files[next]);
      if ((best.empty() || group.growth > best.growth) &&
          MayMerge(options, state, level, run, group)) {
        best = group;
      }
    }
  }
  return best;
}

}  // namespace

uint64_t MostFiles(const CompactionOptions& options, const Version& version) {
  uint64_t runs = 0;
  for (int level = 0; level < kLevels; ++level) {
    runs += version.runs(level).size();
  }
  const uint64_t full = version.Bytes() / std::max<uint64_t>(1, options.target_file_bytes);
  return kSpareFiles + runs + 2 * full;
}

std::optional<Pick> PickSmallFiles(const CompactionOptions& options, const PickerState& state,
                                   uint64_t times) {
  const Version& version = *state.version;
  if (version.FileCount() <= kSpareFiles ||
      version.FileCount() <= times * MostFiles(options, version)) {
    return std::nullopt;
  }
  Group best;
  std::optional<Pick> pick;
  for (int level = 0; level < kLevels; ++level) {
    for (const Run& run : version.runs(level)) {
      const Group better = Better(options, state, level, run, run.files, best);
      if (better.files.data() != best.files.data()) {
        best = better;
        pick = PickOf(level, run, best);
      }
    }
  }
  return pick;
}

std::optional<Pick> PickSmallFilesOf(const CompactionOptions& options, const PickerState& state,
                                     int level, const Run& run, const KeyRange& range) {
  const PickerState alone{state.version, {}, state.points};
  const Group best =
      Better(options, alone, level, run, OverlappingFiles(run.files, range), Group());
  return best.empty() ? std::nullopt : std::optional<Pick>(PickOf(level, run, best));
}

bool AreDust(const CompactionOptions& options, std::span<const FileRef> files) {
  return files.size() > 1 && BytesOf(files) <= options.target_file_bytes / 4;
}

bool IsCheap(const CompactionOptions& options, const Pick& merge) {
  return merge.InputBytes() <= options.target_file_bytes / 2;
}

}  // namespace veralith
