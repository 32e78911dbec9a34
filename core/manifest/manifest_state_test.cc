// SPDX-License-Identifier: Apache-2.0

#include "core/manifest/manifest_state.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/format/testing/generators.h"

namespace veralith {
namespace {

std::string FaultOf(const VersionEdit& edit, const ManifestState& state = {}) {
  return std::string(Message(state.Apply(edit).status()));
}

template <typename Value>
void Forget(std::vector<Value>* list) {
  list->clear();
}
template <typename Value>
void Forget(std::optional<Value>*) {}

// An edit without lists, its numbers within their limits.
VersionEdit AnyNumbers() {
  VersionEdit edit = *testing::AnyVersionEdit();
  ForEachEditField([&edit](const auto& field) { Forget(&(edit.*field.member)); });
  for (std::optional<uint64_t>* number : {&edit.next_file_number, &edit.next_run_id}) {
    if (number->has_value()) {
      **number = **number % kMaxRunId + 1;
    }
  }
  if (edit.logs_synced_through.has_value()) {
    uint64_t& log = edit.logs_synced_through->log_number;
    log = log % kMaxFileNumber + 1;
  }
  return edit;
}

// A field without a row in kRecords would be forgotten.
RC_GTEST_PROP(ManifestState, RemembersEveryNumberOfAnEdit, ()) {
  const VersionEdit edit = AnyNumbers();
  const auto state = ManifestState().Apply(edit);
  RC_ASSERT(state.ok());
  const VersionEdit snapshot = state->Snapshot();
  ForEachEditField([&](const auto& field) {
    field.ForEachValue(edit, [&]<typename Value>(const Value& value) {
      RC_ASSERT(value == Value() || snapshot.*field.member == edit.*field.member);
    });
  });
  RC_ASSERT(ManifestState().Apply(snapshot).value() == *state);
}

TEST(ManifestState, CountersNeverGoBackAndThePolicyIsTheNewest) {
  VersionEdit edit;
  edit.next_file_number = 9;
  edit.timestamp_ceiling = 100;
  edit.logs_synced_through = LogPosition{3, 50};
  edit.written = WrittenBytes{10, 20, 30, 40};
  edit.policy = CompactionPolicyKind::kTiered;
  const ManifestState state = ManifestState().Apply(edit).value();
  edit.next_file_number = 4;
  edit.timestamp_ceiling = 99;
  edit.logs_synced_through = LogPosition{2, 80};
  edit.written = WrittenBytes{11, 19, 30, 41};
  edit.policy = CompactionPolicyKind::kLeveled;
  const ManifestState next = state.Apply(edit).value();
  EXPECT_EQ(next.next_file_number, 9u);
  EXPECT_EQ(next.timestamp_ceiling, 100u);
  EXPECT_EQ(next.logs_synced_through, (LogPosition{3, 50}));
  EXPECT_EQ(next.written, (WrittenBytes{11, 20, 30, 41}));
  EXPECT_EQ(next.policy, CompactionPolicyKind::kLeveled);
}

TEST(ManifestState, AnIdIsSetOnce) {
  VersionEdit edit;
  edit.database_id = 0;
  EXPECT_EQ(FaultOf(edit), "");
  edit.database_id = 5;
  const ManifestState state = ManifestState().Apply(edit).value();
  EXPECT_EQ(FaultOf(edit, state), "");
  edit.database_id = 6;
  EXPECT_EQ(FaultOf(edit, state), "changes the database id from 5 to 6");
  edit.database_id = 0;
  EXPECT_EQ(FaultOf(edit, state), "changes the database id from 5 to 0");
}

TEST(ManifestState, NumbersHaveLimits) {
  VersionEdit edit;
  edit.next_file_number = kMaxFileNumber + 1;
  EXPECT_EQ(FaultOf(edit), "has the next file number 4611686018427387904, beyond its limit");
  edit = {};
  edit.timestamp_ceiling = kMaxTimestamp + 1;
  EXPECT_EQ(FaultOf(edit), "has the timestamp ceiling 9223372036854775808, beyond its limit");
  edit = {};
  edit.logs_synced_through = LogPosition{kMaxFileNumber + 1, 0};
  EXPECT_EQ(FaultOf(edit), "has the logs synced through 4611686018427387904, beyond its limit");
}

TEST(ManifestState, DescribesWhatItRecords) {
  ManifestState state;
  EXPECT_EQ(state.DebugString().substr(0, state.DebugString().find('\n')),
            "next file 1, next run 1, ceiling 0, floor 0, last timestamp 0");
  state.database_id = 7;
  state.logs_synced_through = {3, 50};
  state.written = {1, 2, 3, 4};
  state.policy = CompactionPolicyKind::kHybrid;
  EXPECT_EQ(state.DebugString().substr(0, state.DebugString().find('\n')),
            "database 7, next file 1, next run 1, ceiling 0, floor 0, last timestamp 0, "
            "logs synced through 3:50, written 1 by users, 2 to logs, 3 by flushes, "
            "4 by compactions, policy hybrid");
}

}  // namespace
}  // namespace veralith
