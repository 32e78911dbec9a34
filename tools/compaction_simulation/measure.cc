// SPDX-License-Identifier: Apache-2.0

#include "tools/compaction_simulation/measure.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace veralith::simulation {
namespace {

constexpr double kSamples = 200;

CompactionOptions OptionsOf(const Case& subject) {
  CompactionOptions options = subject.options;
  const uint64_t scaled = subject.data_bytes / std::max<uint64_t>(1, subject.most_files);
  if (scaled > options.target_file_bytes) {
    const double factor =
        static_cast<double>(scaled) / static_cast<double>(options.target_file_bytes);
    options.target_file_bytes = scaled;
    options.max_grandparent_overlap_bytes =
        static_cast<uint64_t>(static_cast<double>(options.max_grandparent_overlap_bytes) * factor);
  }
  return options;
}

// Counts how often the tree came back to where it was: merges of everything (tiered), or rounds of
// the cursor through the level above the last.
class Cycles {
 public:
  uint64_t Count(const LargeTree& tree) {
    const int level = tree.version().DeepestLevel() - 1;
    if (level >= 0) {
      const std::optional<Version::Cursor>& cursor = tree.version().cursor(level);
      if (cursor.has_value()) {
        rounds_ += cursor->key < last_ ? 1 : 0;
        last_ = cursor->key;
      }
    }
    return rounds_ + tree.totals().merges_of_everything;
  }

 private:
  std::string last_;
  uint64_t rounds_ = 0;
};

class Sampler {
 public:
  void Take(const LargeTree& tree, uint64_t data_bytes) {
    const double lookup = tree.LookupFiles();
    const double space =
        static_cast<double>(tree.version().Bytes()) / static_cast<double>(data_bytes);
    ++samples_;
    lookup_ += lookup;
    space_ += space;
    costs_.most_lookup_files = std::max(costs_.most_lookup_files, lookup);
    costs_.most_space = std::max(costs_.most_space, space);
  }
  Costs Result() const {
    Costs costs = costs_;
    costs.lookup_files = lookup_ / std::max(1.0, samples_);
    costs.space = space_ / std::max(1.0, samples_);
    return costs;
  }

 private:
  Costs costs_;
  double samples_ = 0;
  double lookup_ = 0;
  double space_ = 0;
};

// Flushes memtables until `count` more cycles are complete, or `most_bytes` are written.
template <typename AfterFlush>
void RunCycles(LargeTree& tree, Cycles& cycles, uint64_t count, double most_bytes,
               AfterFlush after_flush) {
  const uint64_t goal = cycles.Count(tree) + count;
  const double limit = static_cast<double>(tree.totals().user_bytes) + most_bytes;
  while (cycles.Count(tree) < goal && tree.problem().empty() &&
         static_cast<double>(tree.totals().user_bytes) < limit) {
    tree.Flush();
    after_flush();
    while (tree.RunJob().has_value()) {
      cycles.Count(tree);
    }
  }
}

// Sizes of the leveled levels: their targets, with all data in the last one.
struct Shape {
  double first_job = 0;  // bytes that enter the first leveled level at once
  std::vector<double> levels;
};

Shape ShapeOf(const Case& subject) {
  const CompactionOptions& options = subject.options;
  const auto data = static_cast<double>(subject.data_bytes);
  const bool hybrid = subject.policy == CompactionPolicyKind::kHybrid;
  const double tiers = hybrid ? std::pow(options.tier_trigger_runs, 2) : 1;
  Shape shape;
  shape.first_job =
      static_cast<double>(subject.memtable_bytes) * options.level0_trigger_runs * tiers;
  const double base = static_cast<double>(options.level_base_bytes) * tiers;
  for (double level = base; level < data; level *= options.level_multiplier) {
    shape.levels.push_back(level);
  }
  shape.levels.push_back(data);
  if (options.dynamic_level_targets) {
    for (size_t i = shape.levels.size() - 1; i-- > 0;) {
      const double share = shape.levels[i + 1] / options.level_multiplier;
      shape.levels[i] = std::max(base, std::min(shape.levels[i], share));
    }
  }
  return shape;
}

Theory ExpectedTiered(const Case& subject) {
  const double doublings = std::log2(static_cast<double>(subject.data_bytes) /
                                     static_cast<double>(subject.memtable_bytes));
  Theory theory;
  theory.least_write = 1 + doublings / 2;
  theory.most_write = 2 + doublings;
  theory.most_lookup_files = std::max(2, subject.options.level0_trigger_runs);
  theory.most_space =
      1 + subject.options.tier_max_space_percent / 100.0 +
      static_cast<double>(subject.memtable_bytes) / static_cast<double>(subject.data_bytes);
  return theory;
}

}  // namespace

Costs Measure(const Case& subject) {
  LargeTreeSettings settings;
  settings.policy = subject.policy;
  settings.options = OptionsOf(subject);
  settings.load = subject.load;
  settings.data_bytes = subject.data_bytes;
  settings.memtable_bytes = subject.memtable_bytes;
  LargeTree tree(settings);
  tree.Prefill();
  const auto data = static_cast<double>(subject.data_bytes);
  const double most_bytes = static_cast<double>(subject.most_writes) * data / 2;
  Cycles cycles;
  RunCycles(tree, cycles, subject.policy == CompactionPolicyKind::kTiered ? 1 : 2, most_bytes,
            [] {});
  const LargeTree::Totals before = tree.totals();
  const double interval = data / static_cast<double>(subject.memtable_bytes) / kSamples;
  Sampler sampler;
  double flushes = 0;
  double next_sample = 0;
  uint64_t most_runs = 0;
  RunCycles(tree, cycles, 1, most_bytes, [&] {
    most_runs = std::max<uint64_t>(most_runs, tree.version().runs(0).size());
    if (++flushes >= next_sample) {
      sampler.Take(tree, subject.data_bytes);
      next_sample += interval;
    }
  });
  const LargeTree::Totals& after = tree.totals();
  const auto user = static_cast<double>(after.user_bytes - before.user_bytes);
  Costs costs = sampler.Result();
  costs.write = static_cast<double>(after.flushed_bytes - before.flushed_bytes +
                                    after.compacted_bytes - before.compacted_bytes) /
                std::max(1.0, user);
  costs.most_level0_runs = most_runs;
  costs.largest_job_bytes = after.largest_job_bytes;
  costs.jobs = after.jobs;
  costs.measured_writes = user / data;
  costs.problem = tree.problem();
  return costs;
}

Theory Expected(const Case& subject) {
  if (subject.policy == CompactionPolicyKind::kTiered) {
    return ExpectedTiered(subject);
  }
  const CompactionOptions& options = subject.options;
  const bool hybrid = subject.policy == CompactionPolicyKind::kHybrid;
  const Shape shape = ShapeOf(subject);
  const auto data = static_cast<double>(subject.data_bytes);
  Theory theory;
  const double flush_and_tiers = hybrid ? 3 : 1;
  theory.least_write = theory.most_write = flush_and_tiers;
  double above = shape.first_job;
  double upper_bytes = shape.first_job;
  for (const double level : shape.levels) {
    theory.least_write += 1 + level / above / 2;
    theory.most_write += 1 + level / above;
    upper_bytes += level;
    // What comes in at once lies in a level, too, before any of it moves on.
    above = level + shape.first_job;
  }
  theory.most_space = (upper_bytes + shape.first_job) / data;
  theory.most_lookup_files = options.level0_trigger_runs +
                             (hybrid ? 2 * options.tier_trigger_runs : 0) +
                             static_cast<double>(shape.levels.size());
  return theory;
}

std::string_view LoadName(LargeLoad load) {
  switch (load) {
    case LargeLoad::kUniform:
      return "uniform";
    case LargeLoad::kSkewed:
      return "skewed";
    case LargeLoad::kSequential:
      return "sequential";
  }
  return "?";
}

}  // namespace veralith::simulation
