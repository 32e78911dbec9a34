// SPDX-License-Identifier: Apache-2.0

// DESIGN promise 2: "Flush, compaction, caches, reopening and file moves never change any answer at
// any live snapshot." Here: one trace under the three compaction policies, and under a policy that
// changes at every opening, gives the same answers.
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/db/testing/simulation.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace veralith {
namespace {

using Contents = std::vector<std::pair<std::string, std::string>>;

// One database, driven in step with the others.
class Contestant {
 public:
  // `changing`: each opening uses the next policy.
  Contestant(size_t policy, bool changing) : policy_(policy), changing_(changing) { Open(); }

  void Open() {
    Options options = simulation_.SmallOptions();
    options.write_buffer_bytes = 1024;
    options.level_base_bytes = 2048;
    options.level_multiplier = 2;
    options.target_segment_bytes = 1024;
    options.level0_compaction_trigger = 3;
    options.tier_compaction_trigger = 2;
    options.compaction_policy = kCompactionPolicyKinds[policy_ % 3];
    auto db = simulation_.Open(options);
    RC_ASSERT(db.ok());
    db_ = *std::move(db);
  }
  void Reopen() {
    ReleaseSnapshots();
    RC_ASSERT(db_->Close().ok());
    db_.reset();
    policy_ += changing_ ? 1 : 0;
    Open();
  }
  void ReleaseSnapshots() {
    for (const Snapshot* snapshot : snapshots_) {
      db_->ReleaseSnapshot(snapshot);
    }
    snapshots_.clear();
  }
  void TakeSnapshot() { snapshots_.push_back(db_->GetSnapshot()); }

  std::vector<Contents> Answers() {
    std::vector<Contents> answers;
    for (size_t i = 0; i <= snapshots_.size(); ++i) {
      ScanOptions scan;
      scan.snapshot = i < snapshots_.size() ? snapshots_[i] : nullptr;
      Contents contents;
      const std::unique_ptr<DbIterator> iterator = db_->NewIterator(scan);
      for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
        contents.emplace_back(iterator->key(), iterator->value());
      }
      RC_ASSERT(iterator->status().ok());
      answers.push_back(std::move(contents));
    }
    return answers;
  }
  Db& db() { return *db_; }
  ~Contestant() { ReleaseSnapshots(); }

 private:
  Simulation simulation_;
  size_t policy_;
  const bool changing_;
  std::unique_ptr<Db> db_;
  std::vector<const Snapshot*> snapshots_;
};

struct Operation {
  int kind;
  int first;
  int count;
};

std::string KeyOf(int i) { return "key" + std::to_string(100 + i); }

void Apply(const Operation& operation, int step, Contestant& contestant) {
  Db& db = contestant.db();
  absl::Status status;
  switch (operation.kind) {
    case 0:  // many puts
      for (int i = 0; i < operation.count && status.ok(); ++i) {
        status = db.Put({}, 0, KeyOf((operation.first + i * 7) % 100),
                        std::string(60, static_cast<char>('a' + step % 26)));
      }
      break;
    case 1:
      for (int i = 0; i < operation.count && status.ok(); ++i) {
        status = db.Delete({}, 0, KeyOf((operation.first + i * 3) % 100));
      }
      break;
    case 2:
      status =
          db.DeleteRange({}, 0, KeyOf(operation.first), KeyOf(operation.first + operation.count));
      break;
    case 3:
      status = db.Flush();
      break;
    case 4:
      contestant.TakeSnapshot();
      break;
    case 5:
      contestant.ReleaseSnapshots();
      break;
    case 6:
      status = db.WaitForBackgroundWork();
      break;
    case 7:
      status = db.Compact(0, Bound::Inclusive(KeyOf(operation.first)), Bound::Open());
      break;
    default:
      contestant.Reopen();
      break;
  }
  RC_LOG() << status.ToString();
  RC_ASSERT(status.ok());
}

RC_GTEST_PROP(Policies, GiveTheSameAnswersAtEverySnapshot, ()) {
  std::vector<std::unique_ptr<Contestant>> contestants;
  for (size_t policy = 0; policy < 3; ++policy) {
    contestants.push_back(std::make_unique<Contestant>(policy, false));
  }
  contestants.push_back(std::make_unique<Contestant>(0, true));
  const int steps = *rc::gen::inRange(1, 30);
  for (int step = 0; step < steps; ++step) {
    const Operation operation{
        *rc::gen::weightedElement<int>(
            {{9, 0}, {4, 1}, {2, 2}, {3, 3}, {2, 4}, {1, 5}, {2, 6}, {1, 7}, {1, 8}}),
        *rc::gen::inRange(0, 100), *rc::gen::inRange(1, 50)};
    for (const auto& contestant : contestants) {
      Apply(operation, step, *contestant);
    }
    const std::vector<Contents> expected = contestants[0]->Answers();
    for (size_t i = 1; i < contestants.size(); ++i) {
      RC_ASSERT(contestants[i]->Answers() == expected);
    }
  }
  for (const auto& contestant : contestants) {
    const absl::Status settled = contestant->db().WaitForBackgroundWork();
    RC_LOG() << settled.ToString();
    RC_ASSERT(settled.ok());
    RC_ASSERT(contestant->db().Check().ok());
    RC_ASSERT(contestant->Answers() == contestants[0]->Answers());
  }
}

}  // namespace
}  // namespace veralith
