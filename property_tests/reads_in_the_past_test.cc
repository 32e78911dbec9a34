// SPDX-License-Identifier: Apache-2.0

// DESIGN promise 5, Reads in the past: "A read at T sees history back to history_floor (raised in
// the manifest edit of every job that drops versions) or at any held snapshot; other T: OutOfRange.
// Snapshots live in the process."
#include "gtest/gtest.h"
#include "property_tests/generators/traces.h"
#include "rapidcheck/gtest.h"

namespace veralith::model {
namespace {

RC_GTEST_PROP(ReadsInThePast, SeeThePastOrSayThatItIsGone, ()) {
  using enum OperationKind;
  Profile profile = Only({{kPut, 50},
                          {kDelete, 15},
                          {kDeleteRange, 8},
                          {kBatch, 10},
                          {kGet, 60},
                          {kScan, 30},
                          {kMultiGet, 10},
                          {kIterate, 10},
                          {kSnapshot, 25},
                          {kRelease, 20},
                          {kFlush, 8},
                          {kCompact, 6},
                          {kRunBackground, 8},
                          {kReopen, 4},
                          {kCursorOpen, 6},
                          {kCursorClose, 4},
                          {kCursorMove, 6}});
  profile.nasty_keys = 5;
  profile.ordinary_keys = 5;
  profile.namespaces = 2;
  CheckAgrees(*AnyTrace(profile));
}

}  // namespace
}  // namespace veralith::model
