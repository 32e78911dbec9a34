// SPDX-License-Identifier: Apache-2.0

// The switch of the broken engines: which fault is on. The engine itself has no faults. The patches
// beside this file put them into copies of its sources (engine.bzl), in this form:
//
//   if (Broken("W2")) { ...what an engine with fault W2 would do... }
//
// Every header of the copies includes this one (switch.patch), and nothing that ships does.
//
// Thread rule: BreakEngine while no database is open.
#ifndef VERALITH_PROPERTY_TESTS_EXPLORATION_FAULTS_BROKEN_H_
#define VERALITH_PROPERTY_TESTS_EXPLORATION_FAULTS_BROKEN_H_

#include <string>
#include <string_view>
#include <utility>

namespace veralith {

// The fault that is switched on; "" for none.
inline std::string& FaultSwitchedOn() {
  static std::string& fault = *new std::string();
  return fault;
}

// Switches `fault` on, and every other one off.
inline void BreakEngine(std::string fault) { FaultSwitchedOn() = std::move(fault); }

inline bool Broken(std::string_view fault) { return FaultSwitchedOn() == fault; }

}  // namespace veralith

#endif  // VERALITH_PROPERTY_TESTS_EXPLORATION_FAULTS_BROKEN_H_
