#include "model/conformance/configurations.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string_view>

namespace veralith::model {
namespace {

struct Field {
  const char* name;
  uint64_t Configuration::* value;
  uint64_t least;
  uint64_t most;
};

constexpr uint64_t kAny = UINT64_MAX;
constexpr uint64_t kLargestBytes = uint64_t{1} << 32;
constexpr Field kFields[] = {
    {"seed", &Configuration::seed, 0, kAny},
    {"posix", &Configuration::posix, 0, 1},
    {"fifo", &Configuration::fifo, 0, 1},
    {"compare_every", &Configuration::compare_every, 1, kAny},
    {"sync_mode", &Configuration::sync_mode, 1, 3},
    {"sync_interval_nanos", &Configuration::sync_interval_nanos, 1, 3'600'000'000'000},
    {"write_buffer_bytes", &Configuration::write_buffer_bytes, 1024, kLargestBytes},
    {"max_write_buffers", &Configuration::max_write_buffers, 2, 64},
    {"cache_bytes", &Configuration::cache_bytes, 0, kLargestBytes},
    {"key_page_bytes", &Configuration::key_page_bytes, 64, kLargestBytes},
    {"value_page_bytes", &Configuration::value_page_bytes, 64, kLargestBytes},
    {"filter_bits_per_key", &Configuration::filter_bits_per_key, 0, 64},
    {"upper_codec", &Configuration::upper_codec, 0, 3},
    {"middle_codec", &Configuration::middle_codec, 0, 3},
    {"bottom_codec", &Configuration::bottom_codec, 0, 3},
    {"write_hex_index", &Configuration::write_hex_index, 0, 1},
    {"target_segment_bytes", &Configuration::target_segment_bytes, 1024, kLargestBytes},
    {"level0_compaction_trigger", &Configuration::level0_compaction_trigger, 1, 1000},
    {"level0_slowdown_trigger", &Configuration::level0_slowdown_trigger, 1, 1000},
    {"level0_stop_trigger", &Configuration::level0_stop_trigger, 1, 1000},
    {"level_base_bytes", &Configuration::level_base_bytes, 1024, kLargestBytes},
    {"level_multiplier", &Configuration::level_multiplier, 2, 100},
    {"disable_automatic_compaction", &Configuration::disable_automatic_compaction, 0, 1},
    {"compaction_policy", &Configuration::compaction_policy, 0, 2},
    {"max_subcompactions", &Configuration::max_subcompactions, 1, 64},
    {"background_bytes_per_second", &Configuration::background_bytes_per_second, 0, kLargestBytes},
    {"min_free_bytes", &Configuration::min_free_bytes, 0, kLargestBytes},
    {"seek_charge_bytes", &Configuration::seek_charge_bytes, 0, kLargestBytes},
    {"manifest_roll_bytes", &Configuration::manifest_roll_bytes, 0, kLargestBytes},
    {"max_open_files", &Configuration::max_open_files, 0, 1 << 20},
};

std::vector<Configuration> MakeNamed() {
  std::vector<Configuration> named;
  const auto add = [&named](const char* name) -> Configuration& {
    Configuration& configuration = named.emplace_back();
    configuration.name = name;
    return configuration;
  };
  add("tiny");
  {
    Configuration& c = add("roomy");  // nothing happens by itself
    c.write_buffer_bytes = 1 << 20;
    c.cache_bytes = 1 << 20;
    c.key_page_bytes = c.value_page_bytes = 4096;
    c.target_segment_bytes = 1 << 20;
    c.level_base_bytes = 1 << 22;
    c.level0_compaction_trigger = 4;
    c.level0_slowdown_trigger = 12;
    c.level0_stop_trigger = 24;
  }
  {
    Configuration& c = add("one-page-cache");
    c.cache_bytes = 256;
    c.filter_bits_per_key = 0;
  }
  {
    Configuration& c = add("no-cache");
    c.cache_bytes = 0;
    c.filter_bits_per_key = 2;
  }
  add("manual-compaction").disable_automatic_compaction = 1;
  {
    Configuration& c = add("every-commit-synced");
    c.sync_mode = 1;
    c.fifo = 1;
  }
  add("interval").sync_mode = 2;
  {
    Configuration& c = add("small-segments");  // and deep levels
    c.write_buffer_bytes = 1024;
    c.target_segment_bytes = 1024;
    c.level_base_bytes = 1024;
    c.key_page_bytes = c.value_page_bytes = 64;
  }
  {
    Configuration& c = add("compressed");
    c.upper_codec = 2;
    c.middle_codec = 1;
    c.bottom_codec = 3;
    c.write_hex_index = 1;
    c.value_page_bytes = 1024;
  }
  {
    Configuration& c = add("many-memtables");
    c.max_write_buffers = 6;
    c.write_buffer_bytes = 1024;
    c.level0_compaction_trigger = 4;
  }
  add("posix").posix = 1;
  for (const char* name : {"hybrid", "tiered"}) {
    Configuration& c = add(name);
    c.compaction_policy = name == std::string_view("hybrid") ? 1 : 2;
    c.write_buffer_bytes = 1024;
    c.target_segment_bytes = 1024;
    c.level_base_bytes = 1024;
    c.key_page_bytes = c.value_page_bytes = 64;
  }
  {
    Configuration& c = add("pieces");  // every compaction that can be cut is
    c.max_subcompactions = 8;
    c.background_bytes_per_second = 500'000;  // so that pieces, flushes and timers take turns
    c.min_free_bytes = 1;
    c.write_buffer_bytes = 2048;
    c.target_segment_bytes = 1024;
    c.level_base_bytes = 2048;
    c.key_page_bytes = c.value_page_bytes = 64;
  }
  add("rolling-manifests").manifest_roll_bytes = 0;
  {
    Configuration& c = add("few-files");  // one of them for all segments
    c.max_open_files = 20;
    c.max_write_buffers = 6;
    c.max_subcompactions = 5;
    c.write_buffer_bytes = 1024;
    c.target_segment_bytes = 1024;
    c.level_base_bytes = 1024;
    c.key_page_bytes = c.value_page_bytes = 64;
  }
  return named;
}

}  // namespace

const std::vector<Configuration>& NamedConfigurations() {
  static const std::vector<Configuration>& named = *new std::vector<Configuration>(MakeNamed());
  return named;
}

Configuration DrawConfiguration(const Below& below) {
  const std::vector<Configuration>& named = NamedConfigurations();
  Configuration c;
  do {
    c = named[below(named.size())];
  } while (c.posix != 0);
  c.seed = below(1'000'000);
  const auto redraw = [&below](uint64_t& field, std::initializer_list<uint64_t> choices) {
    if (below(4) == 0) {
      field = std::data(choices)[below(choices.size())];
    }
  };
  redraw(c.fifo, {0, 1});
  redraw(c.compare_every, {1, 5, 30});
  redraw(c.sync_mode, {1, 2, 3});
  redraw(c.write_buffer_bytes, {1024, 2048, 4096, 20'000});
  redraw(c.max_write_buffers, {2, 3, 5});
  redraw(c.cache_bytes, {0, 256, 4096, 65'536});
  redraw(c.key_page_bytes, {64, 256, 1000, 4096});
  redraw(c.value_page_bytes, {64, 256, 1000, 4096});
  redraw(c.filter_bits_per_key, {0, 1, 10, 20});
  redraw(c.upper_codec, {0, 1, 2, 3});
  redraw(c.middle_codec, {0, 1, 2, 3});
  redraw(c.bottom_codec, {0, 1, 2, 3});
  redraw(c.target_segment_bytes, {1024, 2048, 4096, 30'000});
  redraw(c.level0_compaction_trigger, {1, 2, 4});
  redraw(c.level_base_bytes, {1024, 2048, 8192, 40'000});
  redraw(c.level_multiplier, {2, 3, 10});
  redraw(c.disable_automatic_compaction, {0, 1});
  redraw(c.compaction_policy, {0, 1, 2});
  redraw(c.max_subcompactions, {1, 2, 5});
  redraw(c.background_bytes_per_second, {0, 50'000, 1'000'000});
  redraw(c.seek_charge_bytes, {0, 1 << 20});  // nothing; a merge by the first seek over two runs
  redraw(c.max_open_files, {0, 20, 30});
  return c;
}

std::map<std::string, std::string> ConfigurationWords(const Configuration& configuration) {
  const std::vector<Configuration>& named = NamedConfigurations();
  const auto base = std::find_if(named.begin(), named.end(), [&](const Configuration& c) {
    return c.name == configuration.name;
  });
  std::map<std::string, std::string> words = {{"name", configuration.name}};
  for (const Field& field : kFields) {
    if (base == named.end() || configuration.*field.value != (*base).*field.value) {
      words[field.name] = std::to_string(configuration.*field.value);
    }
  }
  return words;
}

bool ConfigurationFromWords(const std::map<std::string, std::string>& words,
                            Configuration* configuration, std::string* error) {
  const std::vector<Configuration>& named = NamedConfigurations();
  const auto name = words.find("name");
  const std::string wanted = name == words.end() ? named[0].name : name->second;
  const auto base = std::find_if(named.begin(), named.end(),
                                 [&](const Configuration& c) { return c.name == wanted; });
  if (base == named.end()) {
    *error = "no configuration is called " + wanted;
    return false;
  }
  *configuration = *base;
  for (const auto& [word, text] : words) {
    if (word == "name") {
      continue;
    }
    const auto* field = std::find_if(std::begin(kFields), std::end(kFields),
                                     [&](const Field& f) { return word == f.name; });
    uint64_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (field == std::end(kFields) || code != std::errc() || end != text.data() + text.size() ||
        value < field->least || value > field->most) {
      *error = "configuration: cannot use " + word + "=" + text;
      return false;
    }
    configuration->*field->value = value;
  }
  return true;
}

Options OptionsFor(const Configuration& c) {
  Options options;
  options.sync_mode = static_cast<SyncMode>(c.sync_mode);
  options.sync_interval_nanos = static_cast<int64_t>(c.sync_interval_nanos);
  options.write_buffer_bytes = c.write_buffer_bytes;
  options.recovery_buffer_bytes = c.write_buffer_bytes;
  options.max_write_buffers = static_cast<int>(c.max_write_buffers);
  options.cache_bytes = c.cache_bytes;
  options.key_page_bytes = c.key_page_bytes;
  options.value_page_bytes = c.value_page_bytes;
  options.filter_bits_per_key = static_cast<double>(c.filter_bits_per_key);
  options.upper_codec = static_cast<Codec>(c.upper_codec);
  options.middle_codec = static_cast<Codec>(c.middle_codec);
  options.bottom_codec = static_cast<Codec>(c.bottom_codec);
  options.write_hex_index = c.write_hex_index != 0;
  options.target_segment_bytes = c.target_segment_bytes;
  options.level0_compaction_trigger = static_cast<int>(c.level0_compaction_trigger);
  options.level0_slowdown_trigger = static_cast<int>(c.level0_slowdown_trigger);
  options.level0_stop_trigger = static_cast<int>(c.level0_stop_trigger);
  options.level_base_bytes = c.level_base_bytes;
  options.level_multiplier = static_cast<int>(c.level_multiplier);
  options.disable_automatic_compaction = c.disable_automatic_compaction != 0;
  options.compaction_policy = static_cast<CompactionStyle>(c.compaction_policy);
  options.max_subcompactions = static_cast<int>(c.max_subcompactions);
  options.background_bytes_per_second = c.background_bytes_per_second;
  options.min_free_bytes = c.min_free_bytes;
  options.seek_charge_bytes = c.seek_charge_bytes;
  options.manifest_roll_bytes = c.manifest_roll_bytes;
  options.max_open_files = static_cast<int>(c.max_open_files);
  options.random_seed = c.seed;
  return options;
}

}  // namespace veralith::model
