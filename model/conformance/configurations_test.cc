// SPDX-License-Identifier: Apache-2.0

#include "model/conformance/configurations.h"

#include <cstddef>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/db/option_mapping.h"
#include "core/db/option_table.h"
#include "gtest/gtest.h"
#include "model/conformance/byte_trace.h"

namespace veralith::model {
namespace {

TEST(Configurations, WordsAndBack) {
  Random random(7);
  const Below below = [&random](uint64_t bound) { return random.Below(bound); };
  std::vector<Configuration> all = NamedConfigurations();
  for (int i = 0; i < 500; ++i) {
    all.push_back(DrawConfiguration(below));
  }
  for (const Configuration& configuration : all) {
    Configuration parsed;
    std::string error;
    ASSERT_TRUE(ConfigurationFromWords(ConfigurationWords(configuration), &parsed, &error))
        << error;
    EXPECT_EQ(parsed, configuration);
  }
}

// Every option of the database and of its calls is in one of the two: what drawing varies, or the
// list of those that it does not vary, with the reason.
TEST(Configurations, EveryOptionVariesOrSaysWhyNot) {
  Random random(11);
  const Below below = [&random](uint64_t bound) { return random.Below(bound); };
  std::map<std::string, std::set<std::string>> seen;
  const auto see = [&seen](const auto& rows, const auto& options) {
    for (const auto& row : rows) {
      seen[std::string(row.name)].insert(row.Text(options));
    }
  };
  for (int i = 0; i < 1'000; ++i) {
    const Configuration drawn = DrawConfiguration(below);
    see(OptionRows(), drawn.options);
    see(ReadOptionRows(), drawn.read);
    see(WriteOptionRows(), WriteOptions());
    ASSERT_TRUE(CheckOptions(drawn.options).ok()) << ToString(CheckOptions(drawn.options));
  }
  std::set<std::string> constant;
  for (const auto& [name, values] : seen) {
    if (values.size() < 2) {
      constant.insert(name);
    }
  }
  for (const OtherOption& other : OtherOptions()) {
    constant.insert(std::string(other.name));
  }
  std::set<std::string> fixed;
  for (const FixedOption& option : FixedOptions()) {
    EXPECT_TRUE(fixed.insert(std::string(option.name)).second) << option.name;
    EXPECT_FALSE(option.reason.empty()) << option.name;
  }
  EXPECT_EQ(constant, fixed);
}

// What was saved before an option was there, or had a name for its values, keeps its meaning.
TEST(Configurations, OldWordsAreReadAsBefore) {
  Configuration configuration;
  std::string error;
  ASSERT_TRUE(ConfigurationFromWords({{"name", "compressed"},
                                      {"seed", "7"},
                                      {"sync_mode", "1"},
                                      {"middle_codec", "3"},
                                      {"compaction_policy", "2"},
                                      {"filter_bits_per_key", "0"},
                                      {"write_hex_index", "0"},
                                      {"disable_automatic_compaction", "1"}},
                                     &configuration, &error))
      << error;
  const Options& options = configuration.options;
  EXPECT_EQ(configuration.seed, 7u);
  EXPECT_EQ(options.sync_mode, SyncMode::kCommit);
  EXPECT_EQ(options.upper_codec, Codec::kSnappy);
  EXPECT_EQ(options.middle_codec, Codec::kZstd);
  EXPECT_EQ(options.compaction_policy, CompactionPolicyKind::kTiered);
  EXPECT_EQ(options.filter_bits_per_key, 0);
  EXPECT_FALSE(options.write_hex_index);
  EXPECT_TRUE(options.disable_automatic_compaction);
  EXPECT_EQ(options.max_clock_skew_nanos, Options().max_clock_skew_nanos);
  EXPECT_LE(options.recovery_buffer_bytes, options.write_buffer_bytes);
}

TEST(Configurations, SimplerWordsAreLegalOptions) {
  Random random(12);
  const Below below = [&random](uint64_t bound) { return random.Below(bound); };
  for (int i = 0; i < 200; ++i) {
    std::map<std::string, std::string> words = ConfigurationWords(DrawConfiguration(below));
    while (words.size() > 1) {
      words.erase(std::next(words.begin(), static_cast<ptrdiff_t>(below(words.size()))));
      Configuration simpler;
      std::string error;
      ASSERT_TRUE(ConfigurationFromWords(words, &simpler, &error)) << error;
      ASSERT_TRUE(CheckOptions(simpler.options).ok()) << ToString(CheckOptions(simpler.options));
    }
  }
}

TEST(Configurations, NamesAreUniqueAndTheNamedOnesPrintAsTheirName) {
  std::set<std::string> names;
  for (const Configuration& configuration : NamedConfigurations()) {
    EXPECT_TRUE(names.insert(configuration.name).second) << configuration.name;
    EXPECT_EQ(ConfigurationWords(configuration).size(), 1u);
  }
}

TEST(Configurations, UnknownWordsAndValuesOutOfRangeAreErrors) {
  Configuration configuration;
  std::string error;
  EXPECT_FALSE(ConfigurationFromWords({{"name", "nothing"}}, &configuration, &error));
  EXPECT_EQ(error, "no configuration is called nothing");
  EXPECT_FALSE(ConfigurationFromWords({{"colour", "1"}}, &configuration, &error));
  EXPECT_FALSE(ConfigurationFromWords({{"seed", "x"}}, &configuration, &error));
  EXPECT_FALSE(ConfigurationFromWords({{"seed", "1x"}}, &configuration, &error));
  EXPECT_FALSE(ConfigurationFromWords({{"max_write_buffers", "1"}}, &configuration, &error));
  EXPECT_EQ(error, "configuration: cannot use max_write_buffers=1");
}

TEST(ByteTrace, EveryByteStringIsATraceAndItsBytesAreItself) {
  Random random(9);
  for (int i = 0; i < 2'000; ++i) {
    std::string bytes(random.Below(80), '\0');
    for (char& c : bytes) {
      c = static_cast<char>(random.Next());
    }
    const Trace trace = TraceFromBytes(bytes);
    EXPECT_EQ(TraceFromBytes(TraceToBytes(trace)), trace);
    Configuration configuration;
    std::string error;
    EXPECT_TRUE(ConfigurationFromWords(trace.configuration, &configuration, &error)) << error;
    EXPECT_EQ(configuration.posix, 0u);
  }
}

}  // namespace
}  // namespace veralith::model
