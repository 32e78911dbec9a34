// SPDX-License-Identifier: Apache-2.0

// Level 0 as the place where superseded versions wait: whether a merge gives back enough of them to
// be worth its writing, whatever the number of runs. A pure function.
//
// The rule: at least level0_garbage_percent of the entries that the merge reads are dropped. Call
// the share p. A merge that drops a byte then writes at most (1 - p) / p, and no byte is dropped
// twice. So such merges write at most (1 - p) / p bytes for each byte that was overwritten, and
// nothing for loads of distinct keys. In return, level 0 with what lies under it in level 1 holds
// at most 1 / (1 - p) times its live bytes, as far as the estimates are right.
#ifndef VERALITH_CORE_COMPACTION_OVERWRITES_H_
#define VERALITH_CORE_COMPACTION_OVERWRITES_H_

#include "core/compaction/options.h"
#include "core/compaction/picker.h"

namespace veralith {

// Whether level 0 repeats enough of itself and of level 1 for any merge to pay, whatever it reads
// of level 1. Looks at level 0 alone.
bool MayPayByOverwrites(const CompactionOptions& options, const PickerState& state);

// Whether a merge of all runs of level 0, within it or into level 1, pays by what it drops. False
// while a point lies within the inputs' timestamps, which might need what would be dropped.
bool PaysByOverwrites(const CompactionOptions& options, const PickerState& state,
                      const Pick& merge);

}  // namespace veralith

#endif  // VERALITH_CORE_COMPACTION_OVERWRITES_H_
