// The configurations under which traces run: a named set with tiny limits, and random ones.
//
// A configuration has a text form, words name=value, which heads a trace. `name` chooses the named
// configuration to start from; every other word changes one field. Only fields that differ from the
// named one are printed.
#ifndef VERALITH_MODEL_CONFORMANCE_CONFIGURATIONS_H_
#define VERALITH_MODEL_CONFORMANCE_CONFIGURATIONS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/db/options.h"
#include "model/operation_draw.h"

namespace veralith::model {

struct Configuration {
  std::string name = "tiny";
  // The seed of the schedule, of log ids, and of anything else that is chosen.
  uint64_t seed = 1;
  // Real files in a temporary directory, real clock and threads: no crash, no faults.
  uint64_t posix = 0;
  // 1: background tasks run in the order of scheduling; 0: in an order chosen by the seed.
  uint64_t fifo = 0;
  // The whole contents are compared after this many operations, at every held snapshot.
  uint64_t compare_every = 12;

  // As in Options, by their names there.
  uint64_t sync_mode = 3;  // manual
  uint64_t sync_interval_nanos = 100'000'000;
  uint64_t write_buffer_bytes = 4096;
  uint64_t max_write_buffers = 2;
  uint64_t cache_bytes = 16'384;
  uint64_t key_page_bytes = 256;
  uint64_t value_page_bytes = 256;
  uint64_t filter_bits_per_key = 10;
  uint64_t upper_codec = 0;
  uint64_t middle_codec = 0;
  uint64_t bottom_codec = 0;
  uint64_t write_hex_index = 0;
  uint64_t target_segment_bytes = 4096;
  uint64_t level0_compaction_trigger = 2;
  uint64_t level0_slowdown_trigger = 6;
  uint64_t level0_stop_trigger = 8;
  uint64_t level_base_bytes = 8192;
  uint64_t level_multiplier = 2;
  uint64_t disable_automatic_compaction = 0;
  uint64_t compaction_policy = 0;  // leveled, hybrid, tiered
  uint64_t max_subcompactions = 1;
  uint64_t background_bytes_per_second = 0;
  uint64_t min_free_bytes = 0;
  uint64_t seek_charge_bytes = 4096;
  uint64_t manifest_roll_bytes = 4 << 20;
  // If not 0, the simulated disk opens no more files of the database than this.
  uint64_t max_open_files = 0;

  bool operator==(const Configuration&) const = default;
};

// In a fixed order, the simplest first; names are unique. Never change the order: the byte form of
// traces refers to positions in it. New ones go to the end.
const std::vector<Configuration>& NamedConfigurations();

// Draws one of the named ones with a few fields redrawn. Never posix.
Configuration DrawConfiguration(const Below& below);

std::map<std::string, std::string> ConfigurationWords(const Configuration& configuration);
// Returns false and sets `error` for unknown names, or values that are no numbers in range.
bool ConfigurationFromWords(const std::map<std::string, std::string>& words,
                            Configuration* configuration, std::string* error);

// Leaves out the doors: the environment adds those.
Options OptionsFor(const Configuration& configuration);

}  // namespace veralith::model

#endif  // VERALITH_MODEL_CONFORMANCE_CONFIGURATIONS_H_
