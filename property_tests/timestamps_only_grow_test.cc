// SPDX-License-Identifier: Apache-2.0

// DESIGN promise 3, Time: "strictly increasing in commit order over the whole life of the database,
// across reopening, lost unsynced writes and backward steps of the wall clock"; "A program can ...
// advance the clock with a remote timestamp up to a maximum skew (60 s by default; beyond it
// InvalidArgument)." A reading of the wall clock before 1970 or after 2262 (kMisread) is no
// reading.
#include "gtest/gtest.h"
#include "property_tests/generators/traces.h"
#include "rapidcheck/gtest.h"

namespace veralith::model {
namespace {

RC_GTEST_PROP(Timestamps, OnlyGrow, ()) {
  using enum OperationKind;
  const Profile profile = Only({{kPut, 40},
                                {kBatch, 10},
                                {kSync, 6},
                                {kFlush, 4},
                                {kStepBack, 20},
                                {kAdvanceTime, 15},
                                {kAdvanceClock, 15},
                                {kReopen, 8},
                                {kKill, 6},
                                {kCrash, 8},
                                {kPowerCut, 6},
                                {kGet, 10},
                                {kMisread, 8}});
  CheckAgrees(*AnyTrace(profile));
}

}  // namespace
}  // namespace veralith::model
