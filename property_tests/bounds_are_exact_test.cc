// SPDX-License-Identifier: Apache-2.0

// DESIGN promise 8, Bounds are exact: "Scans take any inclusive, exclusive or open bound, forward
// and backward, and return exactly the keys inside, of exactly that namespace."
#include "gtest/gtest.h"
#include "property_tests/generators/traces.h"
#include "rapidcheck/gtest.h"

namespace veralith::model {
namespace {

RC_GTEST_PROP(Bounds, AreExact, ()) {
  using enum OperationKind;
  Profile profile = Only({{kPut, 40},
                          {kBatch, 20},
                          {kDelete, 8},
                          {kDeleteRange, 8},
                          {kScan, 80},
                          {kIterate, 60},
                          {kCursorOpen, 10},
                          {kCursorMove, 20},
                          {kCursorClose, 6},
                          {kFlush, 6},
                          {kCompact, 4},
                          {kSnapshot, 6}});
  profile.ordinary_keys = 8;
  profile.namespaces = 8;
  profile.max_length = 40;
  CheckAgrees(*AnyTrace(profile));
}

}  // namespace
}  // namespace veralith::model
