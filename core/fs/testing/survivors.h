// SPDX-License-Identifier: Apache-2.0

// Chooses among the legal survivors of a crash: one at random, all of them, or a representative
// few. The fault model is written in simulated_file_system.h. Only for the files of this folder.
#ifndef VERALITH_CORE_FS_TESTING_SURVIVORS_H_
#define VERALITH_CORE_FS_TESTING_SURVIVORS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/fs/testing/simulated_disk.h"

namespace veralith {

// What a crash would find.
struct DiskView {
  SimulatedInodePtr root;
  const std::vector<NameOperation>* operations;
  uint64_t steps;
};

SimulatedInodePtr RandomSurvivor(const DiskView& disk, Random& random);
SimulatedInodePtr SurvivorWithAll(const DiskView& disk);
SimulatedInodePtr SurvivorWithNone(const DiskView& disk);

struct SurvivorTrees {
  std::vector<SimulatedInodePtr> roots;  // with distinct fingerprints
  bool complete = false;
};
// As SimulatedFileSystem::EnumerateSurvivors says.
SurvivorTrees EnumerateTrees(const DiskView& disk, size_t bound,
                             const std::function<bool(const std::string& path)>& varies,
                             uint64_t (*fingerprint)(const SimulatedInode& root));

}  // namespace veralith

#endif  // VERALITH_CORE_FS_TESTING_SURVIVORS_H_
