// SPDX-License-Identifier: Apache-2.0

// A process that forks while its database is at work: real files, real threads, real children. What
// a child does with its parent's database must be refused and harm nothing. What it does with a
// database of its own must work. Nothing may wait for ever.
#ifndef VERALITH_PROPERTY_TESTS_EXPLORATION_FORKS_H_
#define VERALITH_PROPERTY_TESTS_EXPLORATION_FORKS_H_

#include <cstdint>

#include "model/difference.h"

namespace veralith::model {

// The order of a child's calls follows from the seed; the moments of the forks depend on the
// machine. Says what is wrong. It is wrong if a child is not done after `seconds`.
Difference CheckForks(uint64_t seed, int forks, unsigned seconds);

}  // namespace veralith::model

#endif  // VERALITH_PROPERTY_TESTS_EXPLORATION_FORKS_H_
