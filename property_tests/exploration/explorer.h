// Exhaustive exploration of crashes in small scopes (DESIGN 5): every sequence of letters up to a
// length, from the empty database and from prepared states; a power cut at every step of the disk in
// the last operation; every survivor of log and manifest within a bound; recovery from each distinct
// image and a power cut at every step of that recovery; each time the state must be a legal one, and
// the database must live on.
//
// Sequences are tried shortest first, so the first failure is a short one. What was done before is not
// done again: an image that was checked with the same ledger counts as a survivor and no more; what
// recovers to the same files under the same ledger lives on once in each way, and only one recovery
// that ends so is cut again.
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
  size_t survivors = 16;      // of one power cut
  size_t second_survivors = 16;
  // Second power cuts are made in sequences of up to so many letters from the empty database, of one
  // less from a prepared state.
  size_t second_depth = 2;
  // This one of so many parts of the sequences.
  size_t shard = 0;
  size_t shards = 1;
  // Asked before each sequence: true ends the exploration.
  std::function<bool()> stop;
};

struct ExplorationCounts {
  uint64_t sequences = 0;
  uint64_t crash_points = 0;
  uint64_t bounded_points = 0;  // of them, with more survivors than the bound
  uint64_t survivors = 0;
  uint64_t distinct_images = 0;   // with distinct ledgers, recovered and compared
  uint64_t second_points = 0;     // crash points in recoveries
  uint64_t second_survivors = 0;
  uint64_t second_images = 0;     // of them distinct, recovered and compared
  uint64_t lives = 0;             // of all recovered: distinct ones that lived on
  uint64_t openings = 0;          // of databases, all in all

  // Cases that the exploration decided: survivors of first and second power cuts.
  uint64_t cases() const { return survivors + second_survivors; }
};

struct ExplorationFailure {
  Scenario scenario;
  std::string difference;
};

class Explorer {
 public:
  Explorer(ExplorationOptions options, DbOpener open);

  // The first failure, or nothing.
  std::optional<ExplorationFailure> Run();
  // One sequence (a scenario without power cuts); second power cuts in the recoveries from its
  // distinct images, too.
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

  const ExplorationOptions options_;
  const DbOpener open_;
  ExplorationCounts counts_;
  uint64_t next_ = 0;                       // sequences, of all shards
  std::unordered_set<uint64_t> checked_;    // images with their ledgers
  std::unordered_set<uint64_t> cut_again_;  // of them, those looked at for second power cuts
  // Recovered databases with their ledgers: which lived on, in which way; whose recovery was cut.
  std::unordered_set<uint64_t> lived_;
  std::unordered_set<uint64_t> recovered_;
};

// Runs one scenario; "" or what is wrong.
std::string ReplayScenario(const Scenario& scenario, const ExplorationOptions& options,
                           const DbOpener& open);

std::string PrintCounts(const ExplorationCounts& counts);
// The failure, and the one command that replays it.
std::string Report(const ExplorationFailure& failure);

}  // namespace veralith::model

#endif  // VERALITH_PROPERTY_TESTS_EXPLORATION_EXPLORER_H_
