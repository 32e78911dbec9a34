// SPDX-License-Identifier: Apache-2.0

// One life of a database on a simulated machine, with a ledger of what it was told, and every state
// that a power cut could have left of it.
//
// Unlike a conformance Session it is made for speed and for looking at crash points. It makes only
// the comparisons asked for, has one namespace and few keys, and checks the order monitor's rules
// beside every comparison. Everything is deterministic: tasks run in the order of scheduling, and
// each life starts at the same time of the clock. So equal histories on equal disks give equal
// bytes.
//
// Thread rule: one thread. Owns its disk.
#ifndef VERALITH_PROPERTY_TESTS_EXPLORATION_WORLD_H_
#define VERALITH_PROPERTY_TESTS_EXPLORATION_WORLD_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/fs/testing/order_monitor.h"
#include "model/conformance/configurations.h"
#include "model/conformance/session.h"
#include "model/operation.h"
#include "property_tests/exploration/crash_point_file_system.h"
#include "property_tests/exploration/ledger.h"
#include "veralith/db.h"
#include "veralith/testing/simulated_clock.h"
#include "veralith/testing/simulated_executor.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith::model {

// What a power cut at one moment could have left.
struct CrashPoint {
  struct State {
    Ledger ledger;
    // In each image, what recovery must not read is collapsed to one text (believed_files.h), and
    // nothing is known about what its free blocks held.
    std::vector<std::unique_ptr<SimulatedFileSystem>> images;
  };
  // The state of the previous point, if nothing happened in between that a survivor could show.
  std::shared_ptr<const State> state;
  bool complete = false;  // these are all, except for files that no manifest names
};

class World {
 public:
  static constexpr const char* kDirectory = "db";

  // `disk`: a machine that died with this ledger; a new machine has nothing. `rolling`: manifests
  // are begun anew with every change.
  World(std::unique_ptr<SimulatedFileSystem> disk, Ledger ledger, const DbOpener& open,
        bool rolling);
  ~World();  // the process dies, the disk with it
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Collects crash points from now on, with at most `bound` images each. `apart`: each point has
  // its own images, in which nothing is collapsed.
  void Collect(size_t bound, bool apart = false);
  // Adds a point for now, after the last step, and ends collecting.
  std::vector<CrashPoint> TakePoints();

  // Each says what is wrong, if anything is.
  Difference Open();
  Difference Apply(size_t position, const Operation& operation);
  // After Open on what a crash left: checks that the order was kept, that recovery read only files
  // that the manifest names, that the state is a legal one (the ledger then holds it), and that
  // every read agrees.
  Difference CheckRecovered();
  // Checks that the order was kept, and that the database shows what the ledger's model shows.
  Difference Compare();
  // Does the same after damage, when an error is an answer, too.
  Difference CompareWhatIsRead();
  // Makes everything durable and ends the life.
  Difference Close();
  // Makes some more writes and reads, durable ones last, then a power cut or a close chosen by
  // `variety`. Checks that another opening shows all of it.
  Difference LiveOn(uint64_t variety);
  static constexpr uint64_t kWaysToLiveOn = 8;  // `variety` counts modulo this

  SimulatedFileSystem& disk() { return *disk_; }
  Ledger& ledger() { return ledger_; }

 private:
  struct Named {
    bool known = false;
    uint64_t manifest_changes = 0;
    std::set<std::string> names;      // of logs and segments, named by some manifest that exists
    std::set<std::string> manifests;  // named by CURRENT, now or earlier in this life
  };

  Difference ApplyWrite(size_t position, const Operation& operation);
  Difference Reopen();
  Difference TakeCheckpoint(const std::string& directory);
  Difference CheckCopies();
  Difference CheckCopy(const std::string& directory, const KvModel::Contents& expected);
  Options OpenOptions();
  Difference Expect(const absl::Status& status, const std::string& call);
  absl::StatusOr<CrashModel::Recovered> Observe(Db& db);
  Difference CompareGets();
  // Returns the first call that broke the order of DESIGN 4.
  Difference OrderViolation() const;
  void AddPoint();
  bool LooksLikeLastPoint();
  bool CanMatter(const CrashPointFileSystem::Step& step);
  void LearnNames();
  bool Varies(const std::string& path) const;

  const DbOpener& open_;
  const bool rolling_;
  const std::unique_ptr<SimulatedFileSystem> disk_;
  OrderMonitor monitor_;
  SimulatedClock clock_;
  SimulatedExecutor executor_;
  CrashPointFileSystem file_system_;
  Ledger ledger_;
  std::optional<std::vector<Write>> pending_;                     // a write that has not returned
  const std::optional<std::set<std::string>> believed_at_first_;  // on the disk as it came
  bool current_is_durable_;                                       // every survivor has a CURRENT
  Named named_;
  std::set<std::string> written_;  // paths
  size_t bound_ = 0;
  bool apart_ = false;
  std::pair<uint64_t, bool> told_at_last_point_;  // what the ledger said then
  std::vector<CrashPoint> points_;
  std::unique_ptr<Db> db_;
  std::array<const Snapshot*, kSlots> snapshots_ = {};
};

// The options of explored databases: everything tiny.
Configuration ExplorationConfiguration();

}  // namespace veralith::model

#endif  // VERALITH_PROPERTY_TESTS_EXPLORATION_WORLD_H_
