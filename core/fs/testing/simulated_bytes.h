// SPDX-License-Identifier: Apache-2.0

// The bytes of one simulated file: what readers see, and everything the disk may hold instead if
// the power fails now.
//
// Invariants
//   1. visible() is what every read returns.
//   2. A 512-byte sector that is not in unsettled_ is on the disk as it is visible.
//   3. A sector in unsettled_ is on the disk as any one of its versions, independently of every
//      other sector. Its versions are what was durable before (for a new sector: zeros, or what the
//      reused block held), every content it had since, and the visible one.
//   4. The size on the disk is any size the file had since it was last durable, or any multiple of
//      512 between two successive ones (a transfer cut in two).
//   5. Sync settles what was written since the last Sync. A sync that fails settles nothing, but
//      forgets what was waiting: later syncs leave those sectors alone until they are written
//      again.
//
// Thread rule: one thread at a time. Copies share the visible bytes until one of them is written.
#ifndef VERALITH_CORE_FS_TESTING_SIMULATED_BYTES_H_
#define VERALITH_CORE_FS_TESTING_SIMULATED_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace veralith {

inline constexpr size_t kSectorBytes = 512;

// Contents of freed sectors, in the order in which they were freed: new sectors hold them before
// they are written. Keeps at most kMaxSectors. Copies share them until one changes.
class StaleSectors {
 public:
  static constexpr size_t kMaxSectors = 512;
  void Free(std::string_view bytes);  // splits into sectors
  // The next one, or "" (zeros) when there is none.
  std::string Reuse();

 private:
  std::deque<std::string>& Mutable();

  std::shared_ptr<std::deque<std::string>> sectors_;  // none: empty
};

// Chooses one of the legal survivors.
class SurvivorChoice {
 public:
  virtual ~SurvivorChoice() = default;
  // `steps[i]` is the step that wrote version i of the sector: ascending, 0 for durable content
  // (which can occur twice). Returns an index.
  virtual size_t PickVersion(uint64_t sector, const std::vector<uint64_t>& steps) = 0;
  // `sizes`: (step, size), ascending steps, the first one durable. Returns a legal size.
  virtual uint64_t PickSize(const std::vector<std::pair<uint64_t, uint64_t>>& sizes) = 0;
};

class SimulatedBytes {
 public:
  SimulatedBytes() : visible_(std::make_shared<std::string>()) {}
  // `bytes` are on the disk.
  explicit SimulatedBytes(std::shared_ptr<std::string> bytes) : visible_(std::move(bytes)) {}

  const std::string& visible() const { return *visible_; }

  // `step` orders the changes; never 0, never decreasing.
  void Write(uint64_t step, uint64_t offset, std::string_view data, StaleSectors& stale);
  void Truncate(uint64_t step, uint64_t size, StaleSectors& stale);
  void Sync();
  void FailSync();
  // Rot: changes a byte in memory and on the disk, although nobody wrote it.
  void Corrupt(uint64_t offset, char byte);

  // True when the disk can hold nothing but visible().
  bool settled() const { return unsettled_.empty() && older_sizes_.empty(); }

  // The survivor that `choice` chooses.
  std::shared_ptr<std::string> Survivor(SurvivorChoice& choice) const;
  // Every survivor, without repetition, in a fixed order; stops beyond `bound` of them.
  std::vector<std::shared_ptr<std::string>> AllSurvivors(size_t bound) const;

  // For each step that is not durable: the first and last sector it wrote (first > last: it changed
  // only the size).
  struct Extent {
    uint64_t first = UINT64_MAX;
    uint64_t last = 0;
  };
  void CollectUnsettledSteps(std::map<uint64_t, Extent>& steps) const;

 private:
  struct Version {
    uint64_t step;
    std::string bytes;  // without trailing zeros
  };
  struct Sector {
    std::vector<Version> older;
    uint64_t step = 0;   // the step that wrote the visible version
    bool dirty = false;  // the next Sync settles it
  };
  using Sizes = std::vector<std::pair<uint64_t, uint64_t>>;

  std::string& Mutable();
  std::string VisibleSector(uint64_t index) const;
  void Touch(uint64_t step, uint64_t index, StaleSectors& stale);
  void SetSize(uint64_t step, uint64_t size);
  Sizes AllSizes() const;
  std::vector<std::string> DistinctVersions(uint64_t index, const Sector& sector,
                                            size_t visible_bytes) const;

  std::shared_ptr<std::string> visible_;
  std::map<uint64_t, Sector> unsettled_;
  Sizes older_sizes_;  // (step, size); empty when the size is durable
  uint64_t size_step_ = 0;
  bool size_dirty_ = false;
};

}  // namespace veralith

#endif  // VERALITH_CORE_FS_TESTING_SIMULATED_BYTES_H_
