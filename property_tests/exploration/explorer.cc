// SPDX-License-Identifier: Apache-2.0

#include "property_tests/exploration/explorer.h"

#include <algorithm>
#include <utility>

#include "property_tests/exploration/alphabet.h"

namespace veralith::model {
namespace {

// Advances to the next of all sequences of letters of one length, in order; false after the last.
bool NextSequence(std::vector<size_t>* letters) {
  for (size_t i = letters->size(); i-- > 0;) {
    if (++(*letters)[i] < ExplorationLetters().size()) {
      return true;
    }
    (*letters)[i] = 0;
  }
  return false;
}

Scenario Append(Scenario start, const std::vector<size_t>& letters) {
  for (const size_t letter : letters) {
    start.operations.push_back(ExplorationLetters()[letter]);
  }
  return start;
}

uint64_t KeyOf(const SimulatedFileSystem& image, const Ledger& ledger) {
  return (image.Fingerprint() * 0x9e3779b97f4a7c15u) ^ ledger.signature();
}

// Runs the operations and collects the crash points of the last one (or of the opening, if there is
// none). Says what is wrong.
Difference RunOperations(World& world, const std::vector<Operation>& operations,
                         const ExplorationOptions& options, std::vector<CrashPoint>* points) {
  if (operations.empty()) {
    world.Collect(options.survivors, options.repeat);
  }
  Difference difference = world.Open();
  for (size_t i = 0; i < operations.size() && difference.agrees(); ++i) {
    if (i + 1 == operations.size()) {
      world.Collect(options.survivors, options.repeat);
    }
    difference = world.Apply(i, operations[i]);
  }
  *points = world.TakePoints();
  return difference.agrees() ? world.Compare() : difference;
}

// Recovers what a power cut left, collecting the crash points of the recovery, and compares it.
Difference Recover(World& world, const ExplorationOptions& options,
                   std::vector<CrashPoint>* points) {
  world.Collect(options.second_survivors, options.repeat);
  Difference difference = world.Open();
  *points = world.TakePoints();
  return difference.agrees() ? world.CheckRecovered() : difference;
}

Difference Recover(World& world) {
  VERALITH_RETURN_IF_DIFFERENT(world.Open());
  return world.CheckRecovered();
}

}  // namespace

Explorer::Explorer(ExplorationOptions options, DbOpener open)
    : options_(std::move(options)),
      open_([this, open = std::move(open)](const std::string& directory, const Options& how) {
        ++counts_.openings;
        return open(directory, how);
      }) {}

std::optional<ExplorationFailure> Explorer::Run() {
  for (size_t length = 0; length <= std::max(options_.depth, options_.prepared_depth); ++length) {
    if (length <= options_.depth) {
      if (auto failure = RunLength({}, length, length <= options_.second_depth);
          failure.has_value()) {
        return failure;
      }
    }
    for (const PreparedState& state : PreparedStates()) {
      if (length > options_.prepared_depth) {
        break;
      }
      if (auto failure = RunLength({state.rolling, state.operations, {}}, length,
                                   length <= options_.second_depth);
          failure.has_value()) {
        return failure;
      }
    }
  }
  return std::nullopt;
}

std::optional<ExplorationFailure> Explorer::RunLength(const Scenario& start, size_t length,
                                                      bool second_cuts) {
  Letters letters(length, 0);
  do {
    if (options_.stop != nullptr && options_.stop()) {
      return std::nullopt;
    }
    // Sequences that differ only in the last letter belong to one part: they share most images.
    family_ += letters.empty() || letters.back() == 0 ? 1 : 0;
    if (family_ % options_.shards != options_.shard) {
      continue;
    }
    if (auto failure = RunSequence(Append(start, letters), second_cuts); failure.has_value()) {
      return failure;
    }
  } while (NextSequence(&letters));
  return std::nullopt;
}

std::optional<ExplorationFailure> Explorer::RunSequence(const Scenario& sequence,
                                                        bool second_cuts) {
  ++counts_.sequences;
  std::vector<CrashPoint> points;
  {
    World world(std::make_unique<SimulatedFileSystem>(), {}, open_, sequence.rolling);
    Difference difference = RunOperations(world, sequence.operations, options_, &points);
    if (difference.differs()) {
      return ExplorationFailure{sequence, std::move(difference)};
    }
  }
  return CheckPoints(points, sequence, second_cuts);
}

std::optional<ExplorationFailure> Explorer::CheckPoints(const std::vector<CrashPoint>& points,
                                                        Scenario scenario, bool second_cuts) {
  const bool first = scenario.power_cuts.empty();
  scenario.power_cuts.emplace_back();
  for (size_t point = 0; point < points.size(); ++point) {
    const CrashPoint::State& state = *points[point].state;
    ++(first ? counts_.crash_points : counts_.second_points);
    counts_.bounded_points += points[point].complete ? 0 : 1;
    (first ? counts_.survivors : counts_.second_survivors) += state.images.size();
    if (point > 0 && points[point - 1].state == points[point].state) {
      continue;
    }
    for (size_t survivor = 0; survivor < state.images.size(); ++survivor) {
      scenario.power_cuts.back() = {point, survivor};
      if (auto failure = CheckImage(*state.images[survivor], state.ledger, scenario, second_cuts);
          failure.has_value()) {
        return failure;
      }
    }
  }
  return std::nullopt;
}

std::optional<ExplorationFailure> Explorer::CheckImage(const SimulatedFileSystem& image,
                                                       const Ledger& ledger,
                                                       const Scenario& scenario, bool second_cuts) {
  const uint64_t key = KeyOf(image, ledger) + (scenario.rolling ? 1 : 0);
  const bool is_new = checked_.insert(key).second || options_.repeat;
  second_cuts = second_cuts && (cut_again_.insert(key).second || options_.repeat);
  if (!is_new && !second_cuts) {
    return std::nullopt;
  }
  counts_.distinct_images += is_new && scenario.power_cuts.size() == 1 ? 1 : 0;
  counts_.second_images += is_new && scenario.power_cuts.size() == 2 ? 1 : 0;
  std::vector<CrashPoint> points;
  {
    World world(image.CloneWithEverything(), ledger, open_, scenario.rolling);
    Difference difference = second_cuts ? Recover(world, options_, &points) : Recover(world);
    if (difference.agrees() && IsNewLife(world, scenario.power_cuts.size(), key)) {
      ++counts_.lives;
      difference = world.LiveOn(key);
    }
    if (difference.differs()) {
      return ExplorationFailure{scenario, std::move(difference)};
    }
  }
  return CheckPoints(points, scenario, /*second_cuts=*/false);
}

// After one power cut each recovered database lives on in each way, after two power cuts in one
// way.
bool Explorer::IsNewLife(World& world, size_t power_cuts, uint64_t variety) {
  const uint64_t recovered = KeyOf(world.disk(), world.ledger());
  const bool is_new = lived_.insert(recovered).second;
  const bool is_new_way =
      lived_in_way_.insert(recovered + 1 + variety % World::kWaysToLiveOn).second;
  return is_new || (power_cuts == 1 && is_new_way) || options_.repeat;
}

Difference ReplayScenario(const Scenario& scenario, const ExplorationOptions& options,
                          const DbOpener& open) {
  auto world = std::make_unique<World>(std::make_unique<SimulatedFileSystem>(), Ledger(), open,
                                       scenario.rolling);
  std::vector<CrashPoint> points;
  VERALITH_RETURN_IF_DIFFERENT(RunOperations(*world, scenario.operations, options, &points));
  for (size_t i = 0; i < scenario.power_cuts.size(); ++i) {
    const PowerCut& cut = scenario.power_cuts[i];
    if (cut.point >= points.size() || cut.survivor >= points[cut.point].state->images.size()) {
      return "no such power cut: @" + std::to_string(cut.point) + "." +
             std::to_string(cut.survivor);
    }
    const std::shared_ptr<const CrashPoint::State> state = points[cut.point].state;
    const SimulatedFileSystem& image = *state->images[cut.survivor];
    const uint64_t key = KeyOf(image, state->ledger) + (scenario.rolling ? 1 : 0);
    world =
        std::make_unique<World>(image.CloneWithEverything(), state->ledger, open, scenario.rolling);
    VERALITH_RETURN_IF_DIFFERENT(Recover(*world, options, &points));
    VERALITH_RETURN_IF_DIFFERENT(world->LiveOn(key));
  }
  return Agree();
}

std::string PrintCounts(const ExplorationCounts& counts) {
  const auto line = [](uint64_t number, const std::string& what) {
    const std::string digits = std::to_string(number);
    return std::string(digits.size() < 10 ? 10 - digits.size() : 0, ' ') + digits + "  " + what +
           "\n";
  };
  return line(counts.sequences, "sequences") +
         line(counts.crash_points, "crash points in last operations") +
         line(counts.survivors, "survivors of them") +
         line(counts.distinct_images, "distinct of these, recovered and compared") +
         line(counts.second_points, "crash points in these recoveries") +
         line(counts.second_survivors, "survivors of them") +
         line(counts.second_images, "distinct of these, recovered and compared") +
         line(counts.bounded_points, "crash points with more survivors than the bound") +
         line(counts.lives, "distinct of these that lived on") +
         line(counts.openings, "databases opened") + line(counts.cases(), "cases decided");
}

std::string Report(const ExplorationFailure& failure) {
  return "the exploration failed: " + failure.difference.words() + "\nreplay with:\n  bazel run " +
         "//property_tests/exploration:explore -- --replay='" + PrintScenario(failure.scenario) +
         "'\n";
}

}  // namespace veralith::model
