// SPDX-License-Identifier: Apache-2.0

// DESIGN promise 6, Durability is a prefix: "After any crash the database equals the state after
// some prefix of the commit order that contains every write acknowledged as synced and everything
// before it. The sync mode is per write with a database default ... A write that returned an error
// may or may not survive."
#include "gtest/gtest.h"
#include "model/conformance/database_under_test.h"
#include "property_tests/generators/traces.h"
#include "rapidcheck/gtest.h"

namespace veralith::model {
namespace {

Profile WritesAndCrashes() {
  using enum OperationKind;
  Profile profile = Only({{kPut, 60},
                          {kDelete, 15},
                          {kBatch, 25},
                          {kDeleteRange, 8},
                          {kSync, 10},
                          {kFlush, 6},
                          {kCompact, 3},
                          {kAdvanceTime, 8},
                          {kRunBackground, 8},
                          {kCrash, 12},
                          {kPowerCut, 20},
                          {kKill, 6},
                          {kReopen, 4},
                          {kCheckpoint, 2}});
  profile.max_length = 700;
  return profile;
}

RC_GTEST_PROP(Durability, IsAPrefixAfterRandomCrashes, ()) {
  CheckAgrees(*AnyTrace(WritesAndCrashes()));
}

// The power fails in every step of the disk, one run each, until a run has fewer steps. That
// includes the steps of opening and recovery.
RC_GTEST_PROP(Durability, IsAPrefixWhereverThePowerFails, ()) {
  Profile profile = WritesAndCrashes();
  for (const OperationKind kind :
       {OperationKind::kPowerCut, OperationKind::kCrash, OperationKind::kKill}) {
    profile.weight(kind) = 0;
  }
  const Trace trace = *rc::gen::resize(14, AnyTrace(profile));
  const auto seed = *rc::gen::inRange<uint64_t>(0, 1000);
  for (uint32_t step = 1;; ++step) {
    Trace cut = trace;
    Operation power_cut;
    power_cut.kind = OperationKind::kPowerCut;
    power_cut.count = step;
    power_cut.seed = seed + step;
    cut.operations.insert(cut.operations.begin(), power_cut);
    Marks marks;
    CheckAgrees(cut, &marks);
    if (marks["power cut in the middle of a call"] == 0) {
      break;
    }
  }
}

}  // namespace
}  // namespace veralith::model
