// Faults put into the engine on purpose, so that the checks can be checked: HAZARDS.md's rows M. A
// build with VERALITH_BROKEN_ENGINES has them all, switched on at run time one at a time: that of
// broken_engine_test (property_tests/exploration/broken.bzl), and that of the schedule explorer
// (--config=explore), which are both for tests only. In every other build VERALITH_BROKEN is the
// constant false, and nothing of them is compiled in.
//
//   if (VERALITH_BROKEN(W2)) { ...what an engine with fault W2 would do... }
//
// Thread rule: BreakEngine while no database is open.
#ifndef VERALITH_CORE_BASE_BROKEN_H_
#define VERALITH_CORE_BASE_BROKEN_H_

#ifdef VERALITH_BROKEN_ENGINES

#include <string>
#include <utility>

namespace veralith {

// The hazard that is switched on; "" for none.
inline std::string& BrokenHazard() {
  static std::string& hazard = *new std::string();
  return hazard;
}
inline void BreakEngine(std::string hazard) { BrokenHazard() = std::move(hazard); }

}  // namespace veralith

#define VERALITH_BROKEN(hazard) (::veralith::BrokenHazard() == #hazard)

#else

#define VERALITH_BROKEN(hazard) false

#endif  // VERALITH_BROKEN_ENGINES

#endif  // VERALITH_CORE_BASE_BROKEN_H_
