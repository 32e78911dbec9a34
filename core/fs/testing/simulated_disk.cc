// SPDX-License-Identifier: Apache-2.0

#include "core/fs/testing/simulated_disk.h"

#include <algorithm>
#include <set>
#include <utility>

namespace veralith {
namespace {

using Entries = SimulatedInode::Entries;

void Apply(const NameChange& change, Entries& entries) {
  if (change.target != nullptr) {
    entries[change.name] = change.target;
  } else {
    entries.erase(change.name);
  }
}

const SimulatedInode* Moved(const NameOperation& operation) {
  for (const NameChange& change : operation.changes) {
    if (change.target != nullptr) {
      return change.target.get();
    }
  }
  return nullptr;
}

}  // namespace

void PendingNames::Add(NameOperation operation) {
  if (operation.rename) {
    for (const NameOperation& earlier : operations_) {
      if (earlier.rename && Moved(earlier) == Moved(operation)) {
        operation.builds_on = earlier.step;
      }
    }
  }
  for (const NameChange& change : operation.changes) {
    Apply(change, change.directory->entries);
  }
  operations_.push_back(std::move(operation));
}

// Puts one change of operation `index` on the disk and ends earlier pending changes of that name.
void PendingNames::MakeDurable(size_t index, const NameChange& change) {
  Apply(change, change.directory->durable_entries);
  for (size_t i = 0; i < index; ++i) {
    std::erase_if(operations_[i].changes, [&change](const NameChange& earlier) {
      return earlier.directory == change.directory && earlier.name == change.name;
    });
  }
}

void PendingNames::Commit(size_t index, const SimulatedInode& directory) {
  NameOperation& operation = operations_[index];
  // In a rename between directories, the target's directory makes its own name durable. The
  // source's directory makes both durable, because no file system loses the file.
  const bool is_source = std::any_of(
      operation.changes.begin(), operation.changes.end(),
      [&](const NameChange& c) { return c.target == nullptr && c.directory.get() == &directory; });
  const bool moves_directory =
      operation.rename && Moved(operation) != nullptr && Moved(operation)->directory;
  std::vector<NameChange> changes;
  changes.swap(operation.changes);
  std::vector<NameChange> left;
  for (NameChange& change : changes) {
    if (is_source || moves_directory || change.directory.get() == &directory) {
      MakeDurable(index, change);
    } else {
      left.push_back(std::move(change));
    }
  }
  operations_[index].changes = std::move(left);
}

void PendingNames::Sync(const SimulatedInode& directory) {
  const auto concerns = [&directory](const NameOperation& operation) {
    return std::any_of(
        operation.changes.begin(), operation.changes.end(),
        [&directory](const NameChange& c) { return c.directory.get() == &directory; });
  };
  std::set<uint64_t> also;  // renames of directories that a committed one builds on
  for (size_t i = operations_.size(); i-- > 0;) {
    const NameOperation& operation = operations_[i];
    if (operation.rename &&
        (also.contains(operation.step) || (!operation.lost && concerns(operation)))) {
      const SimulatedInode* moved = Moved(operation);
      if (moved != nullptr && moved->directory) {
        also.insert(operation.step);
        also.insert(operation.builds_on);
      }
    }
  }
  for (size_t i = 0; i < operations_.size(); ++i) {
    const bool wanted = !operations_[i].lost && concerns(operations_[i]);
    if (wanted || also.contains(operations_[i].step)) {
      Commit(i, directory);
    }
  }
  std::erase_if(operations_, [](const NameOperation& o) { return o.changes.empty(); });
}

void PendingNames::FailSync(const SimulatedInode& directory) {
  for (NameOperation& operation : operations_) {
    for (const NameChange& change : operation.changes) {
      operation.lost |= change.directory.get() == &directory;
    }
  }
}

namespace {

void KeepReachable(const SimulatedInodePtr& directory, NameTable& all, NameTable& reachable) {
  if (reachable.contains(directory->id)) {
    return;  // a directory has one name; a second one would be a cycle or a repetition
  }
  Entries& kept = reachable[directory->id];
  const auto changed = all.find(directory->id);
  for (const auto& [name, inode] :
       changed == all.end() ? directory->durable_entries : changed->second) {
    if (inode->directory) {
      if (reachable.contains(inode->id)) {
        continue;
      }
      KeepReachable(inode, all, reachable);
    }
    kept.emplace(name, inode);
  }
}

}  // namespace

NameTable SurvivingNames(const SimulatedInodePtr& root,
                         const std::vector<NameOperation>& operations, std::vector<bool> kept) {
  std::set<uint64_t> needed;
  for (size_t i = operations.size(); i-- > 0;) {
    if (needed.contains(operations[i].step)) {
      kept[i] = true;
    }
    if (kept[i]) {
      needed.insert(operations[i].builds_on);
    }
  }
  NameTable all;
  for (size_t i = 0; i < operations.size(); ++i) {
    for (const NameChange& change : operations[i].changes) {
      const auto [it, fresh] = all.try_emplace(change.directory->id);
      if (fresh) {
        it->second = change.directory->durable_entries;
      }
      if (kept[i]) {
        Apply(change, it->second);
      }
    }
  }
  NameTable reachable;
  KeepReachable(root, all, reachable);
  return reachable;
}

SimulatedInodePtr BuildImage(const SimulatedInodePtr& root, const NameTable& names,
                             const BytesOf& bytes_of, uint64_t* last_id) {
  std::map<uint64_t, SimulatedInodePtr> copies;
  const std::function<SimulatedInodePtr(const SimulatedInodePtr&)> copy =
      [&](const SimulatedInodePtr& inode) {
        SimulatedInodePtr& made = copies[inode->id];
        if (made != nullptr) {
          return made;
        }
        made = std::make_shared<SimulatedInode>();
        const SimulatedInodePtr result = made;
        result->id = ++*last_id;
        result->directory = inode->directory;
        if (!inode->directory) {
          result->bytes = SimulatedBytes(bytes_of(*inode));
          return result;
        }
        for (const auto& [name, child] : names.at(inode->id)) {
          const SimulatedInodePtr child_copy = copy(child);
          ++child_copy->links;
          result->entries.emplace(name, child_copy);
        }
        result->durable_entries = result->entries;
        return result;
      };
  return copy(root);
}

std::map<uint64_t, std::vector<std::string>> PossiblePaths(
    const SimulatedInodePtr& root, const std::vector<NameOperation>& operations) {
  std::map<uint64_t, std::vector<std::string>> paths;
  std::set<uint64_t> above;  // directories being visited: undone and kept moves could form a cycle
  const std::function<void(const SimulatedInode&, const std::string&)> visit =
      [&](const SimulatedInode& inode, const std::string& path) {
        paths[inode.id].push_back(path);
        if (!inode.directory || !above.insert(inode.id).second) {
          return;
        }
        std::map<std::pair<std::string, uint64_t>, const SimulatedInode*> children;
        for (const auto& [name, child] : inode.durable_entries) {
          children[{name, child->id}] = child.get();
        }
        for (const NameOperation& operation : operations) {
          for (const NameChange& change : operation.changes) {
            if (change.directory.get() == &inode && change.target != nullptr) {
              children[{change.name, change.target->id}] = change.target.get();
            }
          }
        }
        for (const auto& [key, child] : children) {
          visit(*child, path + "/" + key.first);
        }
        above.erase(inode.id);
      };
  visit(*root, "");
  return paths;
}

}  // namespace veralith
