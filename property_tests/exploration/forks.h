// A process that forks while its database is at work: real files, real threads, real children. What
// a child does with its parent's database must be refused and harm nothing, what it does with one
// of its own must work, and nothing may wait for ever.
#ifndef VERALITH_PROPERTY_TESTS_EXPLORATION_FORKS_H_
#define VERALITH_PROPERTY_TESTS_EXPLORATION_FORKS_H_

#include <cstdint>

#include "model/difference.h"

namespace veralith::model {

// The order of a child's calls follows from the seed; the moments of the forks are the machine's.
// Says what is wrong. A child that is not done after so many seconds is.
Difference CheckForks(uint64_t seed, int forks, unsigned seconds);

}  // namespace veralith::model

#endif  // VERALITH_PROPERTY_TESTS_EXPLORATION_FORKS_H_
