// SPDX-License-Identifier: Apache-2.0

// What compaction needs to know, apart from the data: the shape of the tree and the sizes of
// outputs. Bytes are bytes of segment files. Nothing has a default here: core/db maps its own
// Options to this, and tests begin with testing/test_options.h.
#ifndef VERALITH_CORE_COMPACTION_OPTIONS_H_
#define VERALITH_CORE_COMPACTION_OPTIONS_H_

#include <array>
#include <cstdint>

#include "core/format/version_edit.h"

namespace veralith {

// Run id of every file in a leveled level: such a level is one run, and a constant lets two jobs
// that fill one empty level agree. Runs of tiers have ids of their own, from 1.
inline constexpr uint64_t kLeveledRunId = 0;

struct CompactionOptions {
  // An output is closed at the first user key at which it has this many bytes.
  uint64_t target_file_bytes;
  // Level 0 is compacted when it has this many runs; the tiered policy counts all runs.
  int level0_trigger_runs;
  // A job takes no further runs of level 0, or files of a manual compaction, once its inputs of
  // that level have this many bytes: so that no job lasts for hours. Merges of tiers are not cut
  // so. A run of a tier is older or newer than another as a whole. A merge of a part of its keys
  // would leave runs that are neither. They are cut into pieces, kept to the rate, and refused
  // where room for their outputs is missing, like all jobs.
  uint64_t max_job_bytes;
  // A job is cut into at most this many pieces that run side by side, each of about
  // target_file_bytes of input or more.
  int max_subcompactions;
  // Value pages of the inputs that survive as a whole are written as they stand
  // (core/segment/write/value_column.h). False: all are encoded again, with the same entries.
  bool copy_value_pages;
  // Bytes of level 1 before it is compacted into level 2, and the factor from level to level.
  uint64_t level_base_bytes;
  int level_multiplier;
  // True: the level above the last one that holds data gets the last one's bytes / multiplier as
  // its target, and so on upwards. (Never less than level_base_bytes, never more than without.) So
  // the tree keeps its shape while the last level is far from full, and space amplification stays
  // near 1 + 1/multiplier. False: level_base_bytes * multiplier^(level - 1).
  bool dynamic_level_targets;
  // Hybrid: levels 1 and 2 are compacted when they have this many runs; at least 2.
  int tier_trigger_runs;
  // Tiered: a run joins a merge while it is no larger than the newer runs of the merge together,
  // plus this; a merge takes at least and at most this many runs (hybrid: at most). A merge of
  // everything is due when the newer runs have this share of the oldest one's bytes.
  int tier_size_ratio_percent;
  int tier_min_width;
  int tier_max_width;
  int tier_max_space_percent;
  // Leveled: level 0 is merged below its trigger when this share of the entries that the merge
  // reads are older versions that it drops, as far as is known, and they take this many bytes; 0
  // percent: never.
  int level0_garbage_percent;
  uint64_t level0_garbage_least_bytes;
  // A file is rewritten, with no other reason, when this share of its entries are tombstones and
  // superseded versions; 0: never.
  int reclaim_percent;
  // Levels whose segments are written alike have equal numbers. Files move between levels without
  // being rewritten only where the numbers are equal.
  std::array<uint8_t, kLevels> format_of_level;
  // An output is also closed when it overlaps this many bytes of the level below its own, so that
  // compacting it later stays cheap.
  uint64_t max_grandparent_overlap_bytes;
};

}  // namespace veralith

#endif  // VERALITH_CORE_COMPACTION_OPTIONS_H_
