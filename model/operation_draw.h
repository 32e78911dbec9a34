// SPDX-License-Identifier: Apache-2.0

// Operations at random: a profile says what to draw, and the caller provides the random numbers.
#ifndef VERALITH_MODEL_OPERATION_DRAW_H_
#define VERALITH_MODEL_OPERATION_DRAW_H_

#include <array>
#include <cstdint>
#include <functional>

#include "model/operation.h"

namespace veralith::model {

// Uniform in [0, bound); bound > 0.
using Below = std::function<uint64_t(uint64_t bound)>;

struct Profile {
  // Relative frequency per kind; 0: never.
  std::array<uint32_t, kOperationKinds> weights = {};
  uint32_t nasty_keys = kNastyKeys;   // number of the table's nasty keys in use; at least 1
  uint32_t ordinary_keys = 64;        // number of ordinary keys in use
  uint32_t namespaces = 4;            // number of the namespace table's in use; at least 1
  uint32_t max_length = 600;          // of most values
  uint32_t max_large_length = 6'000;  // of one value in twenty

  uint32_t& weight(OperationKind kind) { return weights[static_cast<size_t>(kind)]; }
};

// Everything that a healthy database must answer exactly: no faults, kills or crashes.
Profile HealthyProfile();
// The same, and the machine or the process dies.
Profile CrashProfile();
// The same, with calls that fail, and crashes.
Profile FaultProfile();
// Drops whole kinds (never put), and draws how many keys and namespaces there are and how large
// values get. So rare combinations become common in some runs (swarm testing, Groce et al., ISSTA
// 2012).
Profile Swarm(Profile profile, const Below& below);

Operation DrawOperation(const Profile& profile, const Below& below);

}  // namespace veralith::model

#endif  // VERALITH_MODEL_OPERATION_DRAW_H_
