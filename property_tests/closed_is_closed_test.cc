// SPDX-License-Identifier: Apache-2.0

// DESIGN promise 11, Closed is closed: "Close makes all acknowledged writes durable; afterwards
// calls and iterators fail with FailedPrecondition, pinned values stay valid."
//
// The runner calls everything on a closed database and checks every held cursor and pinned value
// (model/conformance/session_life.cc, CheckClosed). A crash right after a Close must lose nothing.
#include "gtest/gtest.h"
#include "property_tests/generators/traces.h"
#include "rapidcheck/gtest.h"

namespace veralith::model {
namespace {

RC_GTEST_PROP(Closed, IsClosed, ()) {
  using enum OperationKind;
  Profile profile = Only({{kPut, 60},
                          {kBatch, 20},
                          {kDelete, 10},
                          {kPin, 40},
                          {kGet, 10},
                          {kFlush, 8},
                          {kCompact, 6},
                          {kRunBackground, 6},
                          {kCursorOpen, 15},
                          {kCursorMove, 15},
                          {kSnapshot, 8},
                          {kClose, 12},
                          {kReopen, 14},
                          {kCrash, 10},
                          {kKill, 3}});
  profile.max_large_length = 20'000;
  CheckAgrees(*AnyTrace(profile));
}

}  // namespace
}  // namespace veralith::model
