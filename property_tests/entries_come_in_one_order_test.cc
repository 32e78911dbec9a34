// SPDX-License-Identifier: Apache-2.0

// DESIGN promise 1, Order: "Entries are ordered by namespace (0 to 2^63-1, ascending), key (bytes,
// lexicographic ascending), timestamp (descending)." Through the public interface: every scan and
// every cursor, forward and backward, over keys and namespaces made to be confused with each other
// (a key and its prefix, 00 and FF at the end, 255 and 256), in memory and in segments.
#include "gtest/gtest.h"
#include "property_tests/generators/traces.h"
#include "rapidcheck/gtest.h"

namespace veralith::model {
namespace {

RC_GTEST_PROP(Entries, ComeInOneOrder, ()) {
  using enum OperationKind;
  Profile profile = Only({{kPut, 60},
                          {kBatch, 20},
                          {kDelete, 10},
                          {kFlush, 5},
                          {kCompact, 4},
                          {kScan, 30},
                          {kIterate, 30},
                          {kReopen, 3}});
  profile.ordinary_keys = 0;
  profile.namespaces = 8;
  profile.max_length = 40;
  CheckAgrees(*AnyTrace(profile));
}

// Newest first within a key: each version is found at its own moment, wherever its file went.
RC_GTEST_PROP(Entries, OfOneKeyAreFoundNewestFirst, ()) {
  using enum OperationKind;
  Profile profile = Only({{kPut, 60},
                          {kDelete, 15},
                          {kGet, 60},
                          {kFlush, 10},
                          {kSnapshot, 15},
                          {kRelease, 5},
                          {kCompact, 4}});
  profile.nasty_keys = 2;
  profile.ordinary_keys = 0;
  profile.namespaces = 1;
  CheckAgrees(*AnyTrace(profile, NamedConfigurations()[0]));
}

}  // namespace
}  // namespace veralith::model
