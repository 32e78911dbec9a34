// SPDX-License-Identifier: Apache-2.0

// The parts of exhaustive exploration: letters, and the states from which it starts.
#ifndef VERALITH_PROPERTY_TESTS_EXPLORATION_ALPHABET_H_
#define VERALITH_PROPERTY_TESTS_EXPLORATION_ALPHABET_H_

#include <string>
#include <vector>

#include "model/operation.h"

namespace veralith::model {

// Operations of which all sequences are tried: over the keys a and b, the simplest first.
const std::vector<Operation>& ExplorationLetters();

// A state worth starting from, as the operations that make it.
struct PreparedState {
  std::string name;
  bool rolling = false;  // its manifest is begun anew with every change
  std::vector<Operation> operations;
};
const std::vector<PreparedState>& PreparedStates();

}  // namespace veralith::model

#endif  // VERALITH_PROPERTY_TESTS_EXPLORATION_ALPHABET_H_
