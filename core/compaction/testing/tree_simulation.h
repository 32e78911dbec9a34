// SPDX-License-Identifier: Apache-2.0

// A tree without bytes: files are sets of (key number, timestamps). So a policy can be driven
// through flushes, overlapping jobs and their completion in any order. The one thing that must hold
// is checked directly: for every key, what lies higher in the tree is newer.
//
// It shares only Version and the policy's interface with the jobs. Key numbers are written as six
// digits. Deterministic.
#ifndef VERALITH_CORE_COMPACTION_TESTING_TREE_SIMULATION_H_
#define VERALITH_CORE_COMPACTION_TESTING_TREE_SIMULATION_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/compaction/picker.h"
#include "core/manifest/version.h"
#include "veralith/types.h"

namespace veralith {

class TreeSimulation {
 public:
  // Every key counts `bytes_per_key` in file sizes; outputs are cut at `target_keys`.
  TreeSimulation(const CompactionPolicy* policy, uint64_t bytes_per_key, size_t target_keys)
      : policy_(policy),
        tiered_levels_(policy->TieredLevels()),
        bytes_per_key_(bytes_per_key),
        target_keys_(target_keys) {}

  // Lets another policy decide from now on; levels may keep the shape of the previous one for a
  // while.
  void ChangePolicy(const CompactionPolicy* policy) {
    policy_ = policy;
    tiered_levels_ = kMaxTieredLevels;
  }

  // A flush of one version of each key; a fifth of them tombstones.
  void Flush(const std::set<int>& keys);
  // Asks the policy and starts the job; returns false if there is none.
  bool StartAutomatic();
  ManualDecision::Kind StartManual(ManualCompaction* manual);
  // Ends the running job at `index` modulo their number, if there is one.
  void Finish(size_t index);
  // Ends the running job without its edit.
  void Fail(size_t index);

  const Version& version() const { return version_; }
  size_t running() const { return running_.size(); }
  const Pick& job(size_t index) const { return running_[index]->pick; }
  uint64_t next_file_number() const { return next_number_; }
  // Returns the first problem found, or "". Checks Version's invariants and the order of ages per
  // key.
  std::string Problem() const;

 private:
  struct Ages {
    Timestamp oldest = 0;
    Timestamp newest = 0;
  };
  using Content = std::map<int, Ages>;
  struct Job {
    Pick pick;
    VersionEdit edit;
  };

  PickerState State();
  void Start(Pick pick);
  VersionEdit EditOf(const Pick& pick);
  FileMeta NewFile(const Content& content);
  void AddFiles(const Content& content, int level, uint64_t run_id, size_t target_keys,
                VersionEdit* edit);
  void Apply(const VersionEdit& edit);

  const CompactionPolicy* policy_;
  int tiered_levels_;
  const uint64_t bytes_per_key_;
  const size_t target_keys_;
  Version version_;
  std::map<uint64_t, Content> contents_;
  std::vector<std::unique_ptr<Job>> running_;
  std::vector<const Pick*> running_picks_;
  uint64_t next_number_ = 1;
  uint64_t next_run_ = 1;
  Timestamp now_ = 0;
  std::string problem_;
};

}  // namespace veralith

#endif  // VERALITH_CORE_COMPACTION_TESTING_TREE_SIMULATION_H_
