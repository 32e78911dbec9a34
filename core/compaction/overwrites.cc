// SPDX-License-Identifier: Apache-2.0

#include "core/compaction/overwrites.h"

#include <algorithm>
#include <span>

#include "core/compaction/reclaim.h"

namespace veralith {
namespace {

// The entries of all inputs, and their timestamps.
FileMeta SumOf(const Pick& merge) {
  FileMeta sum;
  sum.min_ts = kMaxTimestamp;
  for (const Pick::Input& input : merge.inputs) {
    for (const FileRef& file : input.files) {
      sum.bytes += file->bytes;
      sum.entries += file->entries;
      sum.min_ts = std::min(sum.min_ts, file->min_ts);
      sum.max_ts = std::max(sum.max_ts, file->max_ts);
    }
  }
  return sum;
}

uint64_t EntriesOf(std::span<const FileRef> files) {
  uint64_t entries = 0;
  for (const FileRef& file : files) {
    entries += file->entries;
  }
  return entries;
}

// No run repeats more entries than it has.
uint64_t RepeatsOf(const PickerState& state, uint64_t run_id, uint64_t entries,
                   bool within_level0) {
  const auto known = std::find_if(state.repeats.begin(), state.repeats.end(),
                                  [&](const RunRepeats& it) { return it.run_id == run_id; });
  return known == state.repeats.end()
             ? 0
             : std::min(entries, within_level0 ? known->in_level0 : known->in_all);
}

bool IsEnough(const CompactionOptions& options, uint64_t dropped, uint64_t entries) {
  return options.level0_garbage_percent > 0 && dropped > 0 &&
         static_cast<double>(dropped) * 100 >=
             static_cast<double>(entries) * options.level0_garbage_percent;
}

}  // namespace

bool MayPayByOverwrites(const CompactionOptions& options, const PickerState& state) {
  uint64_t dropped = 0;
  uint64_t all = 0;
  for (const Run& run : state.version->runs(0)) {
    const uint64_t entries = EntriesOf(run.files);
    all += entries;
    dropped += RepeatsOf(state, run.id, entries, /*within_level0=*/false);
  }
  return IsEnough(options, dropped, all);
}

bool PaysByOverwrites(const CompactionOptions& options, const PickerState& state,
                      const Pick& merge) {
  const FileMeta sum = SumOf(merge);
  uint64_t dropped = 0;
  for (const Pick::Input& input : merge.inputs) {
    if (input.level == 0) {
      dropped += RepeatsOf(state, input.run_id, EntriesOf(input.files), merge.output_level == 0);
    }
  }
  const double dropped_bytes = static_cast<double>(sum.bytes) * static_cast<double>(dropped) /
                               static_cast<double>(std::max<uint64_t>(1, sum.entries));
  return IsEnough(options, dropped, sum.entries) &&
         dropped_bytes >= static_cast<double>(options.level0_garbage_least_bytes) &&
         ShrinksForSure(state.points, sum);
}

}  // namespace veralith
