// SPDX-License-Identifier: Apache-2.0

// A walk over a tree of real segments: commits are flushed, snapshots come and go, jobs run. After
// every step every reader that has a right to an answer gets the model's. The model is the whole
// history of commits, read by brute force.
#ifndef VERALITH_PROPERTY_TESTS_GENERATORS_TREE_WALK_H_
#define VERALITH_PROPERTY_TESTS_GENERATORS_TREE_WALK_H_

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/compaction/testing/job_harness.h"
#include "core/compaction/testing/version_history.h"
#include "property_tests/generators/any_history.h"
#include "rapidcheck.h"
#include "veralith/testing/simulated_clock.h"
#include "veralith/testing/simulated_executor.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {

class TreeWalk {
 public:
  TreeWalk() : harness_(&fs_, "/tree", TinyCompactionOptions(), AnyPolicyKind()) {
    RC_ASSERT(fs_.CreateDirectory("/tree").ok());
    harness_.executor = &executor_;
    harness_.SetMaxSubcompactions(*rc::gen::inRange(1, 5));
  }

  static CompactionPolicyKind AnyPolicyKind() {
    return *rc::gen::element(CompactionPolicyKind::kLeveled, CompactionPolicyKind::kHybrid,
                             CompactionPolicyKind::kTiered);
  }

  JobHarness& harness() { return harness_; }
  const Version& version() const { return *harness_.version(); }
  Timestamp now() const { return now_; }

  std::vector<Timestamp> Points() const {
    std::vector<Timestamp> points(snapshots_.begin(), snapshots_.end());
    points.push_back(now_);
    return points;
  }

  // Flushes one to three memtables of a few commits each.
  void Flush() {
    std::vector<History> memtables(*rc::gen::inRange<size_t>(1, 4));
    for (History& memtable : memtables) {
      const Timestamp last = now_ + *rc::gen::inRange<Timestamp>(1, 9);
      memtable = AnyHistory(now_ + 1, last);
      written_.Append(memtable);
      now_ = last;
      if (*rc::gen::weightedElement<bool>({{3, false}, {1, true}})) {
        snapshots_.insert(now_);
      }
    }
    ExpectOk(harness_.Flush(memtables, Points()));
    RC_ASSERT(harness_.last_timestamp() == now_);
  }

  // Takes a snapshot at any time whose history is kept, as GetSnapshotAt allows.
  void TakeSnapshot() {
    const Timestamp first = std::max<Timestamp>(1, harness_.history_floor());
    if (first <= now_) {
      snapshots_.insert(*rc::gen::inRange<Timestamp>(first, now_ + 1));
    }
  }
  void ReleaseSnapshot() {
    if (!snapshots_.empty()) {
      const auto index =
          *rc::gen::inRange<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(snapshots_.size()));
      snapshots_.erase(std::next(snapshots_.begin(), index));
    }
  }
  void ReleaseAllSnapshots() { snapshots_.clear(); }

  void ExpectOk(const absl::Status& status) {
    RC_LOG() << harness_.version()->DebugString() << status.ToString() << "\n";
    RC_ASSERT(status.ok());
  }

  // Reads as of every held snapshot, every time from history_floor on, and the future, and expects
  // the model's answers. Expects that the disk holds the live files and nothing else.
  void CheckEverything() {
    const absl::StatusOr<History> read = harness_.ReadAll();
    ExpectOk(read.status());
    std::set<Timestamp> times = snapshots_;
    for (Timestamp t = std::max<Timestamp>(1, harness_.history_floor()); t <= now_ + 1; ++t) {
      times.insert(t);
    }
    for (const Timestamp t : times) {
      RC_ASSERT(StateAt(*read, t) == StateAt(written_, t));
    }
    RC_ASSERT(harness_.FilesOnDisk() == harness_.LiveFiles());
    CheckOutputs();
  }

  const History& written() const { return written_; }

 private:
  // Hazard C6: no empty outputs, and none beyond the last level.
  void CheckOutputs() {
    for (const VersionEdit::AddedFile& added : harness_.last_result().edit.added_files) {
      RC_ASSERT(added.file.entries + added.file.range_tombstones > 0u);
      RC_ASSERT(added.level < kLevels);
    }
  }

  SimulatedFileSystem fs_;
  SimulatedClock clock_;
  SimulatedExecutor executor_{1, &clock_};
  JobHarness harness_;
  History written_;
  std::set<Timestamp> snapshots_;
  Timestamp now_ = 0;
};

}  // namespace veralith

#endif  // VERALITH_PROPERTY_TESTS_GENERATORS_TREE_WALK_H_
