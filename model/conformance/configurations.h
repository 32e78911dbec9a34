// SPDX-License-Identifier: Apache-2.0

// The configurations under which traces run: a named set with tiny limits, and random ones.
//
// A configuration has a text form, words name=value, which heads a trace. `name` chooses the named
// configuration to start from; every other word changes one field. Only fields that differ from the
// named one are printed. Switches are also read as 0 and 1, choices as their numbers.
#ifndef VERALITH_MODEL_CONFORMANCE_CONFIGURATIONS_H_
#define VERALITH_MODEL_CONFORMANCE_CONFIGURATIONS_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/operation_draw.h"
#include "veralith/options.h"

namespace veralith::model {

// What every named configuration begins with: limits so small that a few operations reach them.
Options TinyOptions();

struct Configuration {
  std::string name = "tiny";
  // The seed of the schedule, of log ids, and of anything else that is chosen.
  uint64_t seed = 1;
  // Real files in a temporary directory, real clock and threads: no crash, no faults.
  uint64_t posix = 0;
  // 1: background tasks run in the order of scheduling; 0: in an order chosen by the seed.
  uint64_t fifo = 0;
  // 1: every second opening has the options of a named configuration, another one each time.
  uint64_t alternates = 0;
  // The whole contents are compared after this many operations, at every held snapshot.
  uint64_t compare_every = 12;

  // The database's cache is a budget, and memtables may take so many bytes of it; 0: it is none.
  uint64_t memtable_budget = 0;

  // The database's options, without the doors: the environment adds those. Where max_open_files is
  // above 0 the simulated disk opens no more files of the database than this.
  Options options = TinyOptions();
  // The options of reads, without what each read says itself.
  ReadOptions read;

  // Every field and every option that has a row in the table of options.
  bool operator==(const Configuration& other) const;
};

// In a fixed order, the simplest first; names are unique. Never change the order: the byte form of
// traces refers to positions in it. New ones go to the end.
const std::vector<Configuration>& NamedConfigurations();

// Draws one of the named ones with every field redrawn with a chance of one in four. Never posix.
Configuration DrawConfiguration(const Below& below);

// An option that no configuration varies, and why.
struct FixedOption {
  std::string_view name;
  std::string_view reason;
};
std::span<const FixedOption> FixedOptions();

std::map<std::string, std::string> ConfigurationWords(const Configuration& configuration);
// Returns false and sets `error` for unknown names and illegal values. Level 0 triggers out of
// order are raised.
bool ConfigurationFromWords(const std::map<std::string, std::string>& words,
                            Configuration* configuration, std::string* error);

// The options of an opening, the first of which is number 0. Leaves out the doors: the environment
// adds those.
Options OptionsFor(const Configuration& configuration, uint64_t opening = 0);

}  // namespace veralith::model

#endif  // VERALITH_MODEL_CONFORMANCE_CONFIGURATIONS_H_
