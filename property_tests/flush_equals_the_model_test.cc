// SPDX-License-Identifier: Apache-2.0

// DESIGN promise 2: "Flush, compaction, caches, reopening and file moves never change any answer at
// any live snapshot." Here: flush, of several memtables at once, over what was flushed before.
#include "gtest/gtest.h"
#include "property_tests/generators/tree_walk.h"
#include "rapidcheck/gtest.h"

namespace veralith {
namespace {

RC_GTEST_PROP(Flush, EqualsTheModelAtEverySnapshot, ()) {
  TreeWalk walk;
  const int flushes = *rc::gen::inRange(1, 6);
  for (int i = 0; i < flushes; ++i) {
    walk.Flush();
    walk.CheckEverything();
    if (*rc::gen::arbitrary<bool>()) {
      walk.TakeSnapshot();
    } else {
      walk.ReleaseSnapshot();
    }
  }
}

}  // namespace
}  // namespace veralith
