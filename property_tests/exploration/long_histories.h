// SPDX-License-Identifier: Apache-2.0

// Histories that are too long for a trace of a hundred operations, because they take hundreds of
// flushes or lives, or a log longer than the write buffer. Each is a random history of one kind of
// small steps; it checks how many segments that leaves (hazards E1, E15).
#ifndef VERALITH_PROPERTY_TESTS_EXPLORATION_LONG_HISTORIES_H_
#define VERALITH_PROPERTY_TESTS_EXPLORATION_LONG_HISTORIES_H_

#include <cstdint>

#include "model/difference.h"

namespace veralith {

// Everything follows from the seed: policy, sizes, keys, and one of
//   1. a flush after every commit or two: once settled, and after CompactAll, segments are as few
//      as Options::target_segment_bytes promises,
//   2. a life for every commit or two, closed, or killed once synced: likewise,
//   3. a log, written with a large write buffer, that is recovered with a small one: it makes as
//      many runs as recovery_buffer_bytes says.
// Rows are as written, with their timestamps. Says what is wrong.
model::Difference CheckLongHistory(uint64_t seed);

}  // namespace veralith

#endif  // VERALITH_PROPERTY_TESTS_EXPLORATION_LONG_HISTORIES_H_
