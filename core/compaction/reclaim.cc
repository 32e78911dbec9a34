#include "core/compaction/reclaim.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "core/compaction/picker_support.h"

namespace veralith {
namespace {

// The furthest that a range delete which begins at or before `key` reaches.
struct Reach {
  bool open_end = false;
  std::string_view end;

  bool IsBeyond(std::string_view key) const { return open_end || CompareBytes(key, end) < 0; }
};

// Whether the range delete hides all of the file's entries with its keys, at every point.
bool HidesAtEveryPoint(const RangeTombstoneView& range, std::span<const Timestamp> points,
                       const FileMeta& file) {
  return range.ns == file.smallest_ns && range.ts > file.max_ts &&
         std::none_of(points.begin(), points.end(), [&](Timestamp point) {
           return file.min_ts <= point && point < range.ts;
         });
}

bool ReachesEndOf(const Reach& reach, const KeyBound& bound) {
  switch (bound.kind) {
    case KeyBound::Kind::kInclusive:
      return reach.IsBeyond(bound.key);
    case KeyBound::Kind::kExclusive:
      return reach.open_end || CompareBytes(bound.key, reach.end) <= 0;
    case KeyBound::Kind::kNamespaceEnd:
      return reach.open_end;
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
  return std::any_of(run.files.begin(), run.files.end(), [&](const FileRef& file) {
    return IsWorthMerging(options, points, *file);
  });
}

bool IsWorthRewriting(const CompactionOptions& options, std::span<const Timestamp> points,
                      const FileMeta& file) {
  const bool hides = options.reclaim_percent > 0 && file.range_tombstones > 0;
  return (hides || IsHeavy(options, file)) && ShrinksForSure(points, file);
}

bool ShrinksForSure(std::span<const Timestamp> points, const FileMeta& file) {
  return std::none_of(points.begin(), points.end(), [&](Timestamp point) {
    return file.min_ts <= point && point < file.max_ts;
  });
}

bool IsCovered(std::span<const RangeTombstoneView> range_deletes,
               std::span<const Timestamp> points, const FileMeta& file) {
  if (file.smallest_ns != file.largest.ns || points.empty()) {
    return false;
  }
  Reach reach{false, file.smallest_key};
  bool any = false;  // the smallest key itself is covered only once a range delete holds it
  for (bool grown = true; grown && !(any && ReachesEndOf(reach, file.largest));) {
    grown = false;
    for (const RangeTombstoneView& range : range_deletes) {
      const bool joins = CompareBytes(range.begin, reach.end) <= 0 &&
                         (range.open_end || CompareBytes(reach.end, range.end) < 0);
      if (!reach.open_end && joins && HidesAtEveryPoint(range, points, file)) {
        reach = {range.open_end, range.end};
        any = grown = true;
      }
    }
  }
  return any && ReachesEndOf(reach, file.largest);
}

std::optional<Pick> PickCovered(const PickerState& state) {
  Pick pick;
  pick.reason = Pick::Reason::kCovered;
  pick.drop = true;
  for (int level = 0; level < kLevels && !state.range_deletes.empty(); ++level) {
    for (const Run& run : state.version->runs(level)) {
      Pick::Input input{level, run.id, {}};
      for (const FileRef& file : run.files) {
        if (!IsBusy(state, file->number) && IsCovered(state.range_deletes, state.points, *file)) {
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
