// SPDX-License-Identifier: Apache-2.0

#include "model/conformance/draw_trace.h"

#include "core/base/random.h"
#include "model/conformance/configurations.h"
#include "model/operation_draw.h"

namespace veralith::model {
namespace {

Profile ProfileFor(Weather weather) {
  switch (weather) {
    case Weather::kHealthy:
      return HealthyProfile();
    case Weather::kCrashes:
      return CrashProfile();
    case Weather::kFaults:
      return FaultProfile();
  }
  return HealthyProfile();
}

}  // namespace

Trace DrawTrace(uint64_t seed, size_t operations, Weather weather) {
  Random random(seed);
  const Below below = [&random](uint64_t bound) { return random.Below(bound); };
  const Profile profile = Swarm(ProfileFor(weather), below);
  Trace trace;
  trace.configuration = ConfigurationWords(DrawConfiguration(below));
  for (size_t i = 0; i < operations; ++i) {
    trace.operations.push_back(DrawOperation(profile, below));
  }
  return trace;
}

Trace DrawTrace(uint64_t seed, size_t operations) {
  return DrawTrace(seed, operations, static_cast<Weather>(Random(~seed).Below(3)));
}

}  // namespace veralith::model
