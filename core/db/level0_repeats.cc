// SPDX-License-Identifier: Apache-2.0

#include "core/db/level0_repeats.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/format/key_hash.h"
#include "core/format/key_range.h"
#include "core/segment/read/segment_reader.h"

namespace veralith {
namespace {

constexpr double kSampledKeys = 256;  // of a run
constexpr uint64_t kLeastSample = 16;

// A hash that no key has, but by a chance of 1 in 2^64.
uint64_t GhostOf(uint64_t hash) { return MixNamespace(hash + 0x9e3779b97f4a7c15u); }

// What filters said of sampled keys and of as many ghosts.
struct Tally {
  uint64_t asked = 0;
  uint64_t keys = 0;
  uint64_t ghosts = 0;

  void Count(bool key, bool ghost) {
    ++asked;
    keys += key ? 1 : 0;
    ghosts += ghost ? 1 : 0;
  }
  // Of `entries`, how many are there. Without false answers, keys / asked of them.
  uint64_t Estimate(uint64_t entries) const {
    if (asked < kLeastSample || ghosts > asked / 2 || keys <= ghosts) {
      return 0;
    }
    return static_cast<uint64_t>(static_cast<double>(entries) * static_cast<double>(keys - ghosts) /
                                 static_cast<double>(asked - ghosts));
  }
};

// Asks some runs of one key and of its ghost.
struct Question {
  const UserKey& key;
  const uint64_t hash;
  const uint64_t ghost_hash;
  bool key_found = false;
  bool ghost_found = false;

  explicit Question(const UserKey& asked)
      : key(asked), hash(HashUserKey(asked.ns, asked.key)), ghost_hash(GhostOf(hash)) {}

  void Ask(std::span<const SegmentRun> runs) {
    for (const SegmentRun& run : runs) {
      if (const auto* segment = run.Find(key.ns, key.key); segment != nullptr) {
        key_found = key_found || (*segment)->reader->MayContain(hash);
        ghost_found = ghost_found || (*segment)->reader->MayContain(ghost_hash);
      }
    }
  }
};

uint64_t EntriesOf(const SegmentRun& run) {
  uint64_t entries = 0;
  for (const std::shared_ptr<const Segment>& segment : run.segments) {
    entries += segment->meta->entries;
  }
  return entries;
}

// Takes from each segment its share of the keys, by its entries; of a small one perhaps none.
RunRepeats RepeatsOf(const SegmentRun& run, std::span<const SegmentRun> older,
                     std::span<const SegmentRun> below) {
  const uint64_t entries = EntriesOf(run);
  uint64_t passed = 0;
  size_t taken = 0;
  Tally in_level0;
  Tally in_all;
  for (const std::shared_ptr<const Segment>& segment : run.segments) {
    passed += segment->meta->entries;
    const auto due = static_cast<size_t>(kSampledKeys * static_cast<double>(passed) /
                                         static_cast<double>(std::max<uint64_t>(1, entries)));
    for (const UserKey& key : segment->reader->SampleKeys(due - taken)) {
      Question question(key);
      question.Ask(older);
      in_level0.Count(question.key_found, question.ghost_found);
      question.Ask(below);
      in_all.Count(question.key_found, question.ghost_found);
    }
    taken = due;
  }
  return {run.id, in_level0.Estimate(entries), in_all.Estimate(entries)};
}

}  // namespace

std::vector<RunRepeats> EstimateRepeats(const SegmentSet& set) {
  std::vector<RunRepeats> all;
  const std::span<const SegmentRun> runs = set.runs(0);
  for (size_t i = 0; i < runs.size(); ++i) {
    const RunRepeats repeats = RepeatsOf(runs[i], runs.subspan(i + 1), set.runs(1));
    if (repeats.in_all > 0) {
      all.push_back(repeats);
    }
  }
  return all;
}

}  // namespace veralith
