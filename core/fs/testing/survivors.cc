// SPDX-License-Identifier: Apache-2.0

#include "core/fs/testing/survivors.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "core/base/check.h"
#include "core/fs/testing/simulated_bytes.h"

namespace veralith {
namespace {

using Sizes = std::vector<std::pair<uint64_t, uint64_t>>;
using Kept = std::function<bool(uint64_t step)>;

// With more unsynced name operations than this, their subsets are not counted.
constexpr size_t kMaxCountedOperations = 12;
// Images built per wanted image, in search of distinct ones.
constexpr size_t kTriesPerImage = 4;

// A write that reached the disk in part.
struct Tear {
  uint64_t step = 0;  // 0: nothing is torn
  uint64_t cut = 0;   // sectors below it were written, the others not
  bool full_size = false;
};

// Keeps whole steps, except for at most one that is torn.
class StepChoice final : public SurvivorChoice {
 public:
  StepChoice(Kept kept, Tear tear) : kept_(std::move(kept)), tear_(tear) {}

  size_t PickVersion(uint64_t sector, const std::vector<uint64_t>& steps) override {
    for (size_t i = steps.size(); i-- > 0;) {
      const uint64_t step = steps[i];
      const bool torn = step != 0 && step == tear_.step;
      if (step == 0 || (torn ? sector < tear_.cut : kept_(step))) {
        return i;
      }
    }
    return 0;
  }

  uint64_t PickSize(const Sizes& sizes) override {
    for (size_t i = sizes.size(); i-- > 0;) {
      const auto [step, size] = sizes[i];
      if (step != 0 && step == tear_.step) {
        const auto [low, high] = std::minmax(sizes[i - 1].second, size);
        return tear_.full_size ? size : std::clamp(tear_.cut * kSectorBytes, low, high);
      }
      if (step == 0 || kept_(step)) {
        return size;
      }
    }
    return sizes.front().second;
  }

 private:
  const Kept kept_;
  const Tear tear_;
};

// Draws every sector and size for itself.
class IndependentChoice final : public SurvivorChoice {
 public:
  explicit IndependentChoice(Random& random) : random_(random) {}

  size_t PickVersion(uint64_t sector, const std::vector<uint64_t>& steps) override {
    return random_.Below(steps.size());
  }

  uint64_t PickSize(const Sizes& sizes) override {
    const size_t i = random_.Below(sizes.size());
    if (i == 0 || random_.OneIn(2)) {
      return sizes[i].second;
    }
    const auto [low, high] = std::minmax(sizes[i - 1].second, sizes[i].second);
    const uint64_t boundaries = high / kSectorBytes - low / kSectorBytes;
    const uint64_t cut = low / kSectorBytes + 1 + random_.Below(boundaries + 1);
    return std::min(cut * kSectorBytes, high);
  }

 private:
  Random& random_;
};

// For files whose survivors collapse: the latest size with none of the bytes, only stale blocks.
class NastyChoice final : public SurvivorChoice {
 public:
  size_t PickVersion(uint64_t sector, const std::vector<uint64_t>& steps) override {
    return static_cast<size_t>(std::upper_bound(steps.begin(), steps.end(), 0u) - steps.begin()) -
           1;
  }
  uint64_t PickSize(const Sizes& sizes) override { return sizes.back().second; }
};

bool OnlyRemoves(const NameOperation& operation) {
  return std::all_of(operation.changes.begin(), operation.changes.end(),
                     [](const NameChange& change) { return change.target == nullptr; });
}

SimulatedInodePtr Build(const DiskView& disk, std::vector<bool> kept, const BytesOf& bytes_of) {
  uint64_t last_id = 0;
  return BuildImage(disk.root, SurvivingNames(disk.root, *disk.operations, std::move(kept)),
                    bytes_of, &last_id);
}

SimulatedInodePtr BuildFromSteps(const DiskView& disk, const Kept& keeps, Tear tear) {
  std::vector<bool> kept;
  for (const NameOperation& operation : *disk.operations) {
    kept.push_back(keeps(operation.step));
  }
  StepChoice choice(keeps, tear);
  return Build(disk, std::move(kept),
               [&choice](const SimulatedInode& inode) { return inode.bytes.Survivor(choice); });
}

// Every file and directory that some survivor can hold, by id.
std::map<uint64_t, const SimulatedInode*> PossibleInodes(const DiskView& disk) {
  std::map<uint64_t, const SimulatedInode*> inodes;
  std::deque<const SimulatedInode*> next = {disk.root.get()};
  for (const NameOperation& operation : *disk.operations) {
    for (const NameChange& change : operation.changes) {
      if (change.target != nullptr) {
        next.push_back(change.target.get());
      }
    }
  }
  while (!next.empty()) {
    const SimulatedInode* inode = next.front();
    next.pop_front();
    if (inodes.emplace(inode->id, inode).second) {
      for (const auto& [name, child] : inode->durable_entries) {
        next.push_back(child.get());
      }
    }
  }
  return inodes;
}

// 0 .. n-1 in an order that spreads every beginning of the list over the whole: the ends, the
// middle, the quarters...
std::vector<size_t> SpreadOrder(size_t n) {
  std::vector<size_t> order;
  std::set<size_t> taken;
  const auto take = [&](size_t i) {
    if (i < n && taken.insert(i).second) {
      order.push_back(i);
    }
  };
  take(n - 1);
  take(0);
  for (size_t parts = 2; order.size() < n; parts *= 2) {
    for (size_t i = 1; i < parts; i += 2) {
      take(n * i / parts);
    }
    if (parts > n) {
      for (size_t i = 0; i < n; ++i) {
        take(i);
      }
    }
  }
  return order;
}

class Enumerator {
 public:
  Enumerator(const DiskView& disk, size_t bound,
             const std::function<bool(const std::string&)>& varies,
             uint64_t (*fingerprint)(const SimulatedInode&))
      : disk_(disk), bound_(bound), fingerprint_(fingerprint), inodes_(PossibleInodes(disk)) {
    FindWhatVaries(varies);
  }

  SurvivorTrees Run() {
    if (!Exhaust()) {
      result_ = {};
      seen_.clear();
      Represent();
    }
    return std::move(result_);
  }

 private:
  using Files = std::vector<std::shared_ptr<std::string>>;

  void FindWhatVaries(const std::function<bool(const std::string&)>& varies) {
    const auto paths = PossiblePaths(disk_.root, *disk_.operations);
    const auto any_varies = [&](uint64_t id, const std::string& suffix) {
      const auto it = paths.find(id);
      return it != paths.end() &&
             std::any_of(it->second.begin(), it->second.end(), [&](const std::string& path) {
               return varies == nullptr || varies(path + suffix);
             });
    };
    for (const auto& [id, inode] : inodes_) {
      if (!inode->directory && any_varies(id, "")) {
        varying_files_.insert(id);
      }
    }
    for (const NameOperation& operation : *disk_.operations) {
      varying_operations_.push_back(std::any_of(
          operation.changes.begin(), operation.changes.end(), [&](const NameChange& change) {
            return any_varies(change.directory->id, "/" + change.name);
          }));
    }
  }

  // Adds the image if it is new. False when there are already as many as wanted.
  bool Add(SimulatedInodePtr root) {
    if (seen_.contains(fingerprint_(*root))) {
      return true;
    }
    if (result_.roots.size() >= bound_) {
      return false;
    }
    seen_.insert(fingerprint_(*root));
    result_.roots.push_back(std::move(root));
    return true;
  }

  std::shared_ptr<std::string> Collapsed(const SimulatedInode& inode) const {
    NastyChoice nasty;
    return inode.bytes.Survivor(nasty);
  }

  // ---- All of them ----

  // False when there are more than the bound.
  bool Exhaust() {
    std::vector<std::pair<std::vector<bool>, std::vector<uint64_t>>> outcomes;
    if (!CountNames(outcomes)) {
      return false;
    }
    size_t total = 0;
    for (const auto& [kept, files] : outcomes) {
      size_t product = 1;
      for (const uint64_t id : files) {
        product *= SurvivorsOf(id).size();
        if (product > bound_ * kTriesPerImage) {
          return false;
        }
      }
      total += product;
      if (total > bound_ * kTriesPerImage) {
        return false;
      }
    }
    for (const auto& [kept, files] : outcomes) {
      if (!BuildProduct(kept, files)) {
        return false;
      }
    }
    result_.complete = true;
    return true;
  }

  const Files& SurvivorsOf(uint64_t id) {
    Files& files = survivors_[id];
    if (files.empty()) {
      const SimulatedInode& inode = *inodes_.at(id);
      files = varying_files_.contains(id) ? inode.bytes.AllSurvivors(bound_ * kTriesPerImage)
                                          : Files{Collapsed(inode)};
    }
    return files;
  }

  // Every distinct tree of names: what is kept, and the files that are there.
  bool CountNames(std::vector<std::pair<std::vector<bool>, std::vector<uint64_t>>>& outcomes) {
    std::vector<size_t> varying;
    std::vector<bool> kept(varying_operations_.size());
    for (size_t i = 0; i < kept.size(); ++i) {
      kept[i] = !OnlyRemoves((*disk_.operations)[i]);
      if (varying_operations_[i]) {
        varying.push_back(i);
      }
    }
    if (varying.size() > kMaxCountedOperations) {
      return false;
    }
    std::set<std::string> seen;
    for (uint64_t subset = 0; subset < uint64_t{1} << varying.size(); ++subset) {
      for (size_t i = 0; i < varying.size(); ++i) {
        kept[varying[i]] = (subset >> i & 1) != 0;
      }
      std::set<uint64_t> files;
      std::string shape;
      for (const auto& [id, entries] : SurvivingNames(disk_.root, *disk_.operations, kept)) {
        shape += std::to_string(id) + ":";
        for (const auto& [name, inode] : entries) {
          shape += std::to_string(inode->id) + "=" + name + "/";
          if (!inode->directory) {
            files.insert(inode->id);
          }
        }
      }
      if (seen.insert(shape).second) {
        outcomes.emplace_back(kept, std::vector<uint64_t>(files.begin(), files.end()));
      }
    }
    return true;
  }

  bool BuildProduct(const std::vector<bool>& kept, const std::vector<uint64_t>& files) {
    std::map<uint64_t, size_t> picked;
    for (const uint64_t id : files) {
      picked[id] = 0;
    }
    for (;;) {
      if (!Add(Build(disk_, kept, [&](const SimulatedInode& inode) {
            return SurvivorsOf(inode.id)[picked.at(inode.id)];
          }))) {
        return false;
      }
      auto it = picked.begin();
      while (it != picked.end() && ++it->second == SurvivorsOf(it->first).size()) {
        it->second = 0;
        ++it;
      }
      if (it == picked.end()) {
        return true;
      }
    }
  }

  // ---- Some of them ----

  bool AddFromSteps(const Kept& keeps, Tear tear) {
    if (++tries_ > bound_ * kTriesPerImage) {
      return false;
    }
    std::vector<bool> kept;
    for (size_t i = 0; i < varying_operations_.size(); ++i) {
      const NameOperation& operation = (*disk_.operations)[i];
      kept.push_back(varying_operations_[i] ? keeps(operation.step) : !OnlyRemoves(operation));
    }
    StepChoice choice(keeps, tear);
    return Add(Build(disk_, std::move(kept), [&](const SimulatedInode& inode) {
      return varying_files_.contains(inode.id) ? inode.bytes.Survivor(choice) : Collapsed(inode);
    }));
  }

  struct Candidate {
    Kept keeps;
    Tear tear;
  };

  static Kept AllBut(uint64_t step) {
    return [step](uint64_t s) { return s != step; };
  }

  static void AddTears(uint64_t step, const SimulatedBytes::Extent& extent,
                       std::vector<Candidate>& candidates) {
    if (extent.first > extent.last) {
      return;
    }
    candidates.push_back({AllBut(step), {step, extent.first, true}});
    if (extent.first < extent.last) {
      const uint64_t middle = extent.first + (extent.last - extent.first + 1) / 2;
      for (const uint64_t cut : {extent.last, extent.first + 1, middle}) {
        candidates.push_back({AllBut(step), {step, cut, false}});
        candidates.push_back({AllBut(step), {step, cut, true}});
      }
    }
  }

  void Represent() {
    std::map<uint64_t, SimulatedBytes::Extent> writes;
    for (const uint64_t id : varying_files_) {
      inodes_.at(id)->bytes.CollectUnsettledSteps(writes);
    }
    std::vector<Candidate> first = {{[](uint64_t) { return true; }, {}},
                                    {[](uint64_t) { return false; }, {}}};
    std::vector<Candidate> prefixes;
    std::vector<Candidate> missing;
    std::vector<Candidate> torn;
    if (!writes.empty()) {
      AddTears(writes.rbegin()->first, writes.rbegin()->second, first);
    }
    for (const auto& [step, extent] : writes) {
      AddTears(step, extent, torn);
    }
    std::set<uint64_t> steps;
    for (const auto& [step, extent] : writes) {
      steps.insert(step);
    }
    for (size_t i = 0; i < varying_operations_.size(); ++i) {
      if (varying_operations_[i]) {
        steps.insert((*disk_.operations)[i].step);
      }
    }
    for (const uint64_t step : steps) {
      prefixes.push_back({[step](uint64_t s) { return s <= step; }, {}});
      missing.push_back({AllBut(step), {}});
    }
    for (const Candidate& candidate : first) {
      if (!AddFromSteps(candidate.keeps, candidate.tear)) {
        return;
      }
    }
    AddInTurn({&prefixes, &missing, &torn});
  }

  void AddInTurn(const std::vector<const std::vector<Candidate>*>& lists) {
    std::vector<std::vector<size_t>> orders;
    size_t longest = 0;
    for (const std::vector<Candidate>* list : lists) {
      orders.push_back(list->empty() ? std::vector<size_t>() : SpreadOrder(list->size()));
      longest = std::max(longest, list->size());
    }
    for (size_t i = 0; i < longest; ++i) {
      for (size_t l = 0; l < lists.size(); ++l) {
        if (i < orders[l].size()) {
          const Candidate& candidate = (*lists[l])[orders[l][i]];
          if (!AddFromSteps(candidate.keeps, candidate.tear)) {
            return;
          }
        }
      }
    }
  }

  const DiskView disk_;
  const size_t bound_;
  uint64_t (*const fingerprint_)(const SimulatedInode&);
  const std::map<uint64_t, const SimulatedInode*> inodes_;
  std::set<uint64_t> varying_files_;
  std::vector<bool> varying_operations_;
  std::map<uint64_t, Files> survivors_;
  std::set<uint64_t> seen_;
  size_t tries_ = 0;
  SurvivorTrees result_;
};

// The steps that are not durable.
std::vector<uint64_t> UnsettledSteps(const DiskView& disk,
                                     std::map<uint64_t, SimulatedBytes::Extent>& writes) {
  for (const auto& [id, inode] : PossibleInodes(disk)) {
    inode->bytes.CollectUnsettledSteps(writes);
  }
  std::set<uint64_t> steps;
  for (const auto& [step, extent] : writes) {
    steps.insert(step);
  }
  for (const NameOperation& operation : *disk.operations) {
    steps.insert(operation.step);
  }
  return {steps.begin(), steps.end()};
}

SimulatedInodePtr IndependentSurvivor(const DiskView& disk, Random& random) {
  std::vector<bool> kept;
  for (size_t i = 0; i < disk.operations->size(); ++i) {
    kept.push_back(random.OneIn(2));
  }
  IndependentChoice choice(random);
  return Build(disk, std::move(kept),
               [&choice](const SimulatedInode& inode) { return inode.bytes.Survivor(choice); });
}

// A tear of `step` somewhere in what it wrote.
Tear RandomTear(uint64_t step, const std::map<uint64_t, SimulatedBytes::Extent>& writes,
                Random& random) {
  const auto it = writes.find(step);
  if (it == writes.end() || it->second.first > it->second.last) {
    return {};
  }
  const auto [first, last] = it->second;
  return {step, first + random.Below(last - first + 1), random.OneIn(2)};
}

}  // namespace

SimulatedInodePtr SurvivorWithAll(const DiskView& disk) {
  return BuildFromSteps(disk, [](uint64_t) { return true; }, {});
}

SimulatedInodePtr SurvivorWithNone(const DiskView& disk) {
  return BuildFromSteps(disk, [](uint64_t) { return false; }, {});
}

SimulatedInodePtr RandomSurvivor(const DiskView& disk, Random& random) {
  std::map<uint64_t, SimulatedBytes::Extent> writes;
  const std::vector<uint64_t> steps = UnsettledSteps(disk, writes);
  const uint64_t kind = random.Below(8);
  if (steps.empty() || kind == 0) {
    return SurvivorWithAll(disk);
  }
  if (kind == 1) {
    return SurvivorWithNone(disk);
  }
  const uint64_t step = steps[random.Below(steps.size())];
  const Tear tear = random.OneIn(2) ? RandomTear(step, writes, random) : Tear{};
  if (kind <= 3) {
    return BuildFromSteps(disk, [step](uint64_t s) { return s <= step; }, tear);
  }
  if (kind == 4) {
    return BuildFromSteps(disk, [step](uint64_t s) { return s != step; }, tear);
  }
  return IndependentSurvivor(disk, random);
}

SurvivorTrees EnumerateTrees(const DiskView& disk, size_t bound,
                             const std::function<bool(const std::string& path)>& varies,
                             uint64_t (*fingerprint)(const SimulatedInode& root)) {
  VERALITH_CHECK(bound > 0);
  return Enumerator(disk, bound, varies, fingerprint).Run();
}

}  // namespace veralith
