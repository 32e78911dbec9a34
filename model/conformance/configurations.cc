// SPDX-License-Identifier: Apache-2.0

#include "model/conformance/configurations.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "core/base/check.h"
#include "core/db/option_table.h"
#include "veralith/cache.h"

namespace veralith::model {
namespace {

// --- Fields of the harness; those of the database are in the table of options --------------------

struct Field {
  const char* name;
  uint64_t Configuration::* value;
  uint64_t least;
  uint64_t most;
  std::vector<uint64_t> choices;  // none: not redrawn
};

const std::vector<Field>& Fields() {
  static const auto* const fields = new std::vector<Field>{
      {"seed", &Configuration::seed, 0, UINT64_MAX, {}},
      {"posix", &Configuration::posix, 0, 1, {}},
      {"fifo", &Configuration::fifo, 0, 1, {0, 1}},
      {"alternates", &Configuration::alternates, 0, 1, {0, 1}},
      {"compare_every", &Configuration::compare_every, 1, UINT64_MAX, {1, 5, 30}},
      // 1: each write is flushed. 40000: a memtable of more than 16 KiB is.
      {"memtable_budget", &Configuration::memtable_budget, 0, UINT64_MAX, {0, 1, 40'000}},
  };
  return *fields;
}

bool SetField(const Field& field, std::string_view text, Configuration* configuration) {
  uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < field.least || value > field.most) {
    return false;
  }
  configuration->*field.value = value;
  return true;
}

// --- How options are drawn -----------------------------------------------------------------------

constexpr FixedOption kFixed[] = {
    {"create_if_missing", "a session opens what is not there, and its checkpoints with false"},
    {"error_if_exists", "a session opens the same database again and again"},
    {"read_only", "an operation visits the database so (Session::VisitReadOnly)"},
    {"file_system", "the environment's, with its faults"},
    {"clock", "the environment's, which operations move"},
    {"executor", "the environment's; the seed says in which order it runs tasks"},
    {"cache", "a session has one database at a time; memtable_budget makes a cache for it"},
    {"listeners", "told of what was done: they change no answer (listener_test)"},
    {"random_seed", "the configuration's seed"},
    {"snapshot", "each read draws its own (ReadPoint)"},
    {"timestamp", "each read draws its own (ReadPoint)"},
    {"sync", "each write draws its own (Durability)"},
    {"ns", "each scan draws its own"},
    {"lower", "each scan draws its own"},
    {"upper", "each scan draws its own"},
    {"cancel", "set from another thread (background_test)"},
};

// Numbers that an option is drawn from. A number without a line here is drawn from its least value,
// the tiny configuration's, and the default. Switches and choices are drawn from all their values.
struct Choices {
  std::string_view option;
  std::vector<std::string_view> values;
};

const std::vector<Choices>& NumberChoices() {
  static const auto* const choices = new std::vector<Choices>{
      {"sync_interval_nanos", {"1000000", "100000000", "3000000000"}},
      {"manifest_roll_bytes", {"0", "512", "4194304"}},
      {"write_buffer_bytes", {"1024", "2048", "4096", "20000"}},
      {"max_write_buffers", {"2", "3", "5"}},
      {"recovery_buffer_bytes", {"0", "3000", "20000", "67108864"}},
      {"cache_bytes", {"0", "256", "4096", "65536"}},
      {"max_open_files", {"0", "20", "30"}},
      {"key_page_bytes", {"64", "256", "1000", "4096"}},
      {"value_page_bytes", {"64", "256", "1000", "4096"}},
      {"filter_bits_per_key", {"0", "1", "10", "20"}},
      {"target_segment_bytes", {"1024", "2048", "4096", "30000"}},
      {"level0_compaction_trigger", {"1", "2", "4"}},
      {"tier_compaction_trigger", {"2", "3", "6"}},
      {"tier_max_space_percent", {"1", "50", "200", "1000"}},
      {"level0_slowdown_trigger", {"2", "4", "20"}},
      {"level0_stop_trigger", {"3", "8", "36"}},
      {"level_base_bytes", {"1024", "2048", "8192", "40000"}},
      {"level_multiplier", {"2", "3", "10"}},
      {"max_subcompactions", {"0", "1", "2", "5"}},
      {"seek_charge_bytes", {"0", "1048576"}},  // nothing; a merge by the first seek over two runs
      {"level0_garbage_percent", {"0", "1", "40"}},
      {"idle_merge_delay_nanos", {"1", "1000000", "3000000000"}},
      {"idle_merge_percent", {"0", "100", "1000"}},
      {"background_bytes_per_second", {"0", "50000", "1000000"}},
      {"min_free_bytes", {"0", "1", "4096"}},
      {"stall_timeout_nanos", {"1000000000", "60000000000", "600000000000"}},
      {"max_clock_skew_nanos", {"0", "1000000000", "60000000000", "3600000000000"}},
  };
  return *choices;
}

bool IsFixed(std::string_view name) {
  return std::ranges::find(kFixed, name, &FixedOption::name) != std::end(kFixed);
}

template <typename Struct>
std::vector<std::string> ChoicesFor(const OptionRow<Struct>& row, const Struct& tiny) {
  if (const std::vector<std::string_view> all = row.Choices(); !all.empty()) {
    return {all.begin(), all.end()};
  }
  const std::vector<Choices>& numbers = NumberChoices();
  if (const auto found = std::ranges::find(numbers, row.name, &Choices::option);
      found != numbers.end()) {
    return {found->values.begin(), found->values.end()};
  }
  Struct least;
  std::visit([&least](const auto& at) { least.*at.member = at.least; }, row.place);
  return {row.Text(least), row.Text(tiny), row.Text(Struct())};
}

template <typename Struct>
void RedrawOption(const OptionRow<Struct>& row, const Struct& tiny, const Below& below,
                  Struct* options) {
  if (IsFixed(row.name) || below(4) != 0) {
    return;
  }
  const std::vector<std::string> choices = ChoicesFor(row, tiny);
  VERALITH_CHECK(row.Set(choices[below(choices.size())], options).ok());
}

// Raises triggers that were drawn, or simplified, apart from each other to what opening accepts.
void OrderTriggers(Options* options) {
  const int apart = options->compaction_policy == CompactionPolicyKind::kTiered ? 1 : 0;
  options->level0_slowdown_trigger =
      std::max(options->level0_slowdown_trigger, options->level0_compaction_trigger + apart);
  options->level0_stop_trigger =
      std::max(options->level0_stop_trigger, options->level0_slowdown_trigger);
}

// --- Words ---------------------------------------------------------------------------------------

template <typename Struct>
void AddWords(std::span<const OptionRow<Struct>> rows, const Struct& options, const Struct* base,
              std::map<std::string, std::string>* words) {
  for (const OptionRow<Struct>& row : rows) {
    const std::string text = row.Text(options);
    if (!IsFixed(row.name) && (base == nullptr || text != row.Text(*base))) {
      (*words)[std::string(row.name)] = text;
    }
  }
}

template <typename Struct>
bool SetWord(std::span<const OptionRow<Struct>> rows, const std::string& word,
             const std::string& text, Struct* options) {
  const auto row = std::ranges::find(rows, word, &OptionRow<Struct>::name);
  return row != rows.end() && !IsFixed(row->name) && row->Set(text, options).ok();
}

bool SetAny(const std::string& word, const std::string& text, Configuration* configuration) {
  const auto field = std::ranges::find(Fields(), word, &Field::name);
  return field != Fields().end() ? SetField(*field, text, configuration)
                                 : SetWord(OptionRows(), word, text, &configuration->options) ||
                                       SetWord(ReadOptionRows(), word, text, &configuration->read);
}

// Null when no configuration has the name.
const Configuration* FindNamed(std::string_view name) {
  const std::vector<Configuration>& named = NamedConfigurations();
  const auto found = std::ranges::find(named, name, &Configuration::name);
  return found == named.end() ? nullptr : &*found;
}

// Every field as text; only what differs from `base`, if there is one.
std::map<std::string, std::string> Words(const Configuration& c, const Configuration* base) {
  std::map<std::string, std::string> words = {{"name", c.name}};
  for (const Field& field : Fields()) {
    if (base == nullptr || c.*field.value != base->*field.value) {
      words[field.name] = std::to_string(c.*field.value);
    }
  }
  AddWords(OptionRows(), c.options, base == nullptr ? nullptr : &base->options, &words);
  AddWords(ReadOptionRows(), c.read, base == nullptr ? nullptr : &base->read, &words);
  return words;
}

// --- The named ones ------------------------------------------------------------------------------

// The least that options allow in practice: deep levels of small segments.
void MakeSegmentsSmall(Options* options) {
  options->write_buffer_bytes = 1024;
  options->target_segment_bytes = 1024;
  options->level_base_bytes = 1024;
  options->key_page_bytes = options->value_page_bytes = 64;
}

struct Named {
  const char* name;
  void (*change)(Configuration* c);  // from the tiny configuration; null: none
};

constexpr Named kNamed[] = {
    {"tiny", nullptr},
    {"roomy",  // nothing happens by itself
     [](Configuration* c) {
       Options& o = c->options;
       o.write_buffer_bytes = 1 << 20;
       o.cache_bytes = 1 << 20;
       o.key_page_bytes = o.value_page_bytes = 4096;
       o.target_segment_bytes = 1 << 20;
       o.level_base_bytes = 1 << 22;
       o.level0_compaction_trigger = 4;
       o.level0_slowdown_trigger = 12;
       o.level0_stop_trigger = 24;
     }},
    {"one-page-cache",
     [](Configuration* c) {
       c->options.cache_bytes = 256;
       c->options.filter_bits_per_key = 0;
     }},
    {"no-cache",
     [](Configuration* c) {
       c->options.cache_bytes = 0;
       c->options.filter_bits_per_key = 2;
     }},
    {"manual-compaction", [](Configuration* c) { c->options.disable_automatic_compaction = true; }},
    {"every-commit-synced",
     [](Configuration* c) {
       c->options.sync_mode = SyncMode::kCommit;
       c->fifo = 1;
     }},
    {"interval", [](Configuration* c) { c->options.sync_mode = SyncMode::kInterval; }},
    {"small-segments", [](Configuration* c) { MakeSegmentsSmall(&c->options); }},
    {"compressed",
     [](Configuration* c) {
       Options& o = c->options;
       o.upper_codec = Codec::kSnappy;
       o.middle_codec = Codec::kLz4;
       o.bottom_codec = Codec::kZstd;
       o.write_hex_index = true;
       o.value_page_bytes = 1024;
     }},
    {"many-memtables",
     [](Configuration* c) {
       c->options.max_write_buffers = 6;
       c->options.write_buffer_bytes = 1024;
       c->options.level0_compaction_trigger = 4;
     }},
    {"posix", [](Configuration* c) { c->posix = 1; }},
    {"hybrid",
     [](Configuration* c) {
       c->options.compaction_policy = CompactionPolicyKind::kHybrid;
       MakeSegmentsSmall(&c->options);
     }},
    {"tiered",
     [](Configuration* c) {
       c->options.compaction_policy = CompactionPolicyKind::kTiered;
       MakeSegmentsSmall(&c->options);
     }},
    {"pieces",  // every compaction that can be is cut
     [](Configuration* c) {
       Options& o = c->options;
       MakeSegmentsSmall(&o);
       o.max_subcompactions = 8;
       o.background_bytes_per_second = 500'000;  // so that pieces, flushes and timers take turns
       o.min_free_bytes = 1;
       o.write_buffer_bytes = 2048;
       o.level_base_bytes = 2048;
     }},
    {"rolling-manifests", [](Configuration* c) { c->options.manifest_roll_bytes = 0; }},
    {"few-files",  // one of them for all segments
     [](Configuration* c) {
       Options& o = c->options;
       MakeSegmentsSmall(&o);
       o.max_open_files = 20;
       o.max_write_buffers = 6;
       o.max_subcompactions = 5;
     }},
    {"budget",  // freezes memtables, after each write, and not their size
     [](Configuration* c) {
       c->memtable_budget = 1;
       c->options.write_buffer_bytes = 1 << 20;
     }},
};

std::vector<Configuration> MakeNamed() {
  std::vector<Configuration> named;
  for (const Named& row : kNamed) {
    Configuration& configuration = named.emplace_back();
    configuration.name = row.name;
    if (row.change != nullptr) {
      row.change(&configuration);
    }
  }
  return named;
}

}  // namespace

Options TinyOptions() {
  Options options;
  options.write_buffer_bytes = 4096;
  options.recovery_buffer_bytes = 0;  // as much as a write buffer
  options.cache_bytes = 16'384;
  options.key_page_bytes = 256;
  options.value_page_bytes = 256;
  options.upper_codec = options.middle_codec = options.bottom_codec = Codec::kNone;
  options.target_segment_bytes = 4096;
  options.level0_compaction_trigger = 2;
  options.level0_slowdown_trigger = 6;
  options.level0_stop_trigger = 8;
  options.level_base_bytes = 8192;
  options.level_multiplier = 2;
  options.min_free_bytes = 0;
  return options;
}

bool Configuration::operator==(const Configuration& other) const {
  return Words(*this, nullptr) == Words(other, nullptr);
}

const std::vector<Configuration>& NamedConfigurations() {
  static const std::vector<Configuration>& named = *new std::vector<Configuration>(MakeNamed());
  return named;
}

std::span<const FixedOption> FixedOptions() { return kFixed; }

Configuration DrawConfiguration(const Below& below) {
  const std::vector<Configuration>& named = NamedConfigurations();
  Configuration c;
  do {
    c = named[below(named.size())];
  } while (c.posix != 0);
  c.seed = below(1'000'000);
  for (const Field& field : Fields()) {
    if (!field.choices.empty() && below(4) == 0) {
      c.*field.value = field.choices[below(field.choices.size())];
    }
  }
  const Configuration tiny;
  for (const OptionRow<Options>& row : OptionRows()) {
    RedrawOption(row, tiny.options, below, &c.options);
  }
  for (const OptionRow<ReadOptions>& row : ReadOptionRows()) {
    RedrawOption(row, tiny.read, below, &c.read);
  }
  OrderTriggers(&c.options);
  return c;
}

std::map<std::string, std::string> ConfigurationWords(const Configuration& configuration) {
  return Words(configuration, FindNamed(configuration.name));
}

bool ConfigurationFromWords(const std::map<std::string, std::string>& words,
                            Configuration* configuration, std::string* error) {
  const auto name = words.find("name");
  const std::string wanted = name == words.end() ? NamedConfigurations()[0].name : name->second;
  const Configuration* const base = FindNamed(wanted);
  if (base == nullptr) {
    *error = "no configuration is called " + wanted;
    return false;
  }
  *configuration = *base;
  for (const auto& [word, text] : words) {
    if (word != "name" && !SetAny(word, text, configuration)) {
      *error = "configuration: cannot use " + word + "=" + text;
      return false;
    }
  }
  OrderTriggers(&configuration->options);
  return true;
}

Options OptionsFor(const Configuration& configuration, uint64_t opening) {
  Options options = configuration.options;
  if (configuration.alternates != 0 && opening % 2 == 1) {
    const std::vector<Configuration>& named = NamedConfigurations();
    options = named[(configuration.seed + opening / 2) % named.size()].options;
    options.max_open_files = configuration.options.max_open_files;  // the disk keeps to it
  }
  options.random_seed = configuration.seed;
  if (configuration.memtable_budget > 0) {
    options.cache = MakeCache(options.cache_bytes, configuration.memtable_budget);
  }
  return options;
}

}  // namespace veralith::model
