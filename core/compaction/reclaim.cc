// SPDX-License-Identifier: Apache-2.0

#include "core/compaction/reclaim.h"

#include <algorithm>
#include <string_view>

#include "core/compaction/picker_support.h"

namespace veralith {
namespace {

// Whether a stretch of keys, which holds the bound's last key or ends there, reaches the bound's
// end.
bool ReachesEndOf(const RangeTombstoneView& stretch, const KeyBound& bound) {
  switch (bound.kind) {
    case KeyBound::Kind::kInclusive:
      return stretch.open_end || CompareBytes(bound.key, stretch.end) < 0;
    case KeyBound::Kind::kExclusive:
      return stretch.open_end || CompareBytes(bound.key, stretch.end) <= 0;
    case KeyBound::Kind::kNamespaceEnd:
      return stretch.open_end;
  }
  return false;
}

}  // namespace

bool IsHeavy(const CompactionOptions& options, const FileMeta& file) {
  const auto dead = static_cast<double>(file.tombstones) + static_cast<double>(file.superseded) +
                    static_cast<double>(file.range_tombstones);
  const auto all = static_cast<double>(file.entries) + static_cast<double>(file.range_tombstones);
  return options.reclaim_percent > 0 && dead > 0 && dead * 100 >= all * options.reclaim_percent;
}

bool IsWorthMerging(const CompactionOptions& options, std::span<const Timestamp> points,
                    const FileMeta& file) {
  return IsHeavy(options, file) && (points.empty() || points.front() >= file.max_ts);
}

bool AnyWorthMerging(const CompactionOptions& options, std::span<const Timestamp> points,
                     const Run& run) {
  return std::any_of(run.files.begin(), run.files.end(),
                     [&](const FileRef& file) { return IsWorthMerging(options, points, *file); });
}

bool IsWorthRewriting(const CompactionOptions& options, std::span<const Timestamp> points,
                      const FileMeta& file) {
  const bool hides = options.reclaim_percent > 0 && file.range_tombstones > 0;
  return (hides || IsHeavy(options, file)) && ShrinksForSure(points, file);
}

bool ShrinksForSure(std::span<const Timestamp> points, const FileMeta& file) {
  return std::none_of(points.begin(), points.end(),
                      [&](Timestamp point) { return file.min_ts <= point && point < file.max_ts; });
}

bool IsCovered(const RangeTombstoneLists& range_deletes, std::span<const Timestamp> points,
               const FileMeta& file) {
  if (file.smallest_ns != file.largest.ns || points.empty()) {
    return false;
  }
  // The first point that may see anything of the file must see the range delete.
  const auto point = std::lower_bound(points.begin(), points.end(), file.min_ts);
  RangeTombstoneCursor cursor(range_deletes, file.smallest_ns,
                              point == points.end() ? kMaxTimestamp : *point);
  std::string_view key = file.smallest_key;
  while (cursor.MaxCovering(key) > file.max_ts) {
    if (ReachesEndOf(cursor.stretch(), file.largest)) {
      return true;
    }
    key = cursor.stretch().end;
  }
  return false;
}

std::optional<Pick> PickCovered(const PickerState& state) {
  Pick pick;
  pick.reason = Pick::Reason::kCovered;
  pick.drop = true;
  if (state.range_deletes == nullptr || state.range_deletes->empty()) {
    return std::nullopt;
  }
  for (int level = 0; level < kLevels; ++level) {
    for (const Run& run : state.version->runs(level)) {
      Pick::Input input{level, run.id, {}};
      for (const FileRef& file : run.files) {
        if (!IsBusy(state, file->number) && IsCovered(*state.range_deletes, state.points, *file)) {
          input.files.push_back(file);
        }
      }
      if (!input.files.empty()) {
        pick.output_level = level;
        pick.output_run_id = run.id;
        pick.inputs.push_back(std::move(input));
      }
    }
  }
  return pick.inputs.empty() ? std::nullopt : std::optional<Pick>(std::move(pick));
}

}  // namespace veralith
