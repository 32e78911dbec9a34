// SPDX-License-Identifier: Apache-2.0

// What tests of compaction begin with: a small leveled tree whose sizes do not follow its last
// level. A test changes what it is about.
#ifndef VERALITH_CORE_COMPACTION_TESTING_TEST_OPTIONS_H_
#define VERALITH_CORE_COMPACTION_TESTING_TEST_OPTIONS_H_

#include <cstdint>

#include "core/compaction/options.h"

namespace veralith {

inline CompactionOptions TestCompactionOptions() {
  return {
      .target_file_bytes = uint64_t{32} << 20,
      .level0_trigger_runs = 4,
      .max_job_bytes = uint64_t{1} << 30,
      .max_subcompactions = 1,
      .copy_value_pages = true,
      .level_base_bytes = uint64_t{128} << 20,
      .level_multiplier = 10,
      .dynamic_level_targets = false,
      .tier_trigger_runs = 4,
      .tier_size_ratio_percent = 1,
      .tier_min_width = 2,
      .tier_max_width = 32,
      .tier_max_space_percent = 200,
      .level0_garbage_percent = 0,
      .level0_garbage_least_bytes = 1,
      .reclaim_percent = 50,
      .format_of_level = {0, 0, 1, 1, 1, 1, 1, 1},
      .max_grandparent_overlap_bytes = uint64_t{320} << 20,
  };
}

}  // namespace veralith

#endif  // VERALITH_CORE_COMPACTION_TESTING_TEST_OPTIONS_H_
