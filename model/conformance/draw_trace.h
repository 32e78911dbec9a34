// SPDX-License-Identifier: Apache-2.0

// Random traces for random configurations, each a function of one number. Campaigns count these
// numbers up, and the checks of the checks use them.
#ifndef VERALITH_MODEL_CONFORMANCE_DRAW_TRACE_H_
#define VERALITH_MODEL_CONFORMANCE_DRAW_TRACE_H_

#include <cstddef>
#include <cstdint>

#include "model/trace.h"

namespace veralith::model {

// What may happen to the machine besides operations on the database.
enum class Weather { kHealthy, kCrashes, kFaults };

// Swarm: the seed draws the configuration, which kinds of operation there are, how many keys and
// namespaces, and how large values get.
Trace DrawTrace(uint64_t seed, size_t operations, Weather weather);
// Draws the weather, too.
Trace DrawTrace(uint64_t seed, size_t operations);

}  // namespace veralith::model

#endif  // VERALITH_MODEL_CONFORMANCE_DRAW_TRACE_H_
