// SPDX-License-Identifier: Apache-2.0

// One explored case, as a line of text that replays it:
//
//   put 0 "a" 8 - / flush @7.3 @12.0
//
// First the operations, from an empty database. After the words "rolling /" the database begins its
// manifest anew with every change. Then the power cuts. The first is in the last operation, at
// crash point 7 (from 0, in the order of the disk's steps; the last point is after the operation),
// with survivor 3 (in the order of EnumerateSurvivors). The second is in the recovery from that
// survivor, at its point 12, with survivor 0. Without a power cut there are only the operations.
#ifndef VERALITH_PROPERTY_TESTS_EXPLORATION_SCENARIO_H_
#define VERALITH_PROPERTY_TESTS_EXPLORATION_SCENARIO_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "model/operation.h"

namespace veralith::model {

struct PowerCut {
  size_t point = 0;
  size_t survivor = 0;
  bool operator==(const PowerCut&) const = default;
};

struct Scenario {
  bool rolling = false;
  std::vector<Operation> operations;
  std::vector<PowerCut> power_cuts;  // at most two
  bool operator==(const Scenario&) const = default;
};

std::string PrintScenario(const Scenario& scenario);
// Returns false and sets `error` if the text is no scenario. Total.
bool ParseScenario(std::string_view text, Scenario* scenario, std::string* error);

}  // namespace veralith::model

#endif  // VERALITH_PROPERTY_TESTS_EXPLORATION_SCENARIO_H_
