// SPDX-License-Identifier: Apache-2.0

// Exhaustive exploration of crashes in small scopes (DESIGN 5). It takes every sequence of letters
// up to a length, from the empty database and from prepared states. It cuts the power at every step
// of the disk in the last operation, and takes every survivor of log and manifest within a bound.
// It recovers each distinct image, cuts the power at every step of that recovery, and recovers each
// distinct image of those. Each time the state must be a legal one, and the database must live on.
//
// Sequences are tried shortest first, so the first failure is a short one.
//
// Nothing is done twice, and that hides nothing:
//   1. A life is a function of the disk it starts on, the ledger and the options: its clock and
//      executor begin alike, the disk is deterministic, and nothing else comes in (two runs print
//      the same counts). Whether it is right depends on these alone. So two images are distinct if
//      a name, a byte, the ledger (ledger.h: the legal states) or the option of rolling manifests
//      differs. An image that was checked already only counts as a survivor, and its recovery is
//      not cut again. Keys are 64-bit hashes: of 10^6 images two collide once in 10^7 runs.
//   2. What a survivor holds where recovery must not look is one fixed text, and what its free
//      blocks held is zeros (world.h, CrashPoint). So more images are equal, and (1) holds for them
//      as they are. A recovery that looks there nevertheless has failed: every recovery is asked
//      which files it read (CheckRecovered).
//   3. If between two crash points only bytes of files of (2) changed, or nothing at all (as before
//      a sync), the later point has the images of the earlier one and shares them.
//   4. Of the databases that recovered to the same files under the same ledger, one lives on (after
//      a first power cut, one in each of World::kWaysToLiveOn ways): recovery has written all that
//      it knows.
// `repeat` switches all four off. Tests with broken engines show that it finds the same faults in
// the same sequences.
#ifndef VERALITH_PROPERTY_TESTS_EXPLORATION_EXPLORER_H_
#define VERALITH_PROPERTY_TESTS_EXPLORATION_EXPLORER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "property_tests/exploration/scenario.h"
#include "property_tests/exploration/world.h"

namespace veralith::model {

struct ExplorationOptions {
  size_t depth = 3;           // letters from the empty database
  size_t prepared_depth = 2;  // letters from each prepared state
  size_t survivors = 16;      // survivors of one power cut
  size_t second_survivors = 16;
  // Second power cuts are made in sequences of up to this many letters.
  size_t second_depth = SIZE_MAX;
  bool repeat = false;  // does everything every time, however equal
  // Explores one of this many parts of the sequences.
  size_t shard = 0;
  size_t shards = 1;
  // Asked before each sequence: true ends the exploration.
  std::function<bool()> stop;
};

struct ExplorationCounts {
  uint64_t sequences = 0;
  uint64_t crash_points = 0;
  uint64_t bounded_points = 0;  // how many of them have more survivors than the bound
  uint64_t survivors = 0;
  uint64_t distinct_images = 0;  // distinct with their ledgers; recovered and compared
  uint64_t second_points = 0;    // crash points in recoveries
  uint64_t second_survivors = 0;
  uint64_t second_images = 0;  // how many of them are distinct; recovered and compared
  uint64_t lives = 0;          // distinct recovered databases that lived on
  uint64_t openings = 0;       // openings of databases in all

  // Cases that the exploration decided: survivors of first and second power cuts.
  uint64_t cases() const { return survivors + second_survivors; }
};

struct ExplorationFailure {
  Scenario scenario;
  Difference difference;
};

class Explorer {
 public:
  Explorer(ExplorationOptions options, DbOpener open);

  // The first failure, or nothing.
  std::optional<ExplorationFailure> Run();
  // Runs one sequence (a scenario without power cuts), with second power cuts in the recoveries
  // from its distinct images, if asked.
  std::optional<ExplorationFailure> RunSequence(const Scenario& sequence, bool second_cuts);
  const ExplorationCounts& counts() const { return counts_; }

 private:
  using Letters = std::vector<size_t>;

  // Every sequence of exactly `length` letters after `start`.
  std::optional<ExplorationFailure> RunLength(const Scenario& start, size_t length,
                                              bool second_cuts);
  std::optional<ExplorationFailure> CheckPoints(const std::vector<CrashPoint>& points,
                                                Scenario scenario, bool second_cuts);
  std::optional<ExplorationFailure> CheckImage(const SimulatedFileSystem& image,
                                               const Ledger& ledger, const Scenario& scenario,
                                               bool second_cuts);
  bool IsNewLife(World& world, size_t power_cuts, uint64_t variety);

  const ExplorationOptions options_;
  const DbOpener open_;
  ExplorationCounts counts_;
  uint64_t family_ = 0;                     // families of sequences, counted over all shards
  std::unordered_set<uint64_t> checked_;    // images with their ledgers
  std::unordered_set<uint64_t> cut_again_;  // the images among them looked at for second power cuts
  // Recovered databases with their ledgers that lived on, and with the ways in which they did.
  std::unordered_set<uint64_t> lived_;
  std::unordered_set<uint64_t> lived_in_way_;
};

// Runs one scenario.
Difference ReplayScenario(const Scenario& scenario, const ExplorationOptions& options,
                          const DbOpener& open);

std::string PrintCounts(const ExplorationCounts& counts);
// The failure, and the one command that replays it.
std::string Report(const ExplorationFailure& failure);

}  // namespace veralith::model

#endif  // VERALITH_PROPERTY_TESTS_EXPLORATION_EXPLORER_H_
