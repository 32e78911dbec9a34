// SPDX-License-Identifier: Apache-2.0

// DESIGN promise 2, Newest wins: "Flush, compaction, caches, reopening and file moves never change
// any answer at any live snapshot."
//
// Besides agreeing with the model: one list of writes, reads and snapshots must give the same
// answers, whatever maintenance is inserted between them, in any configuration.
#include <vector>

#include "gtest/gtest.h"
#include "property_tests/generators/traces.h"
#include "rapidcheck/gtest.h"

namespace veralith::model {
namespace {

Profile WritesAndReads() {
  using enum OperationKind;
  Profile profile = Only({{kPut, 60},
                          {kDelete, 30},
                          {kDeleteRange, 15},
                          {kBatch, 20},
                          {kGet, 10},
                          {kScan, 20},
                          {kMultiGet, 5},
                          {kSnapshot, 15},
                          {kRelease, 6},
                          {kCursorOpen, 8},
                          {kCursorMove, 16}});
  profile.ordinary_keys = 20;
  return profile;
}

Profile Maintenance() {
  using enum OperationKind;
  return Only({{kFlush, 10}, {kCompact, 10}, {kWaitIdle, 5}, {kRunBackground, 10}, {kCheck, 1}});
}

// Keeps what must agree whatever the maintenance: everything except reads at moments in the past,
// which a compaction may make impossible.
Trace WithMaintenance(const Trace& trace, const std::vector<Operation>& maintenance,
                      const Configuration& configuration) {
  Trace mixed{ConfigurationWords(configuration), {}};
  for (size_t i = 0; i < trace.operations.size(); ++i) {
    mixed.operations.push_back(trace.operations[i]);
    if (i < maintenance.size()) {
      mixed.operations.push_back(maintenance[i]);
    }
  }
  return mixed;
}

RC_GTEST_PROP(TheNewestEntry, WinsWhateverMaintenanceRuns, ()) {
  const Trace trace = *AnyTrace(WritesAndReads(), NamedConfigurations()[0]);
  const auto maintenance = *rc::gen::container<std::vector<Operation>>(AnyOperation(Maintenance()));
  const auto place = *rc::gen::inRange<size_t>(0, NamedConfigurations().size() - 1);
  CheckAgrees(WithMaintenance(trace, maintenance, NamedConfigurations()[place]));
}

// A tombstone over a deep put, under every schedule of flushes and compactions (hazard C1).
RC_GTEST_PROP(TheNewestEntry, StaysDeletedWhereOldOnesLieDeeper, ()) {
  using enum OperationKind;
  Profile profile = Only({{kPut, 20},
                          {kDelete, 30},
                          {kDeleteRange, 15},
                          {kFlush, 20},
                          {kCompact, 20},
                          {kSnapshot, 5},
                          {kRelease, 5},
                          {kReopen, 3}});
  profile.nasty_keys = 4;
  profile.ordinary_keys = 0;
  profile.namespaces = 2;
  CheckAgrees(*AnyTrace(profile, NamedConfigurations()[4]));  // manual compaction only
}

}  // namespace
}  // namespace veralith::model
