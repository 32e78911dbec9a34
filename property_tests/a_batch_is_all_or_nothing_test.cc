// SPDX-License-Identifier: Apache-2.0

// DESIGN promise 4, One commit, one timestamp: "A batch is atomic for every reader, snapshot and
// crash. Within it operations apply in order: before it is logged it is reduced to the last
// operation per key, without entries that a later range delete in it covers."
#include "gtest/gtest.h"
#include "property_tests/generators/traces.h"
#include "rapidcheck/gtest.h"

namespace veralith::model {
namespace {

Profile Batches() {
  using enum OperationKind;
  Profile profile = Only({{kBatch, 80},
                          {kDeleteRange, 4},
                          {kScan, 10},
                          {kSnapshot, 8},
                          {kRelease, 4},
                          {kGet, 20},
                          {kFlush, 6}});
  profile.nasty_keys = 6;  // so that operations of one batch meet on a key
  profile.ordinary_keys = 10;
  profile.max_length = 700;  // more than a sector, so that a crash can tear a record
  return profile;
}

RC_GTEST_PROP(ABatch, AppliesInOrderAndAtOnce, ()) { CheckAgrees(*AnyTrace(Batches())); }

RC_GTEST_PROP(ABatch, SurvivesACrashWholeOrNotAtAll, ()) {
  Profile profile = Batches();
  profile.weight(OperationKind::kCrash) = 12;
  profile.weight(OperationKind::kPowerCut) = 20;
  profile.weight(OperationKind::kFail) = 6;
  profile.weight(OperationKind::kHeal) = 6;
  profile.weight(OperationKind::kReopen) = 6;
  CheckAgrees(*AnyTrace(profile));
}

}  // namespace
}  // namespace veralith::model
