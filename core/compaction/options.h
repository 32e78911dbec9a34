// What compaction needs to know, apart from the data: the shape of the tree and the sizes of
// outputs. core/db maps its own Options to this. Bytes are bytes of segment files.
#ifndef VERALITH_CORE_COMPACTION_OPTIONS_H_
#define VERALITH_CORE_COMPACTION_OPTIONS_H_

#include <cstdint>

#include "core/format/version_edit.h"

namespace veralith {

// Run id of every file in a leveled level: such a level is one run, and a constant lets two jobs
// that fill one empty level agree. Runs of tiers have ids of their own, from 1.
inline constexpr uint64_t kLeveledRunId = 0;

struct CompactionOptions {
  // An output is closed at the first user key at which it has this many bytes.
  uint64_t target_file_bytes = uint64_t{32} << 20;
  // Level 0 is compacted when it has this many runs.
  int level0_trigger_runs = 4;
  // An L0 job takes whole runs, the oldest first, and stops before the one that would take it
  // beyond this many bytes (one run is always taken), so that one job does not last for hours.
  uint64_t max_level0_job_bytes = uint64_t{1} << 30;
  // Bytes of level 1 before it is compacted into level 2, and the factor from level to level.
  uint64_t level_base_bytes = uint64_t{128} << 20;
  int level_multiplier = 10;
  // True: targets are derived from the last level that holds data, so that space amplification
  // stays near 1 + 1/multiplier; small databases then pass level 0 straight to a deeper level's
  // target sizes. False: level_base_bytes * multiplier^(level - 1).
  bool dynamic_level_targets = false;
  // An output is also closed when it overlaps this many bytes of the level below its own, so that
  // compacting it later stays cheap.
  uint64_t max_grandparent_overlap_bytes = uint64_t{320} << 20;
};

}  // namespace veralith

#endif  // VERALITH_CORE_COMPACTION_OPTIONS_H_
