// SPDX-License-Identifier: Apache-2.0

// The parts of a simulated file system; simulated_file_system.h has the fault model. Only for the
// files of this folder.
//
// Invariants
//   1. entries are the visible names of a directory, durable_entries the names that are certainly
//      on the disk. Applying every change of PendingNames to durable_entries, in order, gives
//      entries.
//   2. Inode ids are given in order of creation and order everything here.
//
// Thread rule: the owner's mutex guards all of it.
#ifndef VERALITH_CORE_FS_TESTING_SIMULATED_DISK_H_
#define VERALITH_CORE_FS_TESTING_SIMULATED_DISK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/fs/testing/simulated_bytes.h"

namespace veralith {

struct SimulatedInode {
  using Entries = std::map<std::string, std::shared_ptr<SimulatedInode>, std::less<>>;

  uint64_t id = 0;
  bool directory = false;
  SimulatedBytes bytes;  // if it is a file
  Entries entries;       // if it is a directory
  Entries durable_entries;
  uint32_t links = 0;    // visible names
  uint32_t handles = 0;  // open Files
  uint64_t preallocated = 0;
  uint64_t charged = 0;  // bytes that count against the capacity
  uint32_t shared_locks = 0;
  bool exclusively_locked = false;
};

using SimulatedInodePtr = std::shared_ptr<SimulatedInode>;

// One name that appears, names something else (target), or disappears (no target).
struct NameChange {
  SimulatedInodePtr directory;
  std::string name;
  SimulatedInodePtr target;
};

// What one call changed; either all of it is on the disk or nothing.
struct NameOperation {
  uint64_t step = 0;
  std::vector<NameChange> changes;
  bool rename = false;
  uint64_t builds_on = 0;  // the step of an earlier pending rename of the same inode; 0: none
  bool lost = false;       // a failed SyncDirectory forgot it: no later one makes it durable
};

// The changes of names that are not durable, in order.
class PendingNames {
 public:
  // Adds an operation, and applies it to the visible entries.
  void Add(NameOperation operation);
  void Sync(const SimulatedInode& directory);
  void FailSync(const SimulatedInode& directory);
  const std::vector<NameOperation>& operations() const { return operations_; }

 private:
  void Commit(size_t index, const SimulatedInode& directory);
  void MakeDurable(size_t index, const NameChange& change);

  std::vector<NameOperation> operations_;
};

// A tree of names as a crash could leave it, by id of the directory; only what is reachable from
// the root.
using NameTable = std::map<uint64_t, SimulatedInode::Entries>;

// `kept[i]`: operation i survives. (Earlier renames that a kept one builds on are kept with it.)
NameTable SurvivingNames(const SimulatedInodePtr& root,
                         const std::vector<NameOperation>& operations, std::vector<bool> kept);

// A copy of the tree in which everything is durable. `bytes_of` is asked once for each file, in the
// order of the names.
using BytesOf = std::function<std::shared_ptr<std::string>(const SimulatedInode&)>;
SimulatedInodePtr BuildImage(const SimulatedInodePtr& root, const NameTable& names,
                             const BytesOf& bytes_of, uint64_t* last_id);

// Every path that a file or directory has now or may have after a crash, by inode id.
std::map<uint64_t, std::vector<std::string>> PossiblePaths(
    const SimulatedInodePtr& root, const std::vector<NameOperation>& operations);

}  // namespace veralith

#endif  // VERALITH_CORE_FS_TESTING_SIMULATED_DISK_H_
