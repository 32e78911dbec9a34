// SPDX-License-Identifier: Apache-2.0

// DESIGN 4: "Subcompactions split at existing keys and together cover exactly the whole range."
// Here: a job cut into any number of pieces, run by real threads in any order, has the same
// survivors as the job in one piece, and answers alike at every time. No key's versions are in two
// outputs, and the largest key is there (hazard C3). Range tombstones survive at most where they do
// in the whole job: a part of one with nothing beneath is dropped in a piece, as at the ends of
// files.
#include <algorithm>
#include <memory>
#include <vector>

#include "core/format/key_range.h"
#include "gtest/gtest.h"
#include "property_tests/generators/tree_walk.h"
#include "rapidcheck/gtest.h"
#include "veralith/executor.h"

namespace veralith {
namespace {

struct Outcome {
  JobResult result;
  History history;
};

Outcome Run(TreeWalk& walk, const Pick& pick, int pieces) {
  JobHarness& harness = walk.harness();
  harness.SetMaxSubcompactions(pieces);
  walk.ExpectOk(harness.Prepare(pick, walk.Points()));
  Outcome outcome;
  outcome.result = harness.prepared();
  const absl::StatusOr<History> read = harness.ReadOutputs(outcome.result);
  walk.ExpectOk(read.status());
  outcome.history = *read;
  return outcome;
}

bool IsBefore(const FileMeta& a, const FileMeta& b) {
  return !IsWithin(b.smallest_ns, b.smallest_key, a.largest);
}

bool Overlap(const OwnedRangeTombstone& a, const OwnedRangeTombstone& b) {
  return a.ns == b.ns && (a.open_end || b.begin < a.end) && (b.open_end || a.begin < b.end);
}

// Checks that what `part` still hides lies over something beneath, and that `whole` hides it there,
// too. (Both keep a range as far as it reaches in a file, and their files end at different keys.)
bool HidesNoMore(const History& part, const History& whole) {
  return std::all_of(part.ranges.begin(), part.ranges.end(), [&](const OwnedRangeTombstone& range) {
    return std::any_of(whole.ranges.begin(), whole.ranges.end(),
                       [&](const OwnedRangeTombstone& other) {
                         return other.ts == range.ts && Overlap(range, other);
                       });
  });
}

// Picks all runs, into one.
std::optional<Pick> EverythingOfLevel0(const Version& version) {
  Pick pick;
  for (const veralith::Run& run : version.runs(0)) {
    pick.inputs.push_back({0, run.id, run.files});
  }
  if (pick.inputs.empty()) {
    return std::nullopt;
  }
  pick.output_run_id = pick.inputs.front().run_id;
  return pick;
}

RC_GTEST_PROP(Pieces, OfAJobEqualTheWhole, ()) {
  static Executor& executor = *NewThreadPoolExecutor(4).release();
  TreeWalk walk;
  walk.harness().executor = &executor;
  for (int i = *rc::gen::inRange(1, 6); i > 0; --i) {
    walk.Flush();
  }
  const std::optional<Pick> pick = EverythingOfLevel0(walk.version());
  RC_PRE(pick.has_value());
  const Outcome whole = Run(walk, *pick, 1);
  RC_ASSERT(whole.result.statistics.pieces == 1u);
  const Outcome cut = Run(walk, *pick, *rc::gen::inRange(2, 9));
  RC_TAG(cut.result.statistics.pieces > 1 ? "cut" : "whole");
  RC_ASSERT(cut.history.entries == whole.history.entries);
  RC_ASSERT(HidesNoMore(cut.history, whole.history));
  const Timestamp floor =
      std::max(cut.result.edit.history_floor.value_or(0), walk.harness().history_floor());
  for (Timestamp t = std::max<Timestamp>(floor, 1); t <= walk.now(); ++t) {
    RC_ASSERT(StateAt(cut.history, t) == StateAt(walk.written(), t));
  }
  RC_ASSERT(cut.result.statistics.versions_read == whole.result.statistics.versions_read);
  RC_ASSERT(cut.result.statistics.versions_hidden == whole.result.statistics.versions_hidden);
  const std::vector<VersionEdit::AddedFile>& files = cut.result.edit.added_files;
  for (size_t i = 1; i < files.size(); ++i) {
    RC_ASSERT(IsBefore(files[i - 1].file, files[i].file));
  }
}

}  // namespace
}  // namespace veralith
