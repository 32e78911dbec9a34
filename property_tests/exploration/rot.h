// SPDX-License-Identifier: Apache-2.0

// Damage after a clean close: a random small database, one flipped bit, cut or removed file, and
// the answer of the next opening. It must be an error or the truth (promise 7, hazards S1, S3, R1,
// R4).
//
// Cuts of manifests and logs are left out: at the end of a record they are an older state, which no
// reader can tell from a crash.
#ifndef VERALITH_PROPERTY_TESTS_EXPLORATION_ROT_H_
#define VERALITH_PROPERTY_TESTS_EXPLORATION_ROT_H_

#include <cstdint>
#include <string>

#include "property_tests/exploration/world.h"

namespace veralith::model {

// Makes a database from the seed, and damages it `damages` times, one at a time. Returns "" or what
// is wrong, with the damage that shows it.
Difference CheckRot(uint64_t seed, int damages, const DbOpener& open);

}  // namespace veralith::model

#endif  // VERALITH_PROPERTY_TESTS_EXPLORATION_ROT_H_
